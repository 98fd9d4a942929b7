//! What comes after an attempt. Pure: the schedule, the receiver's wish and the producer's patience go in, a decision
//! comes out.

use std::time::Duration;

use hookstep_ambient::Sources;
use hookstep_contract::limits::{JITTER, MAX_PAUSE_SECS, SYNC_BUDGET, SYNC_RETRIES, SYNC_RETRY_PAUSE};
use hookstep_contract::{Attempt, Delivered, EventMetadata, Mode, Next, Outcome, Retry, Status, Timestamp};

/// A receiver that never wants to hear from us again.
pub(crate) const GONE: u16 = 410;

/// Decides what comes after `attempt`.
pub(crate) fn decide(event: &EventMetadata, attempt: &Attempt, retry: &Retry, sources: &Sources) -> Next {
    let now = sources.now();
    let retry_at = match event.mode {
        Mode::Async => async_pause(attempt, retry, (sources.random)()).map(|pause| now.plus(pause)),
        Mode::Sync => sync_pause(event, attempt, now).map(|pause| now.plus(pause)),
    };
    let status = match (attempt.outcome, retry_at) {
        (Outcome::Succeeded, _) => Status::Succeeded,
        (_, Some(_)) => Status::InProgress,
        (_, None) => Status::Failed,
    };
    let waiting = event.mode == Mode::Sync && retry_at.is_none();
    let answer = waiting.then(|| answer(event, attempt, status, now));
    Next { status, retry_at, answer, publish: Vec::new() }
}

/// The pause before the next attempt of an async event; `None` when there is none.
fn async_pause(attempt: &Attempt, retry: &Retry, random: f64) -> Option<Duration> {
    let worth_it = match attempt.outcome {
        Outcome::FailedUnreachable | Outcome::FailedTimeout => true,
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
    // Never before the receiver wants it: only the schedule is spread.
    Some(jittered(scheduled, random).max(Duration::from_secs(wished)))
}

/// The pause before a sync event is sent again: only after connection errors, 429 and 5xx, at most twice, and only when
/// the next attempt would begin before the producer has its answer.
fn sync_pause(event: &EventMetadata, attempt: &Attempt, now: Timestamp) -> Option<Duration> {
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
    (now.since(event.created_at) + pause < SYNC_BUDGET).then_some(pause)
}

fn jittered(pause: Duration, random: f64) -> Duration {
    pause.mul_f64(1.0 + JITTER * (2.0 * random - 1.0))
}

fn answer(event: &EventMetadata, attempt: &Attempt, status: Status, now: Timestamp) -> Delivered {
    Delivered {
        event_id: event.event_id,
        status,
        outcome: Some(attempt.outcome),
        status_code: attempt.status_code,
        headers: attempt.response_headers.clone(),
        body: attempt.response_body.clone(),
        body_truncated: attempt.response_truncated,
        attempts: attempt.number,
        duration_ms: u64::try_from(now.since(event.created_at).as_millis()).unwrap_or(u64::MAX),
        error: attempt.error.clone(),
    }
}
