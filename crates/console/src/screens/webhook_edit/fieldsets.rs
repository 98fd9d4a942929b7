//! The sections of the form of a webhook.

use hookstep_api_types::EventType;
use hookstep_contract::{Auth, WebhookConfig};
use maud::{Markup, html};

use super::{header_rows, webhook_form};
use crate::form::{Field, Form, FormFault, Wrong, again};
use crate::schedule;
use crate::screens::event_type_choice;

const METHODS: [&str; 4] = ["POST", "PUT", "PATCH", "DELETE"];
const PERIODS: [(&str, &str); 2] = [("second", "A second"), ("minute", "A minute")];
const DELIVERIES: [(&str, &str); 3] = [
    ("", "Directly, or from a queue while the receiver is slow"),
    ("direct", "Directly"),
    ("queued", "From a queue"),
];
const AUTHS: [(&str, &str); 5] = [
    ("none", "None"),
    ("basic", "Basic"),
    ("api_key", "API key or bearer"),
    ("oauth_client_credentials", "OAuth"),
    ("connection", "Connection"),
];

/// Name, method, URL, headers, and whether it is enabled.
pub(super) fn receiver(form: &Form, fault: FormFault, static_ips: &str) -> Markup {
    let field = |name, label, hint| Field { name, label, hint, fault };
    html! {
        fieldset.card {
            legend { "Receiver" }
            (field("name", "Name", "For you and your colleagues.").line("text", "name", form.get("name")))
            div.pair {
                (field("method", "Method", "").with(|attributes| html! {
                    select id=(attributes.id) name="method" aria-invalid=[attributes.invalid] {
                        @for method in METHODS { option selected[form.get("method") == method] { (method) } }
                    }
                }))
                (field("url", "URL", "Public and https; redirects are not followed.").line("url", "url", form.get("url")))
            }
            @if !static_ips.is_empty() {
                p.hint { "Requests come from " @for ip in static_ips.split(',') { code { (ip.trim()) } " " } "— for the receiver's firewall." }
            }
            @for rows in header_rows::ALL { (rows.part(form, fault)) }
            label.check { input type="checkbox" name="enabled" checked[form.is_checked("enabled")];
                span { "Enabled" span.hint { " Events of a disabled webhook are recorded as skipped." } } }
        }
    }
}

/// The ways in which an OAuth client can authenticate.
const CLIENT_AUTHENTICATIONS: [(&str, &str); 4] = [
    ("", "Client secret, as the method has it"),
    ("client_secret_post", "Client secret in the form"),
    ("client_secret_basic", "Client secret in a Basic header"),
    ("private_key_jwt", "Signed assertion (private_key_jwt)"),
];

/// The credentials of requests. The style sheet shows the part that belongs to the chosen radio button.
pub(super) fn authentication(form: &Form, fault: FormFault, stored: Option<&Auth>) -> Markup {
    let kind = form.get("auth");
    html! {
        fieldset.card.auth {
            legend { "Authentication" }
            div.radios #auth role="radiogroup" aria-label="Kind of authentication" tabindex="-1" {
                @for (value, name) in AUTHS {
                    label { input type="radio" name="auth" value=(value) checked[kind == value || (kind.is_empty() && value == "none")]; span { (name) } }
                }
            }
            @if let Some(wrong) = fault.of_all("auth") { (Wrong("auth", wrong)) }
            div.pane.none { p.muted { "Requests are signed in any case: the receiver can check the header " code { "webhook-signature" } "." } }
            (basic(form, fault, matches!(stored, Some(Auth::Basic { .. }))))
            (api_key(form, fault, matches!(stored, Some(Auth::ApiKey { .. }))))
            (oauth(form, fault, stored.filter(|auth| matches!(auth, Auth::OauthClientCredentials { .. }))))
            div.pane.connection {
                (Field { name: "auth.connection_arn", label: "ARN of the connection", hint: "An EventBridge connection that your operator \
                    made for this organisation.", fault }.line("text", "connection_arn", form.get("connection_arn")))
            }
        }
    }
}

fn basic(form: &Form, fault: FormFault, is_stored: bool) -> Markup {
    html! {
        div.pane.basic {
            div.halves {
                (Field { name: "auth.username", label: "User name", hint: "", fault }.line("text", "username", form.get("username")))
                (Field { name: "auth.password", label: "Password", hint: "", fault }.secret(form, "password", is_stored))
            }
        }
    }
}

fn api_key(form: &Form, fault: FormFault, is_stored: bool) -> Markup {
    let hint = "For a bearer token: Authorization, with the value “Bearer …”.";
    html! {
        div.pane.api_key {
            div.halves {
                (Field { name: "auth.name", label: "Header", hint, fault }.line("text", "key_name", form.get("key_name")))
                (Field { name: "auth.value", label: "Value", hint: "", fault }.secret(form, "key_value", is_stored))
            }
        }
    }
}

fn oauth(form: &Form, fault: FormFault, stored: Option<&Auth>) -> Markup {
    let method = form.get("token_method");
    let has_key = stored.is_some_and(Auth::uses_private_key);
    let has_secret = stored.is_some() && !has_key;
    html! {
        div.pane.oauth {
            div.pair {
                (Field { name: "auth.method", label: "Method", hint: "", fault }.with(|attributes| html! {
                    select id=(attributes.id) name="token_method" {
                        @for name in ["POST", "GET", "PUT"] { option selected[method == name] { (name) } }
                    }
                }))
                (Field { name: "auth.token_url", label: "Token URL", hint: "", fault }.line("url", "token_url", form.get("token_url")))
            }
            div.halves {
                (Field { name: "auth.client_id", label: "Client id", hint: "", fault }.line("text", "client_id", form.get("client_id")))
                (Field { name: "auth.client_secret", label: "Client secret", hint: "", fault }.secret(form, "client_secret", has_secret))
            }
            (Field { name: "auth.scope", label: "Scope", hint: "", fault }.line("text", "scope", form.get("scope")))
            (client_authentication(form, fault, has_key))
            (parameters(form, fault, stored.is_some()))
        }
    }
}

/// How the client authenticates, and its key.
fn client_authentication(form: &Form, fault: FormFault, has_key: bool) -> Markup {
    let choice = form.get("client_authentication");
    let key_hint = "Only for the signed assertion: RSA (RS256) or ECDSA on P-256 (ES256), as PEM.";
    html! {
        div.halves {
            (Field { name: "auth.client_authentication", label: "Client authentication", hint: "", fault }.with(|attributes| html! {
                select id=(attributes.id) name="client_authentication" {
                    @for (value, name) in CLIENT_AUTHENTICATIONS { option value=(value) selected[choice == value] { (name) } }
                }
            }))
            (Field { name: "auth.key_id", label: "Key id", hint: "", fault }.line("text", "key_id", form.get("key_id")))
        }
        (Field { name: "auth.private_key", label: "Private key", hint: key_hint, fault }.secret_area(form, "client_key", has_key))
    }
}

fn parameters(form: &Form, fault: FormFault, is_stored: bool) -> Markup {
    let row = |place: &str, name: &str, is_typed: bool| {
        html! {
            div.row.three {
                select name="parameter_in" aria-label="Where the parameter goes" {
                    @for (value, text) in [("body", "Body"), ("query", "Query"), ("header", "Header")] { option value=(value) selected[place == value] { (text) } }
                }
                input name="parameter_name" aria-label="Parameter name" placeholder="audience" value=(name) autocomplete="off" spellcheck="false";
                input name="parameter_value" type="password" data-secret aria-label="Parameter value" autocomplete="new-password"
                    placeholder=(if is_stored && !name.is_empty() { "kept — type to replace" } else { "Value" });
                button.quiet.remove type="button" data-remove hidden aria-label="Remove this parameter" { "×" }
                @if is_typed { (again()) }
            }
        }
    };
    html! {
        div.field #auth-parameters role="group" aria-labelledby="parameters-label" tabindex="-1" {
            div.label #parameters-label { "More parameters of the token request" }
            div.rows {
                @let values = form.all("parameter_value").chain(std::iter::repeat(""));
                @for ((place, name), value) in form.all("parameter_in").zip(form.all("parameter_name")).zip(values).filter(|((_, name), _)| !name.is_empty()) {
                    (row(place, name, !value.is_empty()))
                }
                (row("body", "", false))
            }
            template { (row("body", "", false)) }
            button.quiet.small type="button" data-add hidden { "Add a parameter" }
            p.hint { "Such as scope or audience. Their values are kept when all are left empty; to change one, type all." }
            @if let Some(wrong) = fault.of("auth.parameters") { (Wrong("auth-parameters", wrong)) }
        }
    }
}

/// The events of the bus that are sent.
pub(super) fn subscriptions(form: &Form, fault: FormFault, types: &[EventType]) -> Markup {
    let hint = "Events of the EventBridge bus that are sent here, by their detail type: order.created, or order.* for all that begin \
        with order. — one a line. Leave empty when your services trigger the webhook themselves.";
    html! {
        fieldset.card {
            legend { "Subscriptions" }
            (Field { name: "event_types", label: "Event types", hint, fault }.area("event_types", &form.text("event_types"), "order.created"))
            (event_type_choice::boxes(types, &webhook_form::written_event_types(form), form))
            (header_rows::PINS.part(form, fault))
        }
    }
}

/// Timeout and retries.
pub(super) fn delivery(form: &Form, fault: FormFault) -> Markup {
    let kinds = [
        ("standard", "Standard: up to 9 retries within 3 d 3 h"),
        ("custom", "Own schedule"),
        ("none", "No retries"),
    ];
    let current =
        schedule::read(form.get("schedule")).map(|pauses| schedule::sentence(&pauses)).unwrap_or_default();
    html! {
        fieldset.card.retries {
            legend { "Delivery" }
            (Field { name: "timeout_seconds", label: "Timeout in seconds", hint: "The longest an attempt may take, 1 to 840.", fault }
                .line("number", "timeout_seconds", form.get("timeout_seconds")))
            (Field { name: "delivery", label: "Attempts are made", hint: "On AWS, one function makes several attempts from a queue, \
                which costs less while it waits for the receiver. A webhook with a limit has a queue of its own.", fault }
                .with(|attributes| html! {
                    select id=(attributes.id) name="delivery" aria-invalid=[attributes.invalid] {
                        @for (value, name) in DELIVERIES { option value=(value) selected[form.get("delivery") == value] { (name) } }
                    }
                }))
            div.label #retry-label { "When the receiver fails" }
            div.radios.column role="radiogroup" aria-labelledby="retry-label" {
                @for (value, name) in kinds {
                    label { input type="radio" name="retry" value=(value) checked[form.get("retry") == value]; span { (name) } }
                }
            }
            div.pane.custom {
                (Field { name: "retry.schedule_seconds", label: "Pauses before each retry", hint: "Like 5 s, 5 min, 2 h; at most 20 of at most \
                    1 d each.", fault }.line("text", "schedule", form.get("schedule")))
                @if form.get("retry") == "custom" && !current.is_empty() { p.muted.small { "Currently: " (current) "." } }
            }
        }
    }
}

/// How much the receiver takes, folded while there is no limit.
pub(super) fn limits(form: &Form, fault: FormFault) -> Markup {
    let line = |name, label, hint, field: &str| {
        Field { name, label, hint, fault }.line("number", field, form.get(field).trim())
    };
    let is_filled = ["max_in_flight", "rate_events"].iter().any(|field| !form.get(field).trim().is_empty());
    let is_filled = is_filled || form.is_checked("learns");
    let is_open = is_filled || ["max_in_flight", "rate_limit"].iter().any(|field| fault.of(field).is_some());
    html! {
        details.card open[is_open] {
            summary { "Limits: how much the receiver takes" }
            p.hint { "Events beyond a limit wait for their turn. The timeout of a webhook with a limit is at most 120 seconds." }
            (line("max_in_flight", "Attempts at once", "1 to 1,000. Leave empty for no limit.", "max_in_flight"))
            label.check { input type="checkbox" name="learns" checked[form.is_checked("learns")];
                span { "As much as the receiver takes" span.hint { " Learned from its answers, instead of a number of attempts." } } }
            div.halves {
                (line("rate_limit.events", "Attempts in a period", "1 to 10,000. Leave empty for no limit.", "rate_events"))
                (Field { name: "rate_limit.per", label: "Period", hint: "", fault }.with(|attributes| html! {
                    select id=(attributes.id) name="rate_per" aria-invalid=[attributes.invalid] {
                        @for (value, name) in PERIODS { option value=(value) selected[form.get("rate_per") == value] { (name) } }
                    }
                }))
            }
            (line("rate_limit.burst", "Burst", "How many may begin at once after a pause, 1 to 10,000. Left empty, attempts are evenly spaced.",
                "rate_burst"))
        }
    }
}

/// Client certificate and private authority, folded while all is empty.
pub(super) fn tls(form: &Form, fault: FormFault, config: Option<&WebhookConfig>) -> Markup {
    let has_key = config.is_some_and(|config| config.certificate.is_some());
    let is_filled =
        ["certificate", "private_key", "ca"].iter().any(|field| !form.get(field).trim().is_empty());
    let is_open = has_key || fault.of("tls").is_some() || is_filled;
    let pem = "-----BEGIN CERTIFICATE-----";
    let area = |name, label, hint, field: &str| {
        Field { name, label, hint, fault }.area(field, &form.text(field), pem)
    };
    html! {
        details.card open[is_open] {
            summary { "TLS: client certificate and private authority" }
            (area("tls.certificate", "Client certificate", "PEM, followed by intermediate certificates. Leave empty to remove it.", "certificate"))
            (Field { name: "tls.private_key", label: "Its private key", hint: "PEM. Encrypted, and never shown again.", fault }
                .secret_area(form, "private_key", has_key))
            (area("tls.ca", "Trusted authority", "PEM. Only certificates of this authority are accepted from the receiver.", "ca"))
        }
    }
}

/// The partitions of the events, folded unless there are several.
pub(super) fn throughput(form: &Form, fault: FormFault) -> Markup {
    let hint = "One partition takes 330 to 500 deliveries a second; with more, lists take a little longer. It can be raised up to 64, \
        and not lowered.";
    let is_open = fault.of("shards").is_some() || !["", "1"].contains(&form.get("shards").trim());
    html! {
        details.card open[is_open] {
            summary { "Throughput: partitions for very many events" }
            (Field { name: "shards", label: "Partitions of its events", hint, fault }.line("number", "shards", form.get("shards")))
        }
    }
}
