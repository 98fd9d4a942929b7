//! No attempt comes before its time.

use std::time::Duration;

use super::{Case, Counts, Violation};
use crate::doubles::DOUBLE;
use crate::observe::{SeenAttempt, SeenEvent};
use crate::plan::{Event, Limit, Mode, Webhook};

/// By how much a pause may be shorter than the schedule says, in hundredths: its jitter.
const JITTER: u32 = 10;

/// After how many failures in a row a circuit may be open, at the least.
const OPENING: usize = 3;

/// What the times in a record may be off by: those of schedules are whole seconds.
const EXACT: Duration = Duration::from_secs(1);

pub(super) fn check(case: &Case<'_>, found: &mut Vec<Violation>, counts: &mut Counts) {
    for event in &case.scenario.events {
        let Some(webhook) = case.webhook_of(event.number) else { continue };
        for seen in case.events_of(event.number) {
            begins(event, seen, found);
            if event.mode != Mode::Sync || seen.is_replay {
                goes_on(case, webhook, seen, found, counts);
            }
        }
    }
}

fn begins(event: &Event, seen: &SeenEvent, found: &mut Vec<Violation>) {
    let (Mode::Delayed(seconds), false) = (event.mode, seen.is_replay) else { return };
    let due = seen.created_at + Duration::from_secs(seconds.into());
    // A fault may come before.
    let first = seen.attempts.iter().find(|attempt| attempt.outcome != "failed_platform");
    if let Some(first) = first.filter(|first| first.at + EXACT < due) {
        let detail = format!("was sent at {} s, and due at {} s", first.at.as_secs(), due.as_secs());
        found.push(Violation::of_event("sent too early", event.number, detail));
    }
}

/// Whether an attempt may be a probe: a receiver whose circuit is open is asked before the next attempt of a lane is due.
fn is_probe(case: &Case<'_>, webhook: &Webhook, at: Duration) -> bool {
    let of_webhook =
        |seen: &&SeenEvent| case.webhook_of(seen.number).is_some_and(|of| of.number == webhook.number);
    let attempts = case.observed.events.iter().filter(of_webhook).flat_map(|seen| &seen.attempts);
    let before: Vec<_> = attempts.filter(|attempt| attempt.at < at).collect();
    let taken =
        before.iter().filter(|attempt| attempt.outcome == "succeeded").map(|attempt| attempt.at).max();
    let failed = before.iter().filter(|attempt| taken.is_none_or(|taken| attempt.at > taken)).count();
    webhook.limit != Limit::None && failed >= OPENING
}

/// Whether one execution made the attempt, and another one recorded the fault before it, after the first one had begun to wait.
fn is_of_two(case: &Case<'_>, event: u32, before: &SeenAttempt) -> bool {
    let is_double = case.ledger.faults.iter().any(|fault| fault.event == Some(event) && fault.of == DOUBLE);
    is_double && before.outcome == "failed_platform"
}

fn goes_on(
    case: &Case<'_>,
    webhook: &Webhook,
    seen: &SeenEvent,
    found: &mut Vec<Violation>,
    counts: &mut Counts,
) {
    for pair in seen.attempts.windows(2) {
        let [one, next] = pair else { continue };
        let index = usize::try_from(one.number).unwrap_or(0).saturating_sub(1);
        let Some(pause) = webhook.schedule.get(index) else { continue };
        let pause = Duration::from_secs((*pause).into()) * (100 - JITTER) / 100;
        let due = one.at + one.took + pause;
        let is_early = next.at + EXACT < due && !is_probe(case, webhook, next.at);
        if is_early && is_of_two(case, seen.number, one) {
            counts.of_two += 1;
        } else if is_early {
            let detail = format!(
                "({}) had attempt {} at {} s, which was due at {} s",
                seen.id,
                next.number,
                next.at.as_secs(),
                due.as_secs()
            );
            found.push(Violation::of_event("sent too early", seen.number, detail));
        }
    }
}
