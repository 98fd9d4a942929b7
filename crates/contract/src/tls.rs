//! TLS beyond the public certificate authorities: the client's certificate, and the authorities it trusts.

use serde::{Deserialize, Deserializer, Serialize};

use crate::object::Object;
use crate::{Secret, Timestamp};

/// The TLS settings made by a webhook's owner. Texts are PEM.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tls {
    /// The client certificate and its intermediate certificates.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate: Option<String>,
    /// The certificate's private key; write-only.
    #[serde(default, skip_serializing)]
    pub private_key: Secret,
    /// The only certificate authorities trusted to issue the receiver's certificate; by default, those that
    /// browsers trust.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca: Option<String>,
}

impl Tls {
    /// Reads the field `tls` of a request: `null` clears it.
    pub(crate) fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Self>, D::Error> {
        let given = Option::<Object<Self>>::deserialize(deserializer)?;
        Ok(Some(given.map(|Object(tls)| tls).unwrap_or_default()))
    }

    /// Whether there are no settings beyond the public certificate authorities.
    pub fn is_empty(&self) -> bool {
        self.certificate.is_none() && self.private_key.given().is_none() && self.ca.is_none()
    }
}

/// Details of a client certificate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CertificateInfo {
    /// The certificate's subject.
    pub subject: String,
    /// The start of the certificate's validity.
    pub not_before: Timestamp,
    /// The end of the certificate's validity.
    pub not_after: Timestamp,
    /// The certificate's SHA-256, in hex.
    pub fingerprint: String,
}
