//! What is to be done about an event that is in progress. Pure.

use std::time::Duration;

use hookstep_contract::{EventRecord, Timestamp};

/// How often an event is started for an attempt that never gets recorded. The pauses between the starts double, up to
/// [`LONGEST_PAUSE`]: with 20 minutes first, they are four days in all, which is longer than the usual retry schedule.
const MAX_RESTARTS: u32 = 10;

/// The longest pause between two starts.
const LONGEST_PAUSE: Duration = Duration::from_secs(24 * 3600);

/// What is to be done about an event that is in progress.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Its attempt may be under way: look at it again, in the slot of this time.
    LookLater(Timestamp),
    /// Nothing works on it: start it again.
    Restart,
    /// It was started in vain too often.
    GiveUp,
}

/// What is to be done about `event`, whose attempt is overdue `overdue_after` its moment.
pub(crate) fn verdict(event: &EventRecord, overdue_after: Duration, now: Timestamp) -> Verdict {
    // A new event is due when it is recorded. An event that was started late says so in `updated_at`.
    let due = event.next_attempt_at.unwrap_or(event.updated_at);
    let restarts = event.restart_count();
    let pause = overdue_after.saturating_mul(1 << restarts.min(MAX_RESTARTS)).min(LONGEST_PAUSE);
    let pause = pause.max(overdue_after);
    if due.plus(pause) > now {
        // A slot is gone through `overdue_after` its end, and one that is over might be behind us already.
        return Verdict::LookLater(due.plus(pause).minus(overdue_after).max(now));
    }
    if restarts < MAX_RESTARTS { Verdict::Restart } else { Verdict::GiveUp }
}

#[cfg(test)]
mod tests {
    use hookstep_contract::limits::OVERDUE_AFTER;
    use serde_json::{Value, json};

    use super::*;

    fn at(time: &str) -> Timestamp {
        serde_json::from_value(json!(format!("2026-01-02T{time}Z"))).unwrap()
    }

    fn event(fields: Value) -> EventRecord {
        let id = "0190a000-0000-7000-8000-00000000000a";
        let mut event = json!({
            "event_id": id, "org_id": "acme", "config_id": id, "status": "in_progress", "origin": "api",
            "created_at": "2026-01-02T00:00:00Z", "updated_at": "2026-01-02T01:00:00Z", "expires_at": 1,
        });
        event.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        serde_json::from_value(event).unwrap()
    }

    #[test]
    fn an_event_is_started_when_its_attempt_is_overdue_and_less_often_the_longer_that_is_in_vain() {
        let waiting = json!({"next_attempt_at": "2026-01-02T02:00:00Z", "attempt_count": 2});
        let restarted = |number: u32, count: u32| {
            let mut event = waiting.clone();
            event["restarts"] = json!({"number": number, "count": count});
            event
        };
        let later = |time| Verdict::LookLater(at(time));
        for (fields, now, expected) in [
            // Before the first attempt, what counts is when the event was recorded.
            (json!({}), "01:00:00", later("01:00:00")),
            (json!({}), "01:19:59", later("01:19:59")),
            (json!({}), "01:20:00", Verdict::Restart),
            (waiting.clone(), "01:00:00", later("02:00:00")),
            (waiting.clone(), "02:19:59", later("02:19:59")),
            (waiting.clone(), "02:20:00", Verdict::Restart),
            (restarted(3, 1), "02:20:00", later("02:20:00")),
            (restarted(3, 1), "02:40:00", Verdict::Restart),
            (restarted(3, 3), "02:20:00", later("04:20:00")),
            (restarted(3, 9), "22:00:00", Verdict::LookLater(at("23:40:00").plus(Duration::from_secs(7200)))),
            (
                restarted(3, 10),
                "22:00:00",
                Verdict::LookLater(at("23:40:00").plus(Duration::from_secs(7200))),
            ),
            // The attempt that it was started for is recorded: the count is void.
            (restarted(2, 10), "02:20:00", Verdict::Restart),
        ] {
            assert_eq!(verdict(&event(fields.clone()), OVERDUE_AFTER, at(now)), expected, "{fields} {now}");
        }
        let next_day = at("02:00:00").plus(LONGEST_PAUSE);
        assert_eq!(verdict(&event(restarted(3, 9)), OVERDUE_AFTER, next_day), Verdict::Restart);
        assert_eq!(verdict(&event(restarted(3, 10)), OVERDUE_AFTER, next_day), Verdict::GiveUp);
    }
}
