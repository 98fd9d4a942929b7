use std::time::{Duration, Instant};

use proptest::prelude::*;
use serde_json::json;

use super::*;

/// Longer than any check takes, also without optimisation on a busy machine, and far shorter than what it would take otherwise.
const SOON: Duration = Duration::from_secs(20);

fn compiled(schema: Value) -> Schema {
    Schema::compile(&schema).unwrap_or_else(|fault| panic!("{fault:?}: {schema}"))
}

fn fault(schema: &Value) -> SchemaFault {
    Schema::compile(schema).map(drop).expect_err("it is refused")
}

#[test]
fn what_is_wrong_is_named_with_its_path_and_without_its_value() {
    let schema = compiled(json!({
        "type": "object", "required": ["order"],
        "properties": {"order": {"$ref": "#/$defs/order"}, "no": {"$ref": "#/$defs/never"}},
        "$defs": {
            "order": {
                "type": "object", "required": ["id"], "unevaluatedProperties": false,
                "properties": {"id": {"type": "integer", "minimum": 1}, "lines": {"items": {"pattern": "^[a-z]+$"}}},
                "allOf": [{"properties": {"note": {"type": "string"}}}],
            },
            "never": false,
        },
    }));
    for (payload, path, reason) in [
        (json!({"order": {"id": 1, "note": "n", "lines": ["a"]}}), None, ""),
        (json!([]), Some(""), "must be of the type object"),
        (json!({}), Some(""), "must have the property order"),
        (json!({"order": {}}), Some("/order"), "must have the property id"),
        (json!({"order": {"id": "s3cret"}}), Some("/order/id"), "must be of the type integer"),
        (json!({"order": {"id": 0}}), Some("/order/id"), "must be at least 1"),
        (
            json!({"order": {"id": 1, "lines": ["a", "S3CRET"]}}),
            Some("/order/lines/1"),
            "must match the pattern ^[a-z]+$",
        ),
        (
            json!({"order": {"id": 1, "more": "s3cret"}}),
            Some("/order"),
            "must not have properties that the schema does not name",
        ),
        (json!({"order": {"id": 1}, "no": 1}), Some("/no"), "is not allowed here"),
    ] {
        let found = schema.check(payload.to_string().as_bytes()).err();
        assert_eq!(found.as_ref().map(|found| found.path.as_str()), path, "{payload}: {found:?}");
        assert_eq!(found.map(|found| found.reason).unwrap_or_default(), reason, "{payload}");
    }
    assert_eq!(schema.check(b"{").unwrap_err().reason, "is not JSON");
    let large = format!("\"{}\"", "x".repeat(MAX_CHECKED_BYTES));
    assert!(schema.check(large.as_bytes()).unwrap_err().reason.contains("256 KiB"));
}

#[test]
fn a_schema_that_cannot_be_used_is_refused_with_the_place() {
    let many = |count: usize| Value::Object((0..count).map(|n| (format!("p{n}"), json!({}))).collect());
    for (schema, pointer) in [
        (json!(true), ""),
        (json!({"type": "text"}), "/type"),
        (json!({"properties": {"a": {"minLength": -1}}}), "/properties/a/minLength"),
        (json!({"$ref": "http://127.0.0.1/a.json"}), "/$ref"),
        (json!({"properties": {"a": {"$ref": "file:///etc/passwd"}}}), "/properties/a/$ref"),
        (json!({"x-other": {"$ref": "other.json"}}), "/x-other/$ref"),
        (json!({"$id": "http://example.com/a", "$defs": {"a": {"$id": "b"}}}), "/$defs/a/$id"),
        (json!({"$schema": "http://json-schema.org/draft-07/schema#"}), "/$schema"),
        (json!({"$ref": "#/$defs/none"}), "/$ref"),
        (json!({"$dynamicRef": "#a"}), "/$dynamicRef"),
        (json!({"$ref": "#"}), ""),
        (
            json!({"$ref": "#/$defs/a", "$defs": {"a": {"anyOf": [{"not": {"$ref": "#/$defs/a"}}]}}}),
            "/$defs/a",
        ),
        (json!({"properties": {"a": {"pattern": "(?=a)b"}}}), ""),
        (json!({"pattern": r"(\w{500}){500}"}), ""),
        (json!({"patternProperties": many(51)}), ""),
        (json!({"properties": many(2000)}), ""),
        (json!({"description": "x".repeat(MAX_SCHEMA_BYTES)}), ""),
    ] {
        let found = fault(&schema);
        assert_eq!(found.pointer, pointer, "{}: {schema:.200}", found.reason);
    }
    // A property of that name is none of these keywords, and neither is a value.
    let fine = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema", "$id": "https://example.com/order.json",
        "properties": {"id": {"const": {"$ref": "x"}}, "$ref": {"type": "string"}, "t": {"$ref": "#tree"}},
        "$defs": {"tree": {"$anchor": "tree", "properties": {"children": {"items": {"$ref": "#/$defs/tree"}}}}},
        "format": "date-time", "x-anything": {"type": 7},
    });
    assert_eq!(compiled(fine).check(br#"{"t": {"children": [{"children": []}]}}"#), Ok(()));
}

/// Each of seven definitions applies the next one ten times: ten million ways.
fn branching(keyword: &str) -> Value {
    let next = |n: usize| vec![json!({"$ref": format!("#/$defs/d{}", n + 1)}); 10];
    let mut definitions: serde_json::Map<String, Value> =
        (0..7).map(|n| (format!("d{n}"), json!({keyword: next(n)}))).collect();
    definitions.insert("d7".to_owned(), json!({"type": "string"}));
    json!({"$ref": "#/$defs/d0", "$defs": definitions})
}

#[test]
fn a_check_that_would_take_for_ever_is_given_up() {
    let recursive = json!({
        "anyOf": [
            {"properties": {"a": {"$ref": "#"}}, "required": ["b"]},
            {"properties": {"a": {"$ref": "#"}}, "required": ["c"]},
        ],
    });
    let deep = (0..60).fold(json!({}), |inner, _| json!({"a": inner}));
    let text = "01".repeat(MAX_CHECKED_BYTES / 2 - 100);
    let slow = "^[01]*1[01]{200}2$";
    let zeros = json!([vec![0; 60_000], vec![0; 60_000]]);
    let texts = Value::from(vec![json!("01".repeat(500)); 250]);
    for (schema, payload) in [
        (branching("anyOf"), json!(7)),
        (branching("oneOf"), json!(7)),
        (recursive, deep),
        (json!({"contains": {"anyOf": vec![json!({"pattern": slow}); 49]}}), texts),
        (
            json!({"patternProperties": (0..49).map(|n| (format!("{slow}|{n}"), json!({}))).collect::<serde_json::Map<_, _>>()}),
            json!({text.clone(): 1}),
        ),
        (json!({"anyOf": vec![json!({"uniqueItems": true}); 100]}), zeros),
        (json!({"contains": {"enum": (0..5000).collect::<Vec<_>>()}}), Value::from(vec![-1; 20_000])),
    ] {
        let start = Instant::now();
        let found = compiled(schema.clone()).check_value(&payload).unwrap_err();
        assert!(start.elapsed() < SOON, "{found:?}: {schema:.200}");
        assert!(found.reason.contains("too many steps"), "{found:?}: {schema:.200}");
    }
    // One that is just within its bounds.
    let start = Instant::now();
    let found = compiled(json!({"pattern": slow})).check_value(&json!(text)).unwrap_err();
    assert!(start.elapsed() < SOON && found.reason.starts_with("must match"), "{found:?}");
}

#[test]
fn a_schema_that_would_be_compiled_for_ever_is_refused() {
    let start = Instant::now();
    for keyword in ["unevaluatedProperties", "unevaluatedItems"] {
        let mut schema = branching("anyOf");
        schema[keyword] = json!(false);
        assert!(fault(&schema).reason.contains("below unevaluated"), "{keyword}");
    }
    let long = "x".repeat(32_000);
    for schema in [json!({long.clone(): vec![json!([]); 10_000]}), json!({"properties": {long: {}}})] {
        assert_eq!(fault(&schema).reason, "has names that are too long");
    }
    assert!(start.elapsed() < SOON);
}

#[test]
fn a_large_payload_of_usual_records_is_checked() {
    let names: Vec<String> = (0..50).map(|n| format!("field_{n}")).collect();
    let fields: serde_json::Map<String, Value> = names
        .iter()
        .map(|name| (name.clone(), json!({"type": "string", "pattern": "^[a-z]{1,64}$", "maxLength": 64})))
        .collect();
    let schema = compiled(json!({"items": {"type": "object", "required": names, "properties": fields}}));
    let row: serde_json::Map<String, Value> = names.iter().map(|name| (name.clone(), json!("abc"))).collect();
    assert_eq!(schema.check_value(&Value::from(vec![Value::Object(row); 250])), Ok(()));
}

/// Payloads are at most 128 levels deep, because deeper ones are not read.
#[test]
fn a_deep_payload_fits_the_stack() {
    // As many parts in a row as there may be, at each level.
    let tree = (0..14).fold(
        json!({"type": "object", "additionalProperties": {"$ref": "#"}}),
        |inner, _| json!({"allOf": [inner]}),
    );
    let schema = compiled(tree);
    let deep = format!("{}1{}", r#"{"a":"#.repeat(126), "}".repeat(126));
    let found = schema.check(deep.as_bytes()).unwrap_err();
    assert!(found.path.starts_with("/a/a/a") || found.reason.contains("too many steps"), "{found:?}");
    let too_deep = format!("{}1{}", "[".repeat(5000), "]".repeat(5000));
    assert_eq!(schema.check(too_deep.as_bytes()).unwrap_err().reason, "is not JSON");
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        "[a-z$#/~*(\\[]{0,6}".prop_map(Value::from),
        Just(json!("#")),
        Just(json!("#/$defs/a")),
    ];
    leaf.prop_recursive(5, 40, 5, |inner| {
        let name = prop_oneof![
            Just("$ref"),
            Just("$defs"),
            Just("a"),
            Just("allOf"),
            Just("anyOf"),
            Just("not"),
            Just("if"),
            Just("then"),
            Just("items"),
            Just("prefixItems"),
            Just("properties"),
            Just("additionalProperties"),
            Just("pattern"),
            Just("patternProperties"),
            Just("enum"),
            Just("const"),
            Just("type"),
            Just("required"),
            Just("minimum"),
            Just("contains"),
            Just("dependentSchemas"),
            Just("$anchor"),
            Just("$id"),
            Just("unevaluatedProperties"),
        ]
        .prop_map(str::to_owned);
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::hash_map(name, inner, 0..5)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn whatever_is_given_as_a_schema_is_refused_or_checks(schema in any_json(), payload in any_json()) {
        if let Ok(schema) = Schema::compile(&schema) {
            let _either = schema.check_value(&payload);
        }
    }

    /// The schema that is compiled means what the one that was written means.
    #[test]
    fn a_schema_is_satisfied_by_what_satisfies_it_as_it_was_written(schema in any_json(), payload in any_json()) {
        if let Ok(compiled) = Schema::compile(&schema)
            && let Ok(plain) = jsonschema::draft202012::options().should_validate_formats(false).build(&schema)
        {
            prop_assert_eq!(compiled.check_value(&payload).is_ok(), plain.is_valid(&payload), "{}", schema);
        }
    }
}
