//! Limits hold, and orders are kept.

use std::time::Duration;

use super::{Case, Counts, Violation};
use crate::ledger::{Hit, Produced};
use crate::plan::{Limit, Mode, Webhook};

const MINUTE: Duration = Duration::from_secs(60);

/// How many attempts more than the rate may begin in a minute: one at either end, and one that was held up on its way.
const TOLERANCE: usize = 2;

/// After how long an event is accepted all the same that has no place in its order yet.
const PLACE: Duration = Duration::from_secs(10);

pub(super) fn check(case: &Case<'_>, found: &mut Vec<Violation>, counts: &mut Counts) {
    for (number, hits) in case.hits_by_webhook() {
        let Some(webhook) = case.scenario.webhooks.iter().find(|of| of.number == number) else { continue };
        match webhook.limit {
            Limit::None => {}
            Limit::InFlight(count) => in_flight(webhook, &hits, count, found),
            Limit::PerMinute(count) => per_minute(case, webhook, &hits, count, found),
            Limit::Ordered { .. } => in_order(case, webhook, found, counts),
        }
    }
}

fn in_flight(webhook: &Webhook, hits: &[&Hit], count: u32, found: &mut Vec<Violation>) {
    for hit in hits {
        let at_once =
            hits.iter().filter(|other| other.at <= hit.at && other.ended.is_none_or(|end| end > hit.at));
        let at_once = at_once.count();
        if at_once > count as usize {
            let detail = format!("webhook {} had {at_once} attempts in flight, of {count}", webhook.number);
            found.push(Violation::of_event("too many in flight", hit.event, detail));
            return;
        }
    }
}

fn per_minute(case: &Case<'_>, webhook: &Webhook, hits: &[&Hit], count: u32, found: &mut Vec<Violation>) {
    for hit in hits {
        let end = hit.at + MINUTE;
        let begun = hits.iter().filter(|other| (hit.at..end).contains(&other.at)).count();
        // A host that starts anew does not know when the last one began.
        let starts =
            case.ledger.breaks.iter().filter(|pause| pause.to.is_some_and(|to| (hit.at..end).contains(&to)));
        if begun > count as usize + TOLERANCE + starts.count() {
            let detail = format!("webhook {} had {begun} attempts in a minute, of {count}", webhook.number);
            found.push(Violation::of_event("too many in a minute", hit.event, detail));
            return;
        }
    }
}

/// No event comes after a later one of its order has come, unless a fault held it up for so long that it was accepted without its place.
fn in_order(case: &Case<'_>, webhook: &Webhook, found: &mut Vec<Violation>, counts: &mut Counts) {
    let in_order = case.scenario.events.iter().filter(|event| event.webhook == webhook.number);
    // What is sent later gets its place when it is due, and for a sync event somebody waits only so long.
    let events: Vec<_> = in_order.filter(|event| event.mode == Mode::Async).collect();
    for first in &events {
        let Some(produced) = case.ledger.produced.get(&first.number) else { continue };
        let Some((_, accepted)) = produced.accepted else { continue };
        // Replays are sent out of order.
        if case.events_of(first.number).count() != 1 {
            continue;
        }
        let Some(last_hit) = case.hits_of(first.number).map(|hit| hit.at).max() else { continue };
        for second in &events {
            let sent = case.ledger.produced.get(&second.number).filter(|other| other.accepted.is_some());
            let is_later = sent.is_some_and(|other| other.sent_at > accepted);
            let is_same = webhook.order_of(first.number) == webhook.order_of(second.number);
            if !is_same || !is_later || case.events_of(second.number).count() != 1 {
                continue;
            }
            let Some(first_hit) = case.hits_of(second.number).map(|hit| hit.at).min() else { continue };
            if first_hit >= last_hit {
                continue;
            }
            if has_no_place(case, first.number, produced) {
                counts.unplaced += 1;
                break;
            }
            let detail = format!(
                "came at {} s, after event {} that was accepted later had come at {} s",
                last_hit.as_secs(),
                second.number,
                first_hit.as_secs()
            );
            found.push(Violation::of_event("out of order", first.number, detail));
            return;
        }
    }
}

/// Whether an event was accepted before it had its place, because a fault held it up for longer than its producer waits.
fn has_no_place(case: &Case<'_>, event: u32, produced: &Produced) -> bool {
    let Some((_, accepted)) = produced.accepted else { return false };
    let waited = produced.asked_at..=accepted;
    accepted - produced.asked_at >= PLACE && case.faults_of(event).any(|fault| waited.contains(&fault.at))
}
