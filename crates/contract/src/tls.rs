//! TLS beyond the public certificate authorities: the client's certificate, and the authorities it trusts.

use serde::{Deserialize, Deserializer, Serialize};

use crate::limits::{CERTIFICATE_WARNING_DAYS, days};
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

/// What a webhook's owner was last told about the end of its client certificate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CertificateWarning {
    /// The certificate's fingerprint.
    pub fingerprint: String,
    /// Within how many days it was to expire: one of [`CERTIFICATE_WARNING_DAYS`].
    pub days: u16,
}

impl CertificateInfo {
    /// What the owner is to be told `now`, if they were last told `before`.
    pub fn warning(&self, before: Option<&CertificateWarning>, now: Timestamp) -> Option<CertificateWarning> {
        let ends_within = |within: &u16| self.not_after <= now.plus(days(usize::from(*within)));
        let due = CERTIFICATE_WARNING_DAYS.into_iter().filter(ends_within).min()?;
        let told = before.filter(|before| before.fingerprint == self.fingerprint);
        let is_news = told.is_none_or(|told| due < told.days);
        is_news.then(|| CertificateWarning { fingerprint: self.fingerprint.clone(), days: due })
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_owner_is_told_once_a_month_a_week_and_a_day_before_a_certificate_expires() {
        let day = |day: usize| Timestamp::from_unix_seconds(0).unwrap().plus(days(day));
        let certificate = |fingerprint: &str| CertificateInfo {
            subject: "CN=client".to_owned(),
            not_before: day(0),
            not_after: day(100),
            fingerprint: fingerprint.to_owned(),
        };
        let mut told = None;
        let mut days_told = Vec::new();
        for now in 0..110 {
            if let Some(warning) = certificate("a").warning(told.as_ref(), day(now)) {
                days_told.push((now, warning.days));
                told = Some(warning);
            }
        }
        assert_eq!(days_told, [(70, 30), (93, 7), (99, 1)]);
        // Another certificate is another matter.
        assert!(certificate("b").warning(told.as_ref(), day(80)).is_some());
    }
}
