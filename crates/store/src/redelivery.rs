//! Redelivery of an event: whether it is possible, and with which body.

use hookstep_contract::{EventId, EventRecord, Timestamp, WorkflowInput};

use crate::{Bodies, Events, StoreError};

/// How an event is redelivered.
#[derive(Clone, Copy, Debug)]
pub struct Redelivery {
    /// The id of the new event.
    pub event_id: EventId,
    /// When the new event is accepted.
    pub now: Timestamp,
    /// Whether to start from the accepted body and apply the current filter and transform to it. Otherwise
    /// the body that was sent is sent again.
    pub reapply: bool,
}

impl Redelivery {
    /// The input of the new event's execution; `None` if the body was not kept, is kept no longer, or was
    /// redacted.
    ///
    /// # Errors
    /// If the tables cannot be read.
    pub async fn input(
        self,
        record: &EventRecord,
        events: &Events,
        bodies: &Bodies,
    ) -> Result<Option<WorkflowInput>, StoreError> {
        if record.has_lost_bodies(self.now) || record.is_redacted() {
            return Ok(None);
        }
        // If the event was never sent, only the accepted body is available, with the current settings.
        if !self.reapply && record.rules_were_applied() {
            let is_kept = bodies.has_what_was_sent(record).await?;
            return Ok(is_kept.then(|| WorkflowInput::replay(record, self.event_id, self.now)));
        }
        // The accepted body is stored with the first event of a chain of replays.
        let first = match record.webhook_id {
            Some(first) => events.get(&record.org_id, record.config_id, first).await?,
            None => Some(record.clone()),
        };
        let Some(first) = first.filter(|first| !first.has_lost_bodies(self.now) && !first.is_redacted())
        else {
            return Ok(None);
        };
        let is_kept = first.claim.is_some() || bodies.has(&first).await?;
        Ok(is_kept.then(|| WorkflowInput::from_the_start(record, &first, self.event_id, self.now)))
    }
}
