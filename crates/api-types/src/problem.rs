//! Refusals.

use std::fmt;

use hookstep_contract::EventId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Why a request was refused.
// The document that RFC 9457 calls "problem details", `application/problem+json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = Problem)]
pub struct ProblemDetails {
    /// Always `about:blank`: the status tells what kind of problem it is.
    #[serde(rename = "type", default)]
    #[schema(required = true, examples("about:blank"))]
    pub kind: String,
    /// The name of the status.
    #[serde(default)]
    #[schema(required = true, examples("Bad Request"))]
    pub title: String,
    /// The status.
    #[schema(minimum = 400, maximum = 599, examples(400))]
    pub status: u16,
    /// What is wrong, and how to solve it.
    #[serde(default)]
    #[schema(required = true, examples("must be 1 to 840"))]
    pub detail: String,
    /// The field that is wrong, as a path into the body, or the name of a parameter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false, examples("timeout_seconds"))]
    pub field: Option<String>,
    /// The event that the problem is about, if one was accepted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false, format = "uuid")]
    pub event_id: Option<EventId>,
}

impl fmt::Display for ProblemDetails {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.status, self.title)?;
        if let Some(field) = &self.field {
            write!(f, ": {field}")?;
        }
        if !self.detail.is_empty() {
            write!(f, ": {}", self.detail)?;
        }
        self.event_id.map_or(Ok(()), |event_id| write!(f, " (event {event_id})"))
    }
}
