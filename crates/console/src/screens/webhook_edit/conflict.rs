//! The form of a webhook that somebody else has changed meanwhile: with what was typed, and what is stored now.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use hookstep_contract::WebhookConfig;
use hookstep_management::Context;
use maud::{Markup, html};
use serde_json::Value;

use super::form_page::{FormView, form_page};
use super::webhook_form;
use crate::form::{Form, FormFault, label};
use crate::session::Visitor;

/// The most characters of a stored value that are shown.
const SHOWN_CHARS: usize = 200;

/// The form as it was sent, for the webhook as it is now: sending it again overwrites the other change.
pub(super) async fn page(ctx: &Context, visitor: &Visitor, now: &WebhookConfig, form: &Form) -> Response {
    let notice = notice(now, &differences(now, form));
    let form = form.replacing("revision", now.revision.to_string());
    let view =
        FormView { config: Some(now), form: &form, fault: FormFault::default(), notice: Some(&notice) };
    (StatusCode::CONFLICT, form_page(ctx, visitor, view, &html! {}).await).into_response()
}

fn notice(now: &WebhookConfig, differences: &[(String, String)]) -> Markup {
    let edit = format!("/console/webhooks/{}/edit", now.config_id);
    html! {
        div.alert.waiting role="alert" tabindex="-1" data-focus {
            strong { "Not saved: the webhook has changed since you opened this form." }
            p { "What you entered is below. Save it again to replace what is stored now, or "
                a href=(edit) { "start anew from that" } "." }
            @if differences.is_empty() { p { "What you entered and what is stored are the same." } }
            @else {
                p { "Stored now, and different from what you entered:" }
                ul { @for (name, stored) in differences { li { (name) ": " code.break { (stored) } } } }
            }
        }
    }
}

/// The fields in which the form differs from what is stored, with what is stored. Secrets are in neither.
fn differences(now: &WebhookConfig, form: &Form) -> Vec<(String, String)> {
    let of = |form: &Form| webhook_form::read_all(form, None).map(|(fields, _)| fields).unwrap_or_default();
    let (stored, sent) = (of(&webhook_form::filled(now)), of(&Form::from_shown(form)));
    let Value::Object(stored) = stored else { return Vec::new() };
    let differing = stored.into_iter().filter(|(name, value)| sent.get(name) != Some(value));
    differing
        .map(|(name, value)| {
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            (label(&name), text.chars().take(SHOWN_CHARS).collect())
        })
        .collect()
}
