//! A connection as it is stored.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{ConnectionStore, internal};
use crate::authorization::{AuthParameters, AuthorizationType};
use crate::keys::{EncryptionContext, LocalKey};
use crate::tables::CONNECTIONS;
use crate::wire::ServiceError;

const SECRETS: &str = "arn:aws:secretsmanager:local:000000000000:secret:";
const PREFIX: &str = "events!connection/";

/// A connection; times are in milliseconds.
#[derive(Deserialize, Serialize)]
pub(super) struct Connection {
    pub(super) name: String,
    pub(super) id: Uuid,
    pub(super) description: Option<String>,
    pub(super) kind: AuthorizationType,
    pub(super) created_at: i64,
    pub(super) modified_at: i64,
    pub(super) authorized_at: Option<i64>,
    /// Absent once the connection has been deauthorised.
    pub(super) secret: Option<Secret>,
}

/// The secret of a connection.
#[derive(Deserialize, Serialize)]
pub(super) struct Secret {
    /// As on AWS, this differs from the connection's id.
    id: Uuid,
    /// The random suffix of the secret's ARN.
    suffix: String,
    pub(super) version: Uuid,
    /// When this version was created.
    pub(super) created_at: i64,
    /// The parameters, encrypted, in base64.
    sealed: String,
}

impl Connection {
    pub(super) fn arn(&self) -> String {
        format!("arn:aws:events:local:000000000000:connection/{}/{}", self.name, self.id)
    }

    pub(super) fn state(&self) -> &'static str {
        if self.secret.is_some() { "AUTHORIZED" } else { "DEAUTHORIZED" }
    }
}

impl Secret {
    /// A secret without a value.
    pub(super) fn new(id: Uuid) -> Self {
        let suffix = hex::encode(rand::random::<[u8; 3]>());
        Self { id, suffix, version: Uuid::nil(), created_at: 0, sealed: String::new() }
    }

    pub(super) fn name(&self, connection: &str) -> String {
        format!("{PREFIX}{connection}/{}", self.id)
    }

    pub(super) fn arn(&self, connection: &str) -> String {
        format!("{SECRETS}{}-{}", self.name(connection), self.suffix)
    }

    /// The secret with a new version that contains these parameters.
    pub(super) fn sealed(
        self,
        connection: &str,
        version: Uuid,
        created_at: i64,
        parameters: &AuthParameters,
        key: &LocalKey,
    ) -> Option<Self> {
        let mut secret = Self { version, created_at, ..self };
        let sealed = key.seal(&secret.context(connection), &serde_json::to_vec(parameters).ok()?)?;
        secret.sealed = STANDARD.encode(sealed);
        Some(secret)
    }

    pub(super) fn unsealed(&self, connection: &str, key: &LocalKey) -> Option<AuthParameters> {
        let sealed = STANDARD.decode(&self.sealed).ok()?;
        serde_json::from_slice(&key.unseal(&self.context(connection), &sealed)?).ok()
    }

    /// The encryption context that Secrets Manager uses
    /// ("Secret encryption and decryption" in its user guide).
    fn context(&self, connection: &str) -> EncryptionContext {
        let pairs = [("SecretARN", self.arn(connection)), ("SecretVersionId", self.version.to_string())];
        pairs.map(|(name, value)| (name.to_owned(), value)).into()
    }
}

/// The name of the connection that owns the secret with this ARN or name.
pub(super) fn connection_of(secret_id: &str) -> Option<&str> {
    let name = secret_id.strip_prefix(SECRETS).unwrap_or(secret_id);
    name.strip_prefix(PREFIX)?.split_once('/').map(|(connection, _)| connection)
}

impl ConnectionStore {
    pub(super) async fn find(&self, name: &str) -> Result<Option<Connection>, ServiceError> {
        let request = json!({"Key": {"name": {"S": name}}, "ConsistentRead": true});
        let answer = self.request("GetItem", request).await?;
        let Some(text) = answer["Item"]["connection"]["S"].as_str() else { return Ok(None) };
        serde_json::from_str(text).map(Some).map_err(|_| internal("read a connection"))
    }

    pub(super) async fn write(&self, connection: &Connection) -> Result<(), ServiceError> {
        let text = serde_json::to_string(connection).map_err(|_| internal("write a connection"))?;
        let item = json!({"name": {"S": connection.name}, "connection": {"S": text}});
        self.request("PutItem", json!({"Item": item})).await.map(drop)
    }

    pub(super) async fn remove(&self, name: &str) -> Result<(), ServiceError> {
        self.request("DeleteItem", json!({"Key": {"name": {"S": name}}})).await.map(drop)
    }

    async fn request(&self, operation: &'static str, mut request: Value) -> Result<Value, ServiceError> {
        request["TableName"] = CONNECTIONS.into();
        self.tables.submit(operation, request).await.map_err(|error| {
            tracing::error!(
                operation,
                error.name,
                error.message,
                "the table of connections refused a request"
            );
            internal("reach the connections")
        })
    }
}
