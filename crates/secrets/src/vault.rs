//! The secrets of connections, read by `deliver`.

use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::error::ProvideErrorMetadata;
use hookstep_ambient::OnDemand;
use hookstep_contract::{ClientAuthentication, Connection, Reason, ReasonCode, connection_name};
use thiserror::Error;

use crate::error::code;
use crate::{Connections, SecretsError, Values};

/// The secrets of connections.
#[derive(Clone, Debug)]
pub struct Vault {
    secrets: OnDemand<Client>,
    connections: Connections,
}

/// Why credentials could not be read.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ReadError {
    /// The connection has no readable credentials; the reason is for the owner of the webhook.
    #[error("{0}")]
    Unreadable(Reason),
    /// Secrets Manager or EventBridge could not be reached.
    #[error(transparent)]
    Unavailable(#[from] SecretsError),
}

impl Vault {
    /// The secrets reachable with `secrets`, which is called on first use.
    pub fn new(secrets: impl FnOnce() -> Client + Send + 'static, connections: Connections) -> Self {
        Self { secrets: OnDemand::new(secrets), connections }
    }

    /// The current credentials of a connection. A connection does not say how its OAuth client authenticates; that is
    /// `authentication`.
    ///
    /// # Errors
    /// If the connection is deauthorised or gone, if its secret may not be read or has an unexpected format,
    /// or if a service does not respond.
    pub async fn read(
        &self,
        connection: &Connection,
        authentication: Option<ClientAuthentication>,
    ) -> Result<Values, ReadError> {
        if let Some(arn) = &connection.secret_arn
            && let Some(values) = self.secret(connection, authentication, arn).await?
        {
            return Ok(values);
        }
        self.look_again(connection, authentication).await
    }

    /// Called when the secret is not at its known ARN. EventBridge reports what happened to the connection:
    /// it was deleted or deauthorised, or has new credentials and therefore a new secret.
    async fn look_again(
        &self,
        known: &Connection,
        authentication: Option<ClientAuthentication>,
    ) -> Result<Values, ReadError> {
        let name = connection_name(&known.arn).unwrap_or_default();
        let Some((found, reason)) = self.connections.find(name).await? else {
            return Err(unreadable("was deleted"));
        };
        if found.arn != known.arn {
            return Err(unreadable(
                "was deleted, and another one made under its name: save the webhook again",
            ));
        }
        if let Some(arn) = &found.secret_arn
            && let Some(values) = self.secret(&found, authentication, arn).await?
        {
            return Ok(values);
        }
        Err(match reason {
            Some(reason) => unreadable(&format!("is deauthorised: {reason}")),
            None => unreadable("is deauthorised: it has no credentials"),
        })
    }

    /// Reads a secret; `None` if it does not exist.
    async fn secret(
        &self,
        connection: &Connection,
        authentication: Option<ClientAuthentication>,
        arn: &str,
    ) -> Result<Option<Values>, ReadError> {
        let error = match Box::pin(self.secrets.get_secret_value().secret_id(arn).send()).await {
            Ok(found) => {
                let text = found.secret_string().unwrap_or_default();
                let values = Values::read(connection.kind, authentication, text);
                return values.map(Some).ok_or_else(|| unreadable("has a secret that cannot be read"));
            }
            Err(error) => error,
        };
        match error.as_service_error().and_then(ProvideErrorMetadata::code) {
            // For a secret scheduled for deletion, the error is `InvalidRequestException`.
            Some("ResourceNotFoundException" | "InvalidRequestException") => Ok(None),
            Some("AccessDeniedException" | "DecryptionFailure") => {
                Err(unreadable("has a secret that Hookstep may not read"))
            }
            _ => Err(SecretsError::new("read the secret of a connection", code(&error)).into()),
        }
    }
}

fn unreadable(what: &str) -> ReadError {
    ReadError::Unreadable(Reason::new(ReasonCode::ConnectionUnreadable, format!("the connection {what}")))
}
