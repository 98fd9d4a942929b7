//! The schema that is compiled: the same rules as the one that was written, each part in a definition of its own that says first
//! how much work it is.

use serde_json::{Map, Value, json};

use crate::graph::{APPLICATORS, Graph, Part};
use crate::work::{self, Work};

/// The keywords that compare. All others apply schemas, or are notes for people; `format` is one of these in 2020-12.
const ASSERTIONS: [&str; 20] = [
    "type",
    "enum",
    "const",
    "multipleOf",
    "maximum",
    "exclusiveMaximum",
    "minimum",
    "exclusiveMinimum",
    "maxLength",
    "minLength",
    "pattern",
    "maxItems",
    "minItems",
    "uniqueItems",
    "maxContains",
    "minContains",
    "maxProperties",
    "minProperties",
    "required",
    "dependentRequired",
];

/// Writes the schema that is compiled.
pub(crate) fn flatten(graph: &Graph<'_>) -> Value {
    let parts = graph.parts.iter().enumerate();
    let definitions: Map<String, Value> =
        parts.map(|(number, part)| (number.to_string(), definition(part))).collect();
    json!({"$ref": reference(0), "$defs": definitions})
}

fn reference(number: usize) -> String {
    format!("#/$defs/{number}")
}

/// A condition is evaluated before what follows from it.
fn definition(part: &Part<'_>) -> Value {
    json!({"if": {work::KEYWORD: work_of(part.schema)}, "then": body(part), "else": false})
}

fn body(part: &Part<'_>) -> Value {
    if part.is_never {
        return Value::Bool(false);
    }
    let is_rule =
        |name: &str| ASSERTIONS.contains(&name) || APPLICATORS.iter().any(|(keyword, ..)| *keyword == name);
    let rules = part.schema.iter().filter(|(name, _)| is_rule(name));
    let mut body = Value::Object(rules.map(|(name, value)| (name.clone(), value.clone())).collect());
    for (place, number) in &part.applies {
        if place == "/$ref" {
            body["$ref"] = reference(*number).into();
        } else if let Some(applied) = body.pointer_mut(place) {
            *applied = json!({"$ref": reference(*number)});
        }
    }
    body
}

/// How many steps the keywords of a part are, apart from what it applies.
fn work_of(schema: &Map<String, Value>) -> Value {
    let size = |name: &str| schema.get(name).map_or(0, count);
    let listed = size("enum") + size("const") + size("required") + size("dependentRequired");
    let named = |name: &str| schema.get(name).and_then(Value::as_object).map_or(0, Map::len);
    let patterns = named("patternProperties");
    let work = Work {
        once: (listed + named("properties") / 4) as u64,
        each: (1 + schema.len() + patterns * 4) as u64,
        matches: patterns > 0 || schema.contains_key("pattern"),
        compares: schema.get("uniqueItems") == Some(&Value::Bool(true)),
    };
    work.to_value()
}

/// How many values a value consists of.
pub(crate) fn count(value: &Value) -> usize {
    let (mut open, mut found) = (vec![value], 0);
    while let Some(value) = open.pop() {
        found += 1;
        match value {
            Value::Array(items) => open.extend(items),
            Value::Object(fields) => open.extend(fields.values()),
            _ => {}
        }
    }
    found
}
