//! What comes after an attempt. Pure: decides from the schedule, the receiver's `Retry-After` and how long
//! the producer waits.

use std::time::Duration;

use hookstep_ambient::Sources;
use hookstep_contract::limits::{
    JITTER, MAX_LANE_PAUSE, MAX_PAUSE_SECS, SYNC_ANSWER_MARGIN, SYNC_RETRIES, SYNC_RETRY_PAUSE,
};
use hookstep_contract::{Attempt, Delivered, EventMetadata, Mode, Next, Origin, Outcome, Retry, Status};

/// The status with which a receiver asks for no more events.
pub(crate) const GONE: u16 = 410;

/// Decides what comes after `attempt`. `budget` is how long a sync trigger waits: afterwards, its producer was told
/// that the event is in progress, so that the event takes the schedule.
pub(crate) fn decide(
    event: &EventMetadata,
    attempt: &Attempt,
    retry: &Retry,
    budget: Duration,
    sources: &Sources,
) -> Next {
    let now = sources.now();
    let passed = now.since(event.created_at);
    let is_waited_for = event.mode == Mode::Sync && passed < budget.saturating_sub(SYNC_ANSWER_MARGIN);
    let pause = if is_waited_for {
        sync_pause(attempt, budget.saturating_sub(passed))
    } else if event.origin == Origin::Test {
        // Nobody expects a test to be repeated for days.
        None
    } else {
        async_pause(attempt, retry, (sources.random)())
    };
    // A fault may come before a scheduled event's time.
    let retry_at = pause.map(|pause| now.plus(pause).max(event.deliver_at.unwrap_or(now)));
    let status = match (attempt.outcome, retry_at) {
        (Outcome::Succeeded, _) => Status::Succeeded,
        (_, Some(_)) => Status::InProgress,
        (_, None) => Status::Failed,
    };
    let waiting = event.mode == Mode::Sync && retry_at.is_none();
    let answer = waiting.then(|| Delivered::after(attempt, event.event_id, status, event.created_at, now));
    let pause_until = pause_of_the_webhook(attempt).map(|pause| now.plus(pause));
    Next { retry_at, pause_until, soon: is_waited_for && retry_at.is_some(), answer, ..Next::ended(status) }
}

/// The pause before the next attempt of an async event; `None` if there is no further attempt.
fn async_pause(attempt: &Attempt, retry: &Retry, random: f64) -> Option<Duration> {
    let worth_it = match attempt.outcome {
        Outcome::FailedUnreachable | Outcome::FailedTimeout | Outcome::FailedPlatform => true,
        Outcome::FailedHttp => matches!(attempt.status_code, Some(408 | 425 | 429 | 500..=599)),
        Outcome::FailedAuth => attempt.transient,
        Outcome::Succeeded | Outcome::Refused | Outcome::FailedPayload => false,
    };
    if !worth_it {
        return None;
    }
    let index = usize::try_from(attempt.number).ok()?.checked_sub(1)?;
    let scheduled = Duration::from_secs(u64::from(*retry.schedule_seconds.get(index)?));
    let wished = attempt.retry_after_seconds.unwrap_or(0).min(u64::from(MAX_PAUSE_SECS));
    // Never before the receiver's `Retry-After`: jitter only applies to the schedule.
    Some(jittered(scheduled, random).max(Duration::from_secs(wished)))
}

/// How long the receiver wants no event: it says so by a `Retry-After` with 429 or 503.
fn pause_of_the_webhook(attempt: &Attempt) -> Option<Duration> {
    let seconds = attempt.retry_after_seconds.filter(|_| matches!(attempt.status_code, Some(429 | 503)))?;
    Some(Duration::from_secs(seconds).min(MAX_LANE_PAUSE)).filter(|pause| !pause.is_zero())
}

/// The pause before a retry that a producer waits for: only after connection errors, 429 and 5xx, at most twice, and
/// only if the retry would begin in the time that is left.
fn sync_pause(attempt: &Attempt, left: Duration) -> Option<Duration> {
    let worth_it = match attempt.outcome {
        Outcome::FailedUnreachable => true,
        Outcome::FailedHttp => matches!(attempt.status_code, Some(429 | 500..=599)),
        _ => false,
    };
    if !worth_it || attempt.number > SYNC_RETRIES {
        return None;
    }
    let usual = SYNC_RETRY_PAUSE * attempt.number;
    let pause = usual.max(Duration::from_secs(attempt.retry_after_seconds.unwrap_or(0)));
    (pause < left).then_some(pause)
}

fn jittered(pause: Duration, random: f64) -> Duration {
    pause.mul_f64(1.0 + JITTER * (2.0 * random - 1.0))
}

#[cfg(test)]
mod tests {
    use hookstep_contract::Timestamp;
    use hookstep_contract::limits::SYNC_BUDGET;
    use serde_json::{Value, json};
    use time::OffsetDateTime;
    use time::macros::datetime;

    use super::*;

    const NOW: OffsetDateTime = datetime!(2026-01-02 03:04:15 UTC);

    const DAY: u64 = 86_400;

    fn sources(random: fn() -> f64) -> Sources {
        Sources { clock: || NOW, random, ..Sources::system() }
    }

    /// An event that was accepted `seconds_ago`.
    fn event(mode: Mode, seconds_ago: u64) -> EventMetadata {
        let id = "0190a000-0000-7000-8000-00000000000a";
        let created_at = Timestamp::new(NOW).minus(Duration::from_secs(seconds_ago));
        let event = json!({
            "event_id": id, "org_id": "acme", "config_id": id, "origin": "api", "mode": mode, "created_at": created_at,
        });
        serde_json::from_value(event).unwrap()
    }

    fn attempt(number: u32, fields: &Value) -> Attempt {
        let mut attempt =
            json!({"number": number, "started_at": "2026-01-02T03:04:10Z", "duration_ms": 5_000});
        attempt.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        serde_json::from_value(attempt).unwrap()
    }

    /// The pause until the next attempt, in seconds.
    fn pause(next: &Next) -> Option<u64> {
        next.retry_at.map(|at| at.since(Timestamp::new(NOW)).as_secs())
    }

    #[test]
    fn what_may_pass_is_sent_again_on_the_schedule_and_what_cannot_is_final() {
        let event = event(Mode::Async, 10);
        for (number, fields, expected) in [
            (1, json!({"outcome": "succeeded", "status_code": 200}), None),
            (1, json!({"outcome": "failed_unreachable"}), Some(5)),
            (1, json!({"outcome": "failed_timeout"}), Some(5)),
            (1, json!({"outcome": "failed_platform"}), Some(5)),
            (2, json!({"outcome": "failed_timeout"}), Some(300)),
            (9, json!({"outcome": "failed_timeout"}), Some(DAY)),
            // The schedule is exhausted.
            (10, json!({"outcome": "failed_timeout"}), None),
            (1, json!({"outcome": "refused"}), None),
            (1, json!({"outcome": "failed_payload"}), None),
            (1, json!({"outcome": "failed_auth"}), None),
            (1, json!({"outcome": "failed_auth", "transient": true}), Some(5)),
        ] {
            let attempt = attempt(number, &fields);
            let next = decide(&event, &attempt, &Retry::default(), SYNC_BUDGET, &sources(|| 0.5));
            assert_eq!(pause(&next), expected, "{number}: {fields}");
            let status = match (attempt.outcome, expected) {
                (Outcome::Succeeded, _) => Status::Succeeded,
                (_, Some(_)) => Status::InProgress,
                (_, None) => Status::Failed,
            };
            assert_eq!((next.status, next.answer), (status, None), "{number}: {fields}");
        }
    }

    #[test]
    fn a_fault_before_an_event_is_due_does_not_send_it_early() {
        let attempt = attempt(1, &json!({"outcome": "failed_platform"}));
        for (due, expected) in [(None, 5), (Some(-60), 5), (Some(3), 5), (Some(3600), 3600)] {
            let deliver_at = due.map(|seconds| Timestamp::new(NOW + time::Duration::seconds(seconds)));
            let event = EventMetadata { deliver_at, ..event(Mode::Async, 10) };
            let next = decide(&event, &attempt, &Retry::default(), SYNC_BUDGET, &sources(|| 0.5));
            assert_eq!(pause(&next), Some(expected), "{due:?}");
        }
    }

    #[test]
    fn a_receivers_status_says_whether_it_may_pass() {
        for (status_code, is_retried) in [
            (301, false),
            (400, false),
            (401, false),
            (404, false),
            (408, true),
            (409, false),
            (410, false),
            (425, true),
            (429, true),
            (499, false),
            (500, true),
            (503, true),
            (599, true),
        ] {
            let attempt = attempt(1, &json!({"outcome": "failed_http", "status_code": status_code}));
            let next =
                decide(&event(Mode::Async, 10), &attempt, &Retry::default(), SYNC_BUDGET, &sources(|| 0.5));
            assert_eq!(next.retry_at.is_some(), is_retried, "{status_code}");
        }
    }

    #[test]
    fn a_receiver_may_put_off_an_attempt_but_not_for_more_than_a_day() {
        let retry = Retry { schedule_seconds: vec![60] };
        for (wished, expected) in [(0, 60), (59, 60), (61, 61), (3600, 3600), (DAY, DAY), (DAY + 1, DAY)] {
            let fields = json!({"outcome": "failed_http", "status_code": 503, "retry_after_seconds": wished});
            let next =
                decide(&event(Mode::Async, 10), &attempt(1, &fields), &retry, SYNC_BUDGET, &sources(|| 0.5));
            assert_eq!(pause(&next), Some(expected), "{wished}");
        }
    }

    #[test]
    fn jitter_moves_a_pause_by_a_tenth_but_never_before_the_moment_that_the_receiver_named() {
        let retry = Retry { schedule_seconds: vec![100] };
        let fields = json!({"outcome": "failed_http", "status_code": 503});
        let wish = json!({"outcome": "failed_http", "status_code": 503, "retry_after_seconds": 100});
        for (random, fields, expected) in [
            ((|| 0.0) as fn() -> f64, &fields, 90),
            (|| 0.5, &fields, 100),
            (|| 1.0, &fields, 110),
            (|| 0.0, &wish, 100),
            (|| 1.0, &wish, 110),
        ] {
            let next =
                decide(&event(Mode::Async, 10), &attempt(1, fields), &retry, SYNC_BUDGET, &sources(random));
            assert_eq!(pause(&next), Some(expected), "{fields}");
        }
    }

    #[test]
    fn a_producer_that_waits_gets_two_more_attempts_within_its_time() {
        let unreachable = json!({"outcome": "failed_unreachable"});
        let busy = json!({"outcome": "failed_http", "status_code": 429});
        let later = json!({"outcome": "failed_http", "status_code": 503, "retry_after_seconds": 10});
        for (number, seconds_ago, fields, expected) in [
            (1, 0, &unreachable, Some(1)),
            (2, 0, &unreachable, Some(2)),
            (3, 0, &unreachable, None),
            (1, 0, &busy, Some(1)),
            (1, 16, &later, Some(10)),
            // The next attempt would begin after the producer got its response.
            (1, 17, &later, None),
            (1, 25, &unreachable, Some(1)),
            (1, 0, &json!({"outcome": "failed_http", "status_code": 408}), None),
            (1, 0, &json!({"outcome": "failed_http", "status_code": 404}), None),
            (1, 0, &json!({"outcome": "failed_timeout"}), None),
            (1, 0, &json!({"outcome": "failed_platform"}), None),
            (1, 0, &json!({"outcome": "failed_auth", "transient": true}), None),
        ] {
            let event = event(Mode::Sync, seconds_ago);
            let next =
                decide(&event, &attempt(number, fields), &Retry::default(), SYNC_BUDGET, &sources(|| 0.5));
            assert_eq!(pause(&next), expected, "{number} after {seconds_ago} s: {fields}");
            assert_eq!(next.soon, expected.is_some(), "{number} after {seconds_ago} s: {fields}");
            // The response is present exactly when the event has ended.
            assert_eq!(next.answer.is_some(), expected.is_none(), "{number} after {seconds_ago} s: {fields}");
        }
    }

    #[test]
    fn an_event_whose_producer_was_told_that_it_is_in_progress_takes_the_schedule() {
        let retry = Retry { schedule_seconds: vec![7, 300] };
        let unreachable = json!({"outcome": "failed_unreachable"});
        let late = json!({"outcome": "failed_timeout"});
        let final_one = json!({"outcome": "failed_http", "status_code": 404});
        for (number, seconds_ago, fields, expected) in [
            // The answer might no longer reach the producer in time.
            (1, 26, &unreachable, Some(7)),
            (1, 30, &late, Some(7)),
            (2, 40, &late, Some(300)),
            (3, 40, &late, None),
            (1, 30, &final_one, None),
        ] {
            let event = event(Mode::Sync, seconds_ago);
            let next = decide(&event, &attempt(number, fields), &retry, SYNC_BUDGET, &sources(|| 0.5));
            assert_eq!((pause(&next), next.soon), (expected, false), "{number} after {seconds_ago} s");
            let test = EventMetadata { origin: Origin::Test, ..event };
            let next = decide(&test, &attempt(number, fields), &retry, SYNC_BUDGET, &sources(|| 0.5));
            assert_eq!(
                (next.status, next.retry_at),
                (Status::Failed, None),
                "{number} after {seconds_ago} s"
            );
        }
    }

    #[test]
    fn a_receiver_that_is_busy_says_until_when_and_no_longer_than_an_hour() {
        for (status, retry_after, expected) in [
            (429, Some(2), Some(2)),
            (503, Some(3600), Some(3600)),
            (503, Some(86_400), Some(3600)),
            (429, Some(0), None),
            (429, None, None),
            (500, Some(2), None),
        ] {
            let fields = json!({
                "outcome": "failed_http", "status_code": status, "retry_after_seconds": retry_after,
            });
            let event = event(Mode::Async, 5);
            let next = decide(&event, &attempt(9, &fields), &Retry::default(), SYNC_BUDGET, &sources(|| 0.5));
            let pause = next.pause_until.map(|until| until.since(Timestamp::new(NOW)).as_secs());
            assert_eq!(pause, expected, "{fields}");
        }
    }

    #[test]
    fn a_producer_that_waits_is_given_the_last_answer() {
        let fields = json!({
            "outcome": "succeeded", "status_code": 201, "response_headers": {"x-id": "7"}, "response_body": {"text": "ok"},
            "response_truncated": true,
        });
        let event = event(Mode::Sync, 3);
        let next = decide(&event, &attempt(2, &fields), &Retry::default(), SYNC_BUDGET, &sources(|| 0.5));
        let answer: Delivered = serde_json::from_value(json!({
            "event_id": event.event_id, "status": "succeeded", "outcome": "succeeded", "status_code": 201, "attempts": 2,
            "headers": {"x-id": "7"}, "body": {"text": "ok"}, "body_truncated": true, "duration_ms": 3000,
        }))
        .unwrap();
        assert_eq!((next.status, next.answer), (Status::Succeeded, Some(answer)));
    }
}
