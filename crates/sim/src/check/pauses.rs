//! No attempt comes before its time.

use std::time::Duration;

use super::{Case, Violation};
use crate::observe::SeenEvent;
use crate::plan::{Event, Mode, Webhook};

/// By how much a pause may be shorter than the schedule says, in hundredths: its jitter.
const JITTER: u32 = 10;

/// What the times in a record may be off by: those of schedules are whole seconds.
const EXACT: Duration = Duration::from_secs(1);

pub(super) fn check(case: &Case<'_>, found: &mut Vec<Violation>) {
    for event in &case.scenario.events {
        let Some(webhook) = case.webhook_of(event.number) else { continue };
        for seen in case.events_of(event.number) {
            begins(event, seen, found);
            if event.mode != Mode::Sync || seen.is_replay {
                goes_on(webhook, seen, found);
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

fn goes_on(webhook: &Webhook, seen: &SeenEvent, found: &mut Vec<Violation>) {
    for pair in seen.attempts.windows(2) {
        let [one, next] = pair else { continue };
        let index = usize::try_from(one.number).unwrap_or(0).saturating_sub(1);
        let Some(pause) = webhook.schedule.get(index) else { continue };
        let pause = Duration::from_secs((*pause).into()) * (100 - JITTER) / 100;
        let due = one.at + one.took + pause;
        if next.at + EXACT < due {
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
