//! What only `deliver` reads: where a webhook's credentials are, and its encrypted keys. They are stored
//! beside the config in a separate item, so that no other step reads them and the config stays small.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{ClientAuthentication, ConfigId, OrgId, Place, Timestamp, TokenMethod};

/// A secret encrypted by KMS, in base64. Its encryption context is [`encryption_context`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Ciphertext(pub String);

/// The KMS encryption context of an org's keys: one org's ciphertext cannot be decrypted as another's.
pub fn encryption_context(org_id: &OrgId) -> BTreeMap<&'static str, String> {
    BTreeMap::from([("org_id", org_id.to_string())])
}

/// The credentials of a webhook.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Credentials {
    /// The tenant.
    pub org_id: OrgId,
    /// The webhook.
    pub config_id: ConfigId,
    /// The revision of the config that these credentials belong to.
    pub revision: u64,
    /// Where the receiver's credentials are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connection: Option<Connection>,
    /// How the OAuth client of the connection authenticates, if the webhook says so: a connection does not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_authentication: Option<ClientAuthentication>,
    /// The OAuth client that authenticates with a key, instead of a connection.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_client: Option<KeyClient>,
    /// The keys of `v1` signatures, newest first.
    pub signing_keys: Vec<SigningKey>,
    /// TLS settings beyond the public certificate authorities.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls: Option<TlsKeys>,
}

/// An EventBridge connection and the secret in which it keeps its values.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Connection {
    /// The connection's ARN.
    pub arn: String,
    /// The connection's secret in Secrets Manager; absent if it did not exist yet when the connection was
    /// read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret_arn: Option<String>,
    /// The kind of credentials in the connection.
    pub kind: ConnectionKind,
}

/// The kind of credentials in a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConnectionKind {
    /// A user name and a password.
    Basic,
    /// A header name and its value.
    ApiKey,
    /// An OAuth client, and the method of its token request.
    OauthClientCredentials(TokenMethod),
}

/// An OAuth client that authenticates with a key (`private_key_jwt`). EventBridge has no such connections.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyClient {
    /// The token endpoint.
    pub token_url: String,
    /// The client id.
    pub client_id: String,
    /// The method of the token request.
    pub method: TokenMethod,
    /// The scope of the token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    /// The `kid` of the key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_id: Option<String>,
    /// The private key, as encrypted PEM.
    pub private_key: Ciphertext,
    /// Additional parameters of the token request: an encrypted list of [`KeyClientParameter`] in JSON.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parameters: Option<Ciphertext>,
}

/// A parameter of a token request with its value. It is only serialised to be encrypted.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyClientParameter {
    /// Where the parameter goes.
    #[serde(rename = "in")]
    pub place: Place,
    /// The parameter's name.
    pub name: String,
    /// The parameter's value.
    pub value: String,
}

impl fmt::Debug for KeyClientParameter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyClientParameter(***)")
    }
}

/// A key of `v1` signatures.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SigningKey {
    /// The `whsec_` text, encrypted.
    pub key: Ciphertext,
    /// When the key was created, and until when it signs.
    #[serde(flatten)]
    pub lifetime: Lifetime,
}

/// When a signing secret was created, and until when it signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lifetime {
    /// When the secret was created.
    pub created_at: Timestamp,
    /// Until when the secret signs; absent until a newer secret replaces it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
}

impl Lifetime {
    /// Whether the secret is still used for signing.
    pub fn holds(&self, now: Timestamp) -> bool {
        self.expires_at.is_none_or(|end| now < end)
    }
}

/// A client certificate with its key, and private certificate authorities.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TlsKeys {
    /// The client certificate and its intermediate certificates, as PEM.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate: Option<String>,
    /// The client certificate's private key, as encrypted PEM.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub private_key: Option<Ciphertext>,
    /// The only certificate authorities trusted to issue the receiver's certificate, as PEM.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca: Option<String>,
}

/// The key of an org's `v1a` signatures, and those that it has replaced.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrgKey {
    /// The tenant.
    pub org_id: OrgId,
    /// When the key was created.
    pub created_at: Timestamp,
    /// The public key, `whpk_…`.
    pub public_key: String,
    /// The private key, `whsk_…`, encrypted.
    pub key: Ciphertext,
    /// The keys that it has replaced and that sign beside it for a while, newest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub previous: Vec<PreviousOrgKey>,
}

/// A key of an org's `v1a` signatures that was replaced.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PreviousOrgKey {
    /// The public key, `whpk_…`.
    pub public_key: String,
    /// The private key, `whsk_…`, encrypted.
    pub key: Ciphertext,
    /// From when until when it signs.
    #[serde(flatten)]
    pub lifetime: Lifetime,
}

impl OrgKey {
    /// The keys that it has replaced and that sign at `now`, newest first.
    pub fn previous_at(&self, now: Timestamp) -> impl Iterator<Item = &PreviousOrgKey> {
        self.previous.iter().filter(move |key| key.lifetime.holds(now))
    }
}
