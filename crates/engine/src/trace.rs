//! Trace events for the requests that a deployment would send to AWS Lambda.
//!
//! `RUST_LOG=hookstep_aws=trace` shows them; the cost model in `bench` counts
//! them. They contain no payloads. (The target is not plain `aws` because
//! that filter would also enable the SDK's own events, which contain bodies.)

use tracing::{Span, trace, trace_span};

/// The span of a state machine's task; `function` is the ARN of the function
/// that the task invokes. Requests traced within this span belong to the task.
pub(crate) fn task(resource: &str, function: Option<&str>) -> Span {
    let function = function.and_then(|arn| arn.rsplit(':').next());
    trace_span!(target: "hookstep_aws", "task", resource, function)
}

/// Records that the current task's function is invoked.
pub(crate) fn invoke() {
    trace!(target: "hookstep_aws", service = "lambda", operation = "Invoke", "a request");
}
