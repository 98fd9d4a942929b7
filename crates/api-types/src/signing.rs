//! What signs requests, and what receivers check signatures with.

use hookstep_contract::{OrgId, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{Sensitive, schema};

/// How long an old secret signs beside the new one when nothing is said, in seconds: a day to tell the receiver.
pub const DEFAULT_OVERLAP_SECS: u64 = 24 * 3600;

/// The longest overlap, in seconds: 7 days.
pub const MAX_OVERLAP_SECS: u64 = 7 * 24 * 3600;

/// How to replace the signing secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Rotation {
    /// For how long the old secrets go on signing, in seconds.
    #[serde(default = "default_overlap")]
    #[schema(maximum = 604_800, default = default_overlap)]
    pub overlap_seconds: u64,
    /// The new secret, 24 to 64 bytes, if the receiver has one already; without it, one is made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub secret: Option<Sensitive>,
    /// How `secret` is written.
    #[serde(default)]
    #[schema(default = SecretEncoding::default)]
    pub secret_encoding: SecretEncoding,
}

impl Default for Rotation {
    fn default() -> Self {
        let (secret, secret_encoding) = (None, SecretEncoding::default());
        Self { overlap_seconds: DEFAULT_OVERLAP_SECS, secret, secret_encoding }
    }
}

/// How a signing secret is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SecretEncoding {
    /// `whsec_` and base64, as Standard Webhooks has it.
    #[default]
    Whsec,
    /// Hexadecimal digits.
    Hex,
    /// Base64, with or without padding.
    Base64,
    /// The secret is the text itself, in UTF-8.
    Text,
}

/// How to replace the key pair of an org.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct KeyRotation {
    /// For how long the old keys go on signing, in seconds.
    #[serde(default = "default_overlap")]
    #[schema(maximum = 604_800, default = default_overlap)]
    pub overlap_seconds: u64,
}

impl Default for KeyRotation {
    fn default() -> Self {
        Self { overlap_seconds: DEFAULT_OVERLAP_SECS }
    }
}

fn default_overlap() -> u64 {
    DEFAULT_OVERLAP_SECS
}

/// A new signing secret. It is shown only this once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Rotated {
    /// The new secret.
    #[schema(value_type = String, examples("whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"))]
    pub signing_secret: Sensitive,
    /// Until when the previous secret goes on signing; null if there was none.
    #[schema(value_type = Option<schema::Timestamp>)]
    pub previous_expires_at: Option<Timestamp>,
}

/// The public key of an org.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = PublicKey)]
pub struct OrgPublicKey {
    /// The org.
    #[schema(value_type = schema::OrgId)]
    pub org_id: OrgId,
    /// The signature algorithm.
    #[schema(examples("ed25519"))]
    pub algorithm: String,
    /// The key in the form of Standard Webhooks: `whpk_` and base64.
    pub public_key: String,
    /// The key as PEM, for OpenSSL.
    pub pem: String,
}

/// The new key pair of an org.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RotatedKey {
    /// The new public key in the form of Standard Webhooks: `whpk_` and base64.
    pub public_key: String,
    /// The new public key as PEM, for OpenSSL.
    pub pem: String,
    /// Until when the previous key goes on signing.
    #[schema(value_type = schema::Timestamp)]
    pub previous_expires_at: Timestamp,
}

/// The addresses from which receivers are called.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SourceAddresses {
    /// It changes with the addresses, and only then.
    #[schema(examples("7d3a1c5be0f24a96"))]
    pub version: String,
    /// The IP addresses; empty if they are not static.
    #[schema(examples(json!(["203.0.113.7"])))]
    pub addresses: Vec<String>,
}

/// The public keys of an org as a JSON Web Key Set (RFC 7517), newest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Jwks {
    /// The keys.
    pub keys: Vec<Jwk>,
}

/// A public key as a JSON Web Key (RFC 8037).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Jwk {
    /// The type of the key, `OKP`.
    #[schema(examples("OKP"))]
    pub kty: String,
    /// The curve, `Ed25519`.
    #[schema(examples("Ed25519"))]
    pub crv: String,
    /// The 32 bytes of the key, as base64url without padding.
    pub x: String,
    /// The id of the key: its thumbprint (RFC 7638).
    pub kid: String,
    /// What the key is for, `sig`.
    #[serde(rename = "use")]
    #[schema(examples("sig"))]
    pub usage: String,
    /// The algorithm, `EdDSA`.
    #[schema(examples("EdDSA"))]
    pub alg: String,
}
