//! How long the parts of an attempt took.

use utoipa::ToSchema;

/// How long the parts of an attempt took, in milliseconds. A part that did not happen is absent: an open connection that is used
/// again needs no connect.
#[derive(Debug, ToSchema)]
pub struct Timings {
    /// Name resolution.
    pub dns: Option<f64>,
    /// TCP connect.
    pub connect: Option<f64>,
    /// TLS handshake.
    pub tls: Option<f64>,
    /// From the start of the attempt to the response head.
    pub first_byte: Option<f64>,
}
