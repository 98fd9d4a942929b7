//! TLS of a webhook's own: its client certificate, and the authorities it trusts.

use api::Problem;
use contract::{CertificateInfo, FieldError, OrgId, Secret, Timestamp, Tls, TlsKeys};
use egress::{ClientTls, TlsParts, TlsRefusal};
use secrets::Keys;

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
    let facts = egress::inspect(certificate).map_err(refusal)?;
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
