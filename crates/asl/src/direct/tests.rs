//! The direct value of an expression is the evaluator's, for every supported form and for every expression of the
//! definitions.

use std::collections::BTreeMap;
use std::sync::Arc;

use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};
use time::macros::datetime;

use super::*;
use crate::execution::Execution;
use crate::expression::Expression;
use crate::json::tests::values;
use crate::scope::Visit;

/// All that an expression can read.
struct Data {
    execution: Execution,
    input: Json,
    special: Option<(&'static str, Json)>,
    variables: BTreeMap<String, Json>,
    state: Arc<str>,
}

impl Data {
    fn new(input: Value, special: Option<(&'static str, Value)>, variables: Vec<(&str, Value)>) -> Data {
        let execution = Execution {
            id: "arn:execution".to_owned(),
            name: "name".to_owned(),
            input: Json::from(input.clone()),
            start_time: datetime!(2026-01-02 03:04:05.678_901 UTC),
            machine_id: "arn:machine".to_owned(),
            machine_name: "machine".to_owned(),
        };
        let variable = |(name, value): (&str, Value)| (name.to_owned(), Json::from(value));
        Data {
            execution,
            input: input.into(),
            special: special.map(|(name, value)| (name, value.into())),
            variables: variables.into_iter().map(variable).collect(),
            state: Arc::from("State"),
        }
    }

    /// The direct value, if there is one, after a comparison with the evaluator's.
    fn compared(&self, text: &str) -> Option<Json> {
        let expression = Expression::find(&format!("{{% {text} %}}")).unwrap().unwrap();
        let visit = Visit {
            execution: &self.execution,
            state: &self.state,
            input: &self.input,
            variables: &self.variables,
            entered: datetime!(2026-01-02 03:05:06.999_999 UTC),
            retries: 2,
        };
        let special = self.special.as_ref().map(|(name, value)| (*name, value));
        let scope = Scope { visit: &visit, special };
        let direct = expression.direct.as_ref()?.evaluate(&scope).ok()?;
        match (&direct, scope.evaluate_in_jsonata(&expression)) {
            // Compared as text, because 1 and 1.0 are different outputs.
            (Some(direct), Ok(value)) => assert_eq!(direct.to_string(), value.to_string(), "{text}"),
            (None, Err(failure)) => {
                let message = failure.in_state("S").cause;
                assert!(message.contains("returned nothing (undefined)"), "{text}: {message}");
            }
            (direct, value) => panic!("{text}: {direct:?} is not {value:?}"),
        }
        direct
    }
}

/// Expressions of every form that has a direct value, and of operands that may fit or not.
fn expressions() -> impl Strategy<Value = String> {
    let leaf = select(vec![
        "$v",
        "$v.a",
        "$v.b.c",
        "$w.a.b",
        "$none",
        "$none.a",
        "$states.input",
        "$states.input.a",
        "$states.input.b.a",
        "$states.result.a",
        "$states.context.Execution.Id",
        "$states.context.Execution.Name",
        "$states.context.Execution.StartTime",
        "$states.context.State.Name",
        "$states.context.State.EnteredTime",
        "$states.context.State.RetryCount",
        "$states.context.StateMachine.Id",
        "$states.context.StateMachine.Name",
        "'a'",
        "''",
        "'2026-01-02T03:04:05.678Z'",
        "0",
        "1",
        "2.5",
        "9007199254740993",
        "true",
        "false",
        "null",
    ]);
    leaf.prop_map(str::to_owned).prop_recursive(3, 16, 3, |inner| {
        let operator = select(vec!["and", "or", "=", "!=", "<", "<=", ">", ">=", "+", "-", "*", "/"]);
        let pair = (inner.clone(), operator, inner.clone());
        prop_oneof![
            pair.prop_map(|(one, operator, other)| format!("({one}) {operator} ({other})")),
            (select(vec!["exists", "not", "toMillis"]), inner.clone())
                .prop_map(|(name, argument)| format!("${name}({argument})")),
            (inner.clone(), inner.clone(), inner.clone())
                .prop_map(|(condition, one, other)| format!("{condition} ? {one} : {other}")),
            (inner.clone(), inner.clone()).prop_map(|(condition, one)| format!("{condition} ? {one}")),
            (inner.clone(), inner).prop_map(|(one, other)| format!("{{'x': {one}, 'y': {other}}}")),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]

    #[test]
    fn a_direct_value_is_the_evaluators(
        text in expressions(),
        input in values(),
        result in values(),
        v in values(),
        w in values(),
    ) {
        Data::new(input, Some(("result", result)), vec![("v", v), ("w", w)]).compared(&text);
    }
}

#[test]
fn what_is_not_plain_is_left_to_the_evaluator() {
    let variables = vec![
        ("list", json!([{"a": 1}])),
        ("whole", json!({"a": 1.0})),
        ("large", json!(9_007_199_254_740_993_u64)),
    ];
    let data = Data::new(json!({"a": []}), None, variables);
    for text in [
        "$list",
        "$list.a",
        "$states.input.a",
        "$whole",
        "$whole.a",
        "$large",
        "$string(1)",
        "$v := 1",
        "1/0",
    ] {
        assert_eq!(data.compared(text), None, "{text}");
    }
    // A name of a function is not an undefined variable.
    assert!(Expression::find("{% $exists($now) %}").unwrap().unwrap().direct.is_none());
}

const DEFINITIONS: [&str; 3] = [
    include_str!("../../../../statemachine.asl.json"),
    include_str!("../../../../replay.asl.json"),
    include_str!("../../../../test-auth.asl.json"),
];

fn collect(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::String(text) => {
            let text = text.replace("${Workflow}", "express");
            if let Some(text) = text.strip_prefix("{%").and_then(|text| text.strip_suffix("%}")) {
                found.push(text.trim().to_owned());
            }
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, found)),
        Value::Object(fields) => fields.values().for_each(|field| collect(field, found)),
        _ => {}
    }
}

/// Inputs of states at different points of a delivery and of a bulk replay.
fn samples() -> Vec<Data> {
    let event = json!({"event_id": "e", "org_id": "acme", "mode": "async", "size": 3});
    let request = json!({"url": "https://example.com/", "timeout_seconds": 30, "headers": {}});
    let plan = json!({
        "status": "in_progress", "long": false, "retry": {"schedule_seconds": [5]}, "request": request,
        "unkept": "received", "has_payload_rules": true, "reason": {"code": "c", "detail": "d"},
    });
    let record = json!({"pk": {"S": "acme#c"}, "sk": {"S": "e"}, "size": {"N": "3"}});
    let resume = json!({"version": 1, "event": event, "number": 2, "payload": {"inline": {"text": "b"}}, "restart": 1});
    let late = json!({
        "status": "in_progress", "execution": "arn:execution", "answer": {"attempts": 1},
        "retry_at": "2026-01-02T03:05:30.000Z", "publish": [{"detail_type": "t", "detail": {}}],
    });
    let item = json!({"status": {"S": "failed"}, "attempt_count": {"N": "2"}, "outcome": {"S": "o"}});
    let result = json!({
        "Payload": {
            "plan": plan, "record": record, "payload": {"inline": {"text": "b"}}, "event": event,
            "attempt": {"number": 1}, "done": true, "auth_report": {},
        },
        "Item": item,
    });
    let variables = vec![
        ("event", event.clone()),
        ("plan", plan),
        ("payload", json!({"inline": {"text": "b"}, "object": {"key": "k"}})),
        ("attempt_number", json!(3)),
        ("outdated", json!(1)),
        ("recorded", json!(true)),
        ("retry_at", json!("2026-01-02T03:05:30.000Z")),
        ("restart", json!("-1")),
    ];
    let error = json!({"Error": "States.Timeout", "Cause": "c"});
    let input = json!({"event": event, "payload": {"inline": {"text": "b"}}, "record": record});
    vec![
        Data::new(input, Some(("result", result.clone())), variables.clone()),
        Data::new(json!({"resume": resume}), Some(("errorOutput", error.clone())), variables.clone()),
        Data::new(late, Some(("result", json!({"Payload": {}}))), variables),
        Data::new(error, None, vec![("event", event), ("plan", json!({"status": "failed"}))]),
        Data::new(json!({"org_id": "o", "config_id": "c", "done": false}), Some(("result", result)), vec![]),
        Data::new(json!({}), None, vec![]),
    ]
}

#[test]
fn every_expression_of_the_definitions_has_the_evaluators_value() {
    let mut found = Vec::new();
    for definition in DEFINITIONS {
        collect(&serde_json::from_str(definition).unwrap(), &mut found);
    }
    assert!(found.len() > 80, "only {} expressions were found", found.len());
    let (mut direct, samples) = (0, samples());
    for text in &found {
        let values = samples.iter().filter(|data| data.compared(text).is_some()).count();
        direct += usize::from(values > 0);
    }
    assert!(direct * 10 > found.len() * 7, "only {direct} of {} expressions are direct", found.len());
}
