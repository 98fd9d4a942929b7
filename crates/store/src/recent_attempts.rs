//! The last attempts of a webhook's latest events, which tell how its receiver does (ADR 0049).

use std::time::Duration;

use hookstep_contract::limits::{DURATION_EVENTS, HEALTH_EVENTS};
use hookstep_contract::{EventId, LastAttempt, Outcome, Reason, ReasonCode, Timestamp};
use serde::Deserialize;

use crate::events::bound;
use crate::item::{Item, from_item, s};
use crate::partitions::{Order, Partitions};
use crate::{Events, StoreError};

/// The fields of an event that tell of its last attempt.
#[derive(Debug, Deserialize)]
struct Attempted {
    #[serde(rename = "sk")]
    event_id: EventId,
    updated_at: Timestamp,
    outcome: Option<Outcome>,
    #[serde(default)]
    attempt_count: u32,
    /// Why the event failed. That of an event which was ended without an attempt is not its last attempt's.
    reason: Option<Reason>,
}

/// The fields of an event that tell how long its last attempt took.
#[derive(Debug, Deserialize)]
struct Timed {
    #[serde(rename = "sk")]
    event_id: EventId,
    outcome: Option<Outcome>,
    duration_ms: Option<u64>,
}

/// Whether an event with this reason was ended without a further attempt.
fn is_of_no_attempt(code: ReasonCode) -> bool {
    matches!(
        code,
        ReasonCode::Cancelled
            | ReasonCode::CircuitOpen
            | ReasonCode::OrgSuspended
            | ReasonCode::WebhookDisabled
            | ReasonCode::WebhookDeleted
            | ReasonCode::Platform
    )
}

impl Events {
    /// The items of up to `count` of the latest events that were accepted before `end`, with these attributes.
    async fn latest_items(
        &self,
        partitions: &Partitions,
        end: Timestamp,
        attributes: &str,
        count: usize,
    ) -> Result<Vec<Item>, StoreError> {
        let query = self
            .between(None, None)
            .projection_expression(attributes)
            .expression_attribute_values(":to", s(bound(Some(end), u8::MAX)));
        Ok(self.merged(partitions, &query, Order::NewestFirst, None, Some(count)).await?.items)
    }

    /// The last attempts of the latest events of a webhook that were accepted before `end`, as far as they have one.
    ///
    /// # Errors
    /// If the table cannot be read.
    pub async fn last_attempts(
        &self,
        partitions: &Partitions,
        end: Timestamp,
    ) -> Result<Vec<LastAttempt>, StoreError> {
        let items = self
            .latest_items(partitions, end, "sk, updated_at, outcome, attempt_count, reason", HEALTH_EVENTS)
            .await?;
        let mut attempts = Vec::new();
        for item in items {
            let Attempted { event_id, updated_at, outcome, attempt_count, reason } = from_item(item)?;
            let is_ended = reason.is_some_and(|reason| is_of_no_attempt(reason.code));
            if let Some(outcome) = outcome.filter(|_| !is_ended) {
                attempts.push(LastAttempt { event_id, ended_at: updated_at, outcome, number: attempt_count });
            }
        }
        Ok(attempts)
    }

    /// How long the last attempts took of the latest events of a webhook that were accepted before `end`, without the event
    /// `except`.
    ///
    /// # Errors
    /// If the table cannot be read.
    pub async fn last_durations(
        &self,
        partitions: &Partitions,
        end: Timestamp,
        except: EventId,
    ) -> Result<Vec<Duration>, StoreError> {
        let items = self.latest_items(partitions, end, "sk, outcome, duration_ms", DURATION_EVENTS).await?;
        let mut durations = Vec::new();
        for item in items {
            let Timed { event_id, outcome, duration_ms } = from_item(item)?;
            let tells = event_id != except && outcome.is_some_and(Outcome::tells_duration);
            durations.extend(duration_ms.filter(|_| tells).map(Duration::from_millis));
        }
        Ok(durations)
    }
}
