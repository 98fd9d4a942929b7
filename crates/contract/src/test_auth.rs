//! The test of a webhook's credentials.

use serde::{Deserialize, Serialize};

use crate::{ConfigId, OrgId};

/// Which webhook's credentials to test; the input of the state machine in `test-auth.asl.json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TestAuth {
    /// The tenant.
    pub org_id: OrgId,
    /// The webhook.
    pub config_id: ConfigId,
    /// The config's revision.
    pub revision: u64,
}

/// The result of an authentication test. Contains no secrets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuthReport {
    /// Whether an attempt would have obtained its credentials.
    pub ok: bool,
    /// Which credentials were obtained, or why none were; for an integrator.
    pub detail: String,
    /// The status of the authorisation server's response, if there was a token request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status_code: Option<u16>,
    /// How long the token is valid, in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_in: Option<u64>,
    /// How long the test took, in milliseconds.
    pub duration_ms: u64,
}
