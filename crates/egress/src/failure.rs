//! Why there was no answer, told by types.

use std::error::Error;
use std::fmt;
use std::io;
use std::iter;
use std::time::Duration;

use thiserror::Error;

use crate::body::BoxError;
use crate::policy::PolicyRefusal;
use crate::resolver::ResolveError;
use crate::timing::Timings;
use crate::tls_failure::TlsFailure;

/// Longer than any healthy connect, TLS included; shorter than the time most webhooks allow in all.
pub(crate) const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// A send without an answer.
#[derive(Debug, Error)]
#[error("the request got no answer")]
pub struct SendFailure {
    /// Why.
    #[source]
    pub error: SendError,
    /// How far it came.
    pub timings: Timings,
}

/// Why there was no answer. The messages are for the owner of the receiver; causes are for us.
#[derive(Debug, Error)]
pub enum SendError {
    /// The policy forbids the request; nothing was sent.
    #[error(transparent)]
    Refused(#[from] PolicyRefusal),
    /// The time was up.
    #[error("{phase} within {} s", after.as_secs())]
    Timeout {
        /// What was waited for.
        phase: Phase,
        /// How long.
        after: Duration,
    },
    /// There was no connection, or it broke.
    #[error("{kind}")]
    Unreachable {
        /// How.
        kind: Unreachable,
        /// What the HTTP library says.
        source: reqwest::Error,
    },
    /// The request body's source failed: no fault of the receiver.
    #[error("the request body could not be read")]
    Body(#[source] BoxError),
}

/// What was waited for when the time was up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// A connection: name resolution, TCP and TLS.
    Connect,
    /// The response head.
    Answer,
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Connect => "no connection",
            Self::Answer => "no answer",
        })
    }
}

/// How a receiver could not be reached.
#[derive(Clone, Debug, PartialEq)]
pub enum Unreachable {
    /// The name has no address.
    Dns,
    /// Nothing listens.
    ConnectionRefused,
    /// No way there, or no way told.
    NoConnection,
    /// TLS.
    Tls(TlsFailure),
    /// Broken off by the other side.
    Reset,
    /// Closed by the other side, without an answer or in the middle of its head.
    Closed,
    /// Not HTTP, or a response head above what we read.
    Protocol,
}

impl fmt::Display for Unreachable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dns => f.write_str("the host name does not resolve"),
            Self::ConnectionRefused => f.write_str("connection refused"),
            Self::NoConnection => f.write_str("could not connect"),
            Self::Tls(failure) => write!(f, "{failure}"),
            Self::Reset => f.write_str("the connection was reset before an answer came"),
            Self::Closed => f.write_str("the connection was closed before an answer came"),
            Self::Protocol => f.write_str("the answer is not valid HTTP, or its headers are too large"),
        }
    }
}

/// What a failed request of the HTTP library means.
pub(crate) fn classify(error: reqwest::Error) -> SendError {
    if error.is_timeout() && error.is_connect() {
        return SendError::Timeout { phase: Phase::Connect, after: CONNECT_TIMEOUT };
    }
    for cause in causes(&error) {
        if let Some(ResolveError::Blocked(blocked)) = cause.downcast_ref() {
            return PolicyRefusal::Address(*blocked).into();
        }
    }
    let fallback = if error.is_connect() { Unreachable::NoConnection } else { Unreachable::Protocol };
    let kind = causes(&error).find_map(kind_of).unwrap_or(fallback);
    // The URL is the caller's already, and can be long.
    SendError::Unreachable { kind, source: error.without_url() }
}

fn kind_of(cause: &(dyn Error + 'static)) -> Option<Unreachable> {
    if cause.is::<ResolveError>() {
        return Some(Unreachable::Dns);
    }
    if let Some(error) = cause.downcast_ref::<rustls::Error>() {
        return Some(Unreachable::Tls(TlsFailure::of(error)));
    }
    if let Some(error) = cause.downcast_ref::<hyper::Error>() {
        return match error {
            _ if error.is_parse() => Some(Unreachable::Protocol),
            _ if error.is_incomplete_message() => Some(Unreachable::Closed),
            _ => None,
        };
    }
    if let Some(error) = cause.downcast_ref::<h2::Error>() {
        return (error.is_remote() && (error.is_reset() || error.is_go_away())).then_some(Unreachable::Reset);
    }
    let error = cause.downcast_ref::<io::Error>()?;
    match error.kind() {
        // What TLS makes of the other side's alert, or of a record that it cannot use. HTTP/2 has made text of the cause.
        io::ErrorKind::InvalidData => {
            let is_told_below = error.get_ref().is_some_and(|inner| inner.is::<rustls::Error>());
            (!is_told_below).then_some(Unreachable::Tls(TlsFailure::after_handshake()))
        }
        io::ErrorKind::ConnectionRefused => Some(Unreachable::ConnectionRefused),
        io::ErrorKind::ConnectionReset
        | io::ErrorKind::ConnectionAborted
        | io::ErrorKind::BrokenPipe
        | io::ErrorKind::TimedOut => Some(Unreachable::Reset),
        io::ErrorKind::UnexpectedEof => Some(Unreachable::Closed),
        _ => None,
    }
}

/// The error and all beneath it. An `io::Error` hides what it wraps: its `source` is already the one below.
fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    iter::successors(Some(error), |&cause| match cause.downcast_ref::<io::Error>() {
        Some(error) => error.get_ref().map(|inner| inner as &(dyn Error + 'static)),
        None => cause.source(),
    })
}
