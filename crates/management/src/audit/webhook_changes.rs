//! What a save changes in a webhook, without what may be secret.

use std::collections::BTreeMap;

use hookstep_contract::{AuditChange, ConfigFields};
use hookstep_http_edge::Problem;
use serde_json::{Map, Value, json};

/// What stands for a value that may be secret.
const HIDDEN: &str = "…";

/// The fields of a new webhook.
///
/// # Errors
/// 500 if they cannot be written as JSON.
pub(crate) fn created(fields: &ConfigFields) -> Result<Vec<AuditChange>, Problem> {
    Ok(AuditChange::between(&json!({}), &shown(fields)?))
}

/// The fields that a save changes. `changes_secrets` says that it changes credentials, which no field shows.
///
/// # Errors
/// 500 if they cannot be written as JSON.
pub(crate) fn updated(
    before: &ConfigFields,
    after: &ConfigFields,
    changes_secrets: bool,
) -> Result<Vec<AuditChange>, Problem> {
    let mut changes = AuditChange::between(&shown(before)?, &shown(after)?);
    let hidden = [
        ("url", before.url != after.url),
        ("headers", before.headers != after.headers),
        ("event_headers", before.event_headers != after.event_headers),
        ("auth", changes_secrets),
        ("tls", before.tls != after.tls),
    ];
    for (field, is_changed) in hidden {
        if is_changed && changes.iter().all(|change| change.field != field) {
            changes.push(AuditChange::secret(field));
        }
    }
    Ok(changes)
}

/// The fields as JSON: of headers only the names, of a URL no query, of credentials nothing but their kind.
fn shown(fields: &ConfigFields) -> Result<Value, Problem> {
    let mut shown = serde_json::to_value(fields).map_err(|error| Problem::internal(&error))?;
    let names = |headers: &BTreeMap<String, String>| {
        let names = headers.keys().map(|name| (name.clone(), HIDDEN.into()));
        Value::Object(names.collect::<Map<_, _>>())
    };
    shown["url"] = Value::String(without_query(&fields.url));
    shown["headers"] = names(&fields.headers);
    shown["event_headers"] = names(&fields.event_headers);
    if let Some(auth) = shown.get_mut("auth") {
        *auth = json!({"type": auth.get("type")});
    }
    if let Some(tls) = shown.get_mut("tls") {
        *tls = json!(HIDDEN);
    }
    Ok(shown)
}

/// A URL whose query, which may hold a key, is left out.
fn without_query(url: &str) -> String {
    url.split_once(['?', '#']).map_or_else(|| url.to_owned(), |(start, _)| format!("{start}?{HIDDEN}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(of: Value) -> ConfigFields {
        serde_json::from_value(of).unwrap()
    }

    #[test]
    fn a_change_shows_no_secret() {
        let before = fields(
            json!({"name": "n", "url": "https://a.example/x?key=k1", "headers": {"X-Key": "k2"}, "event_headers": {"X-A": "k7"},
            "auth": {"type": "basic", "username": "u", "password": "k3"}}),
        );
        let after = fields(
            json!({"name": "m", "url": "https://a.example/x?key=k4", "headers": {"X-Key": "k5"}, "event_headers": {"X-A": "k8"},
            "auth": {"type": "basic", "username": "u", "password": "k6"}}),
        );
        let changes = updated(&before, &after, true).unwrap();
        let names: Vec<_> = changes.iter().map(|change| change.field.as_str()).collect();
        assert_eq!(names, ["name", "url", "headers", "event_headers", "auth"]);
        let all = [changes, created(&after).unwrap()].concat();
        let text = serde_json::to_string(&all).unwrap();
        for secret in ["k1", "k2", "k3", "k4", "k5", "k6", "k7", "k8"] {
            assert!(!text.contains(secret), "{text}");
        }
        assert!(text.contains("https://a.example/x?"), "{text}");
    }

    #[test]
    fn a_save_that_changes_nothing_has_no_changes() {
        let same = fields(json!({"name": "n", "url": "https://a.example/x", "timeout_seconds": 5}));
        assert_eq!(updated(&same, &same, false).unwrap(), []);
        let slower = fields(json!({"name": "n", "url": "https://a.example/y", "timeout_seconds": 6}));
        let changes = updated(&same, &slower, false).unwrap();
        let shown = json!([
            {"field": "timeout_seconds", "before": 5, "after": 6},
            {"field": "url", "before": "https://a.example/x", "after": "https://a.example/y"},
        ]);
        assert_eq!(serde_json::to_value(changes).unwrap(), shown);
    }
}
