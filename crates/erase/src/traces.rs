//! What has traces of events beside the tables and the bucket.

use std::fmt;
use std::pin::Pin;

use hookstep_contract::{EventId, EventRecord, StepError};

/// What a function of [`Traces`] returns.
pub type Forgetting<'a, T = ()> = Pin<Box<dyn Future<Output = Result<T, StepError>> + Send + 'a>>;

/// What has traces of events beside the tables and the bucket: on one machine, the journal of executions, the queue of lanes,
/// and the file of the storage. What AWS keeps of executions nobody can delete.
pub trait Traces: fmt::Debug + Send + Sync {
    /// Deletes the executions of an event that have ended; returns whether there are no others.
    fn forget(&self, event_id: EventId) -> Forgetting<'_, bool>;

    /// Takes an event out of the queue of lanes.
    fn leave_queue<'a>(&'a self, event: &'a EventRecord) -> Forgetting<'a>;

    /// Makes sure that what was deleted is in no file any more. Fails if that cannot be done now.
    fn clear(&self) -> Forgetting<'_>;
}
