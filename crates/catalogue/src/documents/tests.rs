use hookstep_contract::{EventType, EventTypeFields, TypeContent, TypeVersion};
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::Schema;

/// The types of a document by their names, with what it says of them.
fn described(document: &Value) -> Vec<(String, Result<Description, Unusable>)> {
    let document = Document::read(document).unwrap();
    let types = document.types().unwrap().into_iter();
    types
        .map(|found| match found {
            Ok(found) => (found.name.clone(), document.describe(&found)),
            Err(unusable) => (String::new(), Err(unusable)),
        })
        .collect()
}

fn only(document: &Value) -> Description {
    let mut found = described(document);
    assert_eq!(found.len(), 1, "{found:?}");
    found.remove(0).1.unwrap()
}

#[test]
fn webhooks_of_openapi_are_types() {
    let document = json!({
        "openapi": "3.1.0", "info": {"title": "Shop", "version": "7"},
        "webhooks": {
            "order.created": {"post": {
                "summary": "An order", "description": "A customer has placed an order.", "tags": ["Orders", "All"],
                "deprecated": true, "requestBody": {"$ref": "#/components/requestBodies/Order"},
            }},
            "order.lost": {"$ref": "#/components/pathItems/lost"},
            "order.none": {"get": {}},
            "order.text": {"post": {"requestBody": {"content": {"text/plain": {}}}}},
            "order.away": {"post": {"requestBody": {"$ref": "https://example.com/body.json"}}},
        },
        "components": {
            "requestBodies": {"Order": {"content": {"text/plain": {}, "application/cloudevents+json; charset=utf-8": {
                "schema": {"$ref": "#/components/schemas/Order"},
                "examples": {"one": {"$ref": "#/components/examples/one"}},
            }}}},
            "examples": {"one": {"value": {"id": 7}}},
            "pathItems": {"lost": {"put": {"summary": "Lost"}}},
            "schemas": {
                "Order": {
                    "type": "object",
                    "properties": {
                        "id": {"$ref": "#/components/schemas/Id"}, "next": {"$ref": "#/components/schemas/Order"},
                        "part": {"$ref": "#/components/schemas/Order/properties/id"}, "$ref": {"type": "string"},
                        "enum": {"$ref": "#/components/schemas/a~1b"},
                    },
                    "$defs": {"Id": {"title": "another"}}, "examples": [{"$ref": "#/no/schema"}],
                },
                "Id": {"type": "integer"}, "a/b": {"type": "null"},
            },
        },
    });
    let found: std::collections::HashMap<_, _> = described(&document).into_iter().collect();
    let order = found["order.created"].clone().unwrap();
    assert_eq!(order.description.as_deref(), Some("A customer has placed an order."));
    assert_eq!((order.group.as_deref(), order.deprecated), (Some("Orders"), Some(true)));
    assert_eq!(order.sample, Some(json!({"id": 7})));
    let expected = json!({
        "type": "object",
        "properties": {
            "id": {"$ref": "#/$defs/Id-2"}, "next": {"$ref": "#"}, "part": {"$ref": "#/properties/id"},
            "$ref": {"type": "string"}, "enum": {"$ref": "#/$defs/a_1b"},
        },
        "$defs": {"Id": {"title": "another"}, "Id-2": {"type": "integer"}, "a_1b": {"type": "null"}},
        "examples": [{"$ref": "#/no/schema"}],
    });
    assert_eq!(order.schema.as_ref(), Some(&expected));
    assert!(Schema::compile(&expected).is_ok());
    let lost = Description { description: Some("Lost".to_owned()), ..Description::default() };
    assert_eq!(found["order.lost"], Ok(lost));
    for (name, at) in [
        ("order.none", "/webhooks/order.none"),
        ("order.text", "/webhooks/order.text/post/requestBody"),
        ("order.away", "/webhooks/order.away/post/requestBody/$ref"),
    ] {
        assert_eq!(found[name].clone().unwrap_err().at, at, "{name}");
    }
}

#[test]
fn messages_that_an_application_of_asyncapi_sends_are_types() {
    let second = json!({
        "asyncapi": "2.6.0", "channels": {
            "orders": {"subscribe": {"message": {"oneOf": [
                {"$ref": "#/components/messages/created"}, {"name": "order.lost"}, {"$ref": "#/components/messages/created"},
            ]}}, "publish": {"message": {"name": "command"}}},
            "plain/channel": {"subscribe": {"message": {"payload": {"type": "object"}}}},
        },
        "components": {"messages": {"created": {
            "summary": "Created", "tags": [{"name": "Orders"}], "payload": {"$ref": "#/components/schemas/Order"},
            "examples": [{"name": "headers only"}, {"payload": {"id": 1}}],
        }}, "schemas": {"Order": {"type": "object"}}},
    });
    let found = described(&second);
    let names: Vec<_> = found.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["created", "order.lost", "plain/channel"]);
    let created = found[0].1.clone().unwrap();
    assert_eq!((created.description.as_deref(), created.group.as_deref()), (Some("Created"), Some("Orders")));
    assert_eq!((created.schema, created.sample), (Some(json!({"type": "object"})), Some(json!({"id": 1}))));

    let third = json!({
        "asyncapi": "3.0.0",
        "channels": {
            "orders": {"messages": {"order.created": {"payload": {"schemaFormat": "application/schema+json;version=draft-07",
                "schema": {"$ref": "#/components/schemas/Order"}}}, "order.lost": {"name": "lost"}}},
            "in": {"messages": {"command": {}}},
            "avro": {"messages": {"a": {"payload": {"schemaFormat": "application/vnd.apache.avro+json;version=1.9.0", "schema": {}}}}},
        },
        "operations": {
            "out": {"action": "send", "channel": {"$ref": "#/channels/orders"}},
            "some": {"action": "send", "channel": {"$ref": "#/channels/avro"}, "messages": [{"$ref": "#/channels/avro/messages/a"}]},
            "come": {"action": "receive", "channel": {"$ref": "#/channels/in"}},
            "gone": {"action": "send", "channel": {"$ref": "#/channels/none"}},
        },
        "components": {"schemas": {"Order": {"title": "o"}}},
    });
    let found: std::collections::HashMap<_, _> = described(&third).into_iter().collect();
    assert_eq!(found["order.created"].clone().unwrap().schema, Some(json!({"title": "o"})));
    assert!(found["lost"].is_ok() && !found.contains_key("command"), "{found:?}");
    let avro = found["a"].clone().unwrap_err();
    assert_eq!(avro.at, "/channels/avro/messages/a/payload/schemaFormat");
    assert_eq!(found[""].clone().unwrap_err().at, "/operations/gone/channel/$ref");
}

#[test]
fn what_is_no_such_document_is_refused() {
    for (document, field) in [
        (json!({}), "openapi"),
        (json!([]), "openapi"),
        (json!({"openapi": "3.0.3", "webhooks": {}}), "openapi"),
        (json!({"openapi": 3.1}), "openapi"),
        (json!({"asyncapi": "1.0.0"}), "asyncapi"),
    ] {
        assert_eq!(Document::read(&document).unwrap_err().field, field, "{document}");
    }
    for (empty, field) in [
        (json!({"openapi": "3.1.0"}), "webhooks"),
        (json!({"asyncapi": "2.6.0", "channels": {"a": {"publish": {"message": {}}}}}), "channels"),
        (json!({"asyncapi": "3.0.0", "operations": {"a": {"action": "receive"}}}), "operations"),
    ] {
        let document = Document::read(&empty).unwrap();
        assert!(document.types().unwrap().is_empty());
        assert_eq!(document.no_types().field, field);
    }
    let many: Value = (0..501).map(|number| (number.to_string(), json!({}))).collect();
    let many = json!({"openapi": "3.1.1", "webhooks": many});
    assert_eq!(Document::read(&many).unwrap().types().unwrap_err().field, "webhooks");
}

#[test]
fn long_names_and_many_types_are_refused_without_being_kept() {
    let long = "x".repeat(500_000);
    let (many, same) = (vec![json!({}); 170_000], vec![json!({"$ref": "#/m"}); 60_000]);
    let second = |channel: &str, messages: &[Value]| {
        let message = json!({"oneOf": messages});
        json!({"asyncapi": "2.0", "channels": {channel: {"subscribe": {"message": message}}}, "m": {"name": long.as_str()}})
    };
    let third = |name: &str, messages: &[Value]| {
        let operation = json!({"action": "send", "messages": messages});
        json!({"asyncapi": "3.0.0", "operations": {name: operation}, "m": {"name": "m"}})
    };
    let keyed =
        |key: &str| -> Value { (0..170_000).map(|number| (format!("{key}{number}"), json!({}))).collect() };
    let mut loops = keyed("x");
    for operation in loops.as_object_mut().into_iter().flat_map(serde_json::Map::values_mut).take(20_000) {
        *operation = json!({"$ref": "#/operations/none"});
    }
    for (document, is_refused) in [
        (second(&long, &many), false),
        (second("short", &many), true),
        (second("short", &same[..400]), false),
        (third(&long, &many), false),
        (third("short", &many), true),
        (json!({"asyncapi": "3.0.0", "operations": loops}), true),
        (json!({"asyncapi": "3.0.0", "channels": {"c": {"messages": keyed("x")}}}), true),
        (json!({"asyncapi": "3.0.0", "channels": {long.as_str(): {"messages": keyed("x")}}}), false),
        (json!({"openapi": "3.1.0", "webhooks": keyed("x")}), true),
        (json!({"openapi": "3.1.0", "webhooks": {long.as_str(): {"post": {}}}}), false),
        (json!({"openapi": "3.1.0", "webhooks": {"~".repeat(600): {"post": {}}}}), false),
    ] {
        match Document::read(&document).unwrap().types() {
            Ok(types) => {
                assert!(!is_refused && types.len() == 1, "{}", types.len());
                let unusable = types.into_iter().next().unwrap().unwrap_err();
                assert!(unusable.reason.contains("1024 bytes") && unusable.at.len() < 1100, "{unusable:?}");
            }
            Err(_) => assert!(is_refused),
        }
    }
    // The same message is a type once, however often it is referred to.
    let document = third("short", &same[..4000]);
    assert_eq!(Document::read(&document).unwrap().types().unwrap().len(), 1);
    let document = third("short", &same);
    assert_eq!(Document::read(&document).unwrap().types().unwrap_err().field, "channels");
}

#[test]
fn a_reference_that_is_too_long_is_not_followed() {
    let long = "x".repeat(2000);
    let reference = json!({"$ref": format!("#/{long}")});
    let mut document = json!({"asyncapi": "3.0.0", "channels": {"c": {"messages": {"m": reference}}}});
    document[long.as_str()] = json!({"name": "order.created"});
    let found = described(&document);
    assert_eq!(found[0].1.clone().unwrap_err().at, "/channels/c/messages/m/$ref");
}

#[test]
fn names_of_definitions_are_given_once() {
    let mut names = refs::Names::default();
    let given: Vec<_> = ["a", "a-2", "a", "a", "b"].map(|name| names.unused(name.to_owned())).to_vec();
    assert_eq!(given, ["a", "a-2", "a-3", "a-4", "b"]);
    let many: std::collections::HashSet<_> = (0..50_000).map(|_| names.unused("a".to_owned())).collect();
    assert_eq!(many.len(), 50_000);
}

#[test]
fn a_schema_that_is_referred_to_is_taken_without_its_format() {
    let document = |format: &str| {
        json!({
            "asyncapi": "3.0.0",
            "channels": {"c": {"messages": {"order.created": {"payload": {
                "type": "object", "properties": {"id": {"$ref": "#/components/schemas/Id"}},
            }}}}},
            "components": {"schemas": {"Id": {"schemaFormat": format, "schema": {"type": "integer"}}}},
        })
    };
    let schema = only(&document("application/schema+json;version=draft-2020-12")).schema.unwrap();
    assert_eq!(schema["$defs"], json!({"Id": {"type": "integer"}}));
    let avro = described(&document("application/vnd.apache.avro"))[0].1.clone().unwrap_err();
    assert_eq!(avro.at, "/components/schemas/Id/schemaFormat");
}

#[test]
fn references_without_an_end_and_parts_that_are_too_large_are_refused() {
    let body = |schema: Value| json!({"post": {"requestBody": {"content": {"application/json": {"schema": schema}}}}});
    let document = json!({
        "openapi": "3.1.0", "webhooks": {
            "a": body(json!({"$ref": "#/components/schemas/loop"})),
            "b": body(json!({"properties": {"x": {"$ref": "#/components/schemas/none"}}})),
            "c": body(json!({"allOf": [{"$ref": "#/components/schemas/large"}, {"$ref": "#/components/schemas/larger"}]})),
        },
        "components": {"schemas": {
            "loop": {"$ref": "#/components/schemas/loop"}, "large": {"title": "x".repeat(40_000)}, "larger": {"title": "x".repeat(40_000)},
        }},
    });
    for (name, found) in described(&document) {
        let reason = found.unwrap_err().reason;
        let expected = match name.as_str() {
            "a" => "refers to itself",
            "b" => "refers to #/components/schemas/none",
            _ => "above 64 KiB",
        };
        assert!(reason.contains(expected), "{name}: {reason}");
    }
}

/// Schemas with references of all kinds that one can have.
fn schemas() -> impl Strategy<Value = Value> {
    let reference =
        prop_oneof![Just("#"), Just("#/$defs/a"), Just("#/$defs/a%20b"), Just("#/properties/x~1y")];
    let part = prop_oneof![
        Just(json!({"type": "integer"})),
        reference.prop_map(|reference| json!({"$ref": reference})),
        Just(json!({"const": {"$ref": "#/a"}})),
    ];
    let inner = part.prop_recursive(3, 20, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 1..3).prop_map(|parts| json!({"anyOf": parts})),
            prop::collection::btree_map("[a-z$/]{1,4}|enum|\\$ref", inner, 0..3)
                .prop_map(|parts| json!({"properties": parts})),
        ]
    });
    (inner, prop::option::of(Just("https://example.com/s"))).prop_map(|(inner, id)| {
        let mut schema = json!({"properties": {"x/y": inner}, "$defs": {"a": {}, "a b": {}}});
        if let Some(id) = id {
            schema["$id"] = json!(id);
        }
        schema
    })
}

proptest! {
    #[test]
    fn what_is_exported_says_the_same_again(
        types in prop::collection::btree_map("\\PC{1,8}", (prop::option::of(schemas()), any::<Option<u32>>(), any::<bool>()), 0..4),
    ) {
        for format in [DocumentFormat::OpenApi, DocumentFormat::AsyncApi] {
            let mut export = Export::new(format, "Events");
            for (name, (schema, sample, deprecated)) in &types {
                let at = "2026-01-02T03:04:05Z".parse().unwrap();
                let version = TypeVersion { version: "v2".to_owned(), created_at: at, schema_hash: None };
                let fields = EventTypeFields {
                    description: name.clone(), group: sample.map(|_| "G".to_owned()), deprecated: *deprecated,
                    on_invalid: OnInvalid::Mark,
                };
                let event_type = EventType {
                    name: name.clone(), created_at: at, updated_at: at, revision: 1, last_number: 0, versions: vec![version], fields,
                };
                export.add(&event_type, TypeContent { schema: schema.clone(), sample: sample.map(|n| json!({"n": n})) });
            }
            let document = export.finish();
            let mut again = described(&document);
            again.sort_by(|a, b| a.0.cmp(&b.0));
            let expected: Vec<_> = types.iter().map(|(name, (schema, sample, deprecated))| {
                let said = Description {
                    description: Some(name.clone()), group: sample.map(|_| "G".to_owned()),
                    deprecated: Some(*deprecated), on_invalid: Some(OnInvalid::Mark), version: Some("v2".to_owned()),
                    schema: schema.clone(), sample: sample.map(|n| json!({"n": n})),
                };
                (name.clone(), Ok(said))
            }).collect();
            prop_assert_eq!(again, expected, "{}", document);
        }
    }
}

#[test]
fn only_reads_one() {
    let document = json!({"openapi": "3.1.0", "webhooks": {"a": {"post": {"x-hookstep-version": "3"}}}});
    assert_eq!(only(&document).version.as_deref(), Some("3"));
    let wrong = json!({"openapi": "3.1.0", "webhooks": {"a": {"post": {"x-hookstep-on-invalid": "drop"}}}});
    assert_eq!(described(&wrong)[0].1.clone().unwrap_err().at, "/webhooks/a/post/x-hookstep-on-invalid");
}
