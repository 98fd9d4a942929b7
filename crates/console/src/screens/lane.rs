//! What waits in the lane of a webhook, and the limits for which it waits.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Html;
use hookstep_api_types::{LaneStatus, LearnedLimits};
use hookstep_contract::{
    Circuit, ConfigFields, ConfigId, Delivery, EventId, MaxInFlight, OnFailure, Ordering, RateLimit,
    WebhookConfig,
};
use hookstep_http_edge::Problem;
use hookstep_management::Context;
use hookstep_management::webhooks::lane;
use maud::{Markup, html};

use crate::error::PageError;
use crate::extract::OnWebhook;
use crate::parts;
use crate::session::Visitor;

const SECONDS_BETWEEN_LOOKS: u32 = 10;

/// What the events in a lane wait for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum WaitsFor {
    /// A limit, or a receiver that has only just begun to take events again.
    Turn,
    /// A receiver that takes none. Nobody knows how long that takes.
    Receiver,
}

/// `GET /console/webhooks/{config_id}/lane`: a part of the page of the webhook.
pub(crate) async fn fragment(
    State(ctx): State<Arc<Context>>,
    OnWebhook(_, config): OnWebhook<Visitor>,
) -> Result<Html<String>, PageError> {
    Ok(Html(section(&ctx, &config).await?.into_string()))
}

/// What waits in the lane. It renews itself, also where nothing waits: the receiver may take no events by and by.
pub(super) async fn section(ctx: &Context, config: &WebhookConfig) -> Result<Markup, Problem> {
    let status = lane::status(ctx, config).await?;
    let waits_for = match config.circuit(ctx.sources.now()) {
        Some(Circuit::Open { .. }) => WaitsFor::Receiver,
        Some(Circuit::Ramping { .. }) | None => WaitsFor::Turn,
    };
    let live = format!("/console/webhooks/{}/lane", config.config_id);
    Ok(html! {
        div #lane data-live=(live) data-every=(SECONDS_BETWEEN_LOOKS) { @if let Some(status) = status { (blocking(&status.blocking, config.config_id)) (waiting(&status, waits_for)) } }
    })
}

/// The events that block those behind them, for a person to decide.
fn blocking(events: &[EventId], config_id: ConfigId) -> Markup {
    html! {
        @if !events.is_empty() {
            div.alert.failed role="status" {
                strong { "Events wait behind " @if events.len() == 1 { "one" } @else { "some" } " that failed. " }
                @if events.len() == 1 { "Cancel it to go on without it, or replay it: " }
                @else { "Cancel each to go on without it, or replay it: " }
                @for (index, event_id) in events.iter().enumerate() {
                    @if index > 0 { ", " }
                    a href={"/console/webhooks/" (config_id) "/events/" (event_id)} { (event_id) }
                }
                "."
            }
        }
    }
}

fn waiting(status: &LaneStatus, waits_for: WaitsFor) -> Markup {
    let LaneStatus { waiting, complete, oldest_since, expected_seconds, learned, blocking: _ } = *status;
    let expected_seconds = expected_seconds.filter(|_| waits_for == WaitsFor::Turn);
    let wait = match (waits_for, waiting) {
        (WaitsFor::Turn, 1) => " event waits for its turn",
        (WaitsFor::Turn, _) => " events wait for their turn",
        (WaitsFor::Receiver, 1) => " event waits for the receiver",
        (WaitsFor::Receiver, _) => " events wait for the receiver",
    };
    html! {
        @if waiting > 0 {
            div.alert.waiting role="status" {
                @if !complete { "More than " }
                (waiting) (wait)
                @if let Some(since) = oldest_since {
                    @if waiting > 1 { ", the first of them" } " since " (parts::clock(since))
                }
                "."
                @if let Some(seconds) = expected_seconds {
                    @if complete { " Until all have been sent, it takes about " } @else { " Until these have been sent, it takes about " }
                    (roughly(seconds)) "."
                }
            }
        }
        @if let Some(LearnedLimits { attempts_per_minute, max_in_flight }) = learned {
            p.hint {
                "The receiver takes about " (rate(attempts_per_minute)) ", as far as is known, and gets at most "
                (max_in_flight) @if max_in_flight == 1 { " attempt" } @else { " attempts" } " at once."
            }
        }
    }
}

/// A time for which two digits are enough.
pub(super) fn roughly(seconds: u64) -> String {
    const MINUTE: u64 = 60;
    const HOUR: u64 = 60 * MINUTE;
    const DAY: u64 = 24 * HOUR;
    let rounded = |unit: u64| (seconds + unit / 2) / unit;
    match seconds {
        0..=1 => "a second".to_owned(),
        2..100 => format!("{seconds} s"),
        100..5400 => format!("{} min", rounded(MINUTE)),
        5400..129_600 => format!("{} h", rounded(HOUR)),
        _ => format!("{} d", rounded(DAY)),
    }
}

/// A rate for which two digits are enough.
fn rate(per_minute: u32) -> String {
    match per_minute {
        1 => "one attempt a minute".to_owned(),
        2..120 => format!("{per_minute} attempts a minute"),
        _ => format!("{} attempts a second", (per_minute + 30) / 60),
    }
}

/// The limits of a webhook in plain words.
pub(super) fn limits(fields: &ConfigFields) -> Vec<String> {
    let places = fields.max_in_flight.map(|most| match most {
        MaxInFlight::Auto => "As much as the receiver takes, learned from its answers".to_owned(),
        MaxInFlight::Number(1) => "One attempt at once".to_owned(),
        MaxInFlight::Number(most) => format!("{most} attempts at once"),
    });
    let rate = fields.rate_limit.map(|RateLimit { events, per, burst }| {
        let plural = if events == 1 { "" } else { "s" };
        let burst = if burst > 1 { format!(", up to {burst} at once after a pause") } else { String::new() };
        format!("{events} attempt{plural} a {}{burst}", per.as_str())
    });
    places.into_iter().chain(rate).chain(fields.ordering.as_ref().map(order)).collect()
}

fn order(Ordering { key, on_failure }: &Ordering) -> String {
    let by_key = key.as_ref().map(|key| format!(" for each key: {key}")).unwrap_or_default();
    let rest = match on_failure {
        OnFailure::Continue => "",
        OnFailure::Block => "; those behind one that has failed wait",
    };
    format!("One event after the other{by_key}{rest}")
}

/// How attempts are made, unless that is left to Hookstep and nothing special.
pub(super) fn delivery(config: &WebhookConfig) -> Option<Markup> {
    Some(match (config.fields.delivery, config.slow_since) {
        (Some(Delivery::Direct), _) => html! { "directly" },
        (Some(Delivery::Queued), _) => html! { "from a queue" },
        (None, Some(since)) => {
            html! { "from a queue: the receiver is slow since " (parts::clock(since)) }
        }
        (None, None) => return None,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn what_waits_is_told_in_plain_words() {
        let at = "2026-01-02T03:04:05Z";
        let told_of = |waits_for: WaitsFor, waiting: u64, complete: bool, since: Value, seconds: Value| {
            let status = json!({
                "waiting": waiting, "complete": complete, "oldest_since": since, "expected_seconds": seconds,
                "blocking": [],
            });
            waiting_text(&serde_json::from_value(status).unwrap(), waits_for)
        };
        let told =
            |waiting, complete, since, seconds| told_of(WaitsFor::Turn, waiting, complete, since, seconds);
        let learned = |rate: u32, places: u32| {
            let status = json!({
                "waiting": 0, "complete": true, "oldest_since": null, "expected_seconds": 0, "blocking": [],
                "learned": {"attempts_per_minute": rate, "max_in_flight": places},
            });
            waiting_text(&serde_json::from_value(status).unwrap(), WaitsFor::Turn)
        };
        let held = |waiting, since| told_of(WaitsFor::Receiver, waiting, true, since, json!(300));
        for (told, text) in [
            (told(0, true, Value::Null, json!(0)), ""),
            (told(1, true, json!(at), Value::Null), "1 event waits for its turn since 2 Jan 03:04:05 UTC."),
            (
                told(20, true, json!(at), json!(300)),
                "20 events wait for their turn, the first of them since 2 Jan 03:04:05 UTC. Until all have been sent, it takes \
                 about 5 min.",
            ),
            (
                told(10_000, false, Value::Null, json!(1)),
                "More than 10000 events wait for their turn. Until these have been sent, it takes about a second.",
            ),
            (
                learned(600, 12),
                "The receiver takes about 10 attempts a second, as far as is known, and gets at most 12 attempts at once.",
            ),
            (
                learned(119, 1),
                "The receiver takes about 119 attempts a minute, as far as is known, and gets at most 1 attempt at once.",
            ),
            (held(1, json!(at)), "1 event waits for the receiver since 2 Jan 03:04:05 UTC."),
            (
                held(20, json!(at)),
                "20 events wait for the receiver, the first of them since 2 Jan 03:04:05 UTC.",
            ),
        ] {
            assert_eq!(told, text);
        }
    }

    /// Without the tags.
    fn waiting_text(status: &LaneStatus, waits_for: WaitsFor) -> String {
        let html = waiting(status, waits_for).into_string();
        html.split('<').map(|part| part.split_once('>').map_or(part, |(_, text)| text)).collect()
    }

    #[test]
    fn a_time_is_rounded() {
        for (seconds, text) in [
            (0, "a second"),
            (99, "99 s"),
            (100, "2 min"),
            (5399, "90 min"),
            (5400, "2 h"),
            (129_599, "36 h"),
            (129_600, "2 d"),
        ] {
            assert_eq!(roughly(seconds), text);
        }
    }

    #[test]
    fn limits_are_told_in_plain_words() {
        for (changes, words) in [
            (json!({}), vec![]),
            (json!({"max_in_flight": 1}), vec!["One attempt at once"]),
            (
                json!({"max_in_flight": "auto"}),
                vec!["As much as the receiver takes, learned from its answers"],
            ),
            (
                json!({"max_in_flight": 8, "rate_limit": {"events": 50}}),
                vec!["8 attempts at once", "50 attempts a second"],
            ),
            (
                json!({"rate_limit": {"events": 1, "per": "minute", "burst": 5}}),
                vec!["1 attempt a minute, up to 5 at once after a pause"],
            ),
        ] {
            let mut fields = json!({"name": "n", "url": "https://example.com/"});
            fields.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
            assert_eq!(limits(&serde_json::from_value(fields).unwrap()), words, "{changes}");
        }
    }
}
