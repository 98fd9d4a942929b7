//! A table or bucket that did not do as it was told.

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use hookstep_contract::{ErrorName, StepError};
use thiserror::Error;

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
    pub(crate) fn during<E>(operation: &'static str) -> impl FnOnce(E) -> Self
    where
        E: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        move |source| Self { operation, source: source.into() }
    }
}

/// Whether a write took place: `false` when its condition forbade it.
pub(crate) fn unless_forbidden<T, E, R>(
    sent: Result<T, SdkError<E, R>>,
    operation: &'static str,
) -> Result<bool, StoreError>
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    R: std::fmt::Debug + Send + Sync + 'static,
{
    match sent {
        Ok(_) => Ok(true),
        Err(error) if error.code() == Some("ConditionalCheckFailedException") => Ok(false),
        Err(error) => Err(StoreError::during(operation)(error)),
    }
}

impl From<StoreError> for StepError {
    fn from(error: StoreError) -> Self {
        StepError::because(ErrorName::StorageUnavailable, "storage failed", error)
    }
}
