//! Logs to standard output, as Lambda collects it.

use hookstep_ambient::{env, may_log};
use lambda_runtime::tracing::subscriber::filter::{EnvFilter, LevelFilter, filter_fn};
use lambda_runtime::tracing::subscriber::prelude::*;
use lambda_runtime::tracing::subscriber::{fmt, registry};

/// Logs at the levels of `AWS_LAMBDA_LOG_LEVEL` or `RUST_LOG` and in the format of `AWS_LAMBDA_LOG_FORMAT`, as the Lambda
/// runtime's own subscriber would, but never what may show a secret.
pub fn init_tracing() {
    let level = env::optional("AWS_LAMBDA_LOG_LEVEL").or_else(|| env::optional("RUST_LOG"));
    let level = level.and_then(|level| level.parse().ok()).unwrap_or(LevelFilter::INFO);
    let filter = EnvFilter::builder().with_default_directive(level.into()).from_env_lossy();
    let subscriber = registry().with(filter).with(filter_fn(may_log));
    // Lambda adds the time itself.
    let lines = fmt::layer().with_target(false).without_time();
    let is_json =
        env::optional("AWS_LAMBDA_LOG_FORMAT").is_some_and(|format| format.eq_ignore_ascii_case("json"));
    if is_json { subscriber.with(lines.json()).init() } else { subscriber.with(lines).init() }
}
