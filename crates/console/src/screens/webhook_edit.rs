//! Creates and edits a webhook.

mod cloud_events_form;
mod conflict;
mod faults;
mod fieldsets;
mod form_page;
mod header_rows;
mod ordering_form;
mod payload_rules_form;
mod payload_rules_part;
mod signature_form;
mod slack;
pub(crate) mod trial;
mod webhook_form;

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{Html, IntoResponse, Redirect, Response};
use hookstep_contract::{FieldError, Timestamp, WebhookConfig};
use hookstep_http_edge::Problem;
use hookstep_management::Context;
use hookstep_management::webhooks::save::{self, SavedWebhook};
use hookstep_management::webhooks::write::{latest, run_to_completion};
use maud::{Markup, html};

use super::{secret_page, webhook_page};
use crate::error::PageError;
use crate::extract::{OnWebhook, Submitted};
use crate::form::{Form, FormFault, Query};
use crate::session::{Manager, Visitor};
use faults::Draft;
use form_page::{FormView, form_page};

/// `GET /console/webhooks/new`. With `for=slack`, the form is filled in for a webhook that tells Slack how others do.
pub(crate) async fn show_new(
    State(ctx): State<Arc<Context>>,
    Manager(visitor): Manager,
    query: Query,
) -> Result<Html<String>, PageError> {
    let form = if query.get("for") == "slack" { slack::prefilled() } else { webhook_form::blank() };
    let form = form.with(trial::no_sample());
    let view = FormView { config: None, form: &form, fault: FormFault::default(), notice: None };
    Ok(form_page(&ctx, &visitor, view, &html! {}).await)
}

/// `POST /console/webhooks/new`: leads to the page with the secret; or the form with its errors.
pub(crate) async fn create(
    State(ctx): State<Arc<Context>>,
    headers: HeaderMap,
    Submitted(Manager(visitor), form): Submitted<Manager>,
) -> Result<Response, PageError> {
    if form.is_checked("continue") {
        return Ok(continued(&ctx, &visitor, None, &form).await);
    }
    let (org_id, actor) = (visitor.org_id().clone(), visitor.actor().clone());
    let created = match faults::read(&ctx, &visitor, &form, None).await? {
        Draft::Wrong(faults) => return Ok(refused(&ctx, &visitor, None, &form, &faults).await),
        Draft::Right(fields) => {
            let ctx = Arc::clone(&ctx);
            run_to_completion(async move { save::create(&ctx, org_id, &actor, *fields).await }).await
        }
    };
    match created {
        Ok(saved) => Ok(saved_response((&headers, &visitor, ctx.sources.now()), &saved, &saved.config)),
        Err(problem) => refused_by(&ctx, &visitor, None, &form, problem).await,
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
    let view = FormView { config: Some(&config), form: &form, fault: FormFault::default(), notice: None };
    Ok(form_page(&ctx, &visitor, view, &html! {}).await)
}

/// `POST /console/webhooks/{config_id}/edit`
pub(crate) async fn save(
    State(ctx): State<Arc<Context>>,
    headers: HeaderMap,
    Submitted(OnWebhook(Manager(visitor), before), form): Submitted<OnWebhook<Manager>>,
) -> Result<Response, PageError> {
    if form.is_checked("continue") {
        return Ok(continued(&ctx, &visitor, Some(&before), &form).await);
    }
    if form.get("revision") != before.revision.to_string() {
        return Ok(conflict::page(&ctx, &visitor, &before, &form).await);
    }
    let saved = match faults::read(&ctx, &visitor, &form, Some(&before)).await? {
        Draft::Wrong(faults) => return Ok(refused(&ctx, &visitor, Some(&before), &form, &faults).await),
        Draft::Right(fields) => {
            let (ctx, before, actor) = (Arc::clone(&ctx), before.clone(), visitor.actor().clone());
            run_to_completion(async move { save::replace(&ctx, before, &actor, *fields).await }).await
        }
    };
    match saved {
        Ok(saved) => Ok(saved_response((&headers, &visitor, ctx.sources.now()), &saved, &before)),
        Err(problem) => refused_by(&ctx, &visitor, Some(&before), &form, problem).await,
    }
}

/// Leads to the webhook; first to its signing secret, if it has just been made.
fn saved_response(
    by: (&HeaderMap, &Visitor, Timestamp),
    saved: &SavedWebhook,
    before: &WebhookConfig,
) -> Response {
    let SavedWebhook { config, secret } = saved;
    match secret {
        Some(secret) => secret_page::show_next(by, config, &secret.reveal(), None),
        None => Redirect::to(&webhook_page::after_save("saved", before, &config.fields)).into_response(),
    }
}

/// The form with its errors.
async fn refused(
    ctx: &Context,
    visitor: &Visitor,
    config: Option<&WebhookConfig>,
    form: &Form,
    faults: &[FieldError],
) -> Response {
    let view = FormView { config, form, fault: FormFault(faults), notice: None };
    (StatusCode::UNPROCESSABLE_ENTITY, form_page(ctx, visitor, view, &html! {}).await).into_response()
}

/// The form with the problem that came up while it was saved. What was typed is never lost with it.
async fn refused_by(
    ctx: &Context,
    visitor: &Visitor,
    config: Option<&WebhookConfig>,
    form: &Form,
    problem: Problem,
) -> Result<Response, PageError> {
    if let Some(field) = problem.wrong_field() {
        let fault = FieldError::new(field, problem.detail());
        return Ok(refused(ctx, visitor, config, form, &[fault]).await);
    }
    if let (StatusCode::CONFLICT, Some(config)) = (problem.status(), config) {
        let now = latest(ctx, &config.org_id, config.config_id).await?;
        return Ok(conflict::page(ctx, visitor, &now, form).await);
    }
    let notice = notice("Not saved.", &crate::parts::sentence(problem.detail()));
    let view = FormView { config, form, fault: FormFault::default(), notice: Some(&notice) };
    Ok((problem.status(), form_page(ctx, visitor, view, &html! {}).await).into_response())
}

/// The form as it was before the session ended.
async fn continued(
    ctx: &Context,
    visitor: &Visitor,
    config: Option<&WebhookConfig>,
    form: &Form,
) -> Response {
    let notice = notice(
        "Not saved yet.",
        "You are signed in again, and the form is as you left it, without its secrets.",
    );
    let view = FormView { config, form, fault: FormFault::default(), notice: Some(&notice) };
    form_page(ctx, visitor, view, &html! {}).await.into_response()
}

fn notice(title: &str, text: &str) -> Markup {
    html! { div.alert.waiting role="alert" tabindex="-1" data-focus { strong { (title) } " " (text) } }
}
