//! Every accepted event is there, has ended, in time, and for a reason that somebody gave.

use std::time::Duration;

use super::{Case, Violation};
use crate::observe::SeenEvent;
use crate::plan::{Event, Limit, Mode};

/// What an attempt may take in addition to its time-out: steps before and after it, and places.
const AROUND: Duration = Duration::from_secs(120);

/// By how much one fault or one end of the host puts off an event: until it is overdue, and found.
const PUT_OFF: Duration = Duration::from_secs(40 * 60);

pub(super) fn check(case: &Case<'_>, found: &mut Vec<Violation>) {
    for event in &case.scenario.events {
        is_there(case, event, found);
        for seen in case.events_of(event.number) {
            has_ended(case, event, seen, found);
            is_numbered(seen, found);
            has_a_reason(case, event, seen, found);
        }
    }
}

/// What was accepted is there, under the id that the producer knows, and once for each key.
fn is_there(case: &Case<'_>, event: &Event, found: &mut Vec<Violation>) {
    let Some(produced) = case.ledger.produced.get(&event.number) else { return };
    let originals: Vec<_> = case.events_of(event.number).filter(|seen| !seen.is_replay).collect();
    if let Some((id, _)) = &produced.accepted
        && !originals.iter().any(|seen| seen.id == *id)
    {
        let detail = format!("was accepted as {id}, and is not there");
        found.push(Violation::of_event("lost", event.number, detail));
    }
    // A sync event that a fault of ours has ended may be made anew with its key.
    if event.keyed && originals.len() > 1 && event.mode != Mode::Sync {
        let detail = format!("has {} records for one key", originals.len());
        found.push(Violation::of_event("two events of one key", event.number, detail));
    }
    if !case.ledger.produced.contains_key(&event.number) && !originals.is_empty() {
        found.push(Violation::of_event("nobody sent it", event.number, "is there"));
    }
}

fn has_ended(case: &Case<'_>, event: &Event, seen: &SeenEvent, found: &mut Vec<Violation>) {
    if !matches!(seen.status.as_str(), "succeeded" | "failed" | "skipped" | "recovered") {
        let detail = format!("({}) is {} in the end", seen.id, seen.status);
        found.push(Violation::of_event("stuck", event.number, detail));
        return;
    }
    let Some(webhook) = case.webhook_of(event.number) else { return };
    // How long others hold up an event is theirs.
    if webhook.limit != Limit::None {
        return;
    }
    let schedule: u64 = webhook.schedule.iter().map(|pause| u64::from(*pause)).sum();
    let attempts = webhook.schedule.len() as u32 + 1;
    let delay = match event.mode {
        Mode::Delayed(seconds) if !seen.is_replay => u64::from(seconds),
        _ => 0,
    };
    // Jitter adds a tenth to a pause, and a receiver at most ten minutes. Behind an open circuit, an event waits for as long as its
    // schedule at most, and then takes what is left of it.
    let waits = Duration::from_secs(schedule * 22 / 10 + delay + 600 * u64::from(attempts));
    let faults = case.ledger.faults.len() + case.ledger.breaks.len() + case.ledger.jumps.len();
    let down: Duration =
        case.ledger.breaks.iter().map(|pause| pause.to.unwrap_or(pause.from) - pause.from).sum();
    let work = (Duration::from_secs(webhook.timeout.into()) + AROUND) * attempts;
    let bound = waits + work + PUT_OFF * faults as u32 + down + PUT_OFF;
    let took = case.at(seen.updated_at).saturating_sub(case.at(seen.created_at));
    if took > bound {
        let detail = format!("took {} s, and {} s is the most", took.as_secs(), bound.as_secs());
        found.push(Violation::of_event("late", event.number, detail));
    }
}

fn is_numbered(seen: &SeenEvent, found: &mut Vec<Violation>) {
    let numbers: Vec<u64> = seen.attempts.iter().map(|attempt| attempt.number).collect();
    let expected: Vec<u64> = (1..=numbers.len() as u64).collect();
    if numbers != expected || seen.attempt_count != numbers.len() as u64 {
        let detail = format!("has the attempts {numbers:?}, and counts {}", seen.attempt_count);
        found.push(Violation::of_event("attempts have gaps", seen.number, detail));
    }
}

/// An event fails because its schedule is over, its receiver does not want it, or somebody ended it.
fn has_a_reason(case: &Case<'_>, event: &Event, seen: &SeenEvent, found: &mut Vec<Violation>) {
    let Some(webhook) = case.webhook_of(event.number) else { return };
    let reason = seen.reason.as_deref().unwrap_or_default();
    let on_webhook = |actions: &[&str]| case.has_operated(actions, webhook.number);
    // A receiver that is gone disables its webhook, and so does one that takes nothing for days.
    let is_given_up =
        || case.ledger.hits.iter().any(|hit| hit.webhook == webhook.number && hit.status == Some(410));
    let is_explained = match reason {
        "cancelled" => {
            on_webhook(&[])
                || case.has_operated(&["cancel"], event.number)
                || webhook.limit == Limit::Ordered { blocks: true }
        }
        "webhook_disabled" => {
            on_webhook(&["disable"])
                || is_given_up()
                || case.complaints.iter().any(|line| line.contains("disabled"))
        }
        "webhook_deleted" => on_webhook(&["delete"]),
        "platform" => case.is_faulted(event.number) || !case.ledger.breaks.is_empty(),
        _ => true,
    };
    if !is_explained {
        let detail = format!("({}) is {} because of {reason}, which nobody caused", seen.id, seen.status);
        found.push(Violation::of_event("no reason", event.number, detail));
    }
    if seen.status == "failed" && seen.attempts.is_empty() && (reason.is_empty() || is_of_receiver(reason)) {
        let detail = format!("({}) has failed ({reason}) without an attempt", seen.id);
        found.push(Violation::of_event("never offered", event.number, detail));
    }
    let Some(last) = seen.attempts.last() else { return };
    let may_pass = match last.outcome.as_str() {
        "failed_unreachable" | "failed_timeout" | "failed_platform" => true,
        "failed_http" => matches!(last.status, Some(408 | 425 | 429 | 500..=599)),
        _ => false,
    };
    // An event for whose answer the producer waits is not sent on the schedule.
    let is_early = seen.attempts.len() <= webhook.schedule.len() && event.mode != Mode::Sync;
    if seen.status == "failed" && may_pass && is_early && is_of_receiver(reason) {
        let detail = format!("({}) has failed after {} attempts ({reason})", seen.id, seen.attempts.len());
        found.push(Violation::of_event("gave up early", event.number, detail));
    }
}

/// Whether a reason tells what a receiver did, and not what we or our users did.
fn is_of_receiver(reason: &str) -> bool {
    !matches!(
        reason,
        "cancelled" | "webhook_disabled" | "webhook_deleted" | "circuit_open" | "platform" | "org_suspended"
    )
}
