//! Without a network: `policy` (what may be called), `spellings` (one address, written in many ways), `tls_parts` (a webhook's
//! own TLS) and `inspect`. Against receivers on this machine: `client`, `client_tls`, `http2`, `secrets` (what never shows), and
//! the receivers that mean harm, in `hostile` and `hostile_http2`. `pki` makes certificates for all of them.

mod client;
mod client_tls;
mod hostile;
mod hostile_http2;
mod http2;
#[cfg(feature = "inspect")]
mod inspect;
mod pki;
mod policy;
mod secrets;
mod spellings;
mod tls_parts;
