use hookstep_contract::{
    Condition, FieldKind, Filter, LogicalOperator, Operator, PayloadRules, ReasonCode, Transform,
};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

mod bodies;
mod reference;
mod refused;

fn apply(rules: &PayloadRules, body: &[u8]) -> Verdict {
    super::apply(rules, body, || 0.5).verdict
}

fn filter(filter: Value) -> PayloadRules {
    PayloadRules { filter: Some(serde_json::from_value(filter).unwrap()), ..PayloadRules::default() }
}

fn transform(jsonata: &str) -> PayloadRules {
    PayloadRules {
        transform: Some(Transform { jsonata: jsonata.to_owned(), content_type: None }),
        ..PayloadRules::default()
    }
}

fn order_key(key: &str, body: &str) -> Applied {
    let rules = PayloadRules { order_key: Some(key.to_owned()), ..PayloadRules::default() };
    super::apply(&rules, body.as_bytes(), || 0.5)
}

#[test]
fn the_key_of_an_order_is_a_single_value() {
    for (key, body, expected) in [
        ("a", r#"{"a": "x"}"#, Some("x")),
        ("a & '-' & b", r#"{"a": 1, "b": 2}"#, Some("1-2")),
        ("a", r#"{"a": 7}"#, Some("7")),
        ("a = 1", r#"{"a": 1}"#, Some("true")),
        ("a", r#"{"a": null}"#, None),
        ("a", "{}", None),
    ] {
        let applied = order_key(key, body);
        assert_eq!(
            (applied.verdict, applied.order_key.as_deref()),
            (Verdict::AsItIs, expected),
            "{key} {body}"
        );
    }
    for (key, body, code) in [
        ("a", r#"{"a": [1]}"#, ReasonCode::OrderKeyFault),
        ("a", r#"{"a": {}}"#, ReasonCode::OrderKeyFault),
        ("function() {1}", "{}", ReasonCode::OrderKeyFault),
        ("a.$error('no')", r#"{"a": 1}"#, ReasonCode::OrderKeyFault),
        ("a", "no JSON", ReasonCode::BodyNotJson),
    ] {
        let applied = order_key(key, body);
        let Verdict::Failed(fault) = applied.verdict else { panic!("{key}: {:?}", applied.verdict) };
        assert_eq!((fault.code, applied.order_key), (code, None), "{key}");
    }
}

#[test]
fn an_event_that_the_filter_stops_has_no_key_and_one_whose_transform_fails_has() {
    for (filter, transform, expected) in
        [("false", "1", None), ("true", "$error('no')", Some("x")), ("true", "1", Some("x"))]
    {
        let rules = PayloadRules {
            order_key: Some("'x'".to_owned()),
            filter: self::filter(json!({"jsonata": filter})).filter,
            transform: self::transform(transform).transform,
        };
        assert_eq!(super::apply(&rules, b"{}", || 0.5).order_key.as_deref(), expected, "{transform}");
    }
}

fn made(jsonata: &str, body: &str) -> String {
    match apply(&transform(jsonata), body.as_bytes()) {
        Verdict::Replaced { body, .. } => String::from_utf8(body).unwrap(),
        other => panic!("{jsonata}: {other:?}"),
    }
}

fn fault(rules: &PayloadRules, body: &str) -> Fault {
    match apply(rules, body.as_bytes()) {
        Verdict::Failed(fault) => fault,
        other => panic!("{other:?}"),
    }
}

/// Whether the body passes a filter with this single condition.
fn passes(field: &str, operator: &str, values: &[&str], kind: &str, body: &Value) -> bool {
    let condition = json!({"field": field, "operator": operator, "values": values, "type": kind});
    let rules = filter(json!({"conditions": [condition]}));
    assert_eq!(rules.check(), Ok(()), "{condition}");
    assert_eq!(check(&rules), Ok(()), "{condition}");
    match apply(&rules, body.to_string().as_bytes()) {
        Verdict::AsItIs => true,
        Verdict::Missed(_) => false,
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_operators_are_as_documented() {
    let body = json!({
        "name": "Ärger", "empty": "", "nothing": null, "count": 7, "price": "19.90", "paid": true, "day": "2026-03-01",
        "at": "2026-03-01T12:00:00+02:00", "tags": ["new", "gas"], "none": [], "items": [{"sku": "a", "n": 1}, {"sku": "b", "n": 20}],
        "map": {"1": "one"}, "big": 9_007_199_254_740_993_u64, "tenth": 0.1,
    });
    for (field, operator, values, kind, expected) in [
        ("name", "equals", &["Ärger"][..], "string", true),
        ("name", "equals", &["ärger"], "string", false),
        ("name", "not_equals", &["x"], "string", true),
        ("missing", "equals", &["x"], "string", false),
        ("missing", "not_equals", &["x"], "string", true),
        ("count", "equals", &["7"], "string", true),
        ("count", "equals", &["7.0"], "number", true),
        ("price", "equals", &["19.9"], "number", true),
        ("paid", "equals", &["true"], "boolean", true),
        ("paid", "not_equals", &["true"], "boolean", false),
        ("name", "any_of", &["x", "Ärger"], "string", true),
        ("tags", "any_of", &["gas", "power"], "string", true),
        ("tags", "none_of", &["gas"], "string", false),
        ("tags", "none_of", &["power"], "string", true),
        ("name", "contains", &["rge"], "string", true),
        ("tags", "contains", &["ew"], "string", true),
        ("name", "not_contains", &["rge"], "string", false),
        ("name", "starts_with", &["Är"], "string", true),
        ("name", "ends_with", &["er"], "string", true),
        ("count", "greater_than", &["6"], "number", true),
        ("count", "greater_than", &["10"], "number", false),
        ("count", "greater_than", &["10"], "string", true),
        ("count", "less_than", &["7"], "number", false),
        ("count", "less_than_or_equals", &["7"], "number", true),
        ("count", "greater_than_or_equals", &["7"], "number", true),
        ("day", "less_than", &["2026-03-02"], "date", true),
        ("at", "equals", &["2026-03-01"], "date", true),
        ("big", "equals", &["9007199254740993"], "number", true),
        ("big", "equals", &["9007199254740992"], "number", false),
        ("big", "greater_than", &["9007199254740992"], "number", true),
        ("big", "any_of", &["1", "9007199254740993.0"], "number", true),
        ("count", "equals", &["0.7e1"], "number", true),
        ("tenth", "equals", &["0.10"], "number", true),
        ("tenth", "less_than_or_equals", &["0.1"], "number", true),
        ("at", "equals", &["2026-03-01T10:00:00Z"], "datetime", true),
        ("at", "greater_than", &["2026-03-01T10:00:01Z"], "datetime", false),
        ("name", "less_than", &["5"], "number", false),
        ("empty", "is_empty", &[], "string", true),
        ("nothing", "is_empty", &[], "string", true),
        ("none", "is_empty", &[], "string", true),
        ("missing", "is_empty", &[], "string", true),
        ("count", "is_empty", &[], "string", false),
        ("tags", "is_not_empty", &[], "string", true),
        ("tags", "length_equals", &["2"], "string", true),
        ("name", "length_equals", &["1"], "string", true),
        ("missing", "length_equals", &["0"], "string", true),
        ("nothing", "length_not_equals", &["0"], "string", false),
        ("items", "length_greater_than", &["1"], "string", true),
        ("items", "length_less_than", &["2"], "string", false),
        ("items", "length_greater_than_or_equals", &["2"], "string", true),
        ("items", "length_less_than_or_equals", &["1"], "string", false),
        ("items[1].sku", "equals", &["b"], "string", true),
        ("items.1.sku", "equals", &["b"], "string", true),
        ("items.sku", "equals", &["a"], "string", true),
        ("items.n", "greater_than", &["10"], "number", true),
        ("items.n", "not_equals", &["1"], "number", false),
        ("map.1", "equals", &["one"], "string", true),
        ("tags[5]", "is_empty", &[], "string", true),
    ] {
        assert_eq!(
            passes(field, operator, values, kind, &body),
            expected,
            "{field} {operator} {values:?} as {kind}"
        );
    }
}

#[test]
fn conditions_go_together_as_they_say_and_a_miss_says_why() {
    let two = |operator: &str| {
        filter(json!({"logical_operator": operator, "conditions": [
            {"field": "a", "operator": "equals", "values": ["1"]}, {"field": "b", "operator": "equals", "values": ["2"]},
        ]}))
    };
    let of = |rules: &PayloadRules, body: &str| apply(rules, body.as_bytes());
    assert_eq!(of(&two("AND"), r#"{"a": 1, "b": 2}"#), Verdict::AsItIs);
    assert_eq!(
        of(&two("AND"), r#"{"a": 1}"#),
        Verdict::Missed("the filter's condition does not hold: b equals 2".to_owned())
    );
    assert_eq!(of(&two("OR"), r#"{"b": 2}"#), Verdict::AsItIs);
    assert_eq!(of(&two("OR"), "{}"), Verdict::Missed("none of the filter's conditions holds".to_owned()));
}

#[test]
fn what_a_condition_is_compared_with_is_looked_at() {
    for (field, operator, value, kind, wrong) in [
        ("a", "equals", "x", "number", "filter.conditions[0].values[0]"),
        ("a", "equals", "yes", "boolean", "filter.conditions[0].values[0]"),
        ("a", "equals", "1.2.2026", "date", "filter.conditions[0].values[0]"),
        ("a", "equals", "2026-01-01", "datetime", "filter.conditions[0].values[0]"),
        ("a", "length_equals", "-1", "string", "filter.conditions[0].values[0]"),
        ("a..b", "equals", "x", "string", "filter.conditions[0].field"),
        ("a[x]", "equals", "x", "string", "filter.conditions[0].field"),
        ("a[1", "equals", "x", "string", "filter.conditions[0].field"),
    ] {
        let condition = json!({"field": field, "operator": operator, "values": [value], "type": kind});
        let fault = check(&filter(json!({"conditions": [condition]}))).unwrap_err();
        assert_eq!(fault.field, wrong, "{condition}");
    }
}

#[test]
fn an_expression_filters() {
    let rules = filter(json!({"jsonata": "total > 10 and status = 'paid'"}));
    let of = |body: &str| apply(&rules, body.as_bytes());
    assert_eq!(of(r#"{"total": 11, "status": "paid"}"#), Verdict::AsItIs);
    for body in [r#"{"total": 9, "status": "paid"}"#, "{}", "[]"] {
        assert!(matches!(of(body), Verdict::Missed(_)), "{body}");
    }
    let comment = filter(json!({"jsonata": "ok /* at the end */"}));
    assert_eq!(apply(&comment, br#"{"ok": true}"#), Verdict::AsItIs);
}

#[test]
fn a_transform_makes_json_or_a_text() {
    assert_eq!(
        made(
            r#"{"id": order.id, "sum": $sum(order.items.price)}"#,
            r#"{"order":{"id":7,"items":[{"price":1.5},{"price":2}]}}"#
        ),
        r#"{"id":7,"sum":3.5}"#
    );
    assert_eq!(made("'<id>' & id & '</id>'", r#"{"id": 7}"#), "<id>7</id>");
    assert_eq!(made("a", r#"{"a": null}"#), "null");
    assert_eq!(made("$", r#"{"b":1,"a":[true]}"#), r#"{"b":1,"a":[true]}"#);
    let Verdict::Replaced { content_type, .. } = apply(&transform("'a'"), b"{}") else { panic!() };
    assert_eq!(content_type, "text/plain; charset=utf-8");
    let named = PayloadRules {
        transform: Some(Transform {
            jsonata: "'<a/>'".to_owned(),
            content_type: Some("text/xml".to_owned()),
        }),
        ..PayloadRules::default()
    };
    let Verdict::Replaced { content_type, .. } = apply(&named, b"{}") else { panic!() };
    assert_eq!(content_type, "text/xml");
}

#[test]
fn a_filter_is_asked_first_and_a_miss_is_not_transformed() {
    let mut both = filter(json!({"jsonata": "a = 1"}));
    both.transform = transform("$error('never')").transform;
    assert!(matches!(apply(&both, br#"{"a": 2}"#), Verdict::Missed(_)));
    assert!(matches!(apply(&both, br#"{"a": 1}"#), Verdict::Failed(_)));
}

#[test]
fn a_fault_says_where_and_what() {
    for (expression, body, position, code) in [
        (r#"{"id": id, "sum": name + 1}"#, r#"{"id": 1, "name": "x"}"#, 19, "T2001"),
        (r#"{"a": {"b": [1, $number(name)]}}"#, r#"{"name": "x"}"#, 17, "D3030"),
        ("( $x := 1; $x + name )", r#"{"name": "x"}"#, 12, "T2002"),
        ("name + 1", r#"{"name": "x"}"#, 1, "T2001"),
    ] {
        let fault = fault(&transform(expression), body);
        assert_eq!(
            (fault.code, fault.field.as_str(), fault.position),
            (ReasonCode::TransformFault, "transform.jsonata", Some(position)),
            "{expression}: {fault}"
        );
        assert!(fault.reason.starts_with(code), "{expression}: {fault}");
    }
    assert_eq!(fault(&transform("$string"), "{}").position, None);
    let fault = fault(&transform("missing"), "{}");
    assert_eq!(fault.to_string(), "transform.jsonata: makes nothing of this body that could be sent");
}

#[test]
fn wrong_syntax_is_found_where_it_is() {
    for (expression, position) in
        [("a ++ b", 4), ("{\"a\": 1,, \"b\": 2}", 9), ("a[", 2), ("\"open", 5), ("a b", 3), ("ü + * +", 7)]
    {
        let fault = check(&transform(expression)).unwrap_err();
        assert_eq!(fault.position, Some(position), "{expression}: {fault}");
    }
    let fault = check(&filter(json!({"jsonata": "a ="}))).unwrap_err();
    assert_eq!((fault.code, &*fault.field), (ReasonCode::FilterFault, "filter.jsonata"));
}

#[test]
fn a_body_that_is_not_json_is_named() {
    for body in [&b"<a/>"[..], b"", b"\xff", b"[NaN]", b"{\"a\": Infinity}", b"\"a\nb\"", b"[1,]"] {
        for rules in [
            filter(json!({"jsonata": "true"})),
            filter(json!({"conditions": [{"field": "a", "operator": "is_empty"}]})),
            transform("1"),
        ] {
            match apply(&rules, body) {
                Verdict::Failed(fault) => {
                    assert_eq!((&*fault.field, fault.code), ("body", ReasonCode::BodyNotJson), "{fault}");
                }
                other => panic!("{other:?}"),
            }
        }
    }
}

#[test]
fn what_the_evaluator_can_end_it_ends() {
    for hostile in ["($f := function($x) { $f($x + 1) + 1 }; $f(0))", "[1..9999999]", "$sum([1..3000000])"] {
        let fault = fault(&transform(hostile), "{}");
        assert!(fault.reason.starts_with('D') || fault.reason.starts_with('U'), "{hostile}: {fault}");
    }
}

proptest! {
    #[test]
    fn no_text_breaks_the_parser(text in "\\PC{0,60}") {
        if let Err(fault) = check(&transform(&text)) {
            prop_assert!(fault.position.is_some_and(|position| position >= 1 && position <= text.chars().count().max(1)));
        }
    }

    #[test]
    fn no_path_and_no_body_break_a_condition(field in "[a-c.\\[\\]0-2]{1,9}", operator in 0..20_usize, body in any_json()) {
        let operator = Operator::ALL[operator].0;
        let condition = Condition { field, operator, values: vec!["1".to_owned()], kind: FieldKind::Number };
        let filter = Filter { conditions: vec![condition], logical_operator: LogicalOperator::And, jsonata: None };
        let rules = PayloadRules { filter: Some(filter), ..PayloadRules::default() };
        let _ = check(&rules);
        apply(&rules, body.to_string().as_bytes());
    }

    #[test]
    fn what_must_be_and_what_must_not_be_exclude_each_other(body in any_json(), value in "[a-c1-3]{1}") {
        for (one, other) in [("equals", "not_equals"), ("any_of", "none_of"), ("contains", "not_contains")] {
            let [yes, no] = [one, other].map(|operator| passes("a.b", operator, &[&value], "string", &body));
            prop_assert_ne!(yes, no);
        }
        prop_assert_ne!(passes("a", "is_empty", &[], "string", &body), passes("a", "is_not_empty", &[], "string", &body));
    }

    #[test]
    fn numbers_compare_as_numbers(left in -1000_i32..1000, right in -1000_i32..1000) {
        let body = json!({"n": left});
        let holds = |operator: &str| passes("n", operator, &[&right.to_string()], "number", &body);
        prop_assert_eq!(holds("less_than"), left < right);
        prop_assert_eq!(holds("less_than_or_equals"), left <= right);
        prop_assert_eq!(holds("greater_than"), left > right);
        prop_assert_eq!(holds("greater_than_or_equals"), left >= right);
        prop_assert_eq!(holds("equals"), left == right);
    }
}

/// Bodies with the fields named by the paths.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-3..3_i32).prop_map(Value::from),
        "[a-c1-3]{0,2}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("[a-c1]", inner, 0..4)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}
