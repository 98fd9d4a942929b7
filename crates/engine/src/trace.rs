//! Trace events for what a deployment would ask AWS Lambda to do.
//!
//! `RUST_LOG=hookstep_aws=trace` shows them; the cost model in `bench` counts them. Payloads are left out. (Not plain `aws`:
//! that filter would also let out the SDK's own events, and those do have bodies.)

use tracing::{Span, trace, trace_span};

/// The task of a state machine; `function` is the ARN of the function that it invokes. Requests traced within this span are
/// the task's.
pub(crate) fn task(resource: &str, function: Option<&str>) -> Span {
    let function = function.and_then(|arn| arn.rsplit(':').next());
    trace_span!(target: "hookstep_aws", "task", resource, function)
}

/// The function of the present task is invoked.
pub(crate) fn invoke() {
    trace!(target: "hookstep_aws", service = "lambda", operation = "Invoke", "a request");
}
