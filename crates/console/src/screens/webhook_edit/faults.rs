//! Finds every wrong field of a form at once. The checks of the API stop at the first: each fault that they find is noted,
//! its field gets a value that is right, and they run again.

use hookstep_contract::{ConfigFields, DetailType, FieldError, Portal, WebhookConfig, is_ours};
use hookstep_http_edge::{Problem, read_json};
use hookstep_management::Context;
use hookstep_management::webhooks::save;
use serde_json::{Value, json};

use super::webhook_form;
use crate::form::Form;
use crate::session::Visitor;

/// More faults than a form can have that a person filled in.
const MAX_FAULTS: usize = 50;

/// What the form asks for, or everything that is wrong with it.
pub(super) enum Draft {
    Right(Box<ConfigFields>),
    Wrong(Vec<FieldError>),
}

/// Reads the form and checks it as the API does.
///
/// # Errors
/// A problem that is not about a field.
pub(super) async fn read(
    ctx: &Context,
    visitor: &Visitor,
    form: &Form,
    before: Option<&WebhookConfig>,
) -> Result<Draft, Problem> {
    let org_id = visitor.org_id();
    let (mut fields, mut faults) = webhook_form::read_all(form, before.map(|before| &before.fields))?;
    while faults.len() < MAX_FAULTS {
        let problem = match read_json::<ConfigFields>(fields.to_string().as_bytes()) {
            Ok(read) => match save::verify(ctx, org_id, read.clone(), before).await {
                Ok(()) if faults.is_empty() => {
                    let hidden = visitor.portal().and_then(|portal| hidden_type(portal, &read, before));
                    return Ok(hidden.map_or(Draft::Right(Box::new(read)), |fault| Draft::Wrong(vec![fault])));
                }
                Ok(()) => break,
                Err(problem) => problem,
            },
            Err(problem) => problem,
        };
        let Some(field) = problem.wrong_field() else { return Err(problem) };
        let is_new = faults.iter().all(|fault| fault.field != field);
        faults.push(FieldError::new(field, problem.detail()));
        if !is_new || !mend(&mut fields, field) {
            break;
        }
    }
    faults.dedup_by(|one, other| one.field == other.field);
    Ok(Draft::Wrong(faults))
}

/// The first new subscription to events that tell of what a session does not show: who changed what in the org, or how the
/// deliveries of other webhooks ended.
fn hidden_type(portal: &Portal, fields: &ConfigFields, before: Option<&WebhookConfig>) -> Option<FieldError> {
    let is_new =
        |name: &str| before.is_none_or(|before| !before.fields.event_types.iter().any(|had| had == name));
    let is_hidden =
        |name: &str| name == DetailType::AuditEntry.as_str() || (portal.webhooks.is_some() && is_ours(name));
    let hidden = fields.event_types.iter().position(|name| is_hidden(name) && is_new(name))?;
    Some(FieldError::new(format!("event_types[{hidden}]"), "is not available in the portal"))
}

/// Puts a value that is right into a field; `false` for a field that is not known.
fn mend(fields: &mut Value, field: &str) -> bool {
    let (top, rest) = match field.find(['.', '[']) {
        Some(at) => (&field[..at], field[at..].trim_start_matches('.')),
        None => (field, ""),
    };
    let right = match (top, rest) {
        ("name", _) => json!("name"),
        ("url", _) => json!("https://example.com/"),
        ("method", _) => json!("POST"),
        ("timeout_seconds", _) => json!(30),
        ("retry", _) => json!({"schedule_seconds": []}),
        ("event_types" | "headers" | "event_headers" | "event_type_versions", _) => {
            return mend_list(fields, top, rest);
        }
        ("auth", _) => return mend_auth(fields, rest),
        ("filter", rest) if rest.starts_with("conditions[") => {
            return entry(&mut fields["filter"]["conditions"], &rest["conditions".len()..]).is_some_and(
                |one| {
                    *one = json!({"field": "a", "operator": "equals", "type": "string", "values": ["a"]});
                    true
                },
            );
        }
        ("rate_limit", part @ ("events" | "burst")) => {
            fields["rate_limit"][part] = json!(1);
            return true;
        }
        ("tls", "ca") => return fields["tls"].as_object_mut().is_some_and(|tls| tls.remove("ca").is_some()),
        (
            "filter" | "transform" | "tls" | "shards" | "max_in_flight" | "rate_limit" | "ordering"
            | "delivery" | "extra_signature" | "cloud_events",
            _,
        ) => Value::Null,
        _ => return false,
    };
    fields[top] = right;
    true
}

fn mend_list(fields: &mut Value, list: &str, rest: &str) -> bool {
    let whole = &mut fields[list];
    if let Some(headers) = whole.as_object_mut() {
        if rest.is_empty() {
            headers.clear();
            return true;
        }
        return headers.remove(rest).is_some();
    }
    let Some(one) = entry(whole, rest) else {
        *whole = json!([]);
        return true;
    };
    *one = json!(format!("mended.{}", rest.trim_matches(['[', ']'])));
    true
}

/// The entry of a list that a path like `[2]` or `[2].values` means.
fn entry<'a>(list: &'a mut Value, path: &str) -> Option<&'a mut Value> {
    let index: usize = path.strip_prefix('[')?.split(']').next()?.parse().ok()?;
    list.get_mut(index)
}

fn mend_auth(fields: &mut Value, part: &str) -> bool {
    let auth = &mut fields["auth"];
    let right = match part {
        "username" | "password" | "client_id" | "client_secret" | "value" => json!("x"),
        "name" => json!("X-Key"),
        "method" => json!("POST"),
        "token_url" => json!("https://example.com/"),
        part if part.starts_with("parameters") => {
            auth["parameters"] = json!([]);
            return true;
        }
        _ => {
            *auth = json!({"type": "none"});
            return true;
        }
    };
    auth[part] = right;
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_mended_where_it_is_wrong() {
        let mut fields = json!({"url": "ftp", "headers": {"A": "1", "B": "2"}, "event_types": ["a", "*b"],
            "auth": {"type": "basic", "username": ""}, "filter": {"conditions": [{"field": "a"}, {"field": ""}]},
            "tls": {"ca": "x", "certificate": "y"}, "max_in_flight": 0, "rate_limit": {"events": 0, "per": "minute"}});
        for field in [
            "url",
            "headers.A",
            "event_types[1]",
            "auth.username",
            "filter.conditions[1].operator",
            "tls.ca",
            "max_in_flight",
            "rate_limit.events",
        ] {
            assert!(mend(&mut fields, field), "{field}");
        }
        assert_eq!(fields["headers"], json!({"B": "2"}));
        assert_eq!(fields["event_types"], json!(["a", "mended.1"]));
        assert_eq!(
            (&fields["auth"]["username"], &fields["tls"]),
            (&json!("x"), &json!({"certificate": "y"}))
        );
        assert_eq!(fields["filter"]["conditions"][0], json!({"field": "a"}));
        assert_eq!(fields["filter"]["conditions"][1]["operator"], "equals");
        assert_eq!(
            (&fields["max_in_flight"], &fields["rate_limit"]),
            (&Value::Null, &json!({"events": 1, "per": "minute"}))
        );
        assert!(!mend(&mut fields, "unheard_of"));
    }
}
