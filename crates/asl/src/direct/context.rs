//! The parts of `$states.context` that are read directly.

use time::OffsetDateTime;

use crate::json::Json;
use crate::scope::{Visit, time_text};

use super::Unsure;

/// A field of `$states.context` that is not an object.
#[derive(Clone, Copy, Debug)]
pub(crate) enum ContextField {
    ExecutionId,
    ExecutionName,
    StartTime,
    StateName,
    EnteredTime,
    RetryCount,
    MachineId,
    MachineName,
}

impl ContextField {
    /// The field at this path below `$states.context`.
    pub(super) fn at(path: &[&str]) -> Option<ContextField> {
        match path {
            ["Execution", "Id"] => Some(ContextField::ExecutionId),
            ["Execution", "Name"] => Some(ContextField::ExecutionName),
            ["Execution", "StartTime"] => Some(ContextField::StartTime),
            ["State", "Name"] => Some(ContextField::StateName),
            ["State", "EnteredTime"] => Some(ContextField::EnteredTime),
            ["State", "RetryCount"] => Some(ContextField::RetryCount),
            ["StateMachine", "Id"] => Some(ContextField::MachineId),
            ["StateMachine", "Name"] => Some(ContextField::MachineName),
            _ => None,
        }
    }

    pub(super) fn read(self, visit: &Visit<'_>) -> Result<Json, Unsure> {
        let execution = visit.execution;
        Ok(match self {
            ContextField::ExecutionId => Json::from(execution.id.as_str()),
            ContextField::ExecutionName => Json::from(execution.name.as_str()),
            ContextField::StateName => Json::String(visit.state.clone()),
            ContextField::RetryCount => Json::Number(visit.retries.into()),
            ContextField::MachineId => Json::from(execution.machine_id.as_str()),
            ContextField::MachineName => Json::from(execution.machine_name.as_str()),
            ContextField::StartTime | ContextField::EnteredTime => {
                self.time(visit).and_then(time_text).ok_or(Unsure)?.into()
            }
        })
    }

    /// The field's time in milliseconds since 1970, cut off as in its text.
    pub(super) fn millis(self, visit: &Visit<'_>) -> Option<i64> {
        let at = self.time(visit)?;
        i64::try_from(at.unix_timestamp_nanos().div_euclid(1_000_000)).ok()
    }

    fn time(self, visit: &Visit<'_>) -> Option<OffsetDateTime> {
        match self {
            ContextField::StartTime => Some(visit.execution.start_time),
            ContextField::EnteredTime => Some(visit.entered),
            _ => None,
        }
    }
}
