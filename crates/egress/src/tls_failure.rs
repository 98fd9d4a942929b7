//! Why a TLS connection failed, determined from the error types of `rustls`.

use std::fmt;

use rustls::{AlertDescription, CertificateError, Error, PeerIncompatible};

/// Why a TLS connection failed.
#[derive(Clone, Debug, PartialEq)]
pub struct TlsFailure {
    /// The kind of failure.
    pub kind: TlsFailureKind,
    /// The error of the TLS library; `None` when HTTP/2 discards it.
    error: Option<Error>,
}

/// The kind of a TLS failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TlsFailureKind {
    /// The receiver's certificate has expired or is not valid yet.
    CertificateExpired,
    /// The receiver's certificate is for other host names.
    CertificateName,
    /// The receiver's certificate was not issued by a trusted authority, or its chain is incomplete.
    CertificateUntrusted,
    /// The receiver's certificate is invalid for another reason.
    Certificate,
    /// The receiver requires a client certificate, or did not accept the one presented.
    ClientCertificate,
    /// The receiver does not serve this host name.
    HostName,
    /// The two sides have no TLS version or no cipher in common.
    Version,
    /// Any other failure, for example a port that does not speak TLS.
    Other,
}

impl TlsFailure {
    /// Classifies an error of the TLS library.
    pub(crate) fn of(error: &Error) -> Self {
        let kind = match error {
            Error::InvalidCertificate(error) => of_certificate(error),
            Error::AlertReceived(alert) => of_alert(*alert),
            Error::PeerIncompatible(error) => of_incompatibility(error),
            _ => TlsFailureKind::Other,
        };
        Self { kind, error: Some(error.clone()) }
    }

    /// TLS broke after the handshake was complete on our side. At this point a TLS 1.3 receiver reports that
    /// it requires a client certificate.
    pub(crate) fn after_handshake() -> Self {
        Self { kind: TlsFailureKind::ClientCertificate, error: None }
    }
}

fn of_certificate(error: &CertificateError) -> TlsFailureKind {
    match error {
        CertificateError::Expired
        | CertificateError::ExpiredContext { .. }
        | CertificateError::NotValidYet
        | CertificateError::NotValidYetContext { .. } => TlsFailureKind::CertificateExpired,
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            TlsFailureKind::CertificateName
        }
        // An authority with the name of a trusted one but a different key leads to a wrong signature.
        CertificateError::UnknownIssuer | CertificateError::BadSignature => {
            TlsFailureKind::CertificateUntrusted
        }
        _ => TlsFailureKind::Certificate,
    }
}

/// Libraries differ in the alert for a missing client certificate: Go sends "bad certificate", OpenSSL sends
/// "handshake failure" before TLS 1.3.
fn of_alert(alert: AlertDescription) -> TlsFailureKind {
    match alert {
        AlertDescription::CertificateRequired
        | AlertDescription::BadCertificate
        | AlertDescription::UnsupportedCertificate
        | AlertDescription::CertificateRevoked
        | AlertDescription::CertificateExpired
        | AlertDescription::CertificateUnknown
        | AlertDescription::UnknownCA
        | AlertDescription::DecryptError
        | AlertDescription::AccessDenied => TlsFailureKind::ClientCertificate,
        AlertDescription::UnrecognisedName => TlsFailureKind::HostName,
        AlertDescription::ProtocolVersion
        | AlertDescription::InsufficientSecurity
        | AlertDescription::InappropriateFallback => TlsFailureKind::Version,
        _ => TlsFailureKind::Other,
    }
}

fn of_incompatibility(error: &PeerIncompatible) -> TlsFailureKind {
    match error {
        PeerIncompatible::ServerDoesNotSupportTls12Or13
        | PeerIncompatible::ServerTlsVersionIsDisabledByOurConfig
        | PeerIncompatible::NoCipherSuitesInCommon => TlsFailureKind::Version,
        _ => TlsFailureKind::Other,
    }
}

impl fmt::Display for TlsFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.error {
            Some(Error::InvalidCertificate(CertificateError::UnknownIssuer)) => {
                f.write_str("the certificate is not valid: its issuer is not trusted, or its chain is not complete")
            }
            Some(Error::InvalidCertificate(error)) => write!(f, "the certificate is not valid: {error}"),
            Some(Error::AlertReceived(alert)) => write_alert(f, *alert),
            Some(error) => write!(f, "no TLS connection: {error}"),
            None => f.write_str(
                "TLS broke after the handshake, as it does when the receiver demands a client certificate that it did \
                 not get, or does not accept the one it got",
            ),
        }
    }
}

/// Writes what a TLS alert from the receiver means to its owner.
fn write_alert(f: &mut fmt::Formatter<'_>, alert: AlertDescription) -> fmt::Result {
    let reason = match alert {
        AlertDescription::CertificateRequired => "it demands a client certificate",
        AlertDescription::HandshakeFailure => "nothing in common, or it demands a client certificate",
        _ => match of_alert(alert) {
            TlsFailureKind::ClientCertificate => "it got no client certificate that it accepts",
            TlsFailureKind::HostName => "it does not know the host name",
            TlsFailureKind::Version => "it speaks no TLS version or cipher that Hookstep does",
            _ => return write!(f, "the receiver broke off TLS: {alert:?}"),
        },
    };
    write!(f, "the receiver broke off TLS: {reason} ({alert:?})")
}

#[cfg(test)]
mod tests {
    use rustls::InvalidMessage;

    use super::*;

    #[test]
    fn failures_are_told_apart_by_type() {
        use TlsFailureKind::*;
        let alert = Error::AlertReceived;
        let certificate = Error::InvalidCertificate;
        for (error, kind) in [
            (certificate(CertificateError::Expired), CertificateExpired),
            (certificate(CertificateError::NotValidYet), CertificateExpired),
            (certificate(CertificateError::NotValidForName), CertificateName),
            (certificate(CertificateError::UnknownIssuer), CertificateUntrusted),
            (certificate(CertificateError::BadSignature), CertificateUntrusted),
            (certificate(CertificateError::Revoked), Certificate),
            (alert(AlertDescription::CertificateRequired), ClientCertificate),
            (alert(AlertDescription::CertificateExpired), ClientCertificate),
            (alert(AlertDescription::UnrecognisedName), HostName),
            (alert(AlertDescription::ProtocolVersion), Version),
            (alert(AlertDescription::InternalError), Other),
            (PeerIncompatible::ServerDoesNotSupportTls12Or13.into(), Version),
            (PeerIncompatible::NoKxGroupsInCommon.into(), Other),
            (Error::InvalidMessage(InvalidMessage::InvalidContentType), Other),
        ] {
            assert_eq!(TlsFailure::of(&error).kind, kind, "{error}");
        }
        assert_eq!(TlsFailure::after_handshake().kind, ClientCertificate);
    }
}
