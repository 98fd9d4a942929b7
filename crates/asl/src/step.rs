//! The result of visiting a state.

use std::sync::Arc;

use time::OffsetDateTime;

use crate::error::TaskError;
use crate::event::{Event, EventKind};
use crate::host::Host;
use crate::transition::StateOutput;

/// A state's output and the next state.
pub(crate) struct Step<'m> {
    pub(crate) handed_on: StateOutput<'m>,
    /// The next state; `None` ends the execution.
    pub(crate) next: Option<&'m str>,
    /// For a Wait state: the earliest time at which the next state may be entered.
    pub(crate) until: Option<OffsetDateTime>,
}

impl<'m> Step<'m> {
    pub(crate) fn new(handed_on: StateOutput<'m>, next: Option<&'m str>) -> Step<'m> {
        Step { handed_on, next, until: None }
    }
}

/// Records a failed evaluation in the history.
pub(crate) fn evaluated<T>(
    result: Result<T, TaskError>,
    state: &Arc<str>,
    host: &impl Host,
) -> Result<T, TaskError> {
    result.inspect_err(|error| {
        if error.error == TaskError::QUERY_EVALUATION_ERROR {
            host.record(Event::of_state(host.now(), EventKind::EvaluationFailed, state).with_error(error));
        }
    })
}
