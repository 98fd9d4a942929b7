//! TLS of a webhook's own: its client certificate, and the authorities it trusts.

use hookstep_contract::{CertificateInfo, FieldError, OrgId, Secret, Timestamp, Tls, TlsKeys};
use hookstep_egress::{ClientTls, TlsParts, TlsRefusal};
use hookstep_http_edge::Problem;
use hookstep_secrets::Keys;

use crate::Context;

/// The TLS of a webhook after a save.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Checked {
    /// What it is.
    pub(crate) tls: Option<Tls>,
    /// What its certificate says.
    pub(crate) certificate: Option<CertificateInfo>,
}

/// Checks the TLS that is asked for; `before` is what the webhook has.
pub(crate) fn check(asked: Option<Tls>, before: Checked, now: Timestamp) -> Result<Checked, FieldError> {
    let Some(tls) = asked else { return Ok(before) };
    let certificate = tls.certificate.as_deref();
    let kept = before.tls.and_then(|tls| tls.certificate);
    let identity = match (certificate, &tls.private_key) {
        (Some(certificate), Secret::Given(key)) => Some((certificate, key.as_str())),
        (None, Secret::Given(_)) => {
            return Err(FieldError::new("tls.certificate", "must be given with the private key"));
        }
        (Some(_), Secret::Cleared) => {
            let reason = "must not be null: leave it out to keep it, or set tls to null";
            return Err(FieldError::new("tls.private_key", reason));
        }
        (Some(certificate), Secret::Kept) if kept.as_deref() != Some(certificate) => {
            return Err(FieldError::new("tls.private_key", "must be given with another certificate"));
        }
        (_, Secret::Kept | Secret::Cleared) => None,
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
        Some((certificate, _)) => Some(valid(certificate, now)?),
        None => before.certificate.filter(|_| certificate.is_some()),
    };
    Ok(Checked { tls: (!tls.is_empty()).then_some(tls), certificate })
}

/// What a certificate says, which must be good now: whoever saves it can still do something about it.
fn valid(certificate: &str, now: Timestamp) -> Result<CertificateInfo, FieldError> {
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

/// What is stored of it for `deliver`, with the private key encrypted; `kept` is what is stored now.
pub(crate) async fn keys(
    ctx: &Context,
    org_id: &OrgId,
    tls: Option<&Tls>,
    kept: Option<TlsKeys>,
) -> Result<Option<TlsKeys>, Problem> {
    let Some(Tls { certificate, private_key, ca }) = tls else { return Ok(None) };
    let private_key = match private_key.given() {
        Some(key) => Some(ctx.encrypt(org_id, key).await?),
        None => kept.and_then(|kept| kept.private_key).filter(|_| certificate.is_some()),
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
            let asked = tls(Some(&certificate), given(&key), None);
            check(Some(asked), Checked::default(), now).unwrap()
        };
        assert_eq!(stored().certificate.unwrap().not_after, Timestamp::new(date_time_ymd(2027, 1, 1)));
        assert_eq!(check(None, stored(), now), Ok(stored()));
        assert_eq!(check(Some(Tls::default()), stored(), now), Ok(Checked::default()));
        let long = "x".repeat(Keys::MAX_BYTES + 1);
        let (own, ca) = (Some(certificate.as_str()), Some("hello"));
        let cases = [
            (tls(own, Secret::Kept, None), Ok(true)),
            // What was not changed is not checked again: it may have expired.
            (tls(own, Secret::Kept, Some(&other)), Ok(true)),
            (tls(None, Secret::Kept, Some(&other)), Ok(false)),
            (tls(None, Secret::Cleared, Some(&other)), Ok(false)),
            (tls(Some(&other), given(&other_key), None), Ok(true)),
            (tls(Some(&other), Secret::Kept, None), Err("tls.private_key")),
            (tls(Some(&other), given(&key), None), Err("tls.private_key")),
            (tls(own, Secret::Cleared, None), Err("tls.private_key")),
            (tls(own, given("hello"), None), Err("tls.private_key")),
            (tls(own, given(&long), None), Err("tls.private_key")),
            (tls(None, given(&key), None), Err("tls.certificate")),
            (tls(Some(&key), given(&key), None), Err("tls.certificate")),
            (tls(own, Secret::Kept, ca), Err("tls.ca")),
        ];
        for (asked, expected) in cases {
            let shown = format!("{asked:?}");
            let found = check(Some(asked), stored(), now);
            let found = found.map(|checked| checked.certificate.is_some()).map_err(|error| error.field);
            assert_eq!(found, expected.map_err(ToOwned::to_owned), "{shown}");
        }
    }

    #[test]
    fn a_certificate_is_saved_while_it_is_valid() {
        let (certificate, key) = identity();
        for (year, reason) in [
            (2025, "is not valid before 2026-01-01T00:00:00.000Z"),
            (2027, "expired at 2027-01-01T00:00:00.000Z"),
        ] {
            let asked = tls(Some(&certificate), Secret::Given(key.clone()), None);
            let refused = check(Some(asked), Checked::default(), in_year(year));
            assert_eq!(refused, Err(FieldError::new("tls.certificate", reason)));
            let kept = tls(Some(&certificate), Secret::Kept, None);
            let before = Checked { tls: Some(kept.clone()), certificate: None };
            assert!(check(Some(kept), before, in_year(year)).is_ok());
        }
    }
}
