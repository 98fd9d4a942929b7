//! Failures of a table or bucket.

use thiserror::Error;

use crate::{ErrorName, StepError};

/// A storage operation that failed, with its cause.
#[derive(Debug, Error)]
#[error("cannot {operation}")]
pub struct StoreError {
    /// What was attempted: a phrase that fits after "cannot".
    operation: &'static str,
    #[source]
    source: Box<dyn std::error::Error + Send + Sync>,
}

impl StoreError {
    /// For `map_err`: `source` is why `operation` failed.
    pub fn during<E>(operation: &'static str) -> impl FnOnce(E) -> Self
    where
        E: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        move |source| Self { operation, source: source.into() }
    }
}

impl From<StoreError> for StepError {
    fn from(error: StoreError) -> Self {
        StepError::because(ErrorName::StorageUnavailable, "storage failed", error)
    }
}
