//! Tests without a network: `policy` (what may be called), `spellings` (one address in many notations),
//! `tls_parts` (a webhook's own TLS settings) and `inspect`. Tests against receivers on this machine:
//! `client`, `client_tls`, `http2`, `secrets` (what is never shown), and `hostile` and `hostile_http2` with
//! hostile receivers, `odd_answers` (receivers that mean well), and `unprocessed` (requests that may be sent
//! again at once). `pki` makes certificates for all of them.

mod client;
mod client_tls;
mod hostile;
mod hostile_http2;
mod http2;
#[cfg(feature = "inspect")]
mod inspect;
mod odd_answers;
mod pki;
mod policy;
mod secrets;
mod spellings;
mod tls_parts;
mod unprocessed;
