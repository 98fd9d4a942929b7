//! Why no response arrived, determined from error types.

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

/// Longer than any healthy connect including TLS, but shorter than the total time most webhooks allow.
pub(crate) const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// A send that got no response.
#[derive(Debug, Error)]
#[error("the request got no answer")]
pub struct SendFailure {
    /// The cause.
    #[source]
    pub error: SendError,
    /// How long each phase took, up to the failure.
    pub timings: Timings,
    pub(crate) unprocessed: bool,
}

impl SendFailure {
    /// Whether the same request may be sent again at once, because the receiver did not act on it: it refused
    /// the HTTP/2 stream or announced that it will not process it (RFC 9113, 8.7), or it had closed a kept-alive
    /// connection before a byte of the response (RFC 9110, 9.2.2).
    pub fn is_unprocessed(&self) -> bool {
        self.unprocessed
    }
}

/// Why no response arrived. The messages are for the owner of the receiver; the sources are for us.
#[derive(Debug, Error)]
pub enum SendError {
    /// The policy forbids the request; nothing was sent.
    #[error(transparent)]
    Refused(#[from] PolicyRefusal),
    /// The time limit was exceeded.
    #[error("{phase} within {} s", after.as_secs())]
    Timeout {
        /// The phase that was in progress.
        phase: Phase,
        /// The time limit.
        after: Duration,
    },
    /// The connection failed or broke.
    #[error("{kind}")]
    Unreachable {
        /// The kind of failure.
        kind: Unreachable,
        /// The error of the HTTP library.
        source: BoxError,
    },
    /// The source of the request body failed, which is not the receiver's fault.
    #[error("the request body could not be read")]
    Body(#[source] BoxError),
}

/// The phase in which the time limit was exceeded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Connecting: name resolution, TCP and TLS.
    Connect,
    /// Waiting for the response head.
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

/// Why a receiver could not be reached.
#[derive(Clone, Debug, PartialEq)]
pub enum Unreachable {
    /// The host name does not resolve.
    Dns,
    /// The connection was refused.
    ConnectionRefused,
    /// The connection could not be established, for another or an unknown reason.
    NoConnection,
    /// The TLS connection failed.
    Tls(TlsFailure),
    /// The peer reset the connection.
    Reset,
    /// The peer closed the connection before or during the response head.
    Closed,
    /// The response was not HTTP, or its head exceeded our limit.
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

/// Whether an HTTP/2 receiver says that it did not process the stream. The library reports a GOAWAY only to
/// streams above the last one that the receiver processed.
pub(crate) fn is_refused_stream(error: &SendError) -> bool {
    let SendError::Unreachable { source, .. } = error else { return false };
    let refused = |error: &h2::Error| {
        error.is_remote()
            && (error.is_go_away()
                || (error.is_reset() && error.reason() == Some(h2::Reason::REFUSED_STREAM)))
    };
    causes(source.as_ref()).find_map(|cause| cause.downcast_ref()).is_some_and(refused)
}

/// Classifies an error of the HTTP library.
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
    // The caller already has the URL, and it can be long.
    SendError::Unreachable { kind, source: error.without_url().into() }
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
        // TLS reports the peer's alert, or a record it cannot use, as `InvalidData`. HTTP/2 reduces the cause
        // to text.
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

/// The error and its chain of causes. The `source` of an `io::Error` skips the error it wraps, hence
/// `get_ref`.
fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    iter::successors(Some(error), |&cause| match cause.downcast_ref::<io::Error>() {
        Some(error) => error.get_ref().map(|inner| inner as &(dyn Error + 'static)),
        None => cause.source(),
    })
}
