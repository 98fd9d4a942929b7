//! Trace events for the requests that a deployment would send to AWS: one for every request that this host
//! answers in AWS's place, with DynamoDB's charge.
//!
//! `RUST_LOG=hookstep_aws=trace` shows them; the cost model in `bench` counts them. They omit bodies, keys
//! and headers, and cost nothing unless a subscriber is interested. (The target is not plain `aws` because
//! that filter would also enable the SDK's own events, which contain bodies.)

use bytes::Bytes;
use serde_json::Value;
use tracing::{Level, enabled, trace};

use crate::wire::Reply;

/// Whether a subscriber is interested.
pub(crate) fn on() -> bool {
    enabled!(target: "hookstep_aws", Level::TRACE)
}

/// Records a response of a service that charges only per request.
pub(crate) fn service(service: &'static str, operation: &str, reply: Reply) -> Reply {
    trace!(target: "hookstep_aws", service, operation, status = reply.status, "a request");
    reply
}

/// Records a response of the bucket.
pub(crate) fn bucket(method: &str, status: u16) {
    trace!(target: "hookstep_aws", service = "s3", operation = method, status, "a request");
}

/// The request, changed to ask DynamoDB for its consumed capacity.
pub(crate) fn with_capacity(request: &Bytes) -> Option<Bytes> {
    let mut body: Value = serde_json::from_slice(request).ok()?;
    body.as_object_mut()?.insert("ReturnConsumedCapacity".to_owned(), "TOTAL".into());
    serde_json::to_vec(&body).ok().map(Bytes::from)
}

/// Records a response of DynamoDB.
pub(crate) fn tables(operation: &str, reply: &Reply) {
    let body: Value = serde_json::from_slice(&reply.body).unwrap_or_default();
    let units = match &body["ConsumedCapacity"] {
        // A transaction reports the capacity of each table.
        Value::Array(tables) => tables.iter().map(|table| table["CapacityUnits"].as_f64()).sum(),
        table => table["CapacityUnits"].as_f64(),
    };
    let error = body["__type"].as_str().and_then(|name| name.rsplit('#').next());
    trace!(target: "hookstep_aws", service = "dynamodb", operation, status = reply.status, units, error, "a request");
}
