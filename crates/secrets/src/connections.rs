//! EventBridge connections, written by the management API.

use aws_sdk_eventbridge::Client;
use aws_sdk_eventbridge::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_eventbridge::operation::describe_connection::DescribeConnectionOutput;
use aws_sdk_eventbridge::types::{ConnectionAuthorizationType, ConnectionOAuthHttpMethod};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hookstep_ambient::OnDemand;
use hookstep_contract::{Auth, ConfigId, Connection, ConnectionKind, OrgId, TokenMethod, connection_prefix};
use thiserror::Error;

use crate::SecretsError;
use crate::error::code;
use crate::request;

/// The connections of this account and region.
#[derive(Clone, Debug)]
pub struct Connections {
    client: OnDemand<Client>,
}

/// Why a connection was not written.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum SaveError {
    /// The connection no longer exists, so the secrets to be kept are lost.
    #[error("the connection is gone")]
    Gone,
    /// EventBridge rejected the connection.
    #[error("EventBridge refuses the connection")]
    Refused,
    /// EventBridge is still working on the connection (it deletes connections after its answer), or takes no more
    /// changes at the moment (50 per second).
    #[error("the connection is being changed or deleted")]
    Busy,
    /// The account has reached its limit of connections: 3,000 per region by default.
    #[error("there are as many connections as the account may have")]
    Full,
    /// The operation failed.
    #[error(transparent)]
    Failed(#[from] SecretsError),
}

/// The name of the connection created for a webhook. At most 64 characters, the maximum of EventBridge: with
/// an org id of 32 characters, and the 128 bits of the config id in 22.
pub fn connection_name_for(org_id: &OrgId, config_id: ConfigId) -> String {
    format!("{}{}", connection_prefix(org_id), URL_SAFE_NO_PAD.encode(config_id.0.as_bytes()))
}

impl Connections {
    /// The connections reachable with `client`, which is called on first use.
    pub fn new(client: impl FnOnce() -> Client + Send + 'static) -> Self {
        Self { client: OnDemand::new(client) }
    }

    /// Creates a connection; all secrets of `auth` must be given.
    ///
    /// # Errors
    /// If EventBridge rejects the connection or cannot be reached.
    pub async fn create(&self, name: &str, auth: &Auth) -> Result<Connection, SaveError> {
        let Some((kind, parameters)) = request::for_create(auth)? else { return Err(SaveError::Refused) };
        let made =
            self.client.create_connection().name(name).authorization_type(kind).auth_parameters(parameters);
        // The SDK's future is large, and would be part of that of every delivery.
        let made = Box::pin(made.send()).await;
        made.map_err(|error| refusal(&error, "create a connection"))?;
        self.expect(name).await
    }

    /// Changes a connection; secrets of `auth` that are not given stay unchanged.
    ///
    /// # Errors
    /// If EventBridge rejects the connection or cannot be reached.
    pub async fn update(&self, name: &str, auth: &Auth) -> Result<Connection, SaveError> {
        let Some((kind, parameters)) = request::for_update(auth)? else { return Err(SaveError::Refused) };
        let changed =
            self.client.update_connection().name(name).authorization_type(kind).auth_parameters(parameters);
        // The SDK's future is large, and would be part of that of every delivery.
        let changed = Box::pin(changed.send()).await;
        changed.map_err(|error| refusal(&error, "change a connection"))?;
        self.expect(name).await
    }

    /// Deletes a connection and its secret; succeeds if the connection does not exist.
    ///
    /// # Errors
    /// If EventBridge does not delete the connection.
    pub async fn delete(&self, name: &str) -> Result<(), SecretsError> {
        match Box::pin(self.client.delete_connection().name(name).send()).await {
            Ok(_) => Ok(()),
            Err(error) if is_not_found(&error) => Ok(()),
            Err(error) => Err(SecretsError::during("delete a connection")(error)),
        }
    }

    /// The connection with this name, and why it is not authorised if EventBridge gives a reason; `None` if
    /// it does not exist.
    ///
    /// # Errors
    /// If EventBridge cannot be reached, or its response is incomplete.
    pub async fn find(&self, name: &str) -> Result<Option<(Connection, Option<String>)>, SecretsError> {
        match Box::pin(self.client.describe_connection().name(name).send()).await {
            Ok(found) => Ok(Some((connection(&found)?, found.state_reason().map(ToOwned::to_owned)))),
            Err(error) if is_not_found(&error) => Ok(None),
            Err(error) => Err(SecretsError::during("look at a connection")(error)),
        }
    }

    /// Reads the connection that was just written, because only a description contains its secret's ARN.
    async fn expect(&self, name: &str) -> Result<Connection, SaveError> {
        self.find(name).await?.map(|(connection, _)| connection).ok_or(SaveError::Gone)
    }
}

fn connection(found: &DescribeConnectionOutput) -> Result<Connection, SecretsError> {
    let unreadable =
        |what: &str| SecretsError::new("look at a connection", format!("{what} is missing or unknown"));
    let kind = match found.authorization_type() {
        Some(ConnectionAuthorizationType::Basic) => ConnectionKind::Basic,
        Some(ConnectionAuthorizationType::ApiKey) => ConnectionKind::ApiKey,
        Some(ConnectionAuthorizationType::OauthClientCredentials) => {
            let oauth = found.auth_parameters().and_then(|parameters| parameters.o_auth_parameters());
            ConnectionKind::OauthClientCredentials(match oauth.and_then(|oauth| oauth.http_method()) {
                Some(ConnectionOAuthHttpMethod::Get) => TokenMethod::Get,
                Some(ConnectionOAuthHttpMethod::Put) => TokenMethod::Put,
                _ => TokenMethod::Post,
            })
        }
        _ => return Err(unreadable("its kind")),
    };
    Ok(Connection {
        arn: found.connection_arn().ok_or_else(|| unreadable("its ARN"))?.to_owned(),
        secret_arn: found.secret_arn().map(ToOwned::to_owned),
        kind,
    })
}

fn is_not_found<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> bool {
    error.as_service_error().and_then(ProvideErrorMetadata::code) == Some("ResourceNotFoundException")
}

fn refusal<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>, operation: &'static str) -> SaveError {
    match error.as_service_error().and_then(ProvideErrorMetadata::code) {
        Some("ResourceNotFoundException") => SaveError::Gone,
        Some("ValidationException") => SaveError::Refused,
        Some("LimitExceededException") => SaveError::Full,
        Some(
            "ConcurrentModificationException" | "ResourceAlreadyExistsException" | "ThrottlingException",
        ) => SaveError::Busy,
        _ => SecretsError::new(operation, code(error)).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_name_is_as_long_as_may_be() {
        let config_id: ConfigId = "0190a000-0000-7000-8000-00000000000a".parse().unwrap();
        let name = connection_name_for(&"a".repeat(32).parse().unwrap(), config_id);
        assert_eq!(name.len(), 64);
        assert!(name.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c)), "{name}");
    }
}
