//! An operation as a `curl` command.

use serde_json::{Map, Value};

use super::document::{Body, Content, Document, Operation, Schema};

/// The `curl` command of an operation. Ids and secrets are shell variables.
pub(super) fn command(document: &Document, path: &str, method: &str, operation: &Operation) -> String {
    let mut command = String::from("curl");
    if method != "get" {
        command.push_str(&format!(" -X {}", method.to_uppercase()));
    }
    command.push_str(&format!(" \"$HOOKSTEP_URL{}{}\"", with_variables(path), query(operation)));
    if operation.scope != "none" {
        command.push_str(" \\\n  -H \"Authorization: Bearer $HOOKSTEP_TOKEN\"");
    }
    if let Some((kind, example)) = operation.body.as_ref().and_then(|body| example(document, body)) {
        command.push_str(&format!(" \\\n  -H \"Content-Type: {kind}\" \\\n  -d '{example}'"));
    }
    command
}

/// `/webhook/{config_id}` → `/webhook/$CONFIG_ID`.
fn with_variables(path: &str) -> String {
    let names = path.split_inclusive(['{', '}']).map(|part| match part.strip_suffix('}') {
        Some(name) => format!("${}", name.to_uppercase()),
        None => part.trim_end_matches('{').to_owned(),
    });
    names.collect()
}

/// The query string of the required parameters.
fn query(operation: &Operation) -> String {
    let needed =
        operation.parameters.iter().filter(|parameter| parameter.place == "query" && parameter.required);
    let pairs: Vec<_> =
        needed.map(|parameter| format!("{0}=${1}", parameter.name, parameter.name.to_uppercase())).collect();
    if pairs.is_empty() { String::new() } else { format!("?{}", pairs.join("&")) }
}

fn example<'a>(document: &Document, body: &'a Body) -> Option<(&'a str, Value)> {
    let (kind, Content { schema, example }) = body.content.into_iter().next()?;
    let made = || sample(document, schema.as_ref()?);
    Some((kind, example.clone().or_else(made)?))
}

/// A value that matches the schema. An object gets the fields that have an example or a default.
fn sample(document: &Document, schema: &Schema) -> Option<Value> {
    let schema = document.named(schema).map_or(schema, |(_, schema)| schema);
    if let Some(value) = schema.examples.first().or(schema.default.as_ref()).or(schema.values.first()) {
        return Some(value.clone());
    }
    if let Some(first) = schema.one_of.first() {
        return sample(document, first);
    }
    let fields = schema.properties.into_iter();
    let fields: Map<_, _> = fields
        .filter_map(|(name, field)| {
            let field = document.named(field).map_or(field, |(_, field)| field);
            Some((name.to_owned(), field.examples.first().or(field.default.as_ref())?.clone()))
        })
        .collect();
    (!fields.is_empty()).then_some(Value::Object(fields))
}
