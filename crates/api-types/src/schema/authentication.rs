//! What a test of an authentication answers.

use utoipa::ToSchema;

/// What became of an authentication. Holds nothing secret.
#[derive(Debug, ToSchema)]
pub struct AuthReport {
    /// Whether an attempt would have had its credentials.
    pub ok: bool,
    /// What the credentials are, or why there are none; for an integrator.
    pub detail: String,
    /// The authorisation server's status, when it was asked.
    pub status_code: Option<u16>,
    /// For how long its answer is good, in seconds.
    pub expires_in: Option<u64>,
    /// How long it took, in milliseconds.
    pub duration_ms: u64,
}
