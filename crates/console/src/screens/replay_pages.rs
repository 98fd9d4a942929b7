//! Replays all failed or skipped events of a period, for example after the receiver was down.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{Html, Redirect};
use hookstep_contract::limits::MAX_REPLAYS;
use hookstep_contract::{ReplayJob, ReplayStatus};
use hookstep_http_edge::{ConfigPath, ReplayPath, no_replay, read_json};
use hookstep_management::Context;
use hookstep_management::replays::bulk;
use maud::{Markup, html};
use serde_json::json;

use super::webhook_actions;
use crate::error::PageError;
use crate::extract::{OnWebhook, Shown};
use crate::form::Form;
use crate::layout::{Section, page};
use crate::parts;
use crate::session::{Manager, Visitor};

/// The periods to choose from, in hours.
const PERIODS: [(u64, &str); 5] = [
    (1, "the last hour"),
    (6, "the last 6 hours"),
    (24, "the last 24 hours"),
    (168, "the last 7 days"),
    (720, "the last 30 days"),
];

/// `GET /console/webhooks/{config_id}/recover`
pub(crate) async fn show(
    OnWebhook(Manager(visitor), config): OnWebhook<Manager>,
) -> Result<Html<String>, PageError> {
    let base = format!("/console/webhooks/{}", config.config_id);
    let content = html! {
        (webhook_actions::crumbs(&config))
        form.narrow.card method="post" {
            h1 { "Replay what was missed" }
            p { "Sends events again, oldest first, each under a new event id; the receiver sees the " code { "webhook-id" }
                " that it saw before. At most " (MAX_REPLAYS) " at once." }
            div.halves {
                div.field { label for="status" { "Events that" }
                    select #status name="status" { option value="failed" { "failed" } option value="skipped" { "were skipped" } } }
                div.field { label for="hours" { "in" }
                    select #hours name="hours" { @for (hours, name) in PERIODS { option value=(hours) selected[hours == 24] { (name) } } } }
            }
            @if !config.fields.enabled { p.alert.waiting { "The webhook is disabled: its events would be skipped again. Enable it first." } }
            div.actions { a.button href=(base) { "Cancel" } button.primary { "Replay them" } }
        }
    };
    Ok(page(&visitor, Section::Webhooks, "Replay what was missed", content))
}

/// `POST /console/webhooks/{config_id}/recover`: then shows the progress.
pub(crate) async fn start(
    State(ctx): State<Arc<Context>>,
    Manager(visitor): Manager,
    Shown(ConfigPath(config_id)): Shown<ConfigPath>,
    form: Form,
) -> Result<Redirect, PageError> {
    let hours = form.get("hours").parse().ok();
    let Some((hours, _)) = PERIODS.into_iter().find(|(offered, _)| Some(*offered) == hours) else {
        return Err(PageError::new(StatusCode::BAD_REQUEST, "Choose one of the periods."));
    };
    let since = ctx.sources.now().minus(Duration::from_secs(hours * 3600));
    let request = json!({"since": since, "status": form.get("status")}).to_string();
    let job = bulk::start(&ctx, visitor.org_id(), config_id, read_json(request.as_bytes())?).await?;
    Ok(Redirect::to(&format!("/console/webhooks/{config_id}/replays/{}", job.replay_id)))
}

/// `GET /console/webhooks/{config_id}/replays/{replay_id}`
pub(crate) async fn progress(
    State(ctx): State<Arc<Context>>,
    OnWebhook(visitor, config): OnWebhook<Visitor>,
    Shown(ReplayPath(replay_id)): Shown<ReplayPath>,
) -> Result<Html<String>, PageError> {
    let job = ctx.replays.get(&config.org_id, config.config_id, replay_id).await?.ok_or_else(no_replay)?;
    let base = format!("/console/webhooks/{}", config.config_id);
    let live = (job.status == ReplayStatus::InProgress).then(|| format!("{base}/replays/{}", job.replay_id));
    let content = html! {
        (webhook_actions::crumbs(&config))
        div.narrow.card #replay data-live=[live] data-part="#replay" {
            h1 { "Replay " (state(job.status)) }
            dl.facts.wide {
                div { dt { "Events found" } dd.number { (job.found) } }
                div { dt { "Sent again" } dd.number { (job.started) } }
                div { dt { "Left out" } dd.number { (job.skipped) } }
                div { dt { "Requested" } dd { (parts::moment(job.created_at, ctx.sources.now())) } }
            }
            (remarks(&job))
            div.actions { a.button.primary href=(base) { "To the events" } }
        }
    };
    Ok(page(&visitor, Section::Webhooks, "Replay", content))
}

fn state(status: ReplayStatus) -> Markup {
    match status {
        ReplayStatus::InProgress => parts::badge("waiting", "In progress"),
        ReplayStatus::Done => parts::badge("succeeded", "Done"),
        ReplayStatus::Failed => parts::badge("failed", "Failed"),
    }
}

fn remarks(job: &ReplayJob) -> Markup {
    html! {
        @if job.skipped > 0 { p.muted { "Events are left out when their body is no longer stored, or while they are being delivered." } }
        @if job.limit_reached { p.alert.waiting { "There are more: replay again for the rest." } }
        @if let Some(reason) = &job.reason { p.alert.failed { (parts::sentence(&reason.detail)) } }
    }
}
