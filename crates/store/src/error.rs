//! Conditional writes that DynamoDB rejects.

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use hookstep_contract::StoreError;

/// Whether a write was made: `false` if its condition was not met.
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
