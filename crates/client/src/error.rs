//! What can go wrong between a producer and Hookstep.

use hookstep_api_types::ProblemDetails;
use reqwest::StatusCode;
use thiserror::Error;

/// Why a call failed. A receiver that fails is not an error: see the status of the event.
#[derive(Debug, Error)]
pub enum Error {
    /// The client cannot call the URL that it was given.
    #[error("{url:?} is not an http or https URL")]
    Url {
        /// The URL.
        url: String,
    },
    /// The token, key or header that the client was given cannot be sent in a header. The message does not repeat it.
    #[error("{0} contains characters that an HTTP header cannot carry")]
    Header(&'static str),
    /// TLS or the HTTP library could not be set up.
    #[error("the HTTP client could not be built")]
    Build(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// No complete response arrived, after all retries. Hookstep may have accepted a trigger all the same; one with an idempotency
    /// key of your own can be sent again without creating a second event.
    #[error("{service} cannot be reached")]
    Unreachable {
        /// The service that was called: Hookstep, or the upload storage.
        service: &'static str,
        /// The cause. It does not contain the URL, because the URL of an upload is a credential.
        #[source]
        source: reqwest::Error,
    },
    /// Hookstep refused the request.
    #[error("{0}")]
    Refused(Box<ProblemDetails>),
    /// The response is not one of Hookstep's.
    #[error("the response with status {status} cannot be read: is this the URL of a Hookstep?")]
    UnexpectedResponse {
        /// Its status.
        status: u16,
        /// What does not fit.
        #[source]
        source: serde_json::Error,
    },
    /// The payload of a new event is not JSON.
    #[error("the payload is not JSON")]
    Payload(#[source] serde_json::Error),
    /// The file with the body cannot be read.
    #[error("the body cannot be read from {path}")]
    File {
        /// The file.
        path: String,
        /// The cause.
        #[source]
        source: std::io::Error,
    },
}

impl Error {
    /// The HTTP status, if Hookstep refused the request: 401 for a bad token, 404 for what does not exist, 409 for a conflict,
    /// and so on.
    pub fn status(&self) -> Option<u16> {
        self.problem().map(|problem| problem.status)
    }

    /// The details, if Hookstep refused the request.
    pub fn problem(&self) -> Option<&ProblemDetails> {
        match self {
            Self::Refused(problem) => Some(problem),
            _ => None,
        }
    }
}

/// How much of a refusal that is not a problem document is quoted, in characters.
const DETAIL_CHARS: usize = 200;

/// Reads a refusal. One from a proxy or a gateway is put into the same form.
pub(crate) fn read_problem(status: StatusCode, body: &[u8]) -> ProblemDetails {
    if let Ok(problem) = serde_json::from_slice::<ProblemDetails>(body) {
        return ProblemDetails { status: status.as_u16(), ..problem };
    }
    ProblemDetails {
        kind: "about:blank".to_owned(),
        title: status.canonical_reason().unwrap_or("Error").to_owned(),
        status: status.as_u16(),
        detail: String::from_utf8_lossy(body).trim().chars().take(DETAIL_CHARS).collect(),
        field: None,
        event_id: None,
    }
}
