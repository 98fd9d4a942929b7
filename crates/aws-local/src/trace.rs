//! Trace events for the requests that a deployment would send to AWS: one for every request that this host
//! answers in AWS's place, with DynamoDB's charge.
//!
//! `RUST_LOG=hookstep_aws=trace` shows them; the cost model in `bench` counts them. They omit bodies, keys
//! and headers, and cost nothing unless a subscriber is interested. (The target is not plain `aws` because
//! that filter would also enable the SDK's own events, which contain bodies.)

use tracing::{Level, enabled, trace};

use crate::wire::Reply;

/// Whether a subscriber is interested.
pub(crate) fn on() -> bool {
    enabled!(target: "hookstep_aws", Level::TRACE)
}

/// Records a response of a service that charges only per request.
pub(crate) fn service(service: &'static str, operation: &str, reply: Reply) -> Reply {
    answered(service, operation, reply.status);
    reply
}

/// Records that a service that charges only per request has answered.
pub(crate) fn answered(service: &'static str, operation: &str, status: u16) {
    trace!(target: "hookstep_aws", service, operation, status, "a request");
}

/// Records a response of the bucket.
pub(crate) fn bucket(method: &str, status: u16) {
    trace!(target: "hookstep_aws", service = "s3", operation = method, status, "a request");
}

/// Records a response of DynamoDB.
pub(crate) fn tables(operation: &str, units: Option<f64>, error: Option<&str>) {
    let status = if error.is_some() { 400 } else { 200 };
    trace!(target: "hookstep_aws", service = "dynamodb", operation, status, units, error, "a request");
}
