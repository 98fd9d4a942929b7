//! Events to be sent again: what can be, and with which body.

use hookstep_contract::{EventId, EventRecord, Timestamp, WorkflowInput};

use crate::{Bodies, Events, StoreError};

/// How an event is sent again.
#[derive(Clone, Copy, Debug)]
pub struct Again {
    /// The id of the new event.
    pub event_id: EventId,
    /// When it is accepted.
    pub now: Timestamp,
    /// Whether today's filter and transform have their say about the body that came, or what was sent is sent again.
    pub reapply: bool,
}

impl Again {
    /// What starts it; `None` when the body is not kept, or not any more.
    ///
    /// # Errors
    /// When the tables cannot be read.
    pub async fn input(
        self,
        record: &EventRecord,
        events: &Events,
        bodies: &Bodies,
    ) -> Result<Option<WorkflowInput>, StoreError> {
        // Where nothing was sent, there is nothing to send again but what came, by today's settings.
        if !self.reapply && record.is_shaped() {
            let is_kept = bodies.has_what_was_sent(record).await?;
            return Ok(is_kept.then(|| WorkflowInput::replay(record, self.event_id, self.now)));
        }
        // What came is with the first event of a chain of replays.
        let first = match record.webhook_id {
            Some(first) => events.get(&record.org_id, record.config_id, first).await?,
            None => Some(record.clone()),
        };
        let Some(first) = first else { return Ok(None) };
        let is_kept = first.claim.is_some() || bodies.has(&first).await?;
        Ok(is_kept.then(|| WorkflowInput::from_the_start(record, &first, self.event_id, self.now)))
    }
}
