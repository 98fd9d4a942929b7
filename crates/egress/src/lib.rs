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
//!   rebinding). Aliases (CNAME) and search domains are the system's to follow: what counts is the addresses that come
//!   out. A literal address never reaches a resolver, hence [`Policy::check_url`] at the head of every send.
//!
//! # How each way round it is closed
//!
//! - *Another spelling.* The parser is the one of browsers: octal, hexadecimal, short, percent-encoded and full-width forms
//!   become the address they mean before it is checked. A form that it leaves a name is resolved, and the result checked.
//!   IPv6 with a zone is no URL.
//! - *An address in an address.* Mapped, 6to4 and ISATAP addresses are judged as the IPv4 address inside; compatible ones,
//!   NAT64 and Teredo are never called. (So a network that reaches IPv4 by DNS64 alone cannot run this client; a NAT64
//!   prefix of a network's own cannot be told from any other address.)
//! - *Two readers of one URL.* The HTTP library reads the URL again as an [`http::Uri`]. Only what survives that is accepted,
//!   and tests hold host and port to be the same to both.
//! - *A connection made for another.* A kept-alive connection was checked when it was made, and stays with its peer. The pool
//!   knows connections by scheme, host and port; nothing here coalesces HTTP/2 connections of two names with one
//!   certificate, nor follows `Alt-Svc`. [`Client::with_tls`] gives a pool apart. A new policy needs a new client.
//! - *Another host in the headers.* `Host`, and whatever frames a message, is never the caller's to set.
//! - *Somebody in between.* Redirects are answers, the proxy variables of the environment are not read, and a request is sent
//!   once.
//!
//! # What a receiver can make us hold
//!
//! Its answer is bounded in bytes and in time, and never decompressed. The deadline of a request covers everything from
//! the look-up to the last byte of the body; a connect has ten seconds of it. Over HTTP/1.1 about 400 KiB of an answer are
//! buffered, over HTTP/2 a window of 128 KiB for each answer and 256 KiB of its headers; TLS takes messages to 64 KiB. What
//! has no end and no answer (interim responses, settings, pings) is read and forgotten until the deadline.
//!
//! The status decides. Once a response head is here, whatever its body does (never ends, breaks, stalls) only sets
//! [`Response::truncated`]: a receiver that said 200 has accepted, and another attempt would deliver twice.
//!
//! # What is said of a failure
//!
//! Failures are classified by type, walking the causes; the text of an error is for people. The messages of
//! [`SendError`] are written for the owner of the receiver. No message and no `Debug` of this crate shows the value of a
//! header, a query, a body or a key.

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
mod tls_failure;

pub use address::BlockedAddress;
pub use body::{Body, BoxError};
pub use client::{BuildError, Client};
pub use client_tls::{ClientTls, TlsPart, TlsParts, TlsRefusal, private_key_der};
pub use failure::{Phase, SendError, SendFailure, Unreachable};
pub use headers::HeaderRefusal;
#[cfg(feature = "inspect")]
pub use inspect::{CertificateFacts, inspect};
pub use message::{Keep, Request, Response};
pub use policy::{Policy, PolicyRefusal};
pub use timing::Timings;
pub use tls_failure::{TlsFailure, TlsFailureKind};
