//! Errors as RFC 9457 `application/problem+json`.

use axum::Router;
use axum::extract::rejection::BytesRejection;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use hookstep_contract::{FieldError, error_chain};
use hookstep_store::StoreError;
use serde::Serialize;
use tracing::error;
use utoipa::ToSchema;

/// A refusal, for the one who asked.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Problem {
    /// Always `about:blank`: the status says what kind of problem it is.
    #[serde(rename = "type")]
    #[schema(examples("about:blank"))]
    kind: &'static str,
    /// The name of the status.
    #[schema(examples("Bad Request"))]
    title: &'static str,
    /// The status.
    #[schema(minimum = 400, maximum = 599, examples(400))]
    status: u16,
    /// What is wrong, and what to do about it.
    #[schema(examples("must be 1 to 840"))]
    detail: String,
    /// The field that is wrong, as a path into the body, or the name of a parameter.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false, examples("timeout_seconds"))]
    field: Option<String>,
    /// The event it is about, where one was accepted.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false, format = "uuid")]
    event_id: Option<String>,
}

impl Problem {
    /// A refusal with this status; `detail` says what to do about it.
    pub fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self {
            kind: "about:blank",
            title: status.canonical_reason().unwrap_or("Error"),
            status: status.as_u16(),
            detail: detail.into(),
            field: None,
            event_id: None,
        }
    }

    /// 400 with the name of the field that is wrong.
    pub fn field(error: FieldError) -> Self {
        Self { field: Some(error.field), ..Self::new(StatusCode::BAD_REQUEST, error.reason) }
    }

    /// The status it is answered with.
    pub fn status(&self) -> StatusCode {
        StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    /// What is wrong, and what to do about it.
    pub fn detail(&self) -> &str {
        &self.detail
    }

    /// The field that is wrong, as a path.
    pub fn wrong_field(&self) -> Option<&str> {
        self.field.as_deref()
    }

    /// The same, naming the event it is about.
    #[must_use]
    pub fn about(self, event_id: hookstep_contract::EventId) -> Self {
        Self { event_id: Some(event_id.to_string()), ..self }
    }

    /// 404 for a webhook that is not there, or not this org's.
    pub fn no_webhook() -> Self {
        Self::new(StatusCode::NOT_FOUND, "there is no webhook with this config_id")
    }

    /// 500 for a fault of ours; its causes go to the log, not to the caller.
    pub fn internal(error: &(dyn std::error::Error + 'static)) -> Self {
        log_failure(error);
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "the fault is ours; try again")
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
        let mut response = (status, axum::Json(&self)).into_response();
        let kind = HeaderValue::from_static("application/problem+json");
        response.headers_mut().insert(header::CONTENT_TYPE, kind);
        if status == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

/// Logs a fault of ours with its causes, once, where the request ends.
pub fn log_failure(error: &(dyn std::error::Error + 'static)) {
    error!(error.chain = error_chain(error), "a request failed");
}

/// Answers what no route takes with a [`Problem`], too.
pub fn with_fallbacks(router: Router) -> Router {
    router
        .fallback(async || Problem::new(StatusCode::NOT_FOUND, "there is nothing at this path"))
        .method_not_allowed_fallback(async || {
            Problem::new(StatusCode::METHOD_NOT_ALLOWED, "this path does not take this method")
        })
}
