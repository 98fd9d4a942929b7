//! What a program may log at all, whatever its operator asks for.
//!
//! Below warnings, the AWS SDK and the HTTP stacks print requests as they are: bodies of `PutItem`, `Authorization` headers,
//! passwords and tokens. Which of their targets do so changes with every update, so the rule names who may speak instead
//! of who may not.

use tracing::{Level, Metadata};

/// The first part of the targets of our own crates.
const OURS: &str = "hookstep";

/// The Lambda runtime, whose spans carry the id of the request.
const RUNTIME: &str = "lambda_runtime";

/// Whether an event or a span may be logged.
///
/// Every subscriber has this filter in addition to the levels that the operator sets: our own crates may log at any
/// level, and other people's only warnings and errors.
pub fn may_log(metadata: &Metadata<'_>) -> bool {
    *metadata.level() <= most_verbose(metadata.target())
}

fn most_verbose(target: &str) -> Level {
    let is_of = |name: &str| target.split("::").next().is_some_and(|krate| krate.starts_with(name));
    if is_of(OURS) {
        Level::TRACE
    } else if is_of(RUNTIME) {
        Level::INFO
    } else {
        Level::WARN
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_own_crates_speak_below_warnings() {
        for (target, level) in [
            ("hookstep", Level::TRACE),
            ("hookstep_deliver::attempt", Level::TRACE),
            ("hookstep_aws", Level::TRACE),
            ("lambda_runtime::layers::trace", Level::INFO),
            ("aws_smithy_runtime::client::orchestrator", Level::WARN),
            ("aws_sdk_dynamodb", Level::WARN),
            ("hyper_util::client::legacy::pool", Level::WARN),
            ("h2::codec::framed_write", Level::WARN),
            ("other::hookstep", Level::WARN),
            ("", Level::WARN),
        ] {
            assert_eq!(most_verbose(target), level, "{target}");
        }
    }
}
