//! `policy`: what may be called, without a network. `client` and `http2`: against a receiver on this machine.

mod client;
mod client_tls;
mod hostile;
mod http2;
mod pki;
mod policy;
mod tls_parts;
