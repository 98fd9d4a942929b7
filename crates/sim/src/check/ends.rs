//! Every accepted event is there, has ended, in time, and for a reason that somebody gave.

use std::time::Duration;

use super::{Case, Violation};
use crate::observe::SeenEvent;
use crate::plan::{Event, Limit, Mode, Webhook};

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
        }
    }
}

/// What was accepted is there, under the id that the producer knows, and once for each key.
fn is_there(case: &Case<'_>, event: &Event, found: &mut Vec<Violation>) {
    let Some(produced) = case.ledger.produced.get(&event.number) else { return };
    let originals: Vec<_> = case.events_of(event.number).filter(|seen| !seen.is_replay).collect();
    if let Some((id, _)) = &produced.accepted
        // The bus does not tell the id.
        && !originals.iter().any(|seen| seen.id == *id || id.is_empty())
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
    let (from, to) = (case.at(seen.created_at), case.at(seen.updated_at));
    let took = to.saturating_sub(from);
    let bound =
        by_schedule(webhook, event, seen) + held_up(case, webhook) + put_off(case, webhook, (from, to));
    if took > bound {
        let detail = format!("took {} s, and {} s is the most", took.as_secs(), bound.as_secs());
        found.push(Violation::of_event("late", event.number, detail));
    }
}

/// What an event takes at most by itself.
fn by_schedule(webhook: &Webhook, event: &Event, seen: &SeenEvent) -> Duration {
    let schedule: u64 = webhook.schedule.iter().map(|pause| u64::from(*pause)).sum();
    let attempts = webhook.schedule.len() as u32 + 1;
    let delay = match event.mode {
        Mode::Delayed(seconds) if !seen.is_replay => u64::from(seconds),
        _ => 0,
    };
    // Jitter adds a tenth to a pause, and a receiver at most ten minutes. Behind an open circuit, an event waits for as long as its
    // schedule at most, and then takes what is left of it.
    let waits = Duration::from_secs(schedule * 22 / 10 + delay + 600 * u64::from(attempts));
    waits + (Duration::from_secs(webhook.timeout.into()) + AROUND) * attempts + PUT_OFF
}

/// How long the others of its webhook hold up an event at most.
fn held_up(case: &Case<'_>, webhook: &Webhook) -> Duration {
    let others = case
        .observed
        .events
        .iter()
        .filter(|seen| case.webhook_of(seen.number).is_some_and(|other| other.number == webhook.number));
    let (count, attempts) = (others.count() as u32, webhook.schedule.len() as u32 + 1);
    let schedule: u64 = webhook.schedule.iter().map(|pause| u64::from(*pause)).sum();
    let attempt = Duration::from_secs(webhook.timeout.into()) + AROUND;
    match webhook.limit {
        Limit::None => Duration::ZERO,
        Limit::InFlight(_) => attempt * attempts * count,
        Limit::PerMinute(_) => (attempt + Duration::from_secs(60)) * attempts * count,
        // Each waits for the whole schedule of all those before it.
        Limit::Ordered { blocks: false } => {
            (Duration::from_secs(schedule * 22 / 10 + 600 * u64::from(attempts)) + attempt * attempts) * count
        }
        // Until a person comes.
        Limit::Ordered { blocks: true } => Duration::from_secs(case.scenario.days * 86_400),
    }
}

/// How long faults and ends of the host put off an event at most: those that met it, or others of its webhook if these hold it up.
fn put_off(case: &Case<'_>, webhook: &Webhook, (from, to): (Duration, Duration)) -> Duration {
    let is_of_webhook = |event: u32| case.webhook_of(event).is_some_and(|of| of.number == webhook.number);
    let faults = case.ledger.faults.iter().filter(|fault| (from..=to).contains(&fault.at));
    let faults = faults.filter(|fault| fault.event.is_none_or(is_of_webhook)).count();
    let breaks: Vec<_> =
        case.ledger.breaks.iter().filter(|pause| (from..=to).contains(&pause.from)).collect();
    let down: Duration = breaks.iter().map(|pause| pause.to.unwrap_or(pause.from) - pause.from).sum();
    PUT_OFF * (faults + breaks.len()) as u32 + down
}

fn is_numbered(seen: &SeenEvent, found: &mut Vec<Violation>) {
    let numbers: Vec<u64> = seen.attempts.iter().map(|attempt| attempt.number).collect();
    let expected: Vec<u64> = (1..=numbers.len() as u64).collect();
    if numbers != expected || seen.attempt_count != numbers.len() as u64 {
        let detail = format!("has the attempts {numbers:?}, and counts {}", seen.attempt_count);
        found.push(Violation::of_event("attempts have gaps", seen.number, detail));
    }
}
