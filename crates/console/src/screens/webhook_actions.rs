//! Actions on a webhook besides editing. Those that cannot be undone are confirmed first.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{Html, Redirect, Response};
use hookstep_contract::{ConfigFields, WebhookConfig};
use hookstep_management::Context;
use hookstep_management::webhooks::rotate_secret;
use hookstep_management::webhooks::save;
use hookstep_management::webhooks::test_auth;
use hookstep_management::webhooks::write::{self, run_to_completion};
use maud::{Markup, html};

use super::{secret_page, webhook_page};
use crate::error::PageError;
use crate::extract::OnWebhook;
use crate::form::Form;
use crate::layout::{Section, page};
use crate::parts;
use crate::session::{Manager, SecretKeeper, Visitor};

/// The overlaps to choose from, during which the old secret signs as well, in hours.
const OVERLAPS: [(u64, &str); 4] =
    [(24, "24 hours"), (168, "7 days"), (1, "1 hour"), (0, "Not at all: it stops now")];

/// `POST /console/webhooks/{config_id}/enabled`
pub(crate) async fn set_enabled(
    State(ctx): State<Arc<Context>>,
    OnWebhook(Manager(visitor), before): OnWebhook<Manager>,
    form: Form,
) -> Result<Redirect, PageError> {
    let enabled = form.get("enabled") == "true";
    // `auth` and `tls` stay as they are when they are left out.
    let fields = ConfigFields { enabled, auth: None, tls: None, ..before.fields.clone() };
    let done = if enabled { "enabled" } else { "disabled" };
    let target = webhook_page::after_save(done, &before, &fields);
    let actor = visitor.actor().clone();
    run_to_completion(async move { save::replace(&ctx, before, &actor, fields).await }).await?;
    Ok(Redirect::to(&target))
}

/// `GET /console/webhooks/{config_id}/delete`
pub(crate) async fn ask_delete(
    OnWebhook(Manager(visitor), config): OnWebhook<Manager>,
) -> Result<Html<String>, PageError> {
    let text = html! {
        p { "No more events are sent to it, and its retries end. Its credentials and signing secrets are deleted; its events can be \
             read through the API until they expire." }
        p { "This cannot be undone. To stop it for a while, disable it." }
    };
    let button = html! { button.primary.danger { "Delete the webhook" } };
    Ok(ask(&visitor, &config, "delete", "Delete this webhook?", text, button))
}

/// `POST /console/webhooks/{config_id}/delete`
pub(crate) async fn delete(
    State(ctx): State<Arc<Context>>,
    OnWebhook(Manager(visitor), config): OnWebhook<Manager>,
) -> Result<Redirect, PageError> {
    let actor = visitor.actor().clone();
    run_to_completion(async move { write::delete(&ctx, &config, &actor).await }).await?;
    Ok(Redirect::to("/?done=deleted"))
}

/// `GET /console/webhooks/{config_id}/rotate-secret`
pub(crate) async fn ask_rotate(
    OnWebhook(SecretKeeper(visitor), config): OnWebhook<SecretKeeper>,
) -> Result<Html<String>, PageError> {
    let text = html! {
        p { "A new secret signs from now on, and is shown once, on the next page." }
        div.field {
            label for="overlap" { "The old secret also signs for" }
            select #overlap name="overlap_hours" { @for (hours, name) in OVERLAPS { option value=(hours) { (name) } } }
            p.hint { "Time to give the new secret to the receiver. Until then every request has both signatures." }
        }
    };
    let button = html! { button.primary { "Rotate the secret" } };
    Ok(ask(&visitor, &config, "rotate-secret", "Rotate the signing secret?", text, button))
}

/// `POST /console/webhooks/{config_id}/rotate-secret`: leads to the page with the new secret.
pub(crate) async fn rotate(
    State(ctx): State<Arc<Context>>,
    headers: HeaderMap,
    OnWebhook(SecretKeeper(visitor), config): OnWebhook<SecretKeeper>,
    form: Form,
) -> Result<Response, PageError> {
    unchanged(&form, &config)?;
    let hours = form.get("overlap_hours").parse().ok();
    let Some((hours, _)) = OVERLAPS.into_iter().find(|(offered, _)| Some(*offered) == hours) else {
        return Err(PageError::new(StatusCode::BAD_REQUEST, "Choose one of the overlaps."));
    };
    let before = config.clone();
    let overlap = Duration::from_secs(hours * 3600);
    let (work_ctx, actor) = (Arc::clone(&ctx), visitor.actor().clone());
    let rotated =
        run_to_completion(
            async move { rotate_secret::rotate(&work_ctx, before, &actor, None, overlap).await },
        )
        .await?;
    // Without an overlap the moment is now, and the page does not tell of it.
    let previous = rotated.previous_expires_at.unwrap_or_else(|| ctx.sources.now());
    let by = (&headers, &visitor, ctx.sources.now());
    Ok(secret_page::show_next(by, &config, &rotated.signing_secret, Some(previous)))
}

/// `POST /console/webhooks/{config_id}/test-auth`
pub(crate) async fn try_auth(
    State(ctx): State<Arc<Context>>,
    OnWebhook(Manager(visitor), config): OnWebhook<Manager>,
) -> Result<Html<String>, PageError> {
    let report = test_auth::run(&ctx, &config.org_id, config.config_id).await?;
    let content = html! {
        (crumbs(&config))
        div.narrow.card {
            h1 { "Test of the authentication" }
            p { @if report.ok { (parts::badge("succeeded", "Works")) } @else { (parts::badge("failed", "Does not work")) } }
            p { (parts::sentence(&report.detail)) }
            dl.facts {
                @if let Some(code) = report.status_code { dt { "Status of the authorisation server" } dd { (code) } }
                @if let Some(seconds) = report.expires_in { dt { "The token is valid for" } dd { (seconds) " s" } }
                dt { "Took" } dd { (report.duration_ms) " ms" }
            }
            div.actions {
                form method="post" action={"/console/webhooks/" (config.config_id) "/test-auth"} { button { "Test again" } }
                a.button href={"/console/webhooks/" (config.config_id) "/edit"} { "Edit the webhook" }
                a.button.primary href={"/console/webhooks/" (config.config_id)} { "Back" }
            }
        }
    };
    Ok(page(&visitor, Section::Webhooks, "Test of the authentication", content))
}

/// Refuses a form that was opened before the webhook last changed: one that is sent twice, or would undo another change.
pub(crate) fn unchanged(form: &Form, config: &WebhookConfig) -> Result<(), PageError> {
    if form.get("revision") == config.revision.to_string() {
        return Ok(());
    }
    let detail = "The webhook has changed since this form was opened. Open it again to see how it is now.";
    Err(PageError::new(StatusCode::CONFLICT, detail))
}

pub(crate) fn crumbs(config: &WebhookConfig) -> Markup {
    parts::crumbs(&[
        ("Webhooks", "/"),
        (&config.fields.name, &format!("/console/webhooks/{}", config.config_id)),
    ])
}

fn ask(
    visitor: &Visitor,
    config: &WebhookConfig,
    action: &str,
    question: &str,
    text: Markup,
    button: Markup,
) -> Html<String> {
    let base = format!("/console/webhooks/{}", config.config_id);
    let content = html! {
        (crumbs(config))
        form.narrow.card method="post" action={(base) "/" (action)} {
            h1 { (question) }
            p.target { strong { bdi { (config.fields.name) } } " · " (config.fields.url) }
            (text)
            input type="hidden" name="revision" value=(config.revision);
            div.actions { a.button href=(base) { "Cancel" } (button) }
        }
    };
    page(visitor, Section::Webhooks, question, content)
}
