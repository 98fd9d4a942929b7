//! The fields of a certificate, to be shown beside a webhook. Only the management API needs them, so the
//! parser is linked only there.

use sha2::{Digest, Sha256};
use time::OffsetDateTime;
use x509_cert::Certificate;
use x509_cert::der::Decode;
use x509_cert::time::Time;

use crate::client_tls::{TlsPart, TlsRefusal, certificate_chain};

/// The fields of the first certificate of a chain. They are not verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateFacts {
    /// The subject in the notation of RFC 4514; empty if the certificate has only alternative names.
    pub subject: String,
    /// The start of the certificate's validity.
    pub not_before: OffsetDateTime,
    /// The last second of the certificate's validity.
    pub not_after: OffsetDateTime,
    /// The SHA-256 of the certificate's DER.
    pub sha256: [u8; 32],
}

/// Reads the first certificate of a chain in PEM.
///
/// # Errors
/// If [`ClientTls::parse`](crate::ClientTls::parse) would refuse the chain, or a field cannot be read.
pub fn inspect(certificate: &str) -> Result<CertificateFacts, TlsRefusal> {
    let refusal = TlsRefusal { part: TlsPart::Certificate, reason: "has fields that cannot be read" };
    let chain = certificate_chain(certificate)?;
    let der = chain.first().ok_or(refusal)?;
    let certificate = Certificate::from_der(der).map_err(|_| refusal)?;
    let fields = certificate.tbs_certificate();
    let moment = |time: &Time| {
        let seconds = i64::try_from(time.to_unix_duration().as_secs()).map_err(|_| refusal)?;
        OffsetDateTime::from_unix_timestamp(seconds).map_err(|_| refusal)
    };
    Ok(CertificateFacts {
        subject: fields.subject().to_string(),
        not_before: moment(&fields.validity().not_before)?,
        not_after: moment(&fields.validity().not_after)?,
        sha256: Sha256::digest(der).into(),
    })
}
