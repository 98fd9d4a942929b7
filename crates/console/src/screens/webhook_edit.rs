//! Create and edit a webhook.

mod fieldsets;
mod payload_rules_form;
mod payload_rules_part;
pub(crate) mod trial;
mod webhook_form;

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Redirect, Response};
use hookstep_contract::WebhookConfig;
use hookstep_http_edge::Problem;
use hookstep_management::Context;
use hookstep_management::webhooks::save::{self, SavedWebhook};
use hookstep_management::webhooks::write::run_to_completion;
use maud::{Markup, html};

use super::webhook_actions;
use crate::error::PageError;
use crate::extract::OnWebhook;
use crate::form::{Fault, Form, Query};
use crate::layout::{Section, page};
use crate::parts;
use crate::session::{Manager, Visitor};

/// `GET /console/webhooks/new`
pub(crate) async fn show_new(State(ctx): State<Arc<Context>>, Manager(visitor): Manager) -> Html<String> {
    let form = webhook_form::blank().with(trial::no_sample());
    let asked = Asked { config: None, form: &form, fault: Fault::default() };
    form_page(&ctx, &visitor, asked, &html! {})
}

/// `POST /console/webhooks/new`: the page with its secret, or the form with what is wrong.
pub(crate) async fn create(
    State(ctx): State<Arc<Context>>,
    Manager(visitor): Manager,
    form: Form,
) -> Result<Response, PageError> {
    let org_id = visitor.org_id().clone();
    let created = match webhook_form::read(&form, None) {
        Ok(asked) => {
            let ctx = Arc::clone(&ctx);
            run_to_completion(async move { save::create(&ctx, org_id, asked).await }).await
        }
        Err(problem) => Err(problem),
    };
    match created {
        Ok(saved) => Ok((StatusCode::CREATED, created_page(&visitor, &saved)).into_response()),
        Err(problem) => refused(&ctx, &visitor, None, &form, problem),
    }
}

/// `GET /console/webhooks/{config_id}/edit`. `event` chooses the one whose body is the sample.
pub(crate) async fn show(
    State(ctx): State<Arc<Context>>,
    OnWebhook(Manager(visitor), config): OnWebhook<Manager>,
    query: Query,
) -> Result<Html<String>, PageError> {
    let event_id = query.get("event").parse().ok();
    let form = webhook_form::of(&config).with(trial::sample(&ctx, &config, event_id).await?);
    let asked = Asked { config: Some(&config), form: &form, fault: Fault::default() };
    Ok(form_page(&ctx, &visitor, asked, &html! {}))
}

/// `POST /console/webhooks/{config_id}/edit`
pub(crate) async fn save(
    State(ctx): State<Arc<Context>>,
    OnWebhook(Manager(visitor), before): OnWebhook<Manager>,
    form: Form,
) -> Result<Response, PageError> {
    webhook_actions::unchanged(&form, &before)?;
    let saved = match webhook_form::read(&form, Some(&before.fields)) {
        Ok(asked) => {
            let (ctx, before) = (Arc::clone(&ctx), before.clone());
            run_to_completion(async move { save::replace(&ctx, before, asked).await }).await
        }
        Err(problem) => Err(problem),
    };
    match saved {
        // Its first secret, for one that was made by a version that did not sign.
        Ok(saved) if saved.secret.is_some() => Ok(created_page(&visitor, &saved).into_response()),
        Ok(saved) => {
            Ok(Redirect::to(&format!("/console/webhooks/{}?done=saved", saved.config.config_id))
                .into_response())
        }
        Err(problem) => refused(&ctx, &visitor, Some(&before), &form, problem),
    }
}

/// The form again, with what is wrong; secrets have to be typed again. What is not about the form is an error.
fn refused(
    ctx: &Context,
    visitor: &Visitor,
    config: Option<&WebhookConfig>,
    form: &Form,
    problem: Problem,
) -> Result<Response, PageError> {
    if problem.status() != StatusCode::BAD_REQUEST {
        return Err(problem.into());
    }
    let page = form_page(ctx, visitor, Asked { config, form, fault: Fault(Some(&problem)) }, &html! {});
    Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
}

/// What a form shows.
#[derive(Clone, Copy)]
struct Asked<'a> {
    /// The webhook as it is; none yet of a new one.
    config: Option<&'a WebhookConfig>,
    form: &'a Form,
    fault: Fault<'a>,
}

/// The form; `tried` is what its filter and transform make of its sample, where that was asked.
fn form_page(ctx: &Context, visitor: &Visitor, asked: Asked, tried: &Markup) -> Html<String> {
    let Asked { config, form, fault } = asked;
    let title = if config.is_some() { "Edit webhook" } else { "New webhook" };
    let (back, action, preview) = match config {
        Some(config) => {
            let base = format!("/console/webhooks/{}", config.config_id);
            (base.clone(), format!("{base}/edit"), format!("{base}/preview"))
        }
        None => ("/".to_owned(), "/console/webhooks/new".to_owned(), "/console/preview".to_owned()),
    };
    let content = html! {
        form.form method="post" action=(action) novalidate {
            // What Enter means: the first button there is, which would be the one that only tries.
            button.hidden tabindex="-1" aria-hidden="true" { "Save" }
            div {
                @match config {
                    Some(config) => { (webhook_actions::crumbs(config)) }
                    None => { (parts::crumbs(&[("Webhooks", "/")])) }
                }
                h1 { (title) }
            }
            (fault.summary())
            input type="hidden" name="revision" value=(form.get("revision"));
            (fieldsets::receiver(form, fault, &ctx.static_ips))
            (fieldsets::authentication(form, fault, config.and_then(|config| config.fields.auth.as_ref())))
            (fieldsets::subscriptions(form, fault))
            (payload_rules_part::part(form, fault, &preview, tried))
            (fieldsets::delivery(form, fault))
            (fieldsets::tls(form, fault, config))
            div.actions.end {
                a.button href=(back) { "Cancel" }
                button.primary { @if config.is_some() { "Save changes" } @else { "Create webhook" } }
            }
        }
    };
    page(visitor, Section::Webhooks, title, content)
}

fn created_page(visitor: &Visitor, SavedWebhook { config, secret }: &SavedWebhook) -> Html<String> {
    let base = format!("/console/webhooks/{}", config.config_id);
    let content = html! {
        (parts::crumbs(&[("Webhooks", "/")]))
        div.narrow.card {
            h1 { (config.fields.name) " is ready" }
            p { "Hookstep signs every request to it with this signing secret:" }
            @if let Some(secret) = secret { (webhook_actions::secret(&secret.reveal())) }
            h2 { "What next?" }
            p { "Send a test event and look at the answer, or trigger the webhook from your service with "
                code { "POST /webhook/" (config.config_id) "/trigger" } "." }
            div.actions {
                a.button href=(base) { "To the webhook" }
                a.button.primary href={(base) "/test"} { "Send a test" }
            }
        }
    };
    page(visitor, Section::Webhooks, "Webhook created", content)
}
