//! Local EventBridge connections, each with its secret (ADR 0011).
//!
//! A connection is an item in the tables' database. The item holds the parameters,
//! encrypted and bound to the secret's ARN and version, as in Secrets Manager. On AWS, an
//! OAuth connection is AUTHORIZING until EventBridge has a token from the authorisation
//! server; here that server is not called, and the connection is AUTHORIZED at once.

mod item;

use std::sync::Arc;

use hookstep_ambient::Sources;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::Mutex;

use crate::authorization::{AuthParameters, AuthorizationType};
use crate::keys::LocalKey;
use crate::tables::Tables;
use crate::wire::{Answer, ServiceError, read, seconds, without_nulls};
use item::{Connection, Secret};

/// The part of the EventBridge API that manages connections.
#[derive(Clone)]
pub struct ConnectionStore {
    tables: Tables,
    key: LocalKey,
    sources: Sources,
    /// Held during a read-modify-write of a connection.
    writing: Arc<Mutex<()>>,
}

/// A decrypted secret.
pub(crate) struct SecretValue {
    pub(crate) arn: String,
    pub(crate) name: String,
    pub(crate) version: uuid::Uuid,
    pub(crate) created_at: i64,
    pub(crate) value: Value,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct CreateRequest {
    name: String,
    description: Option<String>,
    authorization_type: AuthorizationType,
    auth_parameters: AuthParameters,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct UpdateRequest {
    name: String,
    description: Option<String>,
    authorization_type: Option<AuthorizationType>,
    auth_parameters: Option<AuthParameters>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct NameRequest {
    name: String,
}

impl ConnectionStore {
    /// Creates a store for the connections in `tables`, encrypted with this host's key.
    pub fn new(tables: Tables, key: LocalKey, sources: Sources) -> Self {
        Self { tables, key, sources, writing: Arc::default() }
    }

    /// Runs one operation (`CreateConnection`, …) in the service's JSON protocol.
    pub(crate) async fn call(&self, operation: &str, request: &[u8]) -> Answer {
        let _writing = self.writing.lock().await;
        match operation {
            "CreateConnection" => self.create(request).await,
            "UpdateConnection" => self.update(request).await,
            "DescribeConnection" => self.describe(request).await,
            "DeauthorizeConnection" => self.deauthorize(request).await,
            "DeleteConnection" => self.delete(request).await,
            _ => Err(ServiceError::unsupported("InvalidAction", operation)),
        }
    }

    /// Finds the secret with this name or ARN. As on AWS, the ARN's random suffix may be omitted.
    pub(crate) async fn secret(&self, id: &str) -> Result<Option<SecretValue>, ServiceError> {
        let Some(name) = item::connection_of(id) else { return Ok(None) };
        let Some(connection) = self.find(name).await? else { return Ok(None) };
        let Some(secret) = connection.secret.as_ref() else { return Ok(None) };
        let (name, arn) = (secret.name(&connection.name), secret.arn(&connection.name));
        if id != name && id != arn && arn.rsplit_once('-').is_none_or(|(start, _)| id != start) {
            return Ok(None);
        }
        let value = self.parameters(&connection, secret)?.secret();
        Ok(Some(SecretValue { arn, name, version: secret.version, created_at: secret.created_at, value }))
    }

    async fn create(&self, request: &[u8]) -> Answer {
        let CreateRequest { name, description, authorization_type, auth_parameters } = read(request)?;
        check_name(&name)?;
        if self.find(&name).await?.is_some() {
            let message = format!("Connection {name} already exists.");
            return Err(ServiceError::new("ResourceAlreadyExistsException", message));
        }
        let now = self.now();
        let id = (self.sources.new_id)();
        let secret = Secret::new((self.sources.new_id)());
        let mut connection = Connection {
            name,
            id,
            description,
            kind: authorization_type,
            created_at: now,
            modified_at: now,
            authorized_at: None,
            secret: None,
        };
        self.authorize(&mut connection, secret, &auth_parameters)?;
        self.write(&connection).await?;
        Ok(json!({
            "ConnectionArn": connection.arn(), "ConnectionState": connection.state(),
            "CreationTime": seconds(now), "LastModifiedTime": seconds(now),
        }))
    }

    async fn update(&self, request: &[u8]) -> Answer {
        let UpdateRequest { name, description, authorization_type, auth_parameters } = read(request)?;
        let mut connection = self.existing(&name, "update").await?;
        connection.description = description.or(connection.description);
        connection.modified_at = self.now();
        if authorization_type.is_some() || auth_parameters.is_some() {
            connection.kind = authorization_type.unwrap_or(connection.kind);
            let (secret, known) = match connection.secret.take() {
                Some(secret) => {
                    let known = self.parameters(&connection, &secret)?;
                    (secret, known)
                }
                None => (Secret::new((self.sources.new_id)()), AuthParameters::default()),
            };
            let parameters = known.changed(auth_parameters.unwrap_or_default()).only(connection.kind);
            self.authorize(&mut connection, secret, &parameters)?;
        }
        self.write(&connection).await?;
        Ok(short(&connection, connection.state()))
    }

    async fn describe(&self, request: &[u8]) -> Answer {
        let NameRequest { name } = read(request)?;
        let connection = self.existing(&name, "describe").await?;
        let parameters = match &connection.secret {
            Some(secret) => Some(self.parameters(&connection, secret)?.shown()),
            None => None,
        };
        let mut shown = short(&connection, connection.state());
        shown["Name"] = connection.name.as_str().into();
        shown["Description"] = connection.description.as_deref().into();
        shown["AuthorizationType"] = json!(connection.kind);
        shown["AuthParameters"] = parameters.into();
        shown["SecretArn"] = connection.secret.as_ref().map(|secret| secret.arn(&connection.name)).into();
        Ok(without_nulls(shown))
    }

    async fn deauthorize(&self, request: &[u8]) -> Answer {
        let NameRequest { name } = read(request)?;
        let mut connection = self.existing(&name, "deauthorize").await?;
        connection.secret = None;
        connection.modified_at = self.now();
        self.write(&connection).await?;
        Ok(short(&connection, connection.state()))
    }

    async fn delete(&self, request: &[u8]) -> Answer {
        let NameRequest { name } = read(request)?;
        let connection = self.existing(&name, "delete").await?;
        self.remove(&name).await?;
        Ok(short(&connection, "DELETING"))
    }

    /// Stores these parameters in a new version of the connection's secret.
    fn authorize(
        &self,
        connection: &mut Connection,
        secret: Secret,
        parameters: &AuthParameters,
    ) -> Result<(), ServiceError> {
        if let Some(field) = parameters.fault(connection.kind) {
            return Err(ServiceError::new(
                "ValidationException",
                format!("{field} is not as EventBridge takes it"),
            ));
        }
        let (version, now) = ((self.sources.new_id)(), self.now());
        let secret = secret.sealed(&connection.name, version, now, parameters, &self.key);
        connection.secret = Some(secret.ok_or_else(|| internal("encrypt a secret"))?);
        connection.authorized_at = Some(now);
        Ok(())
    }

    fn parameters(&self, connection: &Connection, secret: &Secret) -> Result<AuthParameters, ServiceError> {
        secret.unsealed(&connection.name, &self.key).ok_or_else(|| internal("decrypt a secret"))
    }

    async fn existing(&self, name: &str, operation: &str) -> Result<Connection, ServiceError> {
        self.find(name).await?.ok_or_else(|| {
            let message =
                format!("Failed to {operation} the connection(s). Connection '{name}' does not exist.");
            ServiceError::new("ResourceNotFoundException", message)
        })
    }

    fn now(&self) -> i64 {
        self.sources.now().unix_millis()
    }
}

/// The fields that all responses have in common.
fn short(connection: &Connection, state: &str) -> Value {
    without_nulls(json!({
        "ConnectionArn": connection.arn(), "ConnectionState": state,
        "CreationTime": seconds(connection.created_at), "LastModifiedTime": seconds(connection.modified_at),
        "LastAuthorizedTime": connection.authorized_at.map(seconds),
    }))
}

fn check_name(name: &str) -> Result<(), ServiceError> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || ".-_".contains(c);
    if (1..=64).contains(&name.len()) && name.chars().all(allowed) {
        return Ok(());
    }
    let message = format!("Value '{name}' at 'name' failed to satisfy constraint: 1 to 64 of [.-_A-Za-z0-9]");
    Err(ServiceError::new("ValidationException", message))
}

fn internal(operation: &str) -> ServiceError {
    ServiceError::new("InternalException", format!("cannot {operation}"))
}
