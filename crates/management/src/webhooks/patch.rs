//! `PATCH /webhook/{config_id}`: a JSON Merge Patch (RFC 7396) over what a PUT takes.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use hookstep_api_types::{Webhook, WebhookPatch, schema};
use hookstep_contract::ConfigFields;
use hookstep_http_edge::{ApiJson, Manage, Problem, read_json};
use serde_json::{Map, Value};

use crate::Context;
use crate::webhooks::save;
use crate::webhooks::stored_webhook::StoredWebhook;
use crate::webhooks::webhook_view::view_saved;
use crate::webhooks::write::run_to_completion;

/// `PATCH /webhook/{config_id}`
#[utoipa::path(
    patch,
    path = "/webhook/{config_id}",
    operation_id = "change_webhook",
    tag = "Webhooks",
    summary = "Change some fields of a webhook",
    description = "A JSON Merge Patch (RFC 7396): fields that are left out stay as they are, and `null` sets a field to its default.",
    params(
        ("config_id" = schema::ConfigId, Path, description = "The webhook."),
    ),
    request_body(content = WebhookPatch, example = json!({"enabled": false})),
    responses(
        (status = 200, description = "The webhook as it is now.", body = Webhook),
        (status = 400, response = hookstep_http_edge::Invalid),
        (status = 404, response = hookstep_http_edge::NotFound),
        (status = 409, response = hookstep_http_edge::Conflict),
        (status = 413, response = hookstep_http_edge::TooLarge),
        (status = 503, response = hookstep_http_edge::Unavailable),
        hookstep_http_edge::Authenticated,
    ),
    security(("token" = ["manage"])),
)]
pub(crate) async fn patch(
    State(ctx): State<Arc<Context>>,
    StoredWebhook { config: before, actor, .. }: StoredWebhook<Manage>,
    ApiJson(patch): ApiJson<Map<String, Value>>,
) -> Result<Json<Webhook>, Problem> {
    let fields = apply(&before.fields, patch)?;
    let now = ctx.sources.now();
    let saved = run_to_completion(async move { save::replace(&ctx, before, &actor, fields).await }).await?;
    Ok(Json(view_saved(saved, now)))
}

/// The fields of the PUT that has the same effect as the patch.
fn apply(stored: &ConfigFields, patch: Map<String, Value>) -> Result<ConfigFields, Problem> {
    let stored = serde_json::to_value(stored).map_err(|error| Problem::internal(&error))?;
    let mut fields = object(Some(stored));
    // A PUT without `auth` and `tls` leaves them as they are. They cannot be merged here, because their secrets cannot be
    // read.
    let (auth, tls) = (fields.remove("auth"), fields.remove("tls"));
    for (name, change) in patch {
        let before = fields.remove(&name);
        let after = match (name.as_str(), change) {
            // Fields of another type of authentication mean nothing for the new one.
            ("auth", Value::Object(changes)) => {
                let has_type =
                    |auth: &Value| changes.get("type").is_none_or(|kind| auth.get("type") == Some(kind));
                with_secrets(auth.clone().filter(has_type), changes)
            }
            ("tls", Value::Object(changes)) => with_secrets(tls.clone(), changes),
            ("headers" | "event_headers", change @ Value::Object(_)) => {
                let mut headers = object(Some(merge(before, change)));
                headers.retain(|_, value| !value.is_null());
                Value::Object(headers)
            }
            ("rate_limit", change @ Value::Object(_)) => {
                let mut rate = object(Some(merge(before, change)));
                let has_default = |name: &str| ["per", "burst"].contains(&name);
                rate.retain(|name, value| !(value.is_null() && has_default(name)));
                Value::Object(rate)
            }
            // These are replaced as a whole: one of conditions has no field in common with one of JSONata, nor has one format of
            // signatures with another.
            ("filter" | "transform" | "extra_signature", change @ Value::Object(_)) => change,
            (_, Value::Null) if before.is_some() => continue,
            (_, change) => merge(before, change),
        };
        fields.insert(name, after);
    }
    read_json(Value::Object(fields).to_string().as_bytes())
}

/// Keeps nulls: for a secret they mean something, which the save decides.
fn with_secrets(before: Option<Value>, changes: Map<String, Value>) -> Value {
    let mut fields = object(before);
    fields.extend(changes);
    Value::Object(fields)
}

/// RFC 7396, section 2, except that a null for an absent member is kept, so that unknown fields are reported.
pub(crate) fn merge(before: Option<Value>, change: Value) -> Value {
    let Value::Object(changes) = change else { return change };
    let mut merged = object(before);
    for (name, change) in changes {
        match (merged.remove(&name), change) {
            (Some(_), Value::Null) => {}
            (before, change) => drop(merged.insert(name, merge(before, change))),
        }
    }
    Value::Object(merged)
}

fn object(value: Option<Value>) -> Map<String, Value> {
    match value {
        Some(Value::Object(fields)) => fields,
        _ => Map::new(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// The cases of RFC 7396, appendix A, whose document is an object and whose nulls are for members that exist.
    #[test]
    fn a_patch_is_merged_as_the_rfc_says() {
        for (before, patch, after) in [
            (json!({"a": "b"}), json!({"a": "c"}), json!({"a": "c"})),
            (json!({"a": "b"}), json!({"b": "c"}), json!({"a": "b", "b": "c"})),
            (json!({"a": "b"}), json!({"a": null}), json!({})),
            (json!({"a": "b", "b": "c"}), json!({"a": null}), json!({"b": "c"})),
            (json!({"a": ["b"]}), json!({"a": "c"}), json!({"a": "c"})),
            (json!({"a": "c"}), json!({"a": ["b"]}), json!({"a": ["b"]})),
            (
                json!({"a": {"b": "c", "d": "e"}}),
                json!({"a": {"b": "d", "d": null}}),
                json!({"a": {"b": "d"}}),
            ),
            (json!({"a": [{"b": "c"}]}), json!({"a": [1]}), json!({"a": [1]})),
            (json!({"a": "foo"}), json!("bar"), json!("bar")),
            (json!({"a": "foo"}), json!({"a": {"b": 1}}), json!({"a": {"b": 1}})),
        ] {
            assert_eq!(merge(Some(before.clone()), patch.clone()), after, "{before} {patch}");
        }
    }
}
