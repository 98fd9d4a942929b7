//! Whether the receiver is slow, so that its attempts are made from the delivery queue (ADR 0053).
//!
//! As for its health, nothing is counted: the latest events have the durations of their last attempts. They are looked at only
//! after an attempt that is at odds with what is known, so that quick receivers cost nothing.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hookstep_contract::limits::{DURATION_LOOK, QUICK_RECEIVER, SLOW_RECEIVER};
use hookstep_contract::{Attempt, ConfigId, EventMetadata, StoreError, Timestamp, error_chain, is_slow_now};
use hookstep_store::Partitions;

use crate::Context;

/// How many receivers are remembered.
const MAX_REMEMBERED: usize = 10_000;

/// When this process last looked at the durations of receivers.
#[derive(Clone, Debug, Default)]
pub struct SlowLooks(Arc<Mutex<HashMap<ConfigId, Timestamp>>>);

impl SlowLooks {
    /// Whether it is time to look, which is noted.
    fn is_due(&self, config_id: ConfigId, now: Timestamp) -> bool {
        let mut looks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // A clock that was set back says nothing.
        if looks.get(&config_id).is_some_and(|last| *last <= now && now.since(*last) < DURATION_LOOK) {
            return false;
        }
        if looks.len() >= MAX_REMEMBERED {
            looks.clear();
        }
        looks.insert(config_id, now);
        true
    }
}

/// Looks at the durations of a receiver after an attempt, if that may say something new, and notes what has changed. A fault of the
/// tables does not hold up the event: a later attempt shows the same.
pub(crate) async fn after_attempt(event: &EventMetadata, attempt: &Attempt, queued: bool, ctx: &Context) {
    let Some(looks) = &ctx.slow_looks else { return };
    if !may_be_news(attempt, queued) || !looks.is_due(event.config_id, ctx.sources.now()) {
        return;
    }
    if let Err(error) = look(event, attempt, ctx).await {
        let chain = error_chain(&error);
        tracing::error!(webhook.id = %event.config_id, error.chain = chain, "whether a receiver is slow is not known");
    }
}

/// Whether the attempt took longer than suits the direct way, or so short a time that it need not have been `queued`.
fn may_be_news(attempt: &Attempt, queued: bool) -> bool {
    let duration = Duration::from_millis(attempt.duration_ms);
    attempt.outcome.tells_duration()
        && if queued { duration < QUICK_RECEIVER } else { duration > SLOW_RECEIVER }
}

async fn look(event: &EventMetadata, attempt: &Attempt, ctx: &Context) -> Result<(), StoreError> {
    let config = ctx.configs.latest(&event.org_id, event.config_id).await?;
    // If its owner has decided, nothing depends on it.
    let Some(config) = config.filter(|config| config.fields.delivery.is_none()) else { return Ok(()) };
    // Of events that were accepted later, few have been attempted if the receiver takes its time.
    let mut durations =
        ctx.events.last_durations(&Partitions::of(&config), attempt.started_at, event.event_id).await?;
    durations.push(Duration::from_millis(attempt.duration_ms));
    match is_slow_now(config.slow_since.is_some(), durations) {
        Some(true) => ctx.configs.note_slow(&config, Some(ctx.sources.now())).await,
        Some(false) => ctx.configs.note_slow(&config, None).await,
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_an_attempt_that_is_at_odds_with_the_way_it_was_made_is_looked_at() {
        for (outcome, ms, queued, expected) in [
            ("succeeded", 3001, false, true),
            ("succeeded", 3000, false, false),
            ("failed_http", 3001, false, true),
            ("failed_timeout", 30_000, false, true),
            ("failed_unreachable", 30_000, false, false),
            ("failed_auth", 30_000, false, false),
            ("succeeded", 30_000, true, false),
            ("succeeded", 2000, true, false),
            ("succeeded", 1999, true, true),
            ("failed_unreachable", 1, true, false),
        ] {
            let attempt = json!({
                "number": 1, "started_at": "2026-01-02T03:04:05Z", "duration_ms": ms, "outcome": outcome,
            });
            let attempt = serde_json::from_value(attempt).unwrap();
            assert_eq!(may_be_news(&attempt, queued), expected, "{outcome} {ms} {queued}");
        }
    }

    #[test]
    fn a_process_looks_once_a_minute() {
        let (looks, at) = (SlowLooks::default(), |text: &str| text.parse::<Timestamp>().unwrap());
        let id: ConfigId = "0190a000-0000-7000-8000-00000000000a".parse().unwrap();
        assert!(looks.is_due(id, at("2026-01-02T03:04:05Z")));
        assert!(!looks.is_due(id, at("2026-01-02T03:05:04Z")));
        assert!(looks.is_due(id, at("2026-01-02T03:05:05Z")));
        assert!(looks.is_due(id, at("2026-01-02T03:00:00Z")));
    }
}
