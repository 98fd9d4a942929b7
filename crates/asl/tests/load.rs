//! Invalid definitions are rejected with a message that names the state and the field.

use std::collections::BTreeMap;
use std::error::Error;

use hookstep_asl::{LoadError, Machine};
use proptest::prelude::{Strategy, any, prop_assert, proptest};
use serde_json::{Value, json};

use crate::support::RESOURCE;

/// A valid definition with every kind of state; each test makes one part of it invalid.
fn sound() -> Value {
    json!({
        "Comment": "c",
        "QueryLanguage": "JSONata",
        "StartAt": "T",
        "States": {
            "T": {
                "Type": "Task",
                "Resource": RESOURCE,
                "Arguments": {"a": "{% $states.input %}"},
                "TimeoutSeconds": 5,
                "Retry": [{"ErrorEquals": ["E"], "MaxDelaySeconds": 9}, {"ErrorEquals": ["States.ALL"]}],
                "Catch": [{"ErrorEquals": ["E"], "Next": "F"}, {"ErrorEquals": ["States.ALL"], "Next": "F"}],
                "Assign": {"v": "{% $states.result %}"},
                "Output": "{% $states.result %}",
                "Next": "C"
            },
            "C": {"Type": "Choice", "Choices": [{"Condition": "{% $v = 1 %}", "Next": "W"}], "Default": "P"},
            "W": {"Type": "Wait", "Seconds": 1, "Next": "P"},
            "P": {"Type": "Pass", "Output": 1, "Next": "S"},
            "S": {"Type": "Succeed"},
            "F": {"Type": "Fail", "Error": "E", "Cause": "c"}
        }
    })
}

fn load(text: &str) -> Result<Machine, LoadError> {
    Machine::load(text, &BTreeMap::new(), &[RESOURCE])
}

/// Sets `value` at `path` (a JSON pointer) and returns the loading error.
fn refusal(path: &str, value: Value) -> String {
    let mut definition = sound();
    let (parent, field) = path.rsplit_once('/').unwrap();
    match definition.pointer_mut(parent).unwrap() {
        Value::Array(items) => items[field.parse::<usize>().unwrap()] = value,
        object => object[field] = value,
    }
    chain(&load(&definition.to_string()).expect_err(path))
}

/// The error's message and those of its sources.
fn chain(error: &dyn Error) -> String {
    let message = error.to_string();
    error.source().map_or(message.clone(), |source| format!("{message}: {}", chain(source)))
}

#[track_caller]
fn refused(path: &str, value: Value, parts: &[&str]) {
    let message = refusal(path, value);
    for part in parts {
        assert!(message.contains(part), "`{part}` is not in: {message}");
    }
}

#[test]
fn the_sound_definition_loads() {
    load(&sound().to_string()).unwrap();
}

#[test]
fn the_first_message_names_state_and_field() {
    let place = |path: &str, value| refusal(path, value).split_once(" is refused: ").unwrap().0.to_owned();
    assert_eq!(place("/States/T/Retry/0/Foo", json!(1)), "state `T`, field `Retry[0].Foo`");
    assert_eq!(place("/States/P/Result", json!(1)), "state `P`, field `Result`");
    assert_eq!(place("/States/F/Error", json!(1)), "state `F`, field `Error`");
    assert_eq!(place("/States/T/Next", json!("X")), "state `T`, field `Next`");
    assert_eq!(place("/Foo", json!(1)), "the definition's field `Foo`");
}

#[test]
fn unknown_fields_are_refused_everywhere() {
    refused("/TimeoutSeconds", json!(1), &["TimeoutSeconds"]);
    refused("/States/T/HeartbeatSeconds", json!(1), &["`T`", "HeartbeatSeconds"]);
    refused("/States/T/ResultPath", json!("$.x"), &["`T`", "ResultPath"]);
    refused("/States/T/QueryLanguage", json!("JSONata"), &["`T`", "QueryLanguage"]);
    refused("/States/T/Retry/0/Foo", json!(1), &["`T`", "Retry[0]", "Foo"]);
    refused("/States/T/Catch/1/ResultPath", json!(1), &["`T`", "Catch[1]", "ResultPath"]);
    refused("/States/C/Choices/0/Variable", json!("$.x"), &["`C`", "Choices[0]", "Variable"]);
    refused("/States/C/Next", json!("P"), &["`C`", "Next"]);
    refused("/States/W/End", json!(true), &["`W`", "End"]);
    refused("/States/P/Result", json!({}), &["`P`", "Result"]);
    refused("/States/S/Assign", json!({}), &["`S`", "Assign"]);
    refused("/States/F/ErrorPath", json!("$"), &["`F`", "ErrorPath"]);
}

#[test]
fn other_types_and_languages_are_refused() {
    refused("/States/P/Type", json!("Map"), &["`P`", "`Type`", "Map"]);
    refused("/States/P/Type", json!("Parallel"), &["`P`", "`Type`", "Parallel"]);
    refused("/States/P/Type", Value::Null, &["`P`", "`Type`"]);
    refused("/States/P", json!([]), &["`P`", "`Type`"]);
    refused("/QueryLanguage", json!("JSONPath"), &["QueryLanguage", "JSONPath"]);
    refused("/Version", json!("2.0"), &["Version", "2.0"]);
}

#[test]
fn values_of_the_wrong_type_are_refused() {
    refused("/StartAt", json!(1), &["StartAt"]);
    refused("/States/T/TimeoutSeconds", json!("5"), &["`T`", "`TimeoutSeconds`"]);
    refused("/States/T/TimeoutSeconds", json!(0), &["`T`", "`TimeoutSeconds`"]);
    refused("/States/T/Retry/0/MaxAttempts", json!(-1), &["`T`", "`Retry[0].MaxAttempts`"]);
    refused("/States/T/Retry/0/IntervalSeconds", json!(0), &["`T`", "`Retry[0].IntervalSeconds`"]);
    refused("/States/T/Retry/0/JitterStrategy", json!("SOME"), &["`T`", "`Retry[0].JitterStrategy`"]);
    refused("/States/T/Retry/0/BackoffRate", json!(0.5), &["`T`", "`Retry[0].BackoffRate`"]);
    refused("/States/T/Retry/0/MaxDelaySeconds", json!(1), &["`T`", "`Retry[0].MaxDelaySeconds`"]);
    refused("/States/C/Choices/0/Condition", json!("true"), &["`C`", "`Choices[0].Condition`", "expression"]);
    refused("/States/C/Choices", json!([]), &["`C`", "`Choices`"]);
    refused("/States/W/Seconds", json!(-1), &["`W`", "`Seconds`"]);
    refused("/States/W/Timestamp", json!("tomorrow"), &["`W`", "`Timestamp`"]);
    refused("/States/F/Error", json!(5), &["`F`", "`Error`"]);
}

#[test]
fn exactly_one_of_two_fields_is_needed() {
    refused("/States/T/End", json!(true), &["`T`", "`Next` and `End`"]);
    refused("/States/P/Next", Value::Null, &["`P`", "`Next` and `End`"]);
    refused("/States/W/Timestamp", json!("2026-01-01T00:00:00Z"), &["`W`", "`Seconds` and `Timestamp`"]);
    refused("/States/W/Seconds", Value::Null, &["`W`", "`Seconds` and `Timestamp`"]);
}

#[test]
fn every_transition_leads_to_a_state_and_every_state_is_reached() {
    refused("/StartAt", json!("X"), &["StartAt", "`X`"]);
    refused("/States/T/Next", json!("X"), &["`T`", "`Next`", "`X`"]);
    refused("/States/T/Catch/1/Next", json!("X"), &["`T`", "`Catch[1].Next`", "`X`"]);
    refused("/States/C/Default", json!("X"), &["`C`", "`Default`", "`X`"]);
    refused("/States/C/Choices/0/Next", json!("X"), &["`C`", "`Choices[0].Next`", "`X`"]);
    refused("/States/Alone", json!({"Type": "Succeed"}), &["`Alone`", "no transition"]);
}

#[test]
fn error_names_and_resources_are_checked() {
    refused("/States/T/Resource", json!("arn:x"), &["`T`", "`Resource`", "arn:x"]);
    refused(
        "/States/T/Retry/0/ErrorEquals",
        json!(["States.ALL"]),
        &["`T`", "`Retry[0].ErrorEquals`", "last"],
    );
    refused(
        "/States/T/Catch/1/ErrorEquals",
        json!(["States.ALL", "E"]),
        &["`T`", "`Catch[1].ErrorEquals`", "alone"],
    );
    refused("/States/T/Catch/0/ErrorEquals", json!([]), &["`T`", "`Catch[0].ErrorEquals`"]);
}

#[test]
fn expressions_are_parsed_when_the_definition_is_loaded() {
    refused("/States/P/Output", json!("{% 1 + %}"), &["`P`", "`Output`", "1 +"]);
    refused("/States/P/Output", json!("a {% 1 %}"), &["`P`", "`Output`", "whole string"]);
    refused(
        "/States/P/Output",
        json!({"a": [0, "{% 1 %} b {% 2 %}"]}),
        &["`P`", "`Output`", "/a[1]", "whole string"],
    );
    refused("/States/P/Assign", json!({"x": "{% ) %}"}), &["`P`", "`Assign.x`"]);
    refused("/States/W/Seconds", json!("{% ( %}"), &["`W`", "`Seconds`"]);
}

#[test]
fn only_functions_that_both_engines_have_are_accepted() {
    for name in
        ["eval", "now", "millis", "random", "shuffle", "partition", "range", "hash", "uuid", "parse", "nope"]
    {
        let expression = format!("{{% [1, ${name}()] %}}");
        refused("/States/P/Output", json!(expression), &["`P`", "`Output`", &format!("`{name}`")]);
    }
    refused("/States/P/Output", json!("{% sum([1]) %}"), &["`P`", "`Output`", "`sum`"]);
    refused("/States/P/Output", json!("{% $map([1], $eval) %}"), &["`P`", "`Output`", "$eval"]);
    refused("/States/P/Output", json!("{% $$ %}"), &["`P`", "`Output`", "$$"]);
}

#[test]
fn variables_must_be_assigned_somewhere() {
    refused("/States/P/Output", json!({"x": "{% $v & $w.x %}"}), &["`P`", "`Output`", "`$w`"]);
    refused("/States/C/Choices/0/Condition", json!("{% $w %}"), &["`C`", "`Choices[0].Condition`", "`$w`"]);
    refused("/States/T/Arguments/a", json!("{% $w %}"), &["`T`", "`Arguments`", "`$w`"]);
    refused("/States/T/TimeoutSeconds", json!("{% $w %}"), &["`T`", "`TimeoutSeconds`", "`$w`"]);
    refused("/States/W/Seconds", json!("{% $w %}"), &["`W`", "`Seconds`", "`$w`"]);
    refused("/States/F/Cause", json!("{% $w %}"), &["`F`", "`Cause`", "`$w`"]);
    refused("/States/P/Assign", json!({"states": 1}), &["`P`", "`Assign`", "`states`"]);
    refused("/States/P/Assign", json!({"a-b": 1}), &["`P`", "`Assign`", "`a-b`"]);
}

#[test]
fn names_must_not_hide_each_other() {
    refused("/States/P/Output", json!("{% ($v := 1; $v) %}"), &["`P`", "`Output`", "`$v`", "hides"]);
    refused(
        "/States/P/Output",
        json!("{% $map([1], function($states) { 1 }) %}"),
        &["`P`", "`$states`", "hides"],
    );
    let mut definition = sound();
    definition["States"]["P"]["Assign"] = json!({"number": 1});
    definition["States"]["T"]["Output"] = json!("{% $number('1') %}");
    let message = chain(&load(&definition.to_string()).unwrap_err());
    assert!(
        message.contains("state `T`, field `Output` is refused: the variable `$number` hides the function"),
        "{message}"
    );
}

#[test]
fn states_is_used_by_its_known_fields_placethey_exist() {
    refused("/States/P/Output", json!("{% $states %}"), &["`P`", "`Output`", "$states"]);
    refused("/States/P/Output", json!("{% $states.other %}"), &["`P`", "`Output`", "$states"]);
    refused("/States/P/Output", json!("{% $states.result %}"), &["`P`", "`Output`", "$states.result"]);
    refused(
        "/States/T/Arguments",
        json!("{% $states.result.x %}"),
        &["`T`", "`Arguments`", "$states.result"],
    );
    refused(
        "/States/T/Assign/v",
        json!("{% $states.errorOutput %}"),
        &["`T`", "`Assign.v`", "$states.errorOutput"],
    );
    refused(
        "/States/T/Catch/0/Output",
        json!("{% $states.result %}"),
        &["`T`", "`Catch[0].Output`", "$states.result"],
    );
}

#[test]
fn placeholders_are_filled_in_before_the_text_is_read() {
    let values = |pairs: &[(&str, &str)]| {
        pairs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect::<BTreeMap<_, _>>()
    };
    let text = sound().to_string().replace(r#""Error":"E""#, r#""Error":"${A}-${B}-${A}""#);
    Machine::load(&text, &values(&[("A", "a \"quoted\""), ("B", "\\")]), &[RESOURCE]).unwrap();
    let error = Machine::load(&text, &values(&[("A", "a")]), &[RESOURCE]).unwrap_err();
    assert!(matches!(&error, LoadError::NoSubstitution { name } if name == "B"), "{error}");
    assert_eq!(error.to_string(), "the placeholder `${B}` has no value");
    let open = load(r#"{"a": "${A"#).unwrap_err();
    assert!(matches!(open, LoadError::OpenPlaceholder { .. }), "{open}");
}

#[test]
fn the_text_must_be_a_json_object() {
    assert!(matches!(load("{").unwrap_err(), LoadError::Json(_)));
    assert!(matches!(load("[]").unwrap_err(), LoadError::Definition { .. }));
    assert!(chain(&load("{}").unwrap_err()).contains("QueryLanguage"));
}

/// Every location in the valid definition, as JSON pointers.
fn places(value: &Value, path: String, found: &mut Vec<String>) {
    let children: Vec<(String, &Value)> = match value {
        Value::Object(fields) => fields.iter().map(|(name, field)| (name.clone(), field)).collect(),
        Value::Array(items) => {
            items.iter().enumerate().map(|(index, item)| (index.to_string(), item)).collect()
        }
        _ => vec![],
    };
    for (name, child) in children {
        places(child, format!("{path}/{name}"), found);
    }
    found.push(path);
}

fn odd_value() -> impl Strategy<Value = Value> {
    let expression = "\\{% ?[$a-z0-9.()\\[\\]{}+&'#@^%| ]{0,20}%\\}".prop_map(Value::from);
    let simple = any::<Option<i32>>().prop_map(|number| json!(number));
    proptest::strategy::Union::new([
        expression.boxed(),
        simple.boxed(),
        "\\PC{0,20}".prop_map(Value::from).boxed(),
    ])
}

proptest! {
    #[test]
    fn loading_never_panics(index in any::<proptest::sample::Index>(), value in odd_value(), text in "\\PC{0,60}") {
        let mut definition = sound();
        let mut found = Vec::new();
        places(&definition, String::new(), &mut found);
        if let Some(place) = definition.pointer_mut(index.get(&found).as_str()) {
            *place = value;
        }
        let _ = load(&definition.to_string());
        prop_assert!(load(&text).is_err());
    }
}
