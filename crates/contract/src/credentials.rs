//! What only `deliver` reads: where the credentials of a webhook are, and its keys, encrypted. Stored beside the config, in an
//! item of its own, so that no other step comes upon it and a config stays small.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{ConfigId, OrgId, Timestamp, TokenMethod};

/// A secret as KMS encrypted it, in base64. Its encryption context is [`encryption_context`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Ciphertext(pub String);

/// What KMS is told with every key of an org: the ciphertext of one org does not decrypt as another's.
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
    /// The config's revision that they came with.
    pub revision: u64,
    /// Where the receiver's credentials are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connection: Option<Connection>,
    /// The keys of `v1` signatures, newest first.
    pub signing_keys: Vec<SigningKey>,
    /// What TLS needs beside the public authorities.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls: Option<TlsKeys>,
}

/// An EventBridge connection, and the secret in which it keeps its values.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Connection {
    /// The connection.
    pub arn: String,
    /// Its secret in Secrets Manager, as far as it was there when the connection was looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret_arn: Option<String>,
    /// What it holds.
    pub kind: ConnectionKind,
}

/// What a connection holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConnectionKind {
    /// A user name and a password.
    Basic,
    /// A header and its value.
    ApiKey,
    /// A client of an authorisation server, and the method of its token request.
    OauthClientCredentials(TokenMethod),
}

/// A key of `v1` signatures.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SigningKey {
    /// The `whsec_` text, encrypted.
    pub key: Ciphertext,
    /// When it was made, and until when it signs.
    #[serde(flatten)]
    pub lifetime: Lifetime,
}

/// When a signing secret was made, and until when it signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lifetime {
    /// When it was made.
    pub created_at: Timestamp,
    /// Until when it signs; absent while no newer one has taken its place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
}

impl Lifetime {
    /// Whether the secret still signs.
    pub fn holds(&self, now: Timestamp) -> bool {
        self.expires_at.is_none_or(|end| now < end)
    }
}

/// A client certificate with its key, and a private authority.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TlsKeys {
    /// The certificate and those between it and its authority, as PEM.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate: Option<String>,
    /// The certificate's key, PEM encrypted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub private_key: Option<Ciphertext>,
    /// The only authorities that the receiver's certificate may come from, as PEM.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca: Option<String>,
}

/// The key of an org's `v1a` signatures.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrgKey {
    /// The tenant.
    pub org_id: OrgId,
    /// When it was made.
    pub created_at: Timestamp,
    /// The public key, `whpk_…`.
    pub public_key: String,
    /// The private key, `whsk_…`, encrypted.
    pub key: Ciphertext,
}
