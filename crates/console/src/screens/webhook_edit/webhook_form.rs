//! The form of a webhook: its fields become a request of the API, so that the same code checks both.

use std::str::FromStr;

use hookstep_contract::limits::{DEFAULT_SCHEDULE_SECS, DEFAULT_TIMEOUT_SECS};
use hookstep_contract::{
    Auth, ClientAuthentication, ConfigFields, FieldError, MaxInFlight, Parameter, Place, RateLimit,
    WebhookConfig,
};
use hookstep_http_edge::{Problem, read_json};
use serde_json::{Value, json};

use super::{cloud_events_form, header_rows, ordering_form, payload_rules_form, signature_form};
use crate::form::Form;
use crate::schedule;
use crate::screens::event_type_choice;

/// The form of a new webhook.
pub(crate) fn blank() -> Form {
    Form::from_pairs([
        ("method", "POST".to_owned()),
        ("enabled", "on".to_owned()),
        ("auth", "none".to_owned()),
        ("filter", "none".to_owned()),
        ("timeout_seconds", DEFAULT_TIMEOUT_SECS.to_string()),
        ("shards", "1".to_owned()),
        ("retry", "standard".to_owned()),
        ("schedule", schedule::words(&DEFAULT_SCHEDULE_SECS)),
    ])
}

/// The form of a stored webhook, without its secrets.
pub(crate) fn filled(config: &WebhookConfig) -> Form {
    let fields = &config.fields;
    let retry = match fields.retry.schedule_seconds.as_slice() {
        [] => "none",
        pauses if pauses == DEFAULT_SCHEDULE_SECS => "standard",
        _ => "custom",
    };
    let mut pairs = vec![
        ("name", fields.name.clone()),
        ("url", fields.url.clone()),
        ("method", fields.method.clone()),
        ("timeout_seconds", fields.timeout_seconds.to_string()),
        ("shards", fields.shards().to_string()),
        ("retry", retry.to_owned()),
        ("schedule", schedule::words(&fields.retry.schedule_seconds)),
        ("event_types", fields.event_types.join("\n")),
        ("revision", config.revision.to_string()),
    ];
    if fields.enabled {
        pairs.push(("enabled", "on".to_owned()));
    }
    pairs.extend(header_rows::pairs(fields));
    pairs.extend(limit_pairs(fields));
    pairs.extend(cloud_events_form::pairs(fields));
    pairs.extend(signature_form::pairs(fields));
    pairs.extend(ordering_form::pairs(fields));
    pairs.extend(auth_pairs(fields.auth.as_ref()));
    pairs.extend(payload_rules_form::pairs(fields));
    if let Some(tls) = &fields.tls {
        pairs.push(("certificate", tls.certificate.clone().unwrap_or_default()));
        pairs.push(("ca", tls.ca.clone().unwrap_or_default()));
    }
    Form::from_pairs(pairs)
}

fn limit_pairs(fields: &ConfigFields) -> Vec<(&'static str, String)> {
    let mut pairs = Vec::new();
    if let Some(delivery) = fields.delivery {
        pairs.push(("delivery", delivery.as_str().to_owned()));
    }
    match fields.max_in_flight {
        Some(MaxInFlight::Number(most)) => pairs.push(("max_in_flight", most.to_string())),
        Some(MaxInFlight::Auto) => pairs.push(("learns", "on".to_owned())),
        None => {}
    }
    if let Some(RateLimit { events, per, burst }) = fields.rate_limit {
        pairs.extend([("rate_events", events.to_string()), ("rate_per", per.as_str().to_owned())]);
        if burst > 1 {
            pairs.push(("rate_burst", burst.to_string()));
        }
    }
    pairs
}

fn auth_pairs(auth: Option<&Auth>) -> Vec<(&'static str, String)> {
    let kind = |kind: &str| ("auth", kind.to_owned());
    match auth {
        None | Some(Auth::None) => vec![kind("none")],
        Some(Auth::Basic { username, .. }) => vec![kind("basic"), ("username", username.clone())],
        Some(Auth::ApiKey { name, .. }) => vec![kind("api_key"), ("key_name", name.clone())],
        Some(Auth::OauthClientCredentials {
            token_url,
            client_id,
            method,
            parameters,
            scope,
            client_authentication,
            key_id,
            ..
        }) => {
            let mut pairs = vec![
                kind("oauth_client_credentials"),
                ("token_url", token_url.clone()),
                ("client_id", client_id.clone()),
                ("token_method", method.as_str().to_owned()),
                ("scope", scope.clone().unwrap_or_default()),
                (
                    "client_authentication",
                    client_authentication.map(ClientAuthentication::as_str).unwrap_or_default().to_owned(),
                ),
                ("key_id", key_id.clone().unwrap_or_default()),
            ];
            for Parameter { place, name, .. } in parameters {
                let place = match place {
                    Place::Body => "body",
                    Place::Query => "query",
                    Place::Header => "header",
                };
                pairs.extend([("parameter_in", place.to_owned()), ("parameter_name", name.clone())]);
                pairs.push(("parameter_value", String::new()));
            }
            pairs
        }
        Some(Auth::Connection { connection_arn }) => {
            vec![kind("connection"), ("connection_arn", connection_arn.clone())]
        }
    }
}

/// Reads the fields of a webhook from the form. Fields that the form does not show stay as they are in `before`.
///
/// # Errors
/// 400 that names the field, as in the API.
pub(crate) fn read(form: &Form, before: Option<&ConfigFields>) -> Result<ConfigFields, Problem> {
    let (fields, faults) = read_all(form, before)?;
    match faults.into_iter().next() {
        Some(fault) => Err(fault.into()),
        None => read_json(fields.to_string().as_bytes()),
    }
}

/// The fields of the form in the format of the API, and the faults that show already while they are read. Where there is
/// one, a value that is right stands in the field.
pub(super) fn read_all(
    form: &Form,
    before: Option<&ConfigFields>,
) -> Result<(Value, Vec<FieldError>), Problem> {
    let mut faults = Vec::new();
    let mut fields = match before {
        Some(before) => serde_json::to_value(before).map_err(|error| Problem::internal(&error))?,
        None => json!({}),
    };
    let timeout: u32 = form.get("timeout_seconds").trim().parse().unwrap_or_else(|_| {
        faults.push(FieldError::new("timeout_seconds", "must be a number of seconds"));
        DEFAULT_TIMEOUT_SECS
    });
    let shards: Option<u16> = number(form, "shards", "shards", &mut faults);
    let max_in_flight = max_in_flight(form, &mut faults);
    fields["name"] = json!(form.get("name").trim());
    fields["url"] = json!(form.get("url").trim());
    fields["method"] = json!(form.get("method"));
    fields["enabled"] = json!(form.is_checked("enabled"));
    for rows in header_rows::ALL.iter().chain([&header_rows::PINS]) {
        fields[rows.field] = json!(rows.read(form, &mut faults));
    }
    fields["cloud_events"] = cloud_events_form::read(form);
    fields["extra_signature"] = signature_form::read(form);
    fields["timeout_seconds"] = json!(timeout);
    fields["shards"] = json!(shards);
    fields["retry"] = json!({"schedule_seconds": pauses(form, &mut faults)});
    fields["max_in_flight"] = max_in_flight;
    fields["rate_limit"] = rate_limit(form, &mut faults);
    fields["ordering"] = ordering_form::read(form);
    fields["delivery"] = json!(Some(form.get("delivery")).filter(|delivery| !delivery.is_empty()));
    fields["event_types"] = json!(event_types(form));
    fields["filter"] = payload_rules_form::filter(form);
    fields["transform"] = payload_rules_form::transform(form);
    fields["auth"] = auth(form);
    fields["tls"] = tls(form);
    Ok((fields, faults))
}

/// The number in a control; `None` if it is empty, or none is in it, which is a fault of `field`.
fn number<N: FromStr>(form: &Form, control: &str, field: &str, faults: &mut Vec<FieldError>) -> Option<N> {
    match form.get(control).trim() {
        "" => None,
        text => text.parse().map_err(|_| faults.push(FieldError::new(field, "must be a number"))).ok(),
    }
}

/// What the receiver takes, whatever number is filled in, or that number.
fn max_in_flight(form: &Form, faults: &mut Vec<FieldError>) -> Value {
    if form.is_checked("learns") {
        return json!(MaxInFlight::Auto);
    }
    let number: Option<u32> = number(form, "max_in_flight", "max_in_flight", faults);
    json!(number)
}

/// Null when the number of attempts is empty, whatever else is filled in.
fn rate_limit(form: &Form, faults: &mut Vec<FieldError>) -> Value {
    if form.get("rate_events").trim().is_empty() {
        return Value::Null;
    }
    let events: Option<u32> = number(form, "rate_events", "rate_limit.events", faults);
    let burst: Option<u32> = number(form, "rate_burst", "rate_limit.burst", faults);
    let per = Some(form.get("rate_per")).filter(|per| !per.is_empty()).unwrap_or("second");
    json!({"events": events.unwrap_or(1), "per": per, "burst": burst.unwrap_or(1)})
}

/// Those that are written, and behind them those that are chosen from the catalogue.
fn event_types(form: &Form) -> Vec<String> {
    let mut types = written_event_types(form);
    for chosen in form.all(event_type_choice::CHOSEN) {
        if !types.iter().any(|known| known == chosen) {
            types.push(chosen.to_owned());
        }
    }
    types
}

/// One a line; spaces around them and empty lines are ignored.
pub(super) fn written_event_types(form: &Form) -> Vec<String> {
    let lines = form.get("event_types").lines().map(str::trim).filter(|line| !line.is_empty());
    lines.map(str::to_owned).collect()
}

fn pauses(form: &Form, faults: &mut Vec<FieldError>) -> Vec<u32> {
    match form.get("retry") {
        "none" => Vec::new(),
        "custom" => schedule::read(form.get("schedule")).unwrap_or_else(|reason| {
            faults.push(FieldError::new("retry.schedule_seconds", reason));
            Vec::new()
        }),
        _ => DEFAULT_SCHEDULE_SECS.to_vec(),
    }
}

/// Secrets that are left empty are left out, so that the stored ones stay.
fn auth(form: &Form) -> Value {
    let mut auth = match form.get("auth") {
        "basic" => json!({"type": "basic", "username": form.get("username")}),
        "api_key" => json!({"type": "api_key", "name": form.get("key_name").trim()}),
        "oauth_client_credentials" => oauth(form),
        "connection" => json!({"type": "connection", "connection_arn": form.get("connection_arn").trim()}),
        _ => json!({"type": "none"}),
    };
    let secret = match form.get("auth") {
        "basic" => Some(("password", form.get("password"))),
        "api_key" => Some(("value", form.get("key_value"))),
        "oauth_client_credentials" => Some(("client_secret", form.get("client_secret"))),
        _ => None,
    };
    if let Some((name, value)) = secret.filter(|(_, value)| !value.is_empty()) {
        auth[name] = json!(value);
    }
    auth
}

/// Fields that are left empty are left out.
fn oauth(form: &Form) -> Value {
    let mut auth = json!({
        "type": "oauth_client_credentials",
        "token_url": form.get("token_url").trim(),
        "client_id": form.get("client_id").trim(),
        "method": form.get("token_method"),
        "parameters": parameters(form),
    });
    for (field, value) in [
        ("scope", form.get("scope").trim().to_owned()),
        ("client_authentication", form.get("client_authentication").to_owned()),
        ("key_id", form.get("key_id").trim().to_owned()),
        ("private_key", form.text("client_key")),
    ] {
        if !value.trim().is_empty() {
            auth[field] = json!(value);
        }
    }
    auth
}

fn parameters(form: &Form) -> Vec<Value> {
    let names = form.all("parameter_name").zip(form.all("parameter_value"));
    let rows = form
        .all("parameter_in")
        .zip(names)
        .filter(|(_, (name, value))| !(name.is_empty() && value.is_empty()));
    rows.map(|(place, (name, value))| match value {
        "" => json!({"in": place, "name": name}),
        value => json!({"in": place, "name": name, "value": value}),
    })
    .collect()
}

/// None when all fields are empty.
fn tls(form: &Form) -> Value {
    let parts = [("certificate", "certificate"), ("private_key", "private_key"), ("ca", "ca")];
    let given = parts.map(|(field, name)| (field, form.text(name)));
    let given: serde_json::Map<String, Value> = given
        .into_iter()
        .filter(|(_, text)| !text.trim().is_empty())
        .map(|(field, text)| (field.to_owned(), json!(text)))
        .collect();
    if given.is_empty() { Value::Null } else { Value::Object(given) }
}

#[cfg(test)]
mod tests;
