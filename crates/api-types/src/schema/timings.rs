//! Where an attempt's time went.

use utoipa::ToSchema;

/// Where an attempt's time went, in milliseconds from the start of each part. A part that did not happen (a kept-alive
/// connection has no connect) is absent.
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
