//! Whether a value fits a schema, for as much of JSON Schema as ours use.

use serde_json::{Map, Value};

/// What does not fit, with its place; `None` if all does. A property that the schema does not have does not fit, either.
pub(super) fn mismatch(schemas: &Map<String, Value>, schema: &Value, value: &Value) -> Option<String> {
    if let Some(reference) = schema["$ref"].as_str() {
        let name = reference.rsplit('/').next().unwrap();
        let schema = schemas.get(name).unwrap_or_else(|| panic!("{name} is not among the schemas"));
        return mismatch(schemas, schema, value);
    }
    if let Some(choices) = schema["oneOf"].as_array() {
        let faults: Vec<_> = choices.iter().map(|choice| mismatch(schemas, choice, value)).collect();
        return (faults.iter().filter(|fault| fault.is_none()).count() != 1).then(|| format!("{faults:?}"));
    }
    if let Some(parts) = schema["allOf"].as_array() {
        return mismatch(schemas, &merged(schemas, parts), value);
    }
    if !types(schema).contains(&type_of(value)) {
        return Some(format!("{value} is not one of {:?}", types(schema)));
    }
    let is_listed = schema["enum"].as_array().is_none_or(|names| names.contains(value));
    match value {
        _ if !is_listed => Some(format!("{value} is not one of {}", schema["enum"])),
        Value::Object(fields) => object_mismatch(schemas, schema, fields),
        Value::Array(items) => items.iter().find_map(|item| mismatch(schemas, &schema["items"], item)),
        _ => None,
    }
}

fn object_mismatch(
    schemas: &Map<String, Value>,
    schema: &Value,
    fields: &Map<String, Value>,
) -> Option<String> {
    let required = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
    if let Some(missing) = required.into_iter().find(|name| !fields.contains_key(*name)) {
        return Some(format!("{missing} is missing"));
    }
    fields.iter().find_map(|(name, value)| {
        let property = schema["properties"].get(name).or_else(|| schema.get("additionalProperties"));
        match property {
            None | Some(Value::Bool(false)) => Some(format!("{name} is not in the schema")),
            Some(property) => mismatch(schemas, property, value).map(|fault| format!("{name}: {fault}")),
        }
    })
}

/// What serde flattens into one object.
fn merged(schemas: &Map<String, Value>, parts: &[Value]) -> Value {
    let mut whole = serde_json::json!({"type": "object", "properties": {}, "required": []});
    for part in parts {
        let named = part["$ref"].as_str().map(|name| &schemas[name.rsplit('/').next().unwrap()]);
        let part = named.unwrap_or(part);
        let flat = part["allOf"].as_array().map_or_else(|| part.clone(), |parts| merged(schemas, parts));
        whole["properties"].as_object_mut().unwrap().extend(flat["properties"].as_object().unwrap().clone());
        let required = flat["required"].as_array().into_iter().flatten().cloned();
        whole["required"].as_array_mut().unwrap().extend(required);
    }
    whole
}

fn types(schema: &Value) -> Vec<&str> {
    match &schema["type"] {
        Value::String(name) => vec![name],
        Value::Array(names) => names.iter().filter_map(Value::as_str).collect(),
        other => panic!("{other} is not a type in {schema}"),
    }
}

fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

#[test]
fn what_does_not_fit_is_found() {
    use serde_json::json;

    let schemas = Map::from_iter([("Name".to_owned(), json!({"type": "string", "enum": ["a"]}))]);
    let name = json!({"$ref": "#/components/schemas/Name"});
    let object = json!({
        "type": "object", "required": ["name"],
        "properties": {"name": name, "more": {"oneOf": [name, {"type": "null"}]}, "list": {"type": "array", "items": name}},
    });
    for (value, expected) in [
        (json!({"name": "a", "more": null, "list": ["a"]}), None),
        (json!([]), Some("is not one of [\"object\"]")),
        (json!({}), Some("name is missing")),
        (json!({"name": "b"}), Some("name: \"b\" is not one of")),
        (json!({"name": "a", "other": 1}), Some("other is not in the schema")),
        (json!({"name": "a", "more": 1}), Some("more: ")),
        (json!({"name": "a", "list": [1]}), Some("list: 1 is not one of")),
    ] {
        let found = mismatch(&schemas, &object, &value);
        assert_eq!(found.is_some(), expected.is_some(), "{value} {found:?}");
        assert!(found.unwrap_or_default().contains(expected.unwrap_or_default()), "{value}");
    }
}
