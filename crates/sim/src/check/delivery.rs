//! What the host has recorded is what receivers have seen, and nothing is sent again after it has succeeded.

use std::time::Duration;

use super::{Case, Counts, Violation};
use crate::ledger::Hit;
use crate::observe::{SeenAttempt, SeenEvent};

/// How far the record of an attempt and what its receiver saw may be apart.
const APART: Duration = Duration::from_secs(2);

/// For how long after a request the host still tries to record it.
const RECORDING: Duration = Duration::from_secs(600);

pub(super) fn check(case: &Case<'_>, found: &mut Vec<Violation>, counts: &mut Counts) {
    for seen in &case.observed.events {
        counts.missed +=
            seen.attempts.iter().filter(|attempt| attempt.outcome == "failed_platform").count() as u64;
        for attempt in &seen.attempts {
            was_seen(case, seen, attempt, found);
        }
        has_succeeded(case, seen, found);
    }
    for hit in &case.ledger.hits {
        is_recorded(case, hit, found, counts);
    }
}

fn covers(case: &Case<'_>, attempt: &SeenAttempt, hit: &Hit) -> bool {
    let (from, to) = (case.at(attempt.at), case.at(attempt.at + attempt.took));
    hit.at + APART >= from && hit.at <= to + APART
}

/// An answer that was recorded is one that a receiver gave.
fn was_seen(case: &Case<'_>, seen: &SeenEvent, attempt: &SeenAttempt, found: &mut Vec<Violation>) {
    if !matches!(attempt.outcome.as_str(), "succeeded" | "failed_http") {
        return;
    }
    let mut hits = case.hits_of(seen.number);
    if !hits.any(|hit| hit.status == attempt.status && covers(case, attempt, hit)) {
        let detail = format!(
            "({}) has attempt {} with the answer {:?}, which no receiver gave",
            seen.id, attempt.number, attempt.status
        );
        found.push(Violation::of_event("an attempt that was not made", seen.number, detail));
    }
}

/// What is said to have succeeded was taken, and what was taken is not sent again.
fn has_succeeded(case: &Case<'_>, seen: &SeenEvent, found: &mut Vec<Violation>) {
    let was_taken =
        case.hits_of(seen.number).any(|hit| hit.status.is_some_and(|status| (200..300).contains(&status)));
    if seen.status == "succeeded" && !was_taken {
        let detail = format!("({}) is said to have succeeded, and nobody took it", seen.id);
        found.push(Violation::of_event("a success that was none", seen.number, detail));
    }
    let Some(recorded) = case.ledger.succeeded.get(&seen.id) else { return };
    if seen.status != "succeeded" {
        let detail = format!("({}) was recorded as succeeded, and is {} now", seen.id, seen.status);
        found.push(Violation::of_event("a success that was lost", seen.number, detail));
    }
    // Its replays are sent by other events, which are looked at by themselves.
    if case.events_of(seen.number).count() > 1 {
        return;
    }
    if let Some(hit) = case.hits_of(seen.number).find(|hit| hit.at > *recorded) {
        let detail = format!(
            "({}) was recorded as succeeded at {} s, and was sent again at {} s",
            seen.id,
            recorded.as_secs(),
            hit.at.as_secs()
        );
        found.push(Violation::of_event("sent again after success", seen.number, detail));
    }
}

/// A request that reached its receiver is in a record, unless the host ended, or a fault hid it.
fn is_recorded(case: &Case<'_>, hit: &Hit, found: &mut Vec<Violation>, counts: &mut Counts) {
    let mut attempts = case.events_of(hit.event).flat_map(|seen| &seen.attempts);
    let is_told = |attempt: &SeenAttempt| {
        let is_same = attempt.outcome == "failed_platform" || attempt.status == hit.status;
        is_same && covers(case, attempt, hit)
    };
    if attempts.any(is_told) {
        return;
    }
    let end = hit.ended.unwrap_or(hit.at);
    let faults = case.ledger.faults.iter().filter(|fault| fault.event.is_none_or(|of| of == hit.event));
    let is_hidden =
        faults.into_iter().any(|fault| fault.at + RECORDING >= hit.at && fault.at <= end + RECORDING);
    if is_hidden || case.is_broken_between(hit.at, end + RECORDING) {
        counts.unrecorded += 1;
        return;
    }
    let detail =
        format!("reached its receiver at {} s ({:?}), which is in no record", hit.at.as_secs(), hit.status);
    found.push(Violation::of_event("a request that is not recorded", hit.event, detail));
}
