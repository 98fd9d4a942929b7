//! Every request is one that somebody asked for: its event, its receiver, its webhook as it is by now, and its signature.

use std::time::Duration;

use super::{Case, Violation};
use crate::ledger::{Hit, Operated};

/// How long a request may still be made by a webhook as it was: its keys are looked up when the attempt begins, in what was read up
/// to a minute before.
const OUTDATED: Duration = Duration::from_secs(90);

pub(super) fn check(case: &Case<'_>, found: &mut Vec<Violation>) {
    for hit in &case.ledger.hits {
        is_of_an_event(case, hit, found);
        is_by_rules(case, hit, found);
        is_wanted(case, hit, found);
        is_edited(case, hit, found);
    }
    for operated in &case.ledger.operated {
        stays_cancelled(case, operated, found);
    }
}

/// A request carries the id, and goes to the receiver, of the event whose body it has.
fn is_of_an_event(case: &Case<'_>, hit: &Hit, found: &mut Vec<Violation>) {
    if case.webhook_of(hit.event).is_none_or(|webhook| webhook.number != hit.webhook) {
        let detail = format!("came to the receiver of webhook {} at {} s", hit.webhook, hit.at.as_secs());
        found.push(Violation::of_event("a request to another receiver", hit.event, detail));
    }
    if !case.events_of(hit.event).any(|seen| seen.id == hit.id) {
        let detail = format!("came with the id {} at {} s, which is none of its", hit.id, hit.at.as_secs());
        found.push(Violation::of_event("a request of another event", hit.event, detail));
    }
    if !hit.is_genuine {
        let detail = format!("came without a signature of its webhook at {} s", hit.at.as_secs());
        found.push(Violation::of_event("a request that anybody could have sent", hit.event, detail));
    }
}

/// A request has the body that its webhook's transform makes, and none has an event that the filter rejects.
fn is_by_rules(case: &Case<'_>, hit: &Hit, found: &mut Vec<Violation>) {
    let Some(webhook) = case.webhook_of(hit.event) else { return };
    if webhook.rules != hit.is_made {
        let detail =
            format!("came at {} s with a body that no transform has made, or one has", hit.at.as_secs());
        found.push(Violation::of_event("a request with another body", hit.event, detail));
    }
    if webhook.rejects(hit.event) {
        let detail = format!("came at {} s, and its webhook's filter rejects it", hit.at.as_secs());
        found.push(Violation::of_event("a request that the filter rejects", hit.event, detail));
    }
}

/// Nothing is sent for a webhook that was disabled or deleted.
fn is_wanted(case: &Case<'_>, hit: &Hit, found: &mut Vec<Violation>) {
    let ends = case.done(&["disable", "delete"], hit.webhook);
    let Some((end, ended_at)) = ends.filter(|(_, at)| *at + OUTDATED < hit.at).max_by_key(|(_, at)| *at)
    else {
        return;
    };
    let begins =
        case.ledger.operated.iter().filter(|other| other.action == "enable" && other.of == hit.webhook);
    if !begins.into_iter().any(|other| other.at >= end.at && other.at <= hit.at) {
        let detail = format!(
            "came at {} s, after webhook {} had ended at {} s ({})",
            hit.at.as_secs(),
            hit.webhook,
            ended_at.as_secs(),
            end.action
        );
        found.push(Violation::of_event("a request that nobody wants", hit.event, detail));
    }
}

/// A request is made by the latest revision of its webhook.
fn is_edited(case: &Case<'_>, hit: &Hit, found: &mut Vec<Violation>) {
    let edits = case.done(&["edit"], hit.webhook).filter(|(_, at)| *at + OUTDATED < hit.at);
    let Some(edit) = edits.map(|(edit, _)| edit.at.as_secs()).max() else { return };
    if hit.edited.is_none_or(|edited| edited < edit) {
        let detail = format!(
            "came at {} s with what was edited at {:?} s, and not at {edit} s",
            hit.at.as_secs(),
            hit.edited
        );
        found.push(Violation::of_event("a request by an old revision", hit.event, detail));
    }
}

/// An event that was cancelled has failed, and is not sent any more.
fn stays_cancelled(case: &Case<'_>, operated: &Operated, found: &mut Vec<Violation>) {
    let Some(at) = operated.done_at().filter(|_| operated.action == "cancel") else { return };
    let number = operated.of;
    let original = case.events_of(number).find(|seen| !seen.is_replay);
    if let Some(seen) = original.filter(|seen| !matches!(seen.status.as_str(), "failed" | "recovered")) {
        let detail = format!("was cancelled at {} s, and is {}", at.as_secs(), seen.status);
        found.push(Violation::of_event("a cancellation without an effect", number, detail));
    }
    // Replays are sent by other events, with the id of this one.
    let is_replayed = case.events_of(number).any(|seen| seen.is_replay);
    let later = case.hits_of(number).find(|hit| hit.at > at + OUTDATED);
    if let Some(hit) = later.filter(|_| !is_replayed) {
        let detail = format!("was cancelled at {} s, and sent at {} s", at.as_secs(), hit.at.as_secs());
        found.push(Violation::of_event("a cancellation without an effect", number, detail));
    }
}
