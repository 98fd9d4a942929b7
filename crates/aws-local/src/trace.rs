//! What goes to AWS in a deployment: an event for every request that this host answers in AWS's place, and what DynamoDB
//! would charge for it.
//!
//! `RUST_LOG=hookstep_aws=trace` shows them; the cost model in `bench` counts them. Bodies, keys and headers are left
//! out, and nothing is looked at unless somebody listens. (Not plain `aws`: that filter would also let out the SDK's own
//! events, and those do have bodies.)

use bytes::Bytes;
use serde_json::Value;
use tracing::{Level, enabled, trace};

use crate::wire::Reply;

/// Whether somebody listens.
pub(crate) fn on() -> bool {
    enabled!(target: "hookstep_aws", Level::TRACE)
}

/// A service has answered that charges by the request alone.
pub(crate) fn service(service: &'static str, operation: &str, reply: Reply) -> Reply {
    trace!(target: "hookstep_aws", service, operation, status = reply.status, "a request");
    reply
}

/// The bucket has answered.
pub(crate) fn bucket(method: &str, status: u16) {
    trace!(target: "hookstep_aws", service = "s3", operation = method, status, "a request");
}

/// The request, asking DynamoDB to say what it charges.
pub(crate) fn with_capacity(request: &Bytes) -> Option<Bytes> {
    let mut body: Value = serde_json::from_slice(request).ok()?;
    body.as_object_mut()?.insert("ReturnConsumedCapacity".to_owned(), "TOTAL".into());
    serde_json::to_vec(&body).ok().map(Bytes::from)
}

/// DynamoDB has answered.
pub(crate) fn tables(operation: &str, reply: &Reply) {
    let body: Value = serde_json::from_slice(&reply.body).unwrap_or_default();
    let units = match &body["ConsumedCapacity"] {
        // A transaction says it of each table.
        Value::Array(tables) => tables.iter().map(|table| table["CapacityUnits"].as_f64()).sum(),
        table => table["CapacityUnits"].as_f64(),
    };
    let error = body["__type"].as_str().and_then(|name| name.rsplit('#').next());
    trace!(target: "hookstep_aws", service = "dynamodb", operation, status = reply.status, units, error, "a request");
}
