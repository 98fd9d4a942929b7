//! The signing secrets of a webhook: the first one, and those that take its place.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::http::{HeaderMap, StatusCode};
use hookstep_contract::{ConfigId, FieldError, Lifetime, OrgId, Scope, SigningKey, Timestamp, WebhookConfig};
use hookstep_http_edge::{Caller, ConfigPath, Problem, read_json};
use hookstep_signing::Secret;
use serde::{Deserialize, Serialize, Serializer};
use utoipa::ToSchema;

use crate::authentication::Change;
use crate::save::{self, to_the_end};
use crate::{Context, bytes_32, public_key};

/// How long the old secret signs beside the new one when nothing is said: a day to tell the receiver.
const DEFAULT_OVERLAP_SECS: u64 = 24 * 3600;

/// The longest overlap: 7 days.
const MAX_OVERLAP_SECS: u64 = 7 * 24 * 3600;

/// The most secrets that sign at once: each is a signature more in the header of every request.
const MAX_SECRETS: usize = 5;

/// How the signing secret is replaced.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Rotation {
    /// For how long the secrets before the new one still sign, in seconds.
    #[serde(default = "default_overlap")]
    #[schema(maximum = 604_800, default = default_overlap)]
    overlap_seconds: u64,
}

fn default_overlap() -> u64 {
    DEFAULT_OVERLAP_SECS
}

/// The new secret, shown this once.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Rotated {
    /// The new secret.
    #[serde(serialize_with = "reveal")]
    #[schema(value_type = String, examples("whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"))]
    pub(crate) signing_secret: Secret,
    /// Until when the secret before it signs too; null when there was none.
    pub(crate) previous_expires_at: Option<Timestamp>,
}

/// `POST /webhook/{config_id}/rotate-secret`: a new secret signs, beside the old ones for a while.
#[utoipa::path(
    post,
    path = "/webhook/{config_id}/rotate-secret",
    operation_id = "rotate_secret",
    tag = "Webhooks",
    summary = "Replace the signing secret",
    description = "Requests are signed with the new secret and, for a while, with those before it too, so that the \
        receiver can change over. The new secret is shown this once.",
    params(
        ("config_id" = ConfigId, Path, description = "The webhook."),
    ),
    request_body = Option<Rotation>,
    responses(
        (status = 200, description = "The new secret.", body = Rotated),
        (status = 400, response = hookstep_http_edge::Invalid),
        (status = 404, response = hookstep_http_edge::NotFound),
        (status = 409, response = hookstep_http_edge::Conflict),
        (status = 413, response = hookstep_http_edge::TooLarge),
        hookstep_http_edge::Authenticated,
    ),
    security(("token" = ["manage"])),
)]
pub(crate) async fn rotate(
    State(ctx): State<Arc<Context>>,
    config_id: Result<ConfigPath, Problem>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<Rotated>, Problem> {
    let caller = Caller::authenticate(&headers, &ctx.tokens, Scope::Manage).await?;
    let before = save::latest(&ctx, &caller, config_id?).await?;
    let overlap = overlap(&body?)?;
    to_the_end(async move { Ok(Json(replace(&ctx, before, overlap).await?)) }).await
}

/// Makes a new secret for a webhook; those before it sign beside it for `overlap`.
pub(crate) async fn replace(
    ctx: &Context,
    before: WebhookConfig,
    overlap: Duration,
) -> Result<Rotated, Problem> {
    let now = ctx.sources.now();
    let stored = ctx.configs.credentials(&before.org_id, before.config_id).await?;
    let mut credentials = stored.unwrap_or_else(|| save::no_credentials(&before));
    let older = retired(credentials.signing_keys, now, overlap)?;
    let previous_expires_at = (!before.signing_secrets.is_empty()).then(|| now.plus(overlap));
    let (key, signing_secret) = make(ctx, &before.org_id).await?;
    credentials.signing_keys = [vec![key], older].concat();
    save::write_over(ctx, &before, before.clone(), credentials, Change::Keep).await?;
    Ok(Rotated { signing_secret, previous_expires_at })
}

/// A new secret, encrypted and in the clear. Whoever has a secret has the key of his org, too.
pub(crate) async fn make(ctx: &Context, org_id: &OrgId) -> Result<(SigningKey, Secret), Problem> {
    public_key::ensure(ctx, org_id).await?;
    let secret = Secret::from_random(&bytes_32(&ctx.sources));
    let key = ctx.encrypt(org_id, &secret.reveal()).await?;
    let lifetime = Lifetime { created_at: ctx.sources.now(), expires_at: None };
    Ok((SigningKey { key, lifetime }, secret))
}

/// How long each secret signs, for everybody to see.
pub(crate) fn lifetimes(keys: &[SigningKey]) -> Vec<Lifetime> {
    keys.iter().map(|key| key.lifetime).collect()
}

/// For serde: the one place where a secret is shown.
pub(crate) fn reveal<S: Serializer>(secret: &Secret, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&secret.reveal())
}

fn overlap(body: &[u8]) -> Result<Duration, Problem> {
    let seconds = match body {
        [] => DEFAULT_OVERLAP_SECS,
        body => read_json::<Rotation>(body)?.overlap_seconds,
    };
    if seconds > MAX_OVERLAP_SECS {
        let reason = format!("must be 0 to {MAX_OVERLAP_SECS}");
        return Err(FieldError::new("overlap_seconds", reason).into());
    }
    Ok(Duration::from_secs(seconds))
}

/// The keys before a new one, as far as they still sign: none longer than `overlap`, and none longer than it was to.
fn retired(keys: Vec<SigningKey>, now: Timestamp, overlap: Duration) -> Result<Vec<SigningKey>, Problem> {
    let end = now.plus(overlap);
    let retire = |mut key: SigningKey| {
        key.lifetime.expires_at = Some(key.lifetime.expires_at.map_or(end, |earlier| earlier.min(end)));
        key
    };
    let older: Vec<_> = keys.into_iter().map(retire).filter(|key| key.lifetime.holds(now)).collect();
    if older.len() < MAX_SECRETS {
        return Ok(older);
    }
    let detail = format!(
        "{MAX_SECRETS} secrets sign already: wait until the first of them has expired, or set overlap_seconds to 0"
    );
    Err(Problem::new(StatusCode::CONFLICT, detail))
}

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
    fn no_secret_signs_longer_than_it_was_to() {
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
            let ends = retired(keys, now, HOUR * overlap).map(|keys| {
                keys.iter().map(|key| key.lifetime.expires_at.unwrap().since(now)).collect::<Vec<_>>()
            });
            let expected = expected.map(|hours| hours.iter().map(|hours| HOUR * *hours).collect::<Vec<_>>());
            assert_eq!(ends.ok(), expected, "{before:?} {overlap}");
        }
    }
}
