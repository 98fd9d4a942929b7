//! What one who triggers a delivery gets.

use std::collections::BTreeMap;

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use hookstep_contract::{Content, Delivered, EventId, Outcome, Status, WorkflowOutput};
use hookstep_executions::{Run, WorkflowError};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{Problem, log_failure};

/// The answer to an event that is on its way.
#[derive(Debug, Serialize, ToSchema)]
pub struct Accepted {
    /// The event.
    event_id: EventId,
    /// Always `in_progress`.
    status: Status,
}

/// The answer to a sync trigger whose delivery has ended.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Delivered)]
pub struct SyncAnswer {
    /// The event.
    event_id: EventId,
    /// Where it stands now.
    status: Status,
    /// How the last attempt ended; null when none was made.
    outcome: Option<Outcome>,
    /// The receiver's status, when it gave one.
    status_code: Option<u16>,
    /// The headers that came back.
    headers: BTreeMap<String, String>,
    /// The first 64 KiB of the body that came back.
    body: Option<String>,
    /// `base64` when the receiver's body is not text.
    #[serde(skip_serializing_if = "Option::is_none")]
    body_encoding: Option<&'static str>,
    /// Whether there was more of it.
    body_truncated: bool,
    /// How many attempts were made.
    attempts: u32,
    /// How long the last one took, in milliseconds.
    duration_ms: u64,
    /// Why it failed, for the one who owns the receiver.
    error: Option<String>,
}

impl From<Delivered> for SyncAnswer {
    fn from(delivered: Delivered) -> Self {
        let (body, body_encoding) = delivered.body.map(Content::into_parts).unzip();
        Self {
            event_id: delivered.event_id,
            status: delivered.status,
            outcome: delivered.outcome,
            status_code: delivered.status_code,
            headers: delivered.headers,
            body,
            body_encoding: body_encoding.flatten(),
            body_truncated: delivered.body_truncated,
            attempts: delivered.attempts,
            duration_ms: delivered.duration_ms,
            error: delivered.error,
        }
    }
}

/// 202: the event is on its way.
pub fn accepted(event_id: EventId) -> Response {
    (StatusCode::ACCEPTED, Json(Accepted { event_id, status: Status::InProgress })).into_response()
}

/// 200 with the receiver's answer; 202 when there is none yet; 500 when the fault is ours.
pub fn delivered(event_id: EventId, run: Result<Run<WorkflowOutput>, WorkflowError>) -> Response {
    match run {
        Ok(Run::Ended(WorkflowOutput { status: Status::InProgress, .. }) | Run::StillRunning) => {
            accepted(event_id)
        }
        Ok(Run::Ended(output)) => {
            let answer = output.answer_for(event_id);
            Json(SyncAnswer::from(answer)).into_response()
        }
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
            WorkflowError::NotStopped(_) => {
                (StatusCode::SERVICE_UNAVAILABLE, "the delivery could not be stopped; try again")
            }
            WorkflowError::Lost(_) => (
                StatusCode::INTERNAL_SERVER_ERROR,
                "the answer got lost: the event may or may not be delivered; its record says which",
            ),
            WorkflowError::Failed { .. } => (
                StatusCode::INTERNAL_SERVER_ERROR,
                "the event could not be delivered for a reason of ours; its record says more",
            ),
            WorkflowError::NotUnderstood(_) => {
                (StatusCode::INTERNAL_SERVER_ERROR, "the fault is ours; try again")
            }
        };
        Self::new(status, detail)
    }
}
