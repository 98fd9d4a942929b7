//! What a certificate says of itself, to show beside a webhook. Only the management API asks, so what reads it is linked
//! there alone.

use sha2::{Digest, Sha256};
use time::OffsetDateTime;
use x509_cert::Certificate;
use x509_cert::der::Decode;
use x509_cert::time::Time;

use crate::client_tls::{TlsPart, TlsRefusal, certificate_chain};

/// What the first certificate of a chain says of itself. Nobody has verified it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateFacts {
    /// The subject as RFC 4514 writes it; empty when only alternative names are there.
    pub subject: String,
    /// When it begins to be valid.
    pub not_before: OffsetDateTime,
    /// The last second in which it is valid.
    pub not_after: OffsetDateTime,
    /// SHA-256 of its DER.
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
