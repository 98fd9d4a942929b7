//! A service of AWS that did not do as it was told.

use aws_sdk_eventbridge::error::{ProvideErrorMetadata, SdkError};
use hookstep_contract::{ErrorName, StepError};
use thiserror::Error;

/// An operation that failed, told by the name of the error alone: the message may quote the request, which had a secret in it.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("cannot {operation}: {code}")]
pub struct SecretsError {
    /// What was tried: fits after "cannot".
    operation: &'static str,
    /// What the service, or the way there, calls the failure.
    code: String,
}

impl SecretsError {
    pub(crate) fn new(operation: &'static str, code: impl Into<String>) -> Self {
        Self { operation, code: code.into() }
    }

    /// For `map_err`: the service stopped us from doing `operation`.
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

/// What a failed call is called: the service's name for it, or where it got lost.
pub(crate) fn code<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> String {
    match error {
        SdkError::ServiceError(failed) => failed.err().code().unwrap_or("an error without a name").to_owned(),
        SdkError::TimeoutError(_) => "no answer in time".to_owned(),
        SdkError::DispatchFailure(_) => "no connection to the service".to_owned(),
        SdkError::ResponseError(_) => "an answer that cannot be read".to_owned(),
        _ => "the request could not be made".to_owned(),
    }
}
