//! A table or bucket that did not do what it was asked for.

use thiserror::Error;

use crate::{ErrorName, StepError};

/// A storage operation that failed, with its cause.
#[derive(Debug, Error)]
#[error("cannot {operation}")]
pub struct StoreError {
    /// What was tried: fits after "cannot".
    operation: &'static str,
    #[source]
    source: Box<dyn std::error::Error + Send + Sync>,
}

impl StoreError {
    /// For `map_err`: `source` stopped us from doing `operation`.
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
