//! This host's AWS-compatible endpoint, `/aws`, for the AWS CLI and SDKs with `--endpoint-url`.
//!
//! Producers use it to put events on the bus, and operators to put lost events back. Requests must be signed
//! with AWS Signature Version 4, using the data directory's single key.

mod signature;

use std::path::Path;

use aws_credential_types::Credentials;
use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderValue, StatusCode, header, request};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use hookstep_ambient::Sources;
use serde_json::json;

use crate::bus::Bus;
use crate::queue::Queue;
use crate::states::States;
use crate::transport::JsonService;
use crate::wire::Reply;
use crate::{StandInError, private};

/// The access key's id; the secret is in a file in the data directory.
const ACCESS_KEY_ID: &str = "hookstep";
const SECRET_FILE: &str = "aws-secret-access-key";

/// The largest request: EventBridge's megabyte of events, and the JSON around them.
const BODY_BYTES: usize = 3 * 1024 * 1024;

/// The credentials that a producer configures in its AWS SDK.
#[derive(Clone)]
pub struct AwsCredentials {
    /// `AWS_ACCESS_KEY_ID`.
    pub access_key_id: &'static str,
    /// `AWS_SECRET_ACCESS_KEY`.
    pub secret_access_key: String,
}

/// The credentials of a data directory, created on first use.
///
/// # Errors
/// If the file cannot be read or written.
pub fn aws_credentials(data_dir: &Path, sources: &Sources) -> Result<AwsCredentials, StandInError> {
    let secret_access_key =
        private::read_or_make(&data_dir.join(SECRET_FILE), || private::random_text(sources))
            .map_err(StandInError::during("read or write the secret access key"))?;
    Ok(AwsCredentials { access_key_id: ACCESS_KEY_ID, secret_access_key })
}

#[derive(Clone, Debug)]
struct Endpoint {
    bus: Bus,
    states: States,
    lost: Queue,
    credentials: Credentials,
    sources: Sources,
}

/// The routes of the endpoint.
pub fn endpoint(bus: Bus, states: States, lost: Queue, key: AwsCredentials, sources: Sources) -> Router {
    let credentials = Credentials::from_keys(key.access_key_id, key.secret_access_key, None);
    Router::new()
        .route("/aws", post(call))
        .route("/aws/", post(call))
        .layer(DefaultBodyLimit::max(BODY_BYTES))
        .with_state(Endpoint { bus, states, lost, credentials, sources })
}

async fn call(State(endpoint): State<Endpoint>, parts: request::Parts, body: Bytes) -> Response {
    let now = (endpoint.sources.clock)();
    if let Err(refused) = signature::check(&parts, &body, &endpoint.credentials, now) {
        return refusal(StatusCode::FORBIDDEN, refused.name(), &refused.to_string());
    }
    match parts.headers.get("x-amz-target").and_then(|target| target.to_str().ok()) {
        Some("AWSEvents.PutEvents") => answer(endpoint.bus.put(&body).await),
        Some("AWSStepFunctions.StartExecution") => answer(endpoint.states.call("StartExecution", body).await),
        Some(target) if let Some(operation) = target.strip_prefix("AmazonSQS.") => {
            answer(endpoint.lost.call(operation, &body).await)
        }
        _ => refusal(
            StatusCode::BAD_REQUEST,
            "UnknownOperationException",
            "this endpoint puts events, starts executions and has one queue",
        ),
    }
}

fn refusal(status: StatusCode, name: &str, message: &str) -> Response {
    let body = json!({"__type": name, "message": message}).to_string().into_bytes();
    answer(Reply { status: status.as_u16(), body })
}

fn answer(reply: Reply) -> Response {
    let status = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let kind = [(header::CONTENT_TYPE, HeaderValue::from_static("application/x-amz-json-1.1"))];
    (status, kind, reply.body).into_response()
}
