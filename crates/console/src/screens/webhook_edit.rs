//! Creates and edits a webhook.

mod fieldsets;
mod form_page;
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
use maud::html;

use super::webhook_actions;
use crate::error::PageError;
use crate::extract::OnWebhook;
use crate::form::{Form, FormFault, Query};
use crate::layout::{Section, page};
use crate::parts;
use crate::session::{Manager, Visitor};
use form_page::{FormView, form_page};

/// `GET /console/webhooks/new`
pub(crate) async fn show_new(State(ctx): State<Arc<Context>>, Manager(visitor): Manager) -> Html<String> {
    let form = webhook_form::blank().with(trial::no_sample());
    let view = FormView { config: None, form: &form, fault: FormFault::default() };
    form_page(&ctx, &visitor, view, &html! {})
}

/// `POST /console/webhooks/new`: the page with the secret, or the form with its errors.
pub(crate) async fn create(
    State(ctx): State<Arc<Context>>,
    Manager(visitor): Manager,
    form: Form,
) -> Result<Response, PageError> {
    let org_id = visitor.org_id().clone();
    let created = match webhook_form::read(&form, None) {
        Ok(fields) => {
            let ctx = Arc::clone(&ctx);
            run_to_completion(async move { save::create(&ctx, org_id, fields).await }).await
        }
        Err(problem) => Err(problem),
    };
    match created {
        Ok(saved) => Ok((StatusCode::CREATED, created_page(&visitor, &saved)).into_response()),
        Err(problem) => refused(&ctx, &visitor, None, &form, problem),
    }
}

/// `GET /console/webhooks/{config_id}/edit`. `event` chooses the event whose body becomes the sample.
pub(crate) async fn show(
    State(ctx): State<Arc<Context>>,
    OnWebhook(Manager(visitor), config): OnWebhook<Manager>,
    query: Query,
) -> Result<Html<String>, PageError> {
    let event_id = query.get("event").parse().ok();
    let form = webhook_form::filled(&config).with(trial::sample(&ctx, &config, event_id).await?);
    let view = FormView { config: Some(&config), form: &form, fault: FormFault::default() };
    Ok(form_page(&ctx, &visitor, view, &html! {}))
}

/// `POST /console/webhooks/{config_id}/edit`
pub(crate) async fn save(
    State(ctx): State<Arc<Context>>,
    OnWebhook(Manager(visitor), before): OnWebhook<Manager>,
    form: Form,
) -> Result<Response, PageError> {
    webhook_actions::unchanged(&form, &before)?;
    let saved = match webhook_form::read(&form, Some(&before.fields)) {
        Ok(fields) => {
            let (ctx, before) = (Arc::clone(&ctx), before.clone());
            run_to_completion(async move { save::replace(&ctx, before, fields).await }).await
        }
        Err(problem) => Err(problem),
    };
    match saved {
        // The webhook was saved by a version that did not sign requests, so it got its first secret now.
        Ok(saved) if saved.secret.is_some() => Ok(created_page(&visitor, &saved).into_response()),
        Ok(saved) => {
            Ok(Redirect::to(&format!("/console/webhooks/{}?done=saved", saved.config.config_id))
                .into_response())
        }
        Err(problem) => refused(&ctx, &visitor, Some(&before), &form, problem),
    }
}

/// The form with its errors; secrets have to be typed again. A problem that is not about the form is shown as a page.
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
    let page =
        form_page(ctx, visitor, FormView { config, form, fault: FormFault(Some(&problem)) }, &html! {});
    Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
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
