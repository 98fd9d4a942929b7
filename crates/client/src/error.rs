//! What can go wrong between a producer and Hookstep.

use std::fmt;

use hookstep_contract::EventId;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Why a call has no answer. What a receiver did is none of these.
#[derive(Debug, Error)]
pub enum Error {
    /// The client was given a URL that it cannot call.
    #[error("{url:?} is not the http or https URL of a Hookstep")]
    Url {
        /// The URL.
        url: String,
    },
    /// The client was given a token, key or header that no header can carry; it is not repeated here.
    #[error("{0} holds what no HTTP header can carry")]
    Header(&'static str),
    /// TLS or the HTTP library could not be set up.
    #[error("the HTTP client could not be built")]
    Build(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// There was no whole answer, after all attempts. A trigger may have been accepted all the same: one with an idempotency key
    /// of your own can be sent again without harm.
    #[error("{what} cannot be reached")]
    Unreachable {
        /// Hookstep, or the place of its uploads.
        what: &'static str,
        /// Why, without the URL: an upload's is a credential.
        #[source]
        source: reqwest::Error,
    },
    /// Hookstep said no.
    #[error("{0}")]
    Refused(Box<Problem>),
    /// The answer is none of Hookstep's.
    #[error("an answer with status {status} cannot be read; is this the URL of a Hookstep?")]
    NotUnderstood {
        /// Its status.
        status: u16,
        /// What does not fit.
        #[source]
        source: serde_json::Error,
    },
    /// The file with the body cannot be read.
    #[error("the body cannot be read from {path}")]
    File {
        /// The file.
        path: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
}

impl Error {
    /// The HTTP status of a refusal: 401 for a bad token, 404 for what is not there, 409 for a conflict, and so on.
    pub fn status(&self) -> Option<u16> {
        self.problem().map(|problem| problem.status)
    }

    /// The refusal, when it is one.
    pub fn problem(&self) -> Option<&Problem> {
        match self {
            Self::Refused(problem) => Some(problem),
            _ => None,
        }
    }
}

/// A refusal (RFC 9457 `application/problem+json`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// The HTTP status.
    pub status: u16,
    /// The name of the status.
    #[serde(default)]
    pub title: String,
    /// What is wrong, and what to do about it.
    #[serde(default)]
    pub detail: String,
    /// The field that is wrong, as a path into the body, or the name of a parameter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// The event it is about, where one was accepted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event_id: Option<EventId>,
}

/// How much of an answer that is no problem document is repeated, in characters.
const DETAIL_CHARS: usize = 200;

impl Problem {
    /// Reads a refusal; one that a proxy or a gateway made is put in the same form.
    pub(crate) fn read(status: reqwest::StatusCode, body: &[u8]) -> Self {
        if let Ok(problem) = serde_json::from_slice::<Self>(body) {
            return Self { status: status.as_u16(), ..problem };
        }
        let detail = String::from_utf8_lossy(body).trim().chars().take(DETAIL_CHARS).collect();
        let title = status.canonical_reason().unwrap_or("Error").to_owned();
        Self { status: status.as_u16(), title, detail, field: None, event_id: None }
    }
}

impl fmt::Display for Problem {
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
