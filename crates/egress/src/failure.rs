//! Why there was no answer, told by types.

use std::error::Error;
use std::fmt;
use std::io;
use std::iter;
use std::time::Duration;

use rustls::AlertDescription;
use thiserror::Error;

use crate::body::BoxError;
use crate::client::CONNECT_TIMEOUT;
use crate::policy::Refusal;
use crate::resolver::ResolveError;
use crate::timing::Timings;

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
    Refused(#[from] Refusal),
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
    /// The receiver's certificate.
    Certificate(rustls::CertificateError),
    /// The rest of TLS.
    Tls(rustls::Error),
    /// TLS, after what was a whole handshake to us. HTTP/2 keeps no more of the reason.
    TlsBroken,
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
            Self::Certificate(rustls::CertificateError::UnknownIssuer) => {
                f.write_str("the certificate is not valid: its issuer is not trusted, or its chain is not complete")
            }
            Self::Certificate(error) => write!(f, "the certificate is not valid: {error}"),
            Self::Tls(rustls::Error::AlertReceived(alert)) => write_alert(f, *alert),
            Self::Tls(error) => write!(f, "no TLS connection: {error}"),
            Self::TlsBroken => f.write_str(
                "TLS broke after the handshake, as it does when the receiver demands a client certificate that it did \
                 not get, or does not accept the one it got",
            ),
            Self::Reset => f.write_str("the connection was reset before an answer came"),
            Self::Closed => f.write_str("the connection was closed before an answer came"),
            Self::Protocol => f.write_str("the answer is not valid HTTP, or its headers are too large"),
        }
    }
}

/// What the receiver's last word in TLS means to its owner. Libraries do not agree on the alert for a certificate that was
/// not shown: Go says "bad certificate", OpenSSL "handshake failure" before TLS 1.3.
fn write_alert(f: &mut fmt::Formatter<'_>, alert: AlertDescription) -> fmt::Result {
    let reason = match alert {
        AlertDescription::CertificateRequired => "it demands a client certificate",
        AlertDescription::BadCertificate
        | AlertDescription::UnsupportedCertificate
        | AlertDescription::CertificateRevoked
        | AlertDescription::CertificateExpired
        | AlertDescription::CertificateUnknown
        | AlertDescription::UnknownCA
        | AlertDescription::DecryptError
        | AlertDescription::AccessDenied => "it got no client certificate that it accepts",
        AlertDescription::HandshakeFailure => "nothing in common, or it demands a client certificate",
        AlertDescription::UnrecognisedName => "it does not know the host name",
        other => return write!(f, "the receiver broke off TLS: {other:?}"),
    };
    write!(f, "the receiver broke off TLS: {reason} ({alert:?})")
}

/// What a failed request of the HTTP library means.
pub(crate) fn classify(error: reqwest::Error) -> SendError {
    if error.is_timeout() && error.is_connect() {
        return SendError::Timeout { phase: Phase::Connect, after: CONNECT_TIMEOUT };
    }
    for cause in causes(&error) {
        if let Some(ResolveError::Blocked(blocked)) = cause.downcast_ref() {
            return Refusal::Address(*blocked).into();
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
        return Some(match error {
            rustls::Error::InvalidCertificate(error) => Unreachable::Certificate(error.clone()),
            other => Unreachable::Tls(other.clone()),
        });
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
            (!is_told_below).then_some(Unreachable::TlsBroken)
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
