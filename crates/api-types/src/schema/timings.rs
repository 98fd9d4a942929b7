//! How long the parts of an attempt took.

use utoipa::ToSchema;

/// How long the parts of an attempt took, in milliseconds. A part that did not happen is absent: an open connection that is used
/// again needs no connect.
#[derive(Debug, ToSchema)]
pub struct Timings {
    /// Before the request: its signature, and its token where it needs one.
    pub prepare: Option<f64>,
    /// Name resolution.
    pub dns: Option<f64>,
    /// TCP connect.
    pub connect: Option<f64>,
    /// TLS handshake.
    pub tls: Option<f64>,
    /// From the start of the request to the response head: DNS, connect and TLS are parts of it.
    pub first_byte: Option<f64>,
    /// The whole attempt. `duration_ms` is this, rounded.
    pub total: Option<f64>,
}
