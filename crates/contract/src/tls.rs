//! TLS beyond the public authorities: who the client is, and whom it trusts.

use serde::{Deserialize, Deserializer, Serialize};

use crate::object::Object;
use crate::{Secret, Timestamp};

/// What the owner of a webhook sets for TLS. Texts are PEM.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tls {
    /// The client certificate and those between it and its authority.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate: Option<String>,
    /// The certificate's key; write-only.
    #[serde(default, skip_serializing)]
    pub private_key: Secret,
    /// The only authorities that the receiver's certificate may come from; without it, those that browsers trust.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca: Option<String>,
}

impl Tls {
    /// Reads the field `tls` of a request: `null` clears it.
    pub(crate) fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Self>, D::Error> {
        let given = Option::<Object<Self>>::deserialize(deserializer)?;
        Ok(Some(given.map(|Object(tls)| tls).unwrap_or_default()))
    }

    /// Whether it asks for nothing beyond the public authorities.
    pub fn is_empty(&self) -> bool {
        self.certificate.is_none() && self.private_key.given().is_none() && self.ca.is_none()
    }
}

/// What a client certificate says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CertificateInfo {
    /// Whose it is.
    pub subject: String,
    /// From when it is valid.
    pub not_before: Timestamp,
    /// Until when it is valid.
    pub not_after: Timestamp,
    /// SHA-256 of it, in hex.
    pub fingerprint: String,
}
