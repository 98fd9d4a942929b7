//! The history of an execution, with AWS's names.

use std::sync::Arc;

use serde::Serialize;
use time::OffsetDateTime;

use crate::error::TaskError;
use crate::execution::Execution;
use crate::json::{Json, write};

/// One event in the execution's history. Fields that do not apply to its kind are `None`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Event {
    /// When the event happened. The exit of a Wait state has the
    /// time at which the wait ends, which may be in the future.
    #[serde(with = "time::serde::rfc3339")]
    pub timestamp: OffsetDateTime,
    /// The kind of event.
    #[serde(rename = "type")]
    pub kind: EventKind,
    /// The state in which the event happened.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<Arc<str>>,
    /// The resource of a scheduled task.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource: Option<Arc<str>>,
    /// The input of the execution or the state.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "write::as_text")]
    pub input: Option<Json>,
    /// The evaluated arguments of a scheduled task.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "write::as_text")]
    pub parameters: Option<Json>,
    /// The output of the task, the state or the execution.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "write::as_text")]
    pub output: Option<Json>,
    /// The error's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// The error's cause.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cause: Option<String>,
}

/// The kinds of [`Event`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[expect(missing_docs, reason = "these are AWS's names; HistoryEvent in the API reference explains them")]
pub enum EventKind {
    ExecutionStarted,
    ExecutionSucceeded,
    ExecutionFailed,
    TaskStateEntered,
    TaskScheduled,
    TaskSucceeded,
    TaskFailed,
    TaskTimedOut,
    TaskStateExited,
    ChoiceStateEntered,
    ChoiceStateExited,
    WaitStateEntered,
    WaitStateExited,
    PassStateEntered,
    PassStateExited,
    SucceedStateEntered,
    SucceedStateExited,
    FailStateEntered,
    EvaluationFailed,
}

impl Event {
    /// The first event of a history. The caller records it, because `run` cannot tell a start from a restart.
    pub fn execution_started(execution: &Execution) -> Event {
        let event = Event::new(execution.start_time, EventKind::ExecutionStarted);
        Event { input: Some(execution.input.clone()), ..event }
    }

    pub(crate) fn new(timestamp: OffsetDateTime, kind: EventKind) -> Event {
        Event {
            timestamp,
            kind,
            state: None,
            resource: None,
            input: None,
            parameters: None,
            output: None,
            error: None,
            cause: None,
        }
    }

    pub(crate) fn of_state(timestamp: OffsetDateTime, kind: EventKind, state: &Arc<str>) -> Event {
        Event { state: Some(Arc::clone(state)), ..Event::new(timestamp, kind) }
    }

    pub(crate) fn with_error(self, error: &TaskError) -> Event {
        Event { error: Some(error.error.clone()), cause: Some(error.cause.clone()), ..self }
    }
}
