//! The signing secrets of a webhook: new ones, and how long the previous ones go on signing.

use std::time::Duration;

use axum::http::StatusCode;
use base64::alphabet;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use base64::engine::{DecodePaddingMode, Engine};
use hookstep_api_types::{MAX_OVERLAP_SECS, SecretEncoding};
use hookstep_contract::{FieldError, Lifetime, OrgId, PreviousOrgKey, SigningKey, Timestamp};
use hookstep_http_edge::Problem;
use hookstep_signing::{KeyError, Secret};

use super::{bytes_32, public_key};
use crate::Context;

/// The most secrets of a webhook, and keys of an org, that sign at once: each adds a signature to the header of every request.
const MAX_KEYS: usize = 5;

/// Makes a secret, if none is given, and returns it encrypted and as it is. The key pair of the org is made first, so that an
/// org with a secret has a key pair as well.
pub(crate) async fn new_secret(
    ctx: &Context,
    org_id: &OrgId,
    given: Option<Secret>,
) -> Result<(SigningKey, Secret), Problem> {
    public_key::ensure(ctx, org_id).await?;
    let secret = given.unwrap_or_else(|| Secret::from_random(&bytes_32(&ctx.sources)));
    let key = ctx.encrypt(org_id, &secret.reveal()).await?;
    let lifetime = Lifetime { created_at: ctx.sources.now(), expires_at: None };
    Ok((SigningKey { key, lifetime }, secret))
}

/// How long each secret signs. This part of a key is not secret.
pub(crate) fn lifetimes(keys: &[SigningKey]) -> Vec<Lifetime> {
    keys.iter().map(|key| key.lifetime).collect()
}

/// What has a lifetime: a signing secret, or a key of an org.
pub(crate) trait Expires {
    /// From when until when it signs.
    fn lifetime(&mut self) -> &mut Lifetime;
}

impl Expires for SigningKey {
    fn lifetime(&mut self) -> &mut Lifetime {
        &mut self.lifetime
    }
}

impl Expires for PreviousOrgKey {
    fn lifetime(&mut self) -> &mut Lifetime {
        &mut self.lifetime
    }
}

/// The keys that go on signing beside a new one: each for `overlap` at most, and no longer than it would have without it.
pub(crate) fn retire<K: Expires>(keys: Vec<K>, now: Timestamp, overlap: Duration) -> Result<Vec<K>, Problem> {
    let end = now.plus(overlap);
    let limit = |mut key: K| {
        let lifetime = key.lifetime();
        lifetime.expires_at = Some(lifetime.expires_at.map_or(end, |earlier| earlier.min(end)));
        lifetime.holds(now).then_some(key)
    };
    let older: Vec<_> = keys.into_iter().filter_map(limit).collect();
    if older.len() < MAX_KEYS {
        return Ok(older);
    }
    let detail = format!(
        "{MAX_KEYS} keys sign already: wait until the oldest has expired, or set overlap_seconds to 0"
    );
    Err(Problem::new(StatusCode::CONFLICT, detail))
}

/// How long what is replaced goes on signing.
pub(crate) fn overlap(seconds: u64) -> Result<Duration, FieldError> {
    if seconds > MAX_OVERLAP_SECS {
        return Err(FieldError::new("overlap_seconds", format!("must be 0 to {MAX_OVERLAP_SECS}")));
    }
    Ok(Duration::from_secs(seconds))
}

/// The secret that a request brings, if it brings one. The errors do not repeat it.
pub(crate) fn given(secret: Option<&str>, encoding: SecretEncoding) -> Result<Option<Secret>, FieldError> {
    let Some(text) = secret else { return Ok(None) };
    let wrong = |reason: String| FieldError::new("secret", reason);
    let bytes = match encoding {
        SecretEncoding::Whsec => {
            return text.parse().map(Some).map_err(|error: KeyError| wrong(format!("is no secret: {error}")));
        }
        SecretEncoding::Hex => {
            hex::decode(text).map_err(|_| wrong("must be an even number of hexadecimal digits".to_owned()))?
        }
        SecretEncoding::Base64 => BASE64.decode(text).map_err(|_| wrong("must be base64".to_owned()))?,
        SecretEncoding::Text => text.as_bytes().to_vec(),
    };
    let count = bytes.len();
    let secret = Secret::from_bytes(bytes.into());
    secret.map(Some).map_err(|_| wrong(format!("is {count} bytes long, and must be 24 to 64")))
}

/// Base64 that may have padding or not.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

#[cfg(test)]
mod tests {
    use hookstep_contract::Ciphertext;

    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);

    /// A key that expires so many hours after `now`.
    fn key(now: Timestamp, hours: Option<u32>) -> SigningKey {
        let lifetime = Lifetime { created_at: now, expires_at: hours.map(|hours| now.plus(HOUR * hours)) };
        SigningKey { key: Ciphertext(String::new()), lifetime }
    }

    #[test]
    fn no_secret_signs_longer_than_it_would_have() {
        let now: Timestamp = serde_json::from_str(r#""2026-01-02T03:04:05Z""#).unwrap();
        type Case = (&'static [Option<u32>], u32, Option<&'static [u32]>);
        let cases: [Case; 8] = [
            (&[], 24, Some(&[])),
            (&[None], 24, Some(&[24])),
            (&[None], 0, Some(&[])),
            (&[None, Some(1), Some(0)], 24, Some(&[24, 1])),
            (&[None, Some(48)], 24, Some(&[24, 24])),
            (&[None, Some(4), Some(3), Some(2)], 24, Some(&[24, 4, 3, 2])),
            (&[None, Some(4), Some(3), Some(2), Some(1)], 24, None),
            (&[None, Some(4), Some(3), Some(2), Some(1)], 0, Some(&[])),
        ];
        for (before, overlap, expected) in cases {
            let keys = before.iter().map(|hours| key(now, *hours)).collect();
            let ends = retire(keys, now, HOUR * overlap).map(|keys| {
                keys.iter().map(|key| key.lifetime.expires_at.unwrap().since(now)).collect::<Vec<_>>()
            });
            let expected = expected.map(|hours| hours.iter().map(|hours| HOUR * *hours).collect::<Vec<_>>());
            assert_eq!(ends.ok(), expected, "{before:?} {overlap}");
        }
    }
}
