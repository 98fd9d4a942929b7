//! What the interpreter needs from the process that it runs in.

use std::future::Future;

use serde_json::Value;
use time::OffsetDateTime;

use crate::error::TaskError;
use crate::event::Event;
use crate::execution::Checkpoint;

/// What the interpreter asks of its surroundings.
pub trait Host: Send + Sync {
    /// Runs one task integration. `resource` is the state's `Resource`.
    fn call(&self, resource: &str, arguments: Value)
    -> impl Future<Output = Result<Value, TaskError>> + Send;

    /// The time.
    fn now(&self) -> OffsetDateTime;

    /// A number from 0.0 to 1.0, for jitter.
    fn random(&self) -> f64;

    /// Takes the next entry of the execution's history.
    fn record(&self, event: Event);

    /// Called before a state is entered: the moment to persist the checkpoint.
    fn entered(&self, _at: &Checkpoint) {}
}
