//! What signs requests, and what receivers check signatures with.

use hookstep_contract::{OrgId, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{Sensitive, schema};

/// How long an old secret signs beside the new one when nothing is said, in seconds: a day to tell the receiver.
pub const DEFAULT_OVERLAP_SECS: u64 = 24 * 3600;

/// The longest overlap, in seconds: 7 days.
pub const MAX_OVERLAP_SECS: u64 = 7 * 24 * 3600;

/// How the signing secret is replaced.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Rotation {
    /// For how long the secrets before the new one still sign, in seconds.
    #[serde(default = "default_overlap")]
    #[schema(maximum = 604_800, default = default_overlap)]
    pub overlap_seconds: u64,
}

fn default_overlap() -> u64 {
    DEFAULT_OVERLAP_SECS
}

/// The new secret, shown this once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Rotated {
    /// The new secret.
    #[schema(value_type = String, examples("whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"))]
    pub signing_secret: Sensitive,
    /// Until when the secret before it signs too; null when there was none.
    #[schema(value_type = Option<schema::Timestamp>)]
    pub previous_expires_at: Option<Timestamp>,
}

/// The public key of an org.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = PublicKey)]
pub struct OrgPublicKey {
    /// Whose it is.
    #[schema(value_type = schema::OrgId)]
    pub org_id: OrgId,
    /// What it is for.
    #[schema(examples("ed25519"))]
    pub algorithm: String,
    /// The key as Standard Webhooks writes it: `whpk_` and base64.
    pub public_key: String,
    /// The same as PEM, for OpenSSL.
    pub pem: String,
}
