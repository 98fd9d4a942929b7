//! Errors as RFC 9457 `application/problem+json`.

use axum::Router;
use axum::extract::rejection::BytesRejection;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use hookstep_api_types::ProblemDetails;
use hookstep_contract::{EventId, FieldError, error_chain};
use hookstep_store::StoreError;
use tracing::error;

use crate::protection::{self, Transport};

/// When what was not possible may be tried again, in seconds.
const RETRY_AFTER_SECONDS: &str = "10";

/// A refusal as a response: [`ProblemDetails`] with their status and media type.
#[derive(Clone, Debug)]
pub struct Problem {
    /// Boxed, because most functions that can fail with a problem succeed.
    details: Box<ProblemDetails>,
    /// Whether the request carried a token that nobody has.
    is_wrong_token: bool,
}

/// In the extensions of a response: the request carried a token that nobody has. Whoever serves the response counts these, for
/// somebody may be guessing.
#[derive(Clone, Copy, Debug)]
pub struct WrongToken;

impl Problem {
    /// A refusal with this status; `detail` says what to do about it.
    pub fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        let details = ProblemDetails {
            kind: "about:blank".to_owned(),
            title: status.canonical_reason().unwrap_or("Error").to_owned(),
            status: status.as_u16(),
            detail: detail.into(),
            field: None,
            event_id: None,
        };
        Self { details: Box::new(details), is_wrong_token: false }
    }

    /// 401 for a token that nobody has.
    pub fn wrong_token() -> Self {
        let detail = "this token is unknown: it may have expired or been revoked";
        Self { is_wrong_token: true, ..Self::new(StatusCode::UNAUTHORIZED, detail) }
    }

    /// 400 with the name of the field that is wrong.
    pub fn field(error: FieldError) -> Self {
        let mut problem = Self::new(StatusCode::BAD_REQUEST, error.reason);
        problem.details.field = Some(error.field);
        problem
    }

    /// The status it is answered with.
    pub fn status(&self) -> StatusCode {
        StatusCode::from_u16(self.details.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    /// What is wrong, and what to do about it.
    pub fn detail(&self) -> &str {
        &self.details.detail
    }

    /// The field that is wrong, as a path.
    pub fn wrong_field(&self) -> Option<&str> {
        self.details.field.as_deref()
    }

    /// The document, for an answer that has it in a place of its own.
    pub fn into_details(self) -> ProblemDetails {
        *self.details
    }

    /// The same, naming the event it is about.
    #[must_use]
    pub fn about(mut self, event_id: EventId) -> Self {
        self.details.event_id = Some(event_id);
        self
    }

    /// 404 for a webhook that the org does not have.
    pub fn no_webhook() -> Self {
        Self::new(StatusCode::NOT_FOUND, "there is no webhook with this config_id")
    }

    /// 503 while the disk has no room for new work.
    pub fn no_room() -> Self {
        let detail = "the disk has no room for new work at the moment; try again later";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, detail)
    }

    /// 500 for an error of our own; its causes go to the log, not to the caller.
    pub fn internal(error: &(dyn std::error::Error + 'static)) -> Self {
        log_failure(error);
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "an error in Hookstep; try again")
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        Self::internal(&error)
    }
}

impl From<BytesRejection> for Problem {
    fn from(rejection: BytesRejection) -> Self {
        let detail = match rejection.status() {
            StatusCode::PAYLOAD_TOO_LARGE => "the body is larger than this route takes",
            _ => "the body could not be read to its end",
        };
        Self::new(rejection.status(), detail)
    }
}

impl From<FieldError> for Problem {
    fn from(error: FieldError) -> Self {
        Self::field(error)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = self.status();
        let mut response = (status, axum::Json(&*self.details)).into_response();
        let kind = HeaderValue::from_static("application/problem+json");
        response.headers_mut().insert(header::CONTENT_TYPE, kind);
        if status == StatusCode::SERVICE_UNAVAILABLE {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static(RETRY_AFTER_SECONDS));
        }
        if status == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if self.is_wrong_token {
            response.extensions_mut().insert(WrongToken);
        }
        response
    }
}

/// Logs an error of our own with its causes, once, where the request ends.
pub fn log_failure(error: &(dyn std::error::Error + 'static)) {
    error!(error.chain = error_chain(error), "a request failed");
}

/// A router as it is served: unknown paths and methods are answered with a [`Problem`], and every answer has the headers that
/// protect it.
pub fn finished(router: Router, transport: Transport) -> Router {
    let router = router
        .fallback(async || Problem::new(StatusCode::NOT_FOUND, "there is nothing at this path"))
        .method_not_allowed_fallback(async || {
            Problem::new(StatusCode::METHOD_NOT_ALLOWED, "this path does not take this method")
        });
    protection::protected(router, transport)
}
