//! Why an operation was not carried out.

use aws_sdk_dynamodb::error::{ErrorMetadata, SdkError};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::http::StatusCode;
use aws_smithy_types::body::SdkBody;
use hookstep_storage::StorageError;
use hookstep_tables::Item;
use thiserror::Error;

/// Why an operation was not carried out.
#[derive(Clone, Debug, Error)]
pub enum Refusal {
    /// The request is not one that a table can carry out.
    #[error("{0}")]
    Invalid(String),
    /// There is no table with this name.
    #[error("there is no table {0}")]
    NoTable(String),
    /// The condition of a write is not met.
    #[error("The conditional request failed")]
    Condition {
        /// The item as it is, if the request asks for it.
        item: Option<Box<Item>>,
    },
    /// Conditions of a transaction are not met: whether each of its writes was at fault.
    #[error("Transaction cancelled")]
    Transaction(Vec<bool>),
    /// The item cannot be read.
    #[error("an item cannot be read: {0}")]
    Damaged(&'static str),
    /// The storage could not carry it out.
    #[error("the storage cannot carry it out: {}", chain(.0))]
    Storage(StorageError),
}

/// The result of an operation.
pub type Answered<T> = Result<T, Refusal>;

impl Refusal {
    /// The name of DynamoDB's error.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Invalid(_) => "ValidationException",
            Self::NoTable(_) => "ResourceNotFoundException",
            Self::Condition { .. } => "ConditionalCheckFailedException",
            Self::Transaction(_) => "TransactionCanceledException",
            // A full disk: the request may be repeated, as a throttled one may.
            Self::Storage(StorageError::Full) => "ThrottlingException",
            Self::Damaged(_) | Self::Storage(_) => "InternalServerError",
        }
    }

    pub(crate) fn metadata(&self) -> ErrorMetadata {
        ErrorMetadata::builder().code(self.name()).message(self.to_string()).build()
    }

    /// The HTTP status with which DynamoDB answers.
    pub fn status(&self) -> u16 {
        match self {
            Self::Damaged(_) | Self::Storage(_) => 500,
            _ => 400,
        }
    }

    /// The SDK's error; `error` is the operation's.
    pub(crate) fn into_sdk<E>(self, error: impl FnOnce(Self) -> E) -> SdkError<E> {
        match StatusCode::try_from(self.status()) {
            Ok(status) => SdkError::service_error(error(self), HttpResponse::new(status, SdkBody::empty())),
            Err(invalid) => SdkError::construction_failure(invalid),
        }
    }
}

/// An error with its causes. DynamoDB's errors, into which a refusal is turned, have a text and no cause.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text.push_str(&format!(": {error}"));
        source = error.source();
    }
    text
}

impl From<StorageError> for Refusal {
    fn from(error: StorageError) -> Self {
        Self::Storage(error)
    }
}
