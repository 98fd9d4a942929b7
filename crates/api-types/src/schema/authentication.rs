//! The result of testing the credentials of a webhook.

use utoipa::ToSchema;

/// The result of testing the credentials of a webhook. It contains no secret.
#[derive(Debug, ToSchema)]
pub struct AuthReport {
    /// Whether an attempt would get its credentials.
    pub ok: bool,
    /// What the credentials are, or why they are not available.
    pub detail: String,
    /// The HTTP status of the authorisation server, if it was called.
    pub status_code: Option<u16>,
    /// For how long its token is valid, in seconds.
    pub expires_in: Option<u64>,
    /// How long the test took, in milliseconds.
    pub duration_ms: u64,
}
