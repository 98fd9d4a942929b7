//! The one way out: every request to an address that a customer chose goes through this crate.
//!
//! # Theory of operation
//!
//! A URL that a tenant can set is a way into our network unless something stands in between. Two things do:
//!
//! - [`Policy`] says which URLs, headers and addresses may be called. A config is checked with it when it is saved, and
//!   again at every attempt: the policy may have changed, and so may what a name resolves to.
//! - [`Client`] enforces it where it cannot be talked round. Its resolver checks every address of an answer and
//!   refuses the whole answer when one is blocked, for an honest name does not point inside and outside at once. It
//!   then hands on exactly the addresses it checked, so there is no second look-up to answer differently (DNS
//!   rebinding). A literal address never reaches a resolver, hence [`Policy::check_url`] at the head of every send. A
//!   kept-alive connection was checked when it was made, and stays with its peer.
//!
//! Nothing else can move a request: redirects are answers, the proxy variables of the environment are not read, and a
//! request is sent once. What comes back is bounded in bytes and in time, and never decompressed.
//!
//! The status decides. Once a response head is here, whatever its body does (never ends, breaks, stalls) only sets
//! [`Response::truncated`]: a receiver that said 200 has accepted, and another attempt would deliver twice.
//!
//! Failures are classified by type, walking the causes; the text of an error is for people. The messages of
//! [`SendError`] are written for the owner of the receiver.

mod address;
mod body;
mod client;
mod client_tls;
mod failure;
mod headers;
#[cfg(feature = "inspect")]
mod inspect;
mod message;
mod policy;
mod resolver;
#[cfg(test)]
mod tests;
mod timing;
mod tls;

pub use address::BlockedAddress;
pub use body::{Body, BoxError};
pub use client::{BuildError, Client};
pub use client_tls::{ClientTls, TlsPart, TlsParts, TlsRefusal, private_key_der};
pub use failure::{Phase, SendError, SendFailure, Unreachable};
pub use headers::HeaderRefusal;
#[cfg(feature = "inspect")]
pub use inspect::{CertificateFacts, inspect};
pub use message::{Keep, Request, Response};
pub use policy::{Policy, Refusal};
pub use timing::Timings;
