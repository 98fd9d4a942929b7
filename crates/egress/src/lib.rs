//! The only way out: every request to an address chosen by a customer goes through this crate.
//!
//! # Theory of operation
//!
//! A URL set by a tenant is a way into our network unless something prevents it. Two things do:
//!
//! - [`Policy`] decides which URLs, headers and addresses may be called. A config is checked against it when
//!   it is saved and again at every attempt, because both the policy and the addresses of a host name may
//!   have changed.
//! - [`Client`] enforces the policy where it cannot be bypassed. Its resolver checks every address of a DNS
//!   response and rejects the whole response if one is blocked, because no honest name points both inside and
//!   outside. It then returns exactly the addresses it checked, so no second lookup can give a different
//!   result (DNS rebinding). Aliases (CNAME) and search domains are left to the system; only the resulting
//!   addresses matter. A literal address never reaches a resolver, which is why every send begins with
//!   [`Policy::check_url`].
//!
//! # How each bypass is closed
//!
//! - *Alternative spellings.* The parser is the one browsers use: octal, hexadecimal, short, percent-encoded
//!   and full-width forms are converted to the address they mean before the check. A form that the parser
//!   leaves as a name is resolved, and the result is checked. IPv6 addresses with a zone are rejected as
//!   URLs.
//! - *Embedded addresses.* Mapped, 6to4 and ISATAP addresses are judged by the IPv4 address inside;
//!   IPv4-compatible, NAT64 and Teredo addresses are never called. (So this client cannot run in a network
//!   that reaches IPv4 only through DNS64; a network-specific NAT64 prefix cannot be told apart from other
//!   addresses.)
//! - *Parser differences.* The HTTP library parses the URL again as an [`http::Uri`]. Only URLs that this
//!   parser also accepts are allowed, and tests ensure that both parsers see the same host and port.
//! - *Reused connections.* A kept-alive connection was checked when it was opened and stays with its peer.
//!   The pool identifies connections by scheme, host and port; nothing here coalesces HTTP/2 connections of
//!   two names that share a certificate, or follows `Alt-Svc`. [`Client::with_tls`] creates a separate pool.
//!   A new policy needs a new client.
//! - *A different host in the headers.* Callers can set neither `Host` nor any header that frames a message.
//! - *Intermediaries.* Redirects are not followed, the proxy variables of the environment are ignored, and a
//!   request is sent only once. (Callers send again what the receiver did not act on:
//!   [`SendFailure::is_unprocessed`].)
//!
//! # What a receiver can make us buffer
//!
//! A response is limited in bytes and in time, and never decompressed. The deadline of a request covers
//! everything from the DNS lookup to the last byte of the body; connecting may take ten seconds of it. Over
//! HTTP/1.1 about 400 KiB of a response are buffered; over HTTP/2, a window of 128 KiB for each response and
//! 256 KiB of headers; TLS accepts messages up to 64 KiB. Endless input that is not a response (interim
//! responses, settings, pings) is read and discarded until the deadline.
//!
//! The status decides. Odd header lines do not change it: folded lines are joined, blanks before a colon are
//! accepted, and lines that are no header are dropped. What makes the end of a message ambiguous (different
//! values of `Content-Length`) is not HTTP. Once the response head has arrived, a body that never ends, breaks off or stalls only
//! sets [`Response::truncated`]: a receiver that responded with 200 has accepted the event, and a retry would
//! deliver it twice.
//!
//! # How failures are reported
//!
//! Failures are classified by error type, walking the chain of sources; the text of an error is only for
//! people. The messages of [`SendError`] are written for the owner of the receiver. No message and no `Debug`
//! output of this crate shows the value of a header, a query, a body or a key.

mod address;
mod body;
mod client;
mod client_key;
mod client_tls;
mod failure;
mod headers;
#[cfg(feature = "inspect")]
mod inspect;
mod message;
mod network;
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
pub use client_key::{ClientKey, ClientKeyRefusal};
pub use client_tls::{ClientTls, TlsPart, TlsParts, TlsRefusal, private_key_der};
pub use failure::{Phase, SendError, SendFailure, Unreachable};
pub use headers::HeaderRefusal;
#[cfg(feature = "inspect")]
pub use inspect::{CertificateFacts, inspect};
pub use message::{Keep, Request, Response};
pub use network::{Answer, Broken, Carrying, Network, Parcel};
pub use policy::{Policy, PolicyRefusal};
pub use timing::Timings;
pub use tls_failure::{TlsFailure, TlsFailureKind};
