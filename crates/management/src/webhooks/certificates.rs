//! The TLS settings of a webhook: its client certificate, and the authorities it trusts.

use hookstep_contract::{CertificateInfo, FieldError, OrgId, Secret, Timestamp, Tls, TlsKeys};
use hookstep_egress::{ClientTls, TlsParts, TlsRefusal};
use hookstep_http_edge::Problem;
use hookstep_secrets::Keys;

use crate::Context;

/// The TLS settings of a webhook after a save.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct CheckedTls {
    /// The settings.
    pub(crate) tls: Option<Tls>,
    /// What the client certificate says.
    pub(crate) certificate: Option<CertificateInfo>,
}

/// Checks the TLS settings of a request; `before` are those of the stored webhook.
pub(crate) fn check(
    requested: Option<Tls>,
    before: CheckedTls,
    now: Timestamp,
) -> Result<CheckedTls, FieldError> {
    let Some(tls) = requested else { return Ok(before) };
    let certificate = tls.certificate.as_deref();
    let stored = before.tls.and_then(|tls| tls.certificate);
    let identity = match (certificate, &tls.private_key) {
        (Some(certificate), Secret::Given(key)) => Some((certificate, key.as_str())),
        (None, Secret::Given(_)) => {
            return Err(FieldError::new("tls.certificate", "must be given with the private key"));
        }
        (Some(_), Secret::Cleared) => {
            let reason = "must not be null: leave it out to keep it, or set tls to null";
            return Err(FieldError::new("tls.private_key", reason));
        }
        (Some(certificate), Secret::Unchanged) if stored.as_deref() != Some(certificate) => {
            return Err(FieldError::new("tls.private_key", "must be given with another certificate"));
        }
        (_, Secret::Unchanged | Secret::Cleared) => None,
    };
    if identity.is_some_and(|(_, key)| key.len() > Keys::MAX_BYTES) {
        let reason = format!("must be at most {} bytes long", Keys::MAX_BYTES);
        return Err(FieldError::new("tls.private_key", reason));
    }
    let parts = TlsParts {
        certificate: identity.map(|(certificate, _)| certificate),
        private_key: identity.map(|(_, key)| key.as_bytes()),
        ca: tls.ca.as_deref(),
    };
    ClientTls::parse(parts).map_err(refusal)?;
    let certificate = match identity {
        Some((certificate, _)) => Some(check_validity(certificate, now)?),
        None => before.certificate.filter(|_| certificate.is_some()),
    };
    Ok(CheckedTls { tls: (!tls.is_empty()).then_some(tls), certificate })
}

/// What a certificate says. It must be valid now: at the time of the save its owner can still correct it.
fn check_validity(certificate: &str, now: Timestamp) -> Result<CertificateInfo, FieldError> {
    let facts = hookstep_egress::inspect(certificate).map_err(refusal)?;
    let info = CertificateInfo {
        subject: facts.subject,
        not_before: Timestamp::new(facts.not_before),
        not_after: Timestamp::new(facts.not_after),
        fingerprint: hex::encode(facts.sha256),
    };
    if now < info.not_before {
        return Err(FieldError::new("tls.certificate", format!("is not valid before {}", info.not_before)));
    }
    if info.not_after < now {
        return Err(FieldError::new("tls.certificate", format!("expired at {}", info.not_after)));
    }
    Ok(info)
}

fn refusal(refusal: TlsRefusal) -> FieldError {
    FieldError::new(format!("tls.{}", refusal.part.name()), refusal.to_string())
}

/// The form in which `deliver` reads the settings, with the private key encrypted; `stored` is what is stored now.
pub(crate) async fn keys(
    ctx: &Context,
    org_id: &OrgId,
    tls: Option<&Tls>,
    stored: Option<TlsKeys>,
) -> Result<Option<TlsKeys>, Problem> {
    let Some(Tls { certificate, private_key, ca }) = tls else { return Ok(None) };
    let private_key = match private_key.given() {
        Some(key) => Some(ctx.encrypt(org_id, key).await?),
        None => stored.and_then(|stored| stored.private_key).filter(|_| certificate.is_some()),
    };
    Ok(Some(TlsKeys { certificate: certificate.clone(), private_key, ca: ca.clone() }))
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, KeyPair, date_time_ymd};

    use super::*;

    /// A certificate for the year 2026, and its key.
    fn identity() -> (String, String) {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec!["client.test".to_owned()]).unwrap();
        (params.not_before, params.not_after) = (date_time_ymd(2026, 1, 1), date_time_ymd(2027, 1, 1));
        (params.self_signed(&key).unwrap().pem(), key.serialize_pem())
    }

    fn tls(certificate: Option<&str>, private_key: Secret, ca: Option<&str>) -> Tls {
        Tls { certificate: certificate.map(Into::into), private_key, ca: ca.map(Into::into) }
    }

    fn in_year(year: i32) -> Timestamp {
        Timestamp::new(date_time_ymd(year, 6, 1))
    }

    #[test]
    fn a_certificate_comes_with_its_key_and_is_kept_without() {
        let ((certificate, key), (other, other_key)) = (identity(), identity());
        let given = |key: &str| Secret::Given(key.to_owned());
        let now = in_year(2026);
        let stored = || {
            let requested = tls(Some(&certificate), given(&key), None);
            check(Some(requested), CheckedTls::default(), now).unwrap()
        };
        assert_eq!(stored().certificate.unwrap().not_after, Timestamp::new(date_time_ymd(2027, 1, 1)));
        assert_eq!(check(None, stored(), now), Ok(stored()));
        assert_eq!(check(Some(Tls::default()), stored(), now), Ok(CheckedTls::default()));
        let long = "x".repeat(Keys::MAX_BYTES + 1);
        let (own, ca) = (Some(certificate.as_str()), Some("hello"));
        let cases = [
            (tls(own, Secret::Unchanged, None), Ok(true)),
            // An unchanged certificate is not checked again, since it may have expired.
            (tls(own, Secret::Unchanged, Some(&other)), Ok(true)),
            (tls(None, Secret::Unchanged, Some(&other)), Ok(false)),
            (tls(None, Secret::Cleared, Some(&other)), Ok(false)),
            (tls(Some(&other), given(&other_key), None), Ok(true)),
            (tls(Some(&other), Secret::Unchanged, None), Err("tls.private_key")),
            (tls(Some(&other), given(&key), None), Err("tls.private_key")),
            (tls(own, Secret::Cleared, None), Err("tls.private_key")),
            (tls(own, given("hello"), None), Err("tls.private_key")),
            (tls(own, given(&long), None), Err("tls.private_key")),
            (tls(None, given(&key), None), Err("tls.certificate")),
            (tls(Some(&key), given(&key), None), Err("tls.certificate")),
            (tls(own, Secret::Unchanged, ca), Err("tls.ca")),
        ];
        for (requested, expected) in cases {
            let shown = format!("{requested:?}");
            let found = check(Some(requested), stored(), now);
            let found = found.map(|checked| checked.certificate.is_some()).map_err(|error| error.field);
            assert_eq!(found, expected.map_err(ToOwned::to_owned), "{shown}");
        }
    }

    #[test]
    fn a_certificate_can_be_saved_only_while_it_is_valid() {
        let (certificate, key) = identity();
        for (year, reason) in [
            (2025, "is not valid before 2026-01-01T00:00:00.000Z"),
            (2027, "expired at 2027-01-01T00:00:00.000Z"),
        ] {
            let requested = tls(Some(&certificate), Secret::Given(key.clone()), None);
            let refused = check(Some(requested), CheckedTls::default(), in_year(year));
            assert_eq!(refused, Err(FieldError::new("tls.certificate", reason)));
            let kept = tls(Some(&certificate), Secret::Unchanged, None);
            let before = CheckedTls { tls: Some(kept.clone()), certificate: None };
            assert!(check(Some(kept), before, in_year(year)).is_ok());
        }
    }
}
