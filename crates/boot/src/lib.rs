//! The Lambda edge: what every `main.rs` needs before its handler can run, and nothing more.
//!
//! A `main.rs` has the same four movements everywhere: tracing, settings, clients, run.

mod aws;
mod failure;
mod https;
mod one_host;

use std::fmt;
use std::time::Duration;

use contract::limits::{RETENTION_DAYS, days};
use contract::{ErrorName, Sources, StepError};
use lambda_runtime::{LambdaEvent, service_fn};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use thiserror::Error;

pub use aws::Aws;
pub use lambda_runtime::Error;
pub use lambda_runtime::tracing::init_default_subscriber as init_tracing;
pub use one_host::OneHost;

use failure::Failure;

/// A setting that is missing or cannot be read.
#[derive(Error)]
#[error("the environment variable {name} {problem}")]
pub struct EnvError {
    name: &'static str,
    problem: &'static str,
}

/// Like its message: this is what an operator sees when `main` ends with it.
impl fmt::Debug for EnvError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The environment variable `name`.
///
/// # Errors
/// When it is not set or not UTF-8.
#[expect(clippy::disallowed_methods, reason = "this is where settings are read")]
pub fn env(name: &'static str) -> Result<String, EnvError> {
    std::env::var(name).map_err(|_| EnvError { name, problem: "must be set" })
}

/// The environment variable `name` as a number, or `default` when it is not set.
///
/// # Errors
/// When it is not a number.
pub fn env_number(name: &'static str, default: usize) -> Result<usize, EnvError> {
    match env(name) {
        Ok(text) => text.parse().map_err(|_| EnvError { name, problem: "must be a whole number" }),
        Err(_) => Ok(default),
    }
}

/// How long events are kept: the environment variable `RETENTION_DAYS`, 30 days when it is not set.
///
/// # Errors
/// When it is not a number.
pub fn retention() -> Result<Duration, EnvError> {
    env_number("RETENTION_DAYS", RETENTION_DAYS).map(days)
}

/// Whether the environment variable `name` is `true`.
pub fn env_flag(name: &'static str) -> bool {
    env(name).is_ok_and(|text| text == "true")
}

/// The machine's own clock and dice.
#[expect(clippy::disallowed_methods, reason = "this is where the clock is read")]
pub fn sources() -> Sources {
    Sources {
        clock: time::OffsetDateTime::now_utc,
        new_id: uuid::Uuid::now_v7,
        random: rand::random,
        random_bytes: rand::random,
    }
}

/// Runs a step's handler for every invocation, until Lambda stops the environment.
///
/// # Errors
/// When the Runtime API cannot be reached.
pub async fn run<I, O>(handle: impl AsyncFn(I) -> Result<O, StepError>) -> Result<(), Error>
where
    I: DeserializeOwned,
    O: Serialize,
{
    let handle = &handle;
    // Read here, not by the runtime, whose error for an input it cannot read has no name that the state machine knows.
    lambda_runtime::run(service_fn(async move |event: LambdaEvent<Box<RawValue>>| {
        // Boxed: the compiler computes the layout of everything below otherwise, and gives up on the longest of them.
        let input = serde_json::from_str(event.payload.get()).map_err(unreadable).map_err(Failure)?;
        Box::pin(handle(input)).await.map_err(Failure)
    }))
    .await
}

/// An input that is not what the step takes.
fn unreadable(error: serde_json::Error) -> StepError {
    StepError::because(ErrorName::InvalidInput, "the step cannot read its input", error)
}

/// Runs a router for every request of an HTTP API, until Lambda stops the environment.
///
/// # Errors
/// When the Runtime API cannot be reached.
pub async fn serve(router: axum::Router) -> Result<(), Error> {
    lambda_http::run(router).await
}
