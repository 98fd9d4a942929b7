//! Failures of AWS services.

use aws_sdk_eventbridge::error::{ProvideErrorMetadata, SdkError};
use hookstep_contract::{ErrorName, StepError};
use thiserror::Error;

/// A failed operation with only the name of the error: the message may quote the request, which contained a
/// secret.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("cannot {operation}: {code}")]
pub struct SecretsError {
    /// The attempted operation, phrased to follow "cannot".
    operation: &'static str,
    /// The error code of the service, or a description of a failure on the way to it.
    code: String,
}

impl SecretsError {
    pub(crate) fn new(operation: &'static str, code: impl Into<String>) -> Self {
        Self { operation, code: code.into() }
    }

    /// For `map_err`: `operation` failed.
    pub(crate) fn during<E, R>(operation: &'static str) -> impl FnOnce(SdkError<E, R>) -> Self
    where
        E: ProvideErrorMetadata,
    {
        move |error| Self::new(operation, code(&error))
    }
}

impl From<SecretsError> for StepError {
    fn from(error: SecretsError) -> Self {
        StepError::because(ErrorName::StorageUnavailable, "a secret could not be read", error)
    }
}

/// The name of a failure: the service's error code, or the stage at which the call failed.
pub(crate) fn code<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> String {
    match error {
        SdkError::ServiceError(failed) => failed.err().code().unwrap_or("an error without a name").to_owned(),
        SdkError::TimeoutError(_) => "no answer in time".to_owned(),
        SdkError::DispatchFailure(_) => "no connection to the service".to_owned(),
        SdkError::ResponseError(_) => "an answer that cannot be read".to_owned(),
        _ => "the request could not be made".to_owned(),
    }
}
