//! What the visit of a state comes to.

use time::OffsetDateTime;

use crate::error::TaskError;
use crate::event::{Event, EventKind};
use crate::host::Host;
use crate::transition::StateOutput;

/// What a state hands on, and to which state.
pub(crate) struct Step<'m> {
    pub(crate) handed_on: StateOutput,
    /// `None` ends the execution.
    pub(crate) next: Option<&'m str>,
    /// A Wait state: not before then.
    pub(crate) until: Option<OffsetDateTime>,
}

impl<'m> Step<'m> {
    pub(crate) fn new(handed_on: StateOutput, next: Option<&'m str>) -> Step<'m> {
        Step { handed_on, next, until: None }
    }
}

/// Records a failed evaluation in the history.
pub(crate) fn evaluated<T>(
    result: Result<T, TaskError>,
    state: &str,
    host: &impl Host,
) -> Result<T, TaskError> {
    result.inspect_err(|error| {
        if error.error == TaskError::QUERY_EVALUATION_ERROR {
            host.record(Event::of_state(host.now(), EventKind::EvaluationFailed, state).with_error(error));
        }
    })
}
