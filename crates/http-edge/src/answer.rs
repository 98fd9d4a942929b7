//! The answers to whoever triggers a delivery.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use hookstep_api_types::{Accepted, Delivered};
use hookstep_contract::{EventId, Status, WorkflowOutput};
use hookstep_executions::{Run, WorkflowError};

use crate::{Problem, log_failure};

/// 202: the event is on its way, or scheduled.
pub fn accepted(event_id: EventId, status: Status) -> Response {
    (StatusCode::ACCEPTED, Json(Accepted { event_id, status })).into_response()
}

/// 200 with the receiver's answer; 202 when there is none yet; 500 after an error of our own.
pub fn delivered(event_id: EventId, run: Result<Run<WorkflowOutput>, WorkflowError>) -> Response {
    match run {
        // Another trigger with the same idempotency key may have scheduled the event: it has not ended, either.
        Ok(Run::Ended(WorkflowOutput { status, .. })) if status.is_open() => accepted(event_id, status),
        Ok(Run::StillRunning) => accepted(event_id, Status::InProgress),
        Ok(Run::Ended(output)) => Json(Delivered::from(output.answer_for(event_id))).into_response(),
        Err(error) => Problem::from(error).about(event_id).into_response(),
    }
}

impl From<WorkflowError> for Problem {
    fn from(error: WorkflowError) -> Self {
        log_failure(&error);
        let (status, detail) = match error {
            WorkflowError::NotStarted(_) => {
                (StatusCode::SERVICE_UNAVAILABLE, "the workflow could not be started; try again")
            }
            WorkflowError::NoRoom => {
                return Self::no_room();
            }
            WorkflowError::NotStopped(_) => {
                (StatusCode::SERVICE_UNAVAILABLE, "the delivery could not be stopped; try again")
            }
            WorkflowError::Lost(_) => (
                StatusCode::INTERNAL_SERVER_ERROR,
                "the result was lost: the event may or may not have been delivered; its record tells",
            ),
            WorkflowError::Failed { .. } => (
                StatusCode::INTERNAL_SERVER_ERROR,
                "the event could not be delivered because of an error in Hookstep; its record tells more",
            ),
            WorkflowError::NotUnderstood(_) => {
                (StatusCode::INTERNAL_SERVER_ERROR, "an error in Hookstep; try again")
            }
        };
        Self::new(status, detail)
    }
}
