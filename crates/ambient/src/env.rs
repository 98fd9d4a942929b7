//! Settings from environment variables. Only a `main` reads them; everything below it receives values.

use std::fmt;
use std::time::Duration;

use hookstep_contract::limits::{RETENTION_DAYS, days};
use thiserror::Error;

/// A setting is missing or cannot be read.
#[derive(Error)]
#[error("the environment variable {name} {problem}")]
pub struct EnvError {
    name: &'static str,
    problem: &'static str,
}

/// The same as `Display`, because an operator sees the debug form when `main` returns the error.
impl fmt::Debug for EnvError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The environment variable `name`.
///
/// # Errors
/// If the variable is not set or not UTF-8.
#[expect(clippy::disallowed_methods, reason = "this is where settings are read")]
pub fn required(name: &'static str) -> Result<String, EnvError> {
    std::env::var(name).map_err(|_| EnvError { name, problem: "must be set" })
}

/// The environment variable `name`, or `None` if it is not set or not UTF-8.
pub fn optional(name: &'static str) -> Option<String> {
    required(name).ok()
}

/// The environment variable `name` as a number, or `default` if it is not set.
///
/// # Errors
/// If the variable is not a whole number.
pub fn number(name: &'static str, default: usize) -> Result<usize, EnvError> {
    match optional(name) {
        Some(text) => text.parse().map_err(|_| EnvError { name, problem: "must be a whole number" }),
        None => Ok(default),
    }
}

/// Whether the environment variable `name` is `true`.
pub fn flag(name: &'static str) -> bool {
    optional(name).is_some_and(|text| text == "true")
}

/// How long events are kept: the environment variable `RETENTION_DAYS`, or 30 days if it is not set.
///
/// # Errors
/// If the variable is not a whole number.
pub fn retention() -> Result<Duration, EnvError> {
    number("RETENTION_DAYS", RETENTION_DAYS).map(days)
}
