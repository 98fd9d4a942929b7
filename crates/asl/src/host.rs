//! The interpreter's access to its environment.

use std::future::Future;

use time::OffsetDateTime;

use crate::error::TaskError;
use crate::event::Event;
use crate::execution::Checkpoint;
use crate::json::Json;

/// What the interpreter needs from the process that runs it.
pub trait Host: Send + Sync {
    /// Runs one task integration. `resource` is the state's `Resource`.
    fn call(&self, resource: &str, arguments: Json) -> impl Future<Output = Result<Json, TaskError>> + Send;

    /// The current time.
    fn now(&self) -> OffsetDateTime;

    /// A random number from 0.0 to 1.0, for jitter.
    fn random(&self) -> f64;

    /// Appends an event to the execution's history.
    fn record(&self, event: Event);

    /// Called before a state is entered, so that the host can persist the checkpoint.
    fn entered(&self, _at: &Checkpoint) {}
}
