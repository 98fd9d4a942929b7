//! How the receiver of a webhook does, and what becomes of the events that it does not take.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::response::Html;
use hookstep_api_types::Health as Word;
use hookstep_contract::{Circuit, Health, HealthState, Timestamp, WebhookConfig};
use hookstep_management::Context;
use maud::{Markup, html};

use super::lane::roughly;
use crate::extract::OnWebhook;
use crate::parts;
use crate::session::Visitor;

const SECONDS_BETWEEN_LOOKS: u32 = 10;

/// For how long at most it is told that a receiver takes events again: without traffic, nothing else ends it.
const RECOVERED_FOR: Duration = Duration::from_secs(3600);

/// `GET /console/webhooks/{config_id}/receiver`: two parts of the page of the webhook.
pub(crate) async fn fragment(
    State(ctx): State<Arc<Context>>,
    OnWebhook(visitor, config): OnWebhook<Visitor>,
) -> Html<String> {
    let now = ctx.sources.now();
    Html(html! { (live_badge(&config)) (section(&visitor, &config, now)) }.into_string())
}

/// The health of a webhook in a word.
pub(super) fn badge(health: Word) -> Markup {
    let class = match health {
        Word::Failing => "failed",
        Word::Degraded => "waiting",
        Word::Healthy => "succeeded",
        Word::Disabled => "skipped",
    };
    parts::badge(class, word(health))
}

/// How a health is called.
pub(super) fn word(health: Word) -> &'static str {
    match health {
        Word::Failing => "Failing",
        Word::Degraded => "Degraded",
        Word::Healthy => "Healthy",
        Word::Disabled => "Disabled",
    }
}

/// The badge that stands beside the name of the webhook. It renews itself.
pub(super) fn live_badge(config: &WebhookConfig) -> Markup {
    let live = format!("/console/webhooks/{}/receiver", config.config_id);
    html! {
        span #health data-live=(live) data-part="#health" data-every=(SECONDS_BETWEEN_LOOKS) { (badge(config.health_state().into())) }
    }
}

/// What is to be said about the receiver; of a healthy one, nothing. It renews itself.
pub(super) fn section(visitor: &Visitor, config: &WebhookConfig, now: Timestamp) -> Markup {
    let live = format!("/console/webhooks/{}/receiver", config.config_id);
    html! {
        div #receiver data-live=(live) data-part="#receiver" data-every=(SECONDS_BETWEEN_LOOKS) { (notice(config, visitor.can_replay(), now)) }
    }
}

/// Since when the receiver of a webhook that is not enabled may have missed events.
pub(super) fn missed_since(config: &WebhookConfig) -> Timestamp {
    let failing_since = config.health.as_ref().and_then(|health| health.failing_since);
    // Whoever disables a webhook changes it.
    failing_since.unwrap_or(config.updated_at)
}

/// The way to send again what was missed since then, of the events with this status.
pub(super) fn recover_link(config: &WebhookConfig, status: &str, since: Timestamp) -> String {
    let query = parts::query([("status", status), ("since", &since.to_string())]);
    format!("/console/webhooks/{}/recover?{query}", config.config_id)
}

fn notice(config: &WebhookConfig, can_replay: bool, now: Timestamp) -> Markup {
    if let Some(reason) = &config.disabled_reason {
        return html! {
            p.alert.failed role="status" { "This webhook was disabled: " (reason) ". Repair the receiver or change the URL, enable the webhook again, and replay what was missed." }
        };
    }
    let Some(health) = config.health.as_ref().filter(|_| config.fields.enabled) else { return html! {} };
    match (health.state, health.circuit) {
        (HealthState::Failing, circuit) => failing(config, health, circuit, can_replay, now),
        (HealthState::Degraded, _) => degraded(config, health, can_replay, now),
        (HealthState::Healthy, Some(Circuit::Ramping { closed_at, failed_since, .. }))
            if now.since(closed_at) < RECOVERED_FOR =>
        {
            recovered(config, closed_at, failed_since, can_replay, now)
        }
        _ => html! {},
    }
}

fn failing(
    config: &WebhookConfig,
    health: &Health,
    circuit: Option<Circuit>,
    can_replay: bool,
    now: Timestamp,
) -> Markup {
    let base = format!("/console/webhooks/{}", config.config_id);
    let has_limits = config.fields.max_in_flight.is_some() || config.fields.rate_limit.is_some();
    // Whoever waits for so long has outlived the schedule.
    let patience = config.outlived_at(now).since(now);
    html! {
        div.alert.failed role="status" {
            strong { "The receiver takes no events." }
            p { (failures(health)) }
            @if let Some(Circuit::Open { probe_at, probed_at, .. }) = circuit {
                p {
                    "Events are accepted, and wait until it takes them. One at a time is sent to find that out: the next one "
                    @if probed_at.is_some() && now < probe_at { "is being sent" } @else { "is due " (parts::moment(probe_at, now)) }
                    ". An event that waits longer than its retries would have taken, about " (roughly(patience.as_secs())) ", fails."
                }
            }
            @if can_replay {
                p {
                    "Repair the receiver, or " a href={(base) "/edit"} { "edit the URL" } ". "
                    @if has_limits { "As soon as the webhook is saved, the next event is sent." }
                    @else { "Then " a href={(base) "/test"} { "send a test event" } ": if the receiver takes it, those that wait follow." }
                }
            }
        }
    }
}

fn degraded(config: &WebhookConfig, health: &Health, can_replay: bool, now: Timestamp) -> Markup {
    html! {
        div.alert.waiting role="status" {
            strong { "The receiver takes only a part of its events." }
            p { (failures(health)) }
            p {
                @if config.circuit(now).is_some() { (growing()) } @else { "Nothing is held back: " }
                "what fails is retried on its schedule."
            }
            @if can_replay {
                p { "If it is sent too much at once, " a href={"/console/webhooks/" (config.config_id) "/edit"} { "set a limit" } "." }
            }
        }
    }
}

fn recovered(
    config: &WebhookConfig,
    closed_at: Timestamp,
    failed_since: Option<Timestamp>,
    can_replay: bool,
    now: Timestamp,
) -> Markup {
    let recover = recover_link(config, "failed", failed_since.unwrap_or(closed_at));
    html! {
        div.alert.succeeded role="status" {
            strong { "The receiver takes events again, since " (parts::clock(closed_at)) "." }
            @if config.circuit(now).is_some() { p { (growing()) "in a minute, nothing is held back any more." } }
            p {
                "What failed meanwhile is not sent again by itself"
                @if can_replay { ": " a href=(recover) { "replay what failed" } }
                "."
            }
        }
    }
}

fn growing() -> &'static str {
    "What has waited for it is sent by and by, more and more at once: "
}

/// Since when attempts fail, how many have, and why.
fn failures(health: &Health) -> Markup {
    html! {
        @match health.failing_since {
            Some(since) => {
                "Since " (parts::clock(since)) ", "
                @if health.failures == 1 { "one attempt has failed" } @else { (health.failures) " attempts have failed" }
                " and none has succeeded."
            }
            None => { "It has been like this since " (parts::clock(health.since)) "." }
        }
        @if let Some(at) = health.last_success_at { " The last success was " (parts::clock(at)) "." }
        @if let Some(reason) = health.reason { " The last reason: " (reason.meaning()) "." }
    }
}

#[cfg(test)]
mod tests;
