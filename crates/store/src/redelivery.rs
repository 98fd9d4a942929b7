//! Sending an event again: whether it can be sent, and with which body.

use hookstep_contract::{EventId, EventRecord, Timestamp, WorkflowInput};

use crate::{Bodies, Events, StoreError};

/// How an event is sent again.
#[derive(Clone, Copy, Debug)]
pub struct Redelivery {
    /// The id of the new event.
    pub event_id: EventId,
    /// When the new event is accepted.
    pub now: Timestamp,
    /// Whether to start from the body that was accepted and apply today's filter and transform to it. Otherwise what was sent
    /// is sent again.
    pub reapply: bool,
}

impl Redelivery {
    /// The input of the new event's execution; `None` when the body is not kept (any more).
    ///
    /// # Errors
    /// If the tables cannot be read.
    pub async fn input(
        self,
        record: &EventRecord,
        events: &Events,
        bodies: &Bodies,
    ) -> Result<Option<WorkflowInput>, StoreError> {
        // Of an event that was never sent, only the accepted body can be sent, by today's settings.
        if !self.reapply && record.rules_were_applied() {
            let is_kept = bodies.has_what_was_sent(record).await?;
            return Ok(is_kept.then(|| WorkflowInput::replay(record, self.event_id, self.now)));
        }
        // The accepted body is kept with the first event of a chain of replays.
        let first = match record.webhook_id {
            Some(first) => events.get(&record.org_id, record.config_id, first).await?,
            None => Some(record.clone()),
        };
        let Some(first) = first else { return Ok(None) };
        let is_kept = first.claim.is_some() || bodies.has(&first).await?;
        Ok(is_kept.then(|| WorkflowInput::from_the_start(record, &first, self.event_id, self.now)))
    }
}
