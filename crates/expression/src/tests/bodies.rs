//! Bodies as they come from real senders.

use super::*;

/// What becomes of a body.
#[derive(Debug, PartialEq)]
enum End {
    /// The filter's condition holds, and the transform makes this.
    Made(&'static str),
    /// The condition holds, and the transform fails, because its evaluator takes less.
    OnlyFiltered,
    /// The body is not JSON.
    NotJson,
}

#[test]
fn what_is_not_quite_json_is_evaluated_where_it_can_be() {
    let deep = |levels: usize| {
        let (open, close) = ("[".repeat(levels), "]".repeat(levels));
        format!(r#"{{"n": 1, "x": {open}{close}}}"#).into_bytes()
    };
    let digits = format!(r#"{{"n": 1, "x": {}}}"#, "9".repeat(400)).into_bytes();
    let utf16: Vec<u8> =
        "\u{feff}{\"n\": 1, \"x\": \"ä\"}".encode_utf16().flat_map(u16::to_le_bytes).collect();
    for (what, body, end) in [
        ("half a surrogate pair", br#"{"n": 1, "x": "a\ud83d"}"#.to_vec(), End::Made("\"a\u{fffd}\"")),
        ("half a pair as a name", br#"{"n": 1, "\ud83d": 2, "x": 3}"#.to_vec(), End::Made("3")),
        ("a byte order mark", b"\xef\xbb\xbf{\"n\": 1, \"x\": 2}".to_vec(), End::Made("2")),
        ("UTF-16 with its mark", utf16, End::Made("\"ä\"")),
        (
            "a byte that is not UTF-8",
            b"{\"n\": 1, \"x\": \"caf\xe9\"}".to_vec(),
            End::Made("\"caf\u{fffd}\""),
        ),
        ("a name twice", br#"{"n": 2, "x": 2, "n": 1, "x": 3}"#.to_vec(), End::Made("3")),
        ("NUL, escaped", br#"{"n": 1, "x": "a\u0000b"}"#.to_vec(), End::Made("\"a\\u0000b\"")),
        ("NUL, as a byte", b"{\"n\": 1, \"x\": \"a\0b\"}".to_vec(), End::NotJson),
        ("400 digits", digits, End::Made("1.7976931348623157e+308")),
        (
            "an exponent beyond doubles",
            br#"{"n": 1, "x": -1e999}"#.to_vec(),
            End::Made("-1.7976931348623157e+308"),
        ),
        ("100 levels", deep(100), End::Made("[]")),
        ("1,000 levels", deep(1000), End::OnlyFiltered),
        ("NaN", br#"{"n": 1, "x": NaN}"#.to_vec(), End::NotJson),
        ("Infinity", br#"{"n": 1, "x": -Infinity}"#.to_vec(), End::NotJson),
        ("single quotes", b"{'n': 1, 'x': 2}".to_vec(), End::NotJson),
        ("a comma at the end", br#"{"n": 1, "x": 2,}"#.to_vec(), End::NotJson),
        ("two values", br#"{"n": 1} {"n": 1}"#.to_vec(), End::NotJson),
        ("a body that was cut", br#"{"n": 1, "x": "#.to_vec(), End::NotJson),
        ("nothing", Vec::new(), End::NotJson),
    ] {
        let condition = json!({"field": "n", "operator": "equals", "values": ["1"], "type": "number"});
        let filtered = apply(&filter(json!({"conditions": [condition]})), &body);
        let made = apply(&transform("{\"x\": x}"), &body);
        let is_not_json = |verdict: &Verdict| matches!(verdict, Verdict::Failed(fault) if fault.code == ReasonCode::BodyNotJson);
        match end {
            End::NotJson => {
                assert!(is_not_json(&filtered) && is_not_json(&made), "{what}: {filtered:?} {made:?}");
            }
            End::OnlyFiltered => {
                assert!(filtered == Verdict::AsItIs && is_not_json(&made), "{what}: {filtered:?} {made:?}");
            }
            End::Made(x) => {
                assert_eq!(filtered, Verdict::AsItIs, "{what}");
                let Verdict::Replaced { body, .. } = made else { panic!("{what}: {made:?}") };
                let made = String::from_utf8(body).unwrap();
                if x != "[]" {
                    assert_eq!(made, format!("{{\"x\":{x}}}"), "{what}");
                }
            }
        }
    }
}

#[test]
fn lists_within_lists_are_no_work_without_end() {
    let body = format!("{}{}", "[".repeat(1_000_000), "]".repeat(1_000_000));
    let condition = json!({"field": "a.b", "operator": "is_empty"});
    assert_eq!(apply(&filter(json!({"conditions": [condition]})), body.as_bytes()), Verdict::AsItIs);
}

#[test]
fn a_moment_is_read_in_every_form_of_iso_8601() {
    for (text, is_read) in [
        ("2026-06-01T00:00:00Z", true),
        ("2026-06-01T00:00:00+0000", true),
        ("2026-06-01T00:00:00+00", true),
        ("2026-06-01T02:00:00+02:00", true),
        ("2026-06-01T00:00Z", true),
        ("2026-06-01T02:00+0200", true),
        ("2026-06-01T00:00:00.000000Z", true),
        ("2026-06-01T00:00:00,000Z", true),
        ("20260601T000000Z", true),
        ("2026-W23-1T00:00:00Z", true),
        ("2026-152T00:00:00Z", true),
        ("2026-06-01 00:00:00Z", true),
        ("2026-06-01t00:00:00z", true),
        ("2026-06-01T00:00:00", false),
        ("2026-06-01", false),
        ("Mon, 01 Jun 2026 00:00:00 GMT", false),
        ("01.06.2026 00:00", false),
    ] {
        let body = json!({"at": text});
        assert_eq!(passes("at", "equals", &["2026-06-01T00:00:00Z"], "datetime", &body), is_read, "{text}");
        let condition = json!({"field": "at", "operator": "equals", "values": [text], "type": "datetime"});
        assert_eq!(check(&filter(json!({"conditions": [condition]}))).is_ok(), is_read, "{text} as a value");
    }
    for text in
        ["2026-06-01", "20260601", "2026-W23-1", "2026-152", "2026-06-01T23:00:00-08:00", "2026-06-01T12:00"]
    {
        assert!(passes("at", "equals", &["2026-06-01"], "date", &json!({"at": text})), "{text}");
    }
}

#[test]
fn a_miss_says_that_a_value_is_of_another_kind() {
    let rules = |kind: &str, value: &str| {
        filter(
            json!({"conditions": [{"field": "a", "operator": "less_than", "values": [value], "type": kind}]}),
        )
    };
    let missed = |rules: &PayloadRules, body: &str| match apply(rules, body.as_bytes()) {
        Verdict::Missed(reason) => reason,
        other => panic!("{other:?}"),
    };
    assert_eq!(
        missed(&rules("datetime", "2026-06-01T00:00:00Z"), r#"{"a": "2026-05-01 10:00"}"#),
        "the filter's condition does not hold: a less_than 2026-06-01T00:00:00Z; the value of a is not a moment like \
         2026-01-31T12:00:00Z, with its offset"
    );
    assert!(missed(&rules("number", "5"), r#"{"a": "few"}"#).ends_with("the value of a is not a number"));
    for body in [r#"{"a": 7}"#, r#"{"a": null}"#, "{}", r#"{"a": ["few", 7]}"#] {
        assert!(missed(&rules("number", "5"), body).ends_with("a less_than 5"), "{body}");
    }
}
