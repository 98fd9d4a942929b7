//! What the host has recorded is what receivers have seen, and nothing is sent again after it has succeeded.

use std::time::Duration;

use super::{Case, Counts, Violation};
use crate::aws::CUT_OFF;
use crate::doubles::DOUBLE;
use crate::ledger::Hit;
use crate::observe::{SeenAttempt, SeenEvent};
use crate::plan::End;

/// How far the record of an attempt and what its receiver saw may be apart.
const APART: Duration = Duration::from_secs(2);

/// How long after its end an exchange is recorded, if nothing gets in the way: as long as some syncs of a slow disk.
const RECORDED: Duration = Duration::from_secs(10);

/// For how long the host tries to record one, if faults get in the way.
const RECORDING: Duration = Duration::from_secs(600);

/// How long it takes at most until an operator puts a lost event back.
const PUT_BACK: Duration = Duration::from_secs(1800);

/// How long a fault may last before the request that it hides is there.
const HELD_UP: Duration = Duration::from_secs(30);

/// The states whose faults hide the answer of a receiver, the table, a disk that stands still, and an execution that was started twice or
/// cut off.
const HIDING: [&str; 7] = ["Deliver", "UpdateStatus", "RecordMissed", "events", "disk", DOUBLE, CUT_OFF];

pub(super) fn check(case: &Case<'_>, found: &mut Vec<Violation>, counts: &mut Counts) {
    for seen in &case.observed.events {
        counts.missed +=
            seen.attempts.iter().filter(|attempt| attempt.outcome == "failed_platform").count() as u64;
        for attempt in &seen.attempts {
            was_seen(case, seen, attempt, found);
        }
        has_succeeded(case, seen, found);
    }
    for event in &case.scenario.events {
        are_recorded(case, event.number, found, counts);
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
    // Replays are sent by other events, with the id of the first one.
    let replays = case.events_of(seen.number).filter(|other| other.id != seen.id);
    let replayed_at = replays.map(|other| case.at(other.created_at)).min().unwrap_or(Duration::MAX);
    let later = case.hits_of(seen.number).find(|hit| hit.at > *recorded && hit.at + APART < replayed_at);
    if let Some(hit) = later.filter(|_| !seen.is_replay) {
        let detail = format!(
            "({}) was recorded as succeeded at {} s, and was sent again at {} s",
            seen.id,
            recorded.as_secs(),
            hit.at.as_secs()
        );
        found.push(Violation::of_event("sent again after success", seen.number, detail));
    }
}

/// Each request that reached its receiver is in a record of its own, unless the host ended, or a fault hid it.
fn are_recorded(case: &Case<'_>, event: u32, found: &mut Vec<Violation>, counts: &mut Counts) {
    let mut attempts: Vec<_> = case.events_of(event).flat_map(|seen| &seen.attempts).collect();
    for hit in case.hits_of(event) {
        let is_told = |attempt: &&SeenAttempt| attempt.status == hit.status && covers(case, attempt, hit);
        if let Some(place) = attempts.iter().position(is_told) {
            attempts.remove(place);
        } else if is_killed(case, hit) {
            counts.killed += 1;
        } else if is_hidden(case, hit) || is_kept_twice(case, hit) {
            counts.hidden += 1;
        } else {
            let at = hit.at.as_secs();
            let detail = format!("reached its receiver at {at} s ({:?}), which is in no record", hit.status);
            found.push(Violation::of_event("a request that is not recorded", hit.event, detail));
        }
    }
}

/// Whether the host ended before it could record a request, or had ended before it could delete the schedule that made it and starts
/// its execution again.
fn is_killed(case: &Case<'_>, hit: &Hit) -> bool {
    let begun = case.ledger.breaks.iter().filter(|pause| pause.how != End::Stop).filter_map(|pause| pause.to);
    case.is_broken_between(hit.at, hit.ended.unwrap_or(hit.at) + RECORDED)
        || begun.into_iter().any(|begun| (begun..begun + HELD_UP).contains(&hit.at))
}

/// Whether the event was put into the queue of lost events twice, because a fault hid the first answer, and is put back twice.
fn is_kept_twice(case: &Case<'_>, hit: &Hit) -> bool {
    let mut faults = case.faults_of(hit.event).filter(|fault| fault.of == "KeepEvent");
    faults.any(|fault| (fault.at..fault.at + PUT_BACK).contains(&hit.at))
}

/// Whether a fault hid the answer to a request, or put off its record until the host ended.
fn is_hidden(case: &Case<'_>, hit: &Hit) -> bool {
    let (from, to) = (hit.at.saturating_sub(HELD_UP), hit.ended.unwrap_or(hit.at) + RECORDING);
    let mut faults = case.faults_of(hit.event).filter(|fault| HIDING.contains(&&*fault.of));
    faults.any(|fault| (from..=to).contains(&fault.at))
}
