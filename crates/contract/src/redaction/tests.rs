use serde_json::json;

use super::*;

fn redactor(paths: &[&str]) -> Redactor {
    let paths: Vec<String> = paths.iter().map(ToString::to_string).collect();
    Redactor::new(&paths).unwrap().unwrap()
}

fn kept(paths: &[&str], body: &str) -> Option<String> {
    redactor(paths).body(body.as_bytes()).unwrap().body
}

#[test]
fn what_paths_lead_to_is_replaced_and_all_else_stays_as_it_was_written() {
    let body =
        r#"{"a": {"b": 1.50, "c":[{"b":"x"},{"b":[2]}, 3]},  "n": 12345678901234567890.10 , "b":null}"#;
    for (paths, expected) in [
        (
            vec!["$.a.b"],
            r#"{"a":{"b":"[redacted]","c":[{"b":"x"},{"b":[2]}, 3]},"n":12345678901234567890.10,"b":null}"#,
        ),
        (vec!["$..b"], {
            r#"{"a":{"b":"[redacted]","c":[{"b":"[redacted]"},{"b":"[redacted]"},3]},"n":12345678901234567890.10,"b":"[redacted]"}"#
        }),
        (vec!["$.a.c[-1]", "$['n','b']"], {
            r#"{"a":{"b": 1.50,"c":[{"b":"x"},{"b":[2]},"[redacted]"]},"n":"[redacted]","b":"[redacted]"}"#
        }),
        (vec!["$.a.c[*].b", "$.a.c[0,0].b"], {
            r#"{"a":{"b": 1.50,"c":[{"b":"[redacted]"},{"b":"[redacted]"},3]},"n":12345678901234567890.10,"b":null}"#
        }),
        (vec!["$..c..b"], {
            r#"{"a":{"b":1.50,"c":[{"b":"[redacted]"},{"b":"[redacted]"},3]},"n":12345678901234567890.10,"b":null}"#
        }),
        (vec!["$"], "\"[redacted]\""),
    ] {
        // Blanks around what is looked into go, and nothing else.
        let without_blanks = |text: &str| text.replace(' ', "");
        let kept = kept(&paths, body).unwrap();
        assert_eq!(without_blanks(&kept), without_blanks(expected), "{paths:?}");
    }
    for paths in [vec!["$.x"], vec!["$.a.c[3]"], vec!["$.a.c[-4]"], vec!["$.n.x", "$[0]"]] {
        assert_eq!(kept(&paths, body), None, "{paths:?}");
    }
    assert_eq!(kept(&["$.a"], r#"{"a":1,"a":2}"#).unwrap(), r#"{"a":"[redacted]","a":"[redacted]"}"#);
    assert_eq!(kept(&["$..a"], "[{},[],{\"a\":{}}]").unwrap(), r#"[{},[],{"a":"[redacted]"}]"#);
}

#[test]
fn what_is_no_json_is_not_taken_as_redacted() {
    assert!(redactor(&["$.a"]).body(b"").unwrap().body.is_none());
    for body in [" ", "a=b", "{\"a\":1", "{} {}", "\u{1}"] {
        assert_eq!(redactor(&["$.a"]).body(body.as_bytes()).unwrap_err(), NotRedactable, "{body}");
    }
    assert_eq!(redactor(&["$.a"]).body(b"\"\xff\"").unwrap_err(), NotRedactable);
    let deep = |levels: usize| format!("{}1{}", "[".repeat(levels), "]".repeat(levels));
    assert!(redactor(&["$..a"]).body(deep(127).as_bytes()).is_ok());
    for levels in [129, 100_000] {
        assert!(redactor(&["$..a"]).body(deep(levels).as_bytes()).is_err());
        assert!(redactor(&["$"]).body(deep(levels).as_bytes()).is_err());
    }
}

#[test]
fn a_path_that_could_lead_somewhere_in_many_ways_is_there_once() {
    let body = format!("{}1{}", "{\"a\":".repeat(120), "}".repeat(120));
    let path = format!("${}", "..a".repeat(16));
    assert!(kept(&[&path], &body).unwrap().contains(REDACTED));
    let path = format!("${}", "['a','a']".repeat(16));
    assert!(kept(&[&path], &body).unwrap().contains(REDACTED));
    let body = format!("{}{}{}", "[".repeat(60), vec!["0"; 50_000].join(","), "]".repeat(60));
    let path = format!("${}..x", "..*".repeat(15));
    assert!(redactor(&[path.as_str(); 20]).body(body.as_bytes()).unwrap().body.is_none());
}

fn attempt(answer: &serde_json::Value) -> Attempt {
    let mut attempt = json!({
        "number": 1, "started_at": "2026-01-02T03:04:05Z", "duration_ms": 1, "outcome": "failed_http",
        "request_headers": {"webhook-id": "1", "x-who": "for Ada Lovelace", "x-pin": "12"},
        "response_headers": {"location": "/by/Ada Lovelace"},
        "reason": {"code": "receiver_status", "detail": "no Ada Lovelace"},
    });
    attempt.as_object_mut().unwrap().extend(answer.as_object().unwrap().clone());
    serde_json::from_value(attempt).unwrap()
}

#[test]
fn what_was_replaced_is_in_no_answer_and_in_nothing_that_a_transform_made() {
    let redactor = redactor(&["$.who", "$.pin"]);
    let Redacted { values, .. } =
        redactor.body(br#"{"who":{"name":"Ada Lovelace","is_it":true},"pin":12}"#).unwrap();
    for (text, expected) in [
        (r#"{"got":{"who":"x"},"who":"y"}"#, Some(r#"{"got":{"who":"x"},"who":"[redacted]"}"#)),
        (r#"{"a":["Dear Ada Lovelace,",12,"12",true,123]}"#, {
            Some(r#"{"a":["[redacted]","[redacted]","[redacted]",true,123]}"#)
        }),
        (r#"{"a":"Ada\u0020Lovelace"}"#, Some(r#"{"a":"[redacted]"}"#)),
        ("<p>Ada Lovelace</p>", Some(REDACTED)),
        ("{\"a\": 13}", None),
    ] {
        assert_eq!(redactor.sent(text.as_bytes(), &values).as_deref(), expected, "{text}");
        assert_eq!(redactor.answer(text.as_bytes(), &values).as_deref(), expected, "{text}");
    }
    assert_eq!(redactor.sent(b"thank you", &values).as_deref(), Some(REDACTED));
    assert_eq!(redactor.answer(b"thank you", &values), None);

    let kept = redactor.attempt(attempt(&json!({"response_body": {"text": "hi Ada Lovelace"}})), &values);
    assert_eq!(kept.response_body, Some(Content::Text(REDACTED.to_owned())));
    assert_eq!(kept.request_headers["webhook-id"], "1");
    for value in
        [&kept.request_headers["x-who"], &kept.request_headers["x-pin"], &kept.response_headers["location"]]
    {
        assert_eq!(value, REDACTED);
    }
    assert_eq!(kept.reason.unwrap().detail, REDACTED);
    let cut = attempt(&json!({"response_body": {"text": "hi Ada Lo"}, "response_truncated": true}));
    assert_eq!(redactor.attempt(cut, &values).response_body, Some(Content::Text(REDACTED.to_owned())));
}

#[test]
fn where_too_much_was_replaced_nothing_is_kept_that_could_repeat_it() {
    let many: Vec<String> = (0..300).map(|number| format!("value {number}")).collect();
    let redactor = redactor(&["$..*"]);
    let Redacted { body, values } = redactor.body(json!(many).to_string().as_bytes()).unwrap();
    assert!(!body.unwrap().contains("value"));
    assert_eq!(redactor.answer(b"ok", &values).as_deref(), Some(REDACTED));
    assert_eq!(format!("{values:?}"), "RedactedValues(256)");
}

#[test]
fn a_wrong_path_is_named_by_its_index() {
    let wrong = |paths: &[String]| Redactor::new(paths).unwrap_err().field;
    assert_eq!(wrong(&["$.a".to_owned(), "b".to_owned()]), "redact_paths[1]");
    assert_eq!(wrong(&vec!["$.a".to_owned(); 21]), "redact_paths");
    assert!(Redactor::new(&[]).unwrap().is_none());
}
