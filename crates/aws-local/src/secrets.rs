//! The local Secrets Manager, as far as the product uses it: it reads the secrets of connections.

use bytes::Bytes;
use serde::Deserialize;
use serde_json::json;

use crate::connections::ConnectionStore;
use crate::trace;
use crate::transport::JsonService;
use crate::wire::{Answer, Reply, ServiceError, read, seconds};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct GetSecretValueRequest {
    secret_id: String,
    version_id: Option<String>,
    version_stage: Option<String>,
}

/// The Secrets Manager API.
pub(crate) struct Secrets(pub(crate) ConnectionStore);

impl JsonService for Secrets {
    async fn call(&self, operation: &str, request: Bytes) -> Reply {
        let answer = match operation {
            "GetSecretValue" => value(&self.0, &request).await,
            _ => Err(ServiceError::unsupported("InvalidRequestException", operation)),
        };
        trace::service("secretsmanager", operation, answer.into())
    }
}

async fn value(connections: &ConnectionStore, request: &[u8]) -> Answer {
    const CURRENT: &str = "AWSCURRENT";
    let missing = || {
        ServiceError::new(
            "ResourceNotFoundException",
            "Secrets Manager can't find the specified secret.".to_owned(),
        )
    };
    let request: GetSecretValueRequest = read(request)?;
    let secret = connections.secret(&request.secret_id).await?.ok_or_else(missing)?;
    // Only a secret's current version is kept here.
    let version = secret.version.to_string();
    if request.version_id.is_some_and(|id| id != version)
        || request.version_stage.is_some_and(|stage| stage != CURRENT)
    {
        return Err(missing());
    }
    Ok(json!({
        "ARN": secret.arn, "Name": secret.name, "VersionId": version, "VersionStages": [CURRENT],
        "CreatedDate": seconds(secret.created_at), "SecretString": secret.value.to_string(),
    }))
}
