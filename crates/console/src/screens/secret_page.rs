//! The page that shows a new signing secret: after a webhook was created, and after its secret was rotated.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{Html, IntoResponse, Redirect, Response};
use hookstep_contract::{Timestamp, WebhookConfig};
use hookstep_management::Context;
use maud::{Markup, html};

use super::verify_snippets::snippets;
use super::webhook_actions;
use crate::extract::OnWebhook;
use crate::form::Query;
use crate::layout::{Section, page};
use crate::session::{SecretKeeper, Visitor};
use crate::{once, parts};

fn path(config: &WebhookConfig) -> String {
    format!("/console/webhooks/{}/secret", config.config_id)
}

/// Leads to the page, which shows the secret. The webhook is new, or has a previous secret that signs until `previous`.
///
/// In the portal, where no cookie carries the secret to another page, this answer is the page; whoever may not see the secret gets
/// to the webhook.
pub(crate) fn show_next(
    (headers, visitor, now): (&HeaderMap, &Visitor, Timestamp),
    config: &WebhookConfig,
    secret: &str,
    previous: Option<Timestamp>,
) -> Response {
    if visitor.portal().is_some() {
        if !visitor.can_see_secrets() {
            return Redirect::to(&format!("/console/webhooks/{}?done=created", config.config_id))
                .into_response();
        }
        let at = [(header::CONTENT_LOCATION, path(config))];
        return (at, secret_page(visitor, config, Some(secret), previous.is_none(), previous, now))
            .into_response();
    }
    let query = previous.map(|end| format!("?{}", parts::query([("until", end.to_string().as_str())])));
    let query = query.unwrap_or_else(|| "?new=1".to_owned());
    once::show_at(headers, &path(config), &query, secret)
}

/// `GET /console/webhooks/{config_id}/secret`
pub(crate) async fn show(
    State(ctx): State<Arc<Context>>,
    headers: HeaderMap,
    OnWebhook(SecretKeeper(visitor), config): OnWebhook<SecretKeeper>,
    query: Query,
) -> Html<String> {
    let is_new = query.is_checked("new");
    let previous = serde_json::from_value::<Timestamp>(query.get("until").into()).ok();
    let secret = once::read(&headers);
    secret_page(&visitor, &config, secret.as_deref(), is_new, previous, ctx.sources.now())
}

fn secret_page(
    visitor: &Visitor,
    config: &WebhookConfig,
    secret: Option<&str>,
    is_new: bool,
    previous: Option<Timestamp>,
    now: Timestamp,
) -> Html<String> {
    let base = format!("/console/webhooks/{}", config.config_id);
    let content = html! {
        (webhook_actions::crumbs(config))
        div.narrow.card.roomy {
            h1 { @if is_new { bdi { (config.fields.name) } " is ready" } @else { "The new signing secret" } }
            @match secret {
                Some(secret) => { (shown(secret, visitor.portal().is_some())) }
                None => { (gone(&base)) }
            }
            @if let Some(end) = previous.filter(|end| *end > now) { p { "The previous secret also signs until " (parts::clock(end)) "." } }
            (snippets())
            @if is_new && visitor.portal().is_none() { (next(config)) }
            form.actions method="post" action=(path(config)) {
                @if is_new { button name="next" value="test" { "Send a test" } }
                button.primary { "I have stored it" }
            }
        }
    };
    page(visitor, Section::Webhooks, "Signing secret", content)
}

/// `POST /console/webhooks/{config_id}/secret`: the secret is stored, and shown no more.
pub(crate) async fn stored(
    headers: HeaderMap,
    OnWebhook(SecretKeeper(visitor), config): OnWebhook<SecretKeeper>,
    form: crate::form::Form,
) -> Response {
    let base = format!("/console/webhooks/{}", config.config_id);
    let next = if form.get("next") == "test" { format!("{base}/test") } else { base };
    if visitor.portal().is_some() {
        return Redirect::to(&next).into_response();
    }
    once::forget(&headers, &path(&config), &next)
}

fn shown(secret: &str, is_portal: bool) -> Markup {
    html! {
        p { "Hookstep signs every request with this secret. Give it to the receiver, which verifies the header " code { "webhook-signature" } " with it." }
        p.alert.waiting {
            @if is_portal { "Store it now. When this page is left, nobody can see it again." }
            @else { "Store it now. This page shows it for " (once::LIFETIME) ", in this browser; then nobody can see it again." }
        }
        p.secret { (parts::copyable(secret)) }
    }
}

fn gone(base: &str) -> Markup {
    html! {
        p.alert.skipped { "The secret is not shown any more. If nobody stored it, " a href={(base) "/rotate-secret"} { "rotate it" } " to get a new one." }
    }
}

fn next(config: &WebhookConfig) -> Markup {
    html! {
        section {
            h2 { "What next?" }
            p { "Send a test event and look at the answer, or trigger the webhook from your service with "
                code { "POST /webhook/" (config.config_id) "/trigger" } "." }
        }
    }
}
