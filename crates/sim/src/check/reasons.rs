//! An event fails because its schedule is over, its receiver does not want it, or somebody ended it.

use super::{Case, Violation};
use crate::observe::SeenEvent;
use crate::plan::{Event, Limit, Mode, Webhook};

/// The reasons that the receivers of a simulation give.
const OF_RECEIVERS: [&str; 6] =
    ["http_status", "answer_timeout", "reset", "connection_refused", "connect_timeout", "unreachable"];

pub(super) fn check(case: &Case<'_>, found: &mut Vec<Violation>) {
    for event in &case.scenario.events {
        let Some(webhook) = case.webhook_of(event.number) else { continue };
        for seen in case.events_of(event.number) {
            is_explained(case, (event, webhook), seen, found);
            is_offered(event, webhook, seen, found);
        }
    }
}

fn is_explained(
    case: &Case<'_>,
    (event, webhook): (&Event, &Webhook),
    seen: &SeenEvent,
    found: &mut Vec<Violation>,
) {
    let Some(reason) = seen.reason.as_deref() else { return };
    let on_webhook = |actions: &[&str]| case.has_operated(actions, webhook.number);
    // A receiver that is gone disables its webhook, and so does one that takes nothing for days.
    let is_given_up = || {
        let mut hits = case.ledger.hits.iter().filter(|hit| hit.webhook == webhook.number);
        hits.any(|hit| hit.status == Some(410))
            || case.complaints.iter().any(|line| line.contains("disabled"))
    };
    let is_explained = match reason {
        // Whoever looks after a blocked order cancels what blocks it.
        "cancelled" => {
            case.has_operated(&["cancel"], event.number) || webhook.limit == Limit::Ordered { blocks: true }
        }
        "webhook_disabled" => on_webhook(&["disable"]) || is_given_up(),
        "filter_missed" => webhook.rejects(event.number),
        "webhook_deleted" => on_webhook(&["delete"]),
        "platform" => case.is_disturbed(event.number, (seen.created_at, seen.updated_at)),
        "circuit_open" => is_refused(case, webhook, seen),
        _ => OF_RECEIVERS.contains(&reason),
    };
    if !is_explained {
        let detail = format!("({}) is {} because of {reason}, which nobody caused", seen.id, seen.status);
        found.push(Violation::of_event("no reason", event.number, detail));
    }
}

/// Whether the receiver of a webhook has refused something since it last took something, before an event was given up.
fn is_refused(case: &Case<'_>, webhook: &Webhook, seen: &SeenEvent) -> bool {
    let given_up_at = case.at(seen.updated_at);
    let hits = case.ledger.hits.iter().filter(|hit| hit.webhook == webhook.number && hit.at < given_up_at);
    let taken = hits.filter(|hit| hit.status.is_some_and(|status| status < 300));
    let Some(taken_at) = taken.map(|hit| hit.at).max() else { return true };
    let is_since = |attempt: &crate::observe::SeenAttempt| {
        attempt.outcome != "succeeded" && (taken_at..given_up_at).contains(&case.at(attempt.at))
    };
    let of_webhook =
        |other: &&SeenEvent| case.webhook_of(other.number).is_some_and(|of| of.number == webhook.number);
    let mut attempts = case.observed.events.iter().filter(of_webhook).flat_map(|other| &other.attempts);
    attempts.any(is_since) || case.is_disturbed(seen.number, (seen.created_at, seen.updated_at))
}

fn is_offered(event: &Event, webhook: &Webhook, seen: &SeenEvent, found: &mut Vec<Violation>) {
    let reason = seen.reason.as_deref().unwrap_or_default();
    let is_of_receiver = reason.is_empty() || OF_RECEIVERS.contains(&reason);
    if seen.status != "failed" || !is_of_receiver {
        return;
    }
    let Some(last) = seen.attempts.last() else {
        let detail = format!("({}) has failed ({reason}) without an attempt", seen.id);
        found.push(Violation::of_event("never offered", event.number, detail));
        return;
    };
    let may_pass = match last.outcome.as_str() {
        "failed_unreachable" | "failed_timeout" | "failed_platform" => true,
        "failed_http" => matches!(last.status, Some(408 | 425 | 429 | 500..=599)),
        _ => false,
    };
    // An event for whose answer the producer waits is not sent on the schedule.
    let is_early = seen.attempts.len() <= webhook.schedule.len() && event.mode != Mode::Sync;
    if may_pass && is_early {
        let detail = format!("({}) has failed after {} attempts ({reason})", seen.id, seen.attempts.len());
        found.push(Violation::of_event("gave up early", event.number, detail));
    }
}
