//! Comparing a webhook with its entry in the file.

use serde_json::{Map, Value};

use super::node::{Node, Tree};

/// The longest value that is shown completely, in characters.
const MAX_SHOWN_CHARS: usize = 60;

/// The changes, as a JSON Merge Patch and as lines for people.
#[derive(Debug, Default)]
pub(super) struct Changes {
    pub(super) patch: Map<String, Value>,
    pub(super) lines: Vec<String>,
}

/// Compares a webhook, as the API shows it, with its entry in the file.
pub(super) fn changes(stored: &Map<String, Value>, wanted: &Node, send_secrets: bool) -> Changes {
    let mut changes = Changes::default();
    let Tree::Map(fields) = &wanted.tree else { return changes };
    for (name, node) in fields.iter().filter(|(name, _)| name != "config_id") {
        let before = stored.get(name).unwrap_or(&Value::Null);
        let mut lines = Vec::new();
        let patch = match name.as_str() {
            "auth" | "tls" => credentials(name, before, node, send_secrets, &mut lines),
            "filter" | "transform" | "extra_signature" => whole(name, before, node, &mut lines),
            "rate_limit" => plain(name, &without_rate_defaults(before, node), node, &mut lines),
            _ => plain(name, before, node, &mut lines),
        };
        if let Some(patch) = patch {
            changes.patch.insert(name.clone(), patch);
            changes.lines.append(&mut lines);
        }
    }
    changes
}

/// Compares a field that the API shows as it was set.
fn plain(path: &str, before: &Value, node: &Node, lines: &mut Vec<String>) -> Option<Value> {
    let after = node.value();
    if same(before, &after) {
        return None;
    }
    describe(path, before, node, lines);
    Some(merge_patch(before, after))
}

/// Compares a field that the API replaces as a whole, and shows with defaults that a file may leave out.
fn whole(path: &str, before: &Value, node: &Node, lines: &mut Vec<String>) -> Option<Value> {
    let after = node.value();
    if same(&without_defaults(before), &without_defaults(&after)) {
        return None;
    }
    describe(path, before, node, lines);
    Some(after)
}

/// A filter, a transform or an extra signature without the fields that have their default.
fn without_defaults(value: &Value) -> Value {
    let is_default = |name: &str, value: &Value| match (name, value) {
        ("logical_operator", Value::String(text)) => text == "AND",
        ("type", Value::String(text)) => text == "string",
        ("values" | "conditions", Value::Array(items)) => items.is_empty(),
        ("algorithm", Value::String(text)) => text == "sha256",
        ("encoding", Value::String(text)) => text == "hex",
        ("prefix", Value::String(text)) => text.is_empty(),
        (_, value) => value.is_null(),
    };
    match value {
        Value::Object(fields) => {
            let fields = fields.iter().filter(|(name, value)| !is_default(name, value));
            fields.map(|(name, value)| (name.clone(), without_defaults(value))).collect()
        }
        Value::Array(items) => items.iter().map(without_defaults).collect(),
        other => other.clone(),
    }
}

/// A rate limit without the fields that have their default and that the file leaves out.
fn without_rate_defaults(before: &Value, node: &Node) -> Value {
    let is_default = |name: &str, value: &Value| match name {
        "per" => value == "second",
        "burst" => *value == 1,
        _ => false,
    };
    let mut rest = before.clone();
    if let Some(fields) = rest.as_object_mut() {
        fields.retain(|name, value| node.field(name).is_some() || !is_default(name, value));
    }
    rest
}

/// Adds a line for every part that differs.
fn describe(path: &str, before: &Value, node: &Node, lines: &mut Vec<String>) {
    let Tree::Map(fields) = &node.tree else {
        lines.push(format!("{path}: {} -> {}", short(before), short(&node.shown())));
        return;
    };
    for (name, node) in fields {
        let before = before.get(name).unwrap_or(&Value::Null);
        if !same(before, &node.value()) {
            describe(&format!("{path}.{name}"), before, node, lines);
        }
    }
    for (name, before) in before.as_object().into_iter().flatten() {
        if node.field(name).is_none() {
            lines.push(format!("{path}.{name}: {} -> (none)", short(before)));
        }
    }
}

/// The JSON Merge Patch (RFC 7396) that turns `before` into `after`.
fn merge_patch(before: &Value, after: Value) -> Value {
    let Value::Object(mut fields) = after else { return after };
    for (name, before) in before.as_object().into_iter().flatten() {
        match fields.remove(name) {
            None => drop(fields.insert(name.clone(), Value::Null)),
            Some(after) if after == *before => {}
            Some(after) => drop(fields.insert(name.clone(), merge_patch(before, after))),
        }
    }
    Value::Object(fields)
}

/// The fields of `auth` and `tls` that the API shows. All others are secrets, or may be.
const PUBLIC: [&str; 12] = [
    "type",
    "username",
    "name",
    "token_url",
    "client_id",
    "method",
    "scope",
    "client_authentication",
    "key_id",
    "in",
    "certificate",
    "connection_arn",
];

/// Compares credentials. They are sent as a whole or not at all; those that the file leaves out stay as they are.
fn credentials(
    path: &str,
    before: &Value,
    node: &Node,
    send: bool,
    lines: &mut Vec<String>,
) -> Option<Value> {
    let after = node.value();
    // A webhook without the field has no credentials.
    let none = |value: &Value| value.is_null() || value["type"] == "none";
    if none(before) && none(&after) {
        return None;
    }
    let mut secrets = Vec::new();
    describe_credentials(path, before, node, lines, &mut secrets);
    let sends = !lines.is_empty() || (send && !secrets.is_empty());
    if !sends {
        return None;
    }
    lines.append(&mut secrets);
    Some(after)
}

/// Adds a line for every visible part that differs, and for every secret in the file.
fn describe_credentials(
    path: &str,
    before: &Value,
    node: &Node,
    lines: &mut Vec<String>,
    secrets: &mut Vec<String>,
) {
    match &node.tree {
        Tree::Map(fields) => {
            for (name, node) in fields {
                let path = format!("{path}.{name}");
                let before = before.get(name).unwrap_or(&Value::Null);
                let is_leaf = matches!(node.tree, Tree::Scalar(_) | Tree::FromEnv { .. });
                if is_leaf && name != "ca" && !PUBLIC.contains(&name.as_str()) {
                    secrets.push(format!("{path}: (secret)"));
                } else {
                    describe_credentials(&path, before, node, lines, secrets);
                }
            }
        }
        Tree::List(nodes) => {
            let count = before.as_array().map_or(0, Vec::len);
            if count != nodes.len() {
                lines.push(format!("{path}: {count} -> {} entries", nodes.len()));
            }
            for (index, node) in nodes.iter().enumerate() {
                let before = before.get(index).unwrap_or(&Value::Null);
                describe_credentials(&format!("{path}[{index}]"), before, node, lines, secrets);
            }
        }
        Tree::Scalar(_) | Tree::FromEnv { .. } if same(before, &node.value()) => {}
        Tree::Scalar(_) | Tree::FromEnv { .. } => {
            lines.push(format!("{path}: {} -> {}", short(before), short(&node.shown())));
        }
    }
}

/// Whether the API treats two values as the same: numbers are compared by value, texts (PEM) without the white space around them.
fn same(before: &Value, after: &Value) -> bool {
    match (before, after) {
        (Value::String(before), Value::String(after)) => before.trim() == after.trim(),
        (Value::Number(before), Value::Number(after)) => before.as_f64() == after.as_f64(),
        (Value::Object(fields), Value::Null) | (Value::Null, Value::Object(fields)) => fields.is_empty(),
        (Value::Object(before), Value::Object(after)) => {
            let names = before.keys().chain(after.keys());
            let field =
                |fields: &Map<String, Value>, name: &str| fields.get(name).cloned().unwrap_or_default();
            names.into_iter().all(|name| same(&field(before, name), &field(after, name)))
        }
        (Value::Array(before), Value::Array(after)) => {
            before.len() == after.len() && before.iter().zip(after).all(|(before, after)| same(before, after))
        }
        _ => before == after,
    }
}

fn short(value: &Value) -> String {
    if value.is_null() {
        return "(none)".to_owned();
    }
    let text = value.to_string();
    match text.char_indices().nth(MAX_SHOWN_CHARS) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::node;
    use super::*;

    fn compare(stored: Value, yaml: &str, send: bool) -> (Value, Vec<String>) {
        let node = node::parse(yaml).unwrap();
        let Changes { patch, lines } = changes(stored.as_object().unwrap(), &node, send);
        (Value::Object(patch), lines)
    }

    #[test]
    fn only_what_differs_is_changed_and_what_is_not_said_stays() {
        let stored = json!({
            "name": "n", "url": "http://a/", "timeout_seconds": 30, "headers": {"a": "1", "b": "2"}, "static_ip": true
        });
        let yaml = "config_id: x\nname: n\nurl: http://b/\ntimeout_seconds: 30.0\nheaders: {b: '3', c: '4'}\nnew: [1]\n";
        let (patch, lines) = compare(stored, yaml, false);
        let expected = json!({"url": "http://b/", "headers": {"a": null, "b": "3", "c": "4"}, "new": [1]});
        assert_eq!(patch, expected);
        let expected = [
            r#"url: "http://a/" -> "http://b/""#,
            r#"headers.b: "2" -> "3""#,
            r#"headers.c: (none) -> "4""#,
            r#"headers.a: "1" -> (none)"#,
            "new: (none) -> [1]",
        ];
        assert_eq!(lines, expected);
    }

    #[test]
    fn defaults_of_a_rate_limit_are_no_change() {
        let limit = |burst: u32| json!({"rate_limit": {"events": 5, "per": "second", "burst": burst}});
        for (stored, yaml, patch, lines) in [
            (limit(1), "{events: 5}", json!({}), vec![]),
            (limit(1), "{events: 5, per: second, burst: 1}", json!({}), vec![]),
            (
                limit(1),
                "{events: 9}",
                json!({"rate_limit": {"events": 9}}),
                vec!["rate_limit.events: 5 -> 9"],
            ),
            (
                limit(3),
                "{events: 5, per: minute}",
                json!({"rate_limit": {"per": "minute", "burst": null}}),
                vec!["rate_limit.per: \"second\" -> \"minute\"", "rate_limit.burst: 3 -> (none)"],
            ),
            (
                json!({}),
                "{events: 5}",
                json!({"rate_limit": {"events": 5}}),
                vec!["rate_limit.events: (none) -> 5"],
            ),
            (json!({}), "null", json!({}), vec![]),
        ] {
            let found = compare(stored.clone(), &format!("rate_limit: {yaml}\n"), false);
            assert_eq!(found, (patch, lines.iter().map(ToString::to_string).collect()), "{stored} {yaml}");
        }
        let (patch, lines) = compare(limit(1), "rate_limit: null\n", false);
        assert_eq!((patch, lines.len()), (json!({"rate_limit": null}), 1));
    }

    #[test]
    fn a_filter_and_a_transform_go_whole_and_defaults_are_no_change() {
        let stored = json!({
            "filter": {"logical_operator": "AND", "conditions": [{"field": "a", "operator": "is_empty", "values": [], "type": "string"}]},
            "transform": {"jsonata": "a", "content_type": "text/xml"}
        });
        let same = "filter: {conditions: [{field: a, operator: is_empty}]}\ntransform: {jsonata: a, content_type: text/xml}";
        assert_eq!(compare(stored.clone(), same, false), (json!({}), vec![]));
        let (patch, _) = compare(
            stored.clone(),
            "filter: {jsonata: b}\ntransform: {jsonata: b, content_type: text/xml}",
            false,
        );
        let whole =
            json!({"filter": {"jsonata": "b"}, "transform": {"jsonata": "b", "content_type": "text/xml"}});
        assert_eq!(patch, whole);
        assert_eq!(compare(stored, "filter: null", false).0, json!({"filter": null}));
    }

    #[test]
    fn credentials_are_sent_with_a_change_or_when_asked_and_never_shown() {
        let stored = json!({"auth": {"type": "basic", "username": "u"}});
        let yaml = "auth: {type: basic, username: u, password: hush}";
        assert_eq!(compare(stored.clone(), yaml, false), (json!({}), vec![]));
        let whole = json!({"auth": {"type": "basic", "username": "u", "password": "hush"}});
        let (patch, lines) = compare(stored.clone(), yaml, true);
        assert_eq!((patch, lines), (whole, vec!["auth.password: (secret)".to_owned()]));
        let (patch, lines) = compare(stored, "auth: {type: other, unheard_of: hush}", false);
        assert_eq!(patch["auth"]["unheard_of"], "hush");
        assert_eq!(lines, [r#"auth.type: "basic" -> "other""#, "auth.unheard_of: (secret)"]);
    }

    #[test]
    fn nothing_said_and_nothing_stored_are_the_same() {
        for (stored, yaml) in [
            (json!({}), "auth: {type: none}\nheaders: {}\nfilter: null"),
            (
                json!({"tls": {"ca": "PEM\n"}, "retry": {"schedule_seconds": [1]}}),
                "tls: {ca: PEM}\nretry: {schedule_seconds: [1]}",
            ),
        ] {
            assert_eq!(compare(stored, yaml, false), (json!({}), vec![]), "{yaml}");
        }
    }
}
