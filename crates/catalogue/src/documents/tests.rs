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
    let many: Value = (0..501).map(|number| (number.to_string(), json!({}))).collect();
    let many = json!({"openapi": "3.1.1", "webhooks": many});
    assert_eq!(Document::read(&many).unwrap().types().unwrap_err().field, "webhooks");
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
                    name: name.clone(), created_at: at, updated_at: at, revision: 1, versions: vec![version], fields,
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
