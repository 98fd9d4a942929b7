//! Translates the failures of `egress` into reasons: the code and description of an attempt that got no
//! response.

use hookstep_contract::{Reason, ReasonCode};
use hookstep_egress::{HeaderRefusal, Phase, PolicyRefusal, TlsFailureKind, Unreachable};

/// The reason for a request that the egress policy blocks.
pub(crate) fn refused(refusal: &PolicyRefusal) -> Reason {
    let code = match refusal {
        PolicyRefusal::TooLong
        | PolicyRefusal::Unreadable(_)
        | PolicyRefusal::Unescaped
        | PolicyRefusal::Scheme(_)
        | PolicyRefusal::UserInfo
        | PolicyRefusal::Fragment
        | PolicyRefusal::NoHost
        | PolicyRefusal::Port(_) => ReasonCode::BadUrl,
        PolicyRefusal::LocalName(_) | PolicyRefusal::Address(_) => ReasonCode::BlockedAddress,
        PolicyRefusal::Header(_) => ReasonCode::BadHeader,
    };
    Reason::new(code, refusal.to_string())
}

/// The reason for a header that is not allowed.
pub(crate) fn refused_header(refusal: &HeaderRefusal) -> Reason {
    Reason::new(ReasonCode::BadHeader, refusal.to_string())
}

/// The code for a timeout in this phase.
pub(crate) fn timed_out(phase: Phase) -> ReasonCode {
    match phase {
        Phase::Connect => ReasonCode::ConnectTimeout,
        Phase::Answer => ReasonCode::AnswerTimeout,
    }
}

/// The reason for a receiver that could not be reached or broke the connection.
pub(crate) fn unreachable(kind: &Unreachable) -> Reason {
    let code = match kind {
        Unreachable::Dns => ReasonCode::Dns,
        Unreachable::ConnectionRefused => ReasonCode::ConnectionRefused,
        Unreachable::NoConnection => ReasonCode::Unreachable,
        Unreachable::Tls(failure) => tls(failure.kind),
        Unreachable::Reset | Unreachable::Closed => ReasonCode::Reset,
        Unreachable::Protocol => ReasonCode::Protocol,
    };
    Reason::new(code, kind.to_string())
}

fn tls(kind: TlsFailureKind) -> ReasonCode {
    match kind {
        TlsFailureKind::CertificateExpired => ReasonCode::CertificateExpired,
        TlsFailureKind::CertificateName => ReasonCode::CertificateName,
        TlsFailureKind::CertificateUntrusted => ReasonCode::CertificateUntrusted,
        TlsFailureKind::Certificate => ReasonCode::Certificate,
        TlsFailureKind::ClientCertificate => ReasonCode::ClientCertificate,
        TlsFailureKind::HostName => ReasonCode::TlsHostName,
        TlsFailureKind::Version => ReasonCode::TlsVersion,
        TlsFailureKind::Other => ReasonCode::Tls,
    }
}
