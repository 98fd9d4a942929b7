//! Replays all failed or skipped events of a period, for example after the receiver was down.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{Html, Redirect};
use hookstep_api_types::{Replay, ReplayForecast, ReplayRequest, ReplayResults};
use hookstep_contract::limits::MAX_REPLAYS;
use hookstep_contract::{ReplayStatus, Timestamp};
use hookstep_http_edge::{ConfigPath, ReplayPath, read_json};
use hookstep_management::Context;
use hookstep_management::replays::{bulk, forecast};
use maud::{Markup, Render, html};
use serde_json::json;

use super::webhook_actions;
use crate::error::PageError;
use crate::extract::{OnWebhook, Shown};
use crate::form::{Form, Query};
use crate::layout::{Section, page};
use crate::parts;
use crate::session::{Replayer, Visitor};

/// The periods to choose from, in hours.
const PERIODS: [(u64, &str); 5] = [
    (1, "the last hour"),
    (6, "the last 6 hours"),
    (24, "the last 24 hours"),
    (168, "the last 7 days"),
    (720, "the last 30 days"),
];

/// What can be replayed: the value of the field, and how it is read.
const STATUSES: [(&str, &str); 2] = [("failed", "failed"), ("skipped", "were skipped")];

/// Which events to replay.
struct Choice {
    status: &'static str,
    since: Since,
}

/// When the first of them may have been accepted.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Since {
    /// So many hours ago: one of [`PERIODS`].
    Hours(u64),
    /// At the time that the page named which led here.
    Moment(Timestamp),
}

impl Choice {
    /// The choice in a query or a form; by default what failed in the last 24 hours.
    fn of(form: &Form) -> Result<Self, PageError> {
        let wrong = || PageError::new(StatusCode::BAD_REQUEST, "Choose one of the periods.");
        let or = |name: &str, usual| Some(form.get(name)).filter(|text| !text.is_empty()).unwrap_or(usual);
        let (status, since) = (or("status", "failed"), or("since", "24"));
        let (status, _) = STATUSES.into_iter().find(|(offered, _)| *offered == status).ok_or_else(wrong)?;
        let since = match PERIODS.into_iter().find(|(offered, _)| offered.to_string() == since) {
            Some((hours, _)) => Since::Hours(hours),
            None => Since::Moment(since.parse().map_err(|_| wrong())?),
        };
        Ok(Self { status, since })
    }

    fn request(&self, now: Timestamp) -> Result<ReplayRequest, PageError> {
        let since = match self.since {
            Since::Hours(hours) => now.minus(Duration::from_secs(hours * 3600)),
            Since::Moment(since) => since,
        };
        let request = json!({"since": since, "status": self.status}).to_string();
        Ok(read_json(request.as_bytes())?)
    }
}

impl Render for Since {
    /// As the field has it.
    fn render_to(&self, out: &mut String) {
        match self {
            Self::Hours(hours) => hours.render_to(out),
            Self::Moment(since) => since.to_string().render_to(out),
        }
    }
}

/// `GET /console/webhooks/{config_id}/recover?status=&since=`: how many events that would be, before it starts.
pub(crate) async fn show(
    State(ctx): State<Arc<Context>>,
    OnWebhook(Replayer(visitor), config): OnWebhook<Replayer>,
    query: Query,
) -> Result<Html<String>, PageError> {
    let choice = Choice::of(&query)?;
    let request = choice.request(ctx.sources.now())?;
    let forecast = forecast::forecast(&ctx, &config.org_id, config.config_id, request).await?;
    let base = format!("/console/webhooks/{}", config.config_id);
    let content = html! {
        (webhook_actions::crumbs(&config))
        div.narrow.card {
            h1 { "Replay what was missed" }
            p { "Sends events again, oldest first, each under a new event id; the receiver sees the " code { "webhook-id" }
                " that it saw before. What a replay has already delivered is not sent again." }
            form.halves method="get" data-submit {
                div.field { label for="status" { "Events that" }
                    select #status name="status" { @for (value, name) in STATUSES { option value=(value) selected[value == choice.status] { (name) } } } }
                div.field { label for="since" { "in this time" }
                    select #since name="since" {
                        @if let Since::Moment(since) = choice.since { option value=(since) selected { "since " (parts::utc_clock(since)) } }
                        @for (hours, name) in PERIODS { option value=(hours) selected[choice.since == Since::Hours(hours)] { (name) } }
                    } }
                noscript { button { "Count them" } }
            }
            p.count role="status" { (in_words(&forecast)) }
            p.hint { "One replay sends what failed or what was skipped, not both. For the other, come back here." }
            @if !config.fields.enabled { p.alert.waiting { "The webhook is disabled: its events would be skipped again. Enable it first." } }
            form.actions method="post" {
                input type="hidden" name="status" value=(choice.status);
                input type="hidden" name="since" value=(choice.since);
                a.button href=(base) { "Cancel" }
                button.primary disabled[forecast.events == 0] { "Replay them" }
            }
        }
    };
    Ok(page(&visitor, Section::Webhooks, "Replay what was missed", content))
}

fn in_words(forecast: &ReplayForecast) -> Markup {
    html! {
        @match (forecast.events, forecast.complete) {
            (0, true) => { strong { "There is nothing to send." } " Everything was delivered, or is being delivered." }
            (1, true) => { strong { "One event" } " will be sent." }
            (events, true) => { strong { (events) " events" } " will be sent." }
            (events, false) => { strong { "At least " (events) " events" } " are to be sent. One replay sends at most " (MAX_REPLAYS) "." }
        }
    }
}

/// `POST /console/webhooks/{config_id}/recover`: then shows the progress.
pub(crate) async fn start(
    State(ctx): State<Arc<Context>>,
    Replayer(visitor): Replayer,
    Shown(ConfigPath(config_id)): Shown<ConfigPath>,
    form: Form,
) -> Result<Redirect, PageError> {
    let request = Choice::of(&form)?.request(ctx.sources.now())?;
    let job = bulk::start(&ctx, visitor.org_id(), visitor.actor(), config_id, request).await?;
    Ok(Redirect::to(&format!("/console/webhooks/{config_id}/replays/{}", job.replay_id)))
}

/// `GET /console/webhooks/{config_id}/replays/{replay_id}`
pub(crate) async fn progress(
    State(ctx): State<Arc<Context>>,
    OnWebhook(visitor, config): OnWebhook<Visitor>,
    Shown(ReplayPath(replay_id)): Shown<ReplayPath>,
) -> Result<Html<String>, PageError> {
    let job = bulk::progress(&ctx, &config.org_id, config.config_id, replay_id).await?;
    let base = format!("/console/webhooks/{}", config.config_id);
    let is_open = job.status == ReplayStatus::InProgress || job.results.in_progress > 0;
    let live = is_open.then(|| format!("{base}/replays/{}", job.replay_id));
    let content = html! {
        (webhook_actions::crumbs(&config))
        div.narrow.card #replay data-live=[live] data-part="#replay" {
            div { h1 { "Replay " (state(&job)) } p.muted { "Requested " (parts::moment(job.created_at, ctx.sources.now())) } }
            dl.facts.wide {
                div { dt { "Events found" } dd.number { (job.found) } }
                div { dt { "Sent again" } dd.number { (job.started) } }
                div { dt { "Left out" } dd.number { (job.skipped) } }
            }
            @if job.started > 0 { (results(&job)) }
            (remarks(&job))
            div.actions { a.button.primary href={(base) "#events"} { "To the events" } }
        }
    };
    Ok(page(&visitor, Section::Webhooks, "Replay", content))
}

/// How those that were sent again went.
fn results(job: &Replay) -> Markup {
    let ReplayResults { succeeded, failed, skipped, in_progress } = job.results;
    html! {
        dl.facts.wide {
            div { dt { (parts::badge("succeeded", "Succeeded")) } dd.number { (succeeded) } }
            div { dt { (parts::badge("failed", "Failed")) } dd.number { (failed) } }
            @if skipped > 0 { div { dt { (parts::badge("skipped", "Skipped")) } dd.number { (skipped) } } }
            div { dt { (parts::badge("waiting", "Open")) } dd.number { (in_progress) } }
        }
    }
}

fn state(job: &Replay) -> Markup {
    match job.status {
        ReplayStatus::InProgress => parts::badge("waiting", "In progress"),
        ReplayStatus::Done if job.results.in_progress > 0 => {
            parts::badge("waiting", "All sent, some still open")
        }
        ReplayStatus::Done => parts::badge("succeeded", "Done"),
        ReplayStatus::Failed => parts::badge("failed", "Stopped"),
    }
}

fn remarks(job: &Replay) -> Markup {
    html! {
        @if job.skipped > 0 {
            p.muted { "Events are left out when a replay has delivered them already, while they are being delivered, or when their body is no longer stored." }
        }
        @if job.limit_reached { p.alert.waiting { "There are more: replay again for the rest." } }
        @if let Some(reason) = &job.reason { p.alert.failed { (parts::sentence(&reason.detail)) } }
    }
}
