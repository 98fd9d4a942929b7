//! `POST /signing-key/rotate`: replaces the key pair of an org; the old one goes on signing for a while.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use hookstep_api_types::{KeyRotation, RotatedKey};
use hookstep_contract::{AuditAction, AuditChange, AuditTarget, Lifetime, OrgKey, PreviousOrgKey};
use hookstep_http_edge::{ApiJson, Authorized, Manage, Problem};
use hookstep_signing::PublicKey;
use serde_json::json;

use super::public_key::{self, NO_KEY};
use super::secrets::{overlap, retire};
use crate::Context;
use crate::audit::{Act, noted};

/// How long it takes at most until every process signs with the new key, and until receivers need the old one no more.
const SPREAD: Duration = Duration::from_secs(120);

/// `POST /signing-key/rotate`
#[utoipa::path(
    post,
    path = "/signing-key/rotate",
    operation_id = "rotate_key",
    tag = "Signatures",
    summary = "Replace the key pair of the org",
    description = "Within a minute, requests carry a `v1a` signature by the new key and, for a while, by the previous ones as \
        well, for two minutes at least, so that receivers can get the new public key. All public keys are at `/.well-known/jwks.json`.",
    request_body = Option<KeyRotation>,
    responses(
        (status = 200, description = "The new public key.", body = RotatedKey),
        (status = 400, response = hookstep_http_edge::Invalid),
        (status = 409, response = hookstep_http_edge::Conflict),
        (status = 413, response = hookstep_http_edge::TooLarge),
        hookstep_http_edge::Authenticated,
    ),
    security(("token" = ["manage"])),
)]
pub(crate) async fn rotate(
    State(ctx): State<Arc<Context>>,
    caller: Authorized<Manage>,
    rotation: Option<ApiJson<KeyRotation>>,
) -> Result<Json<RotatedKey>, Problem> {
    let KeyRotation { overlap_seconds } = rotation.map(|ApiJson(rotation)| rotation).unwrap_or_default();
    let overlap = overlap(overlap_seconds)?;
    let Some(before) = ctx.configs.org_key(caller.org_id()).await? else {
        return Err(Problem::new(StatusCode::CONFLICT, NO_KEY));
    };
    let (now, overlap) = (ctx.sources.now(), overlap.max(SPREAD));
    let newest = PreviousOrgKey {
        public_key: before.public_key.clone(),
        key: before.key.clone(),
        lifetime: Lifetime { created_at: before.created_at, expires_at: None },
    };
    let keys = std::iter::once(newest).chain(before.previous.iter().cloned()).collect();
    let previous = retire(keys, now, overlap)?;
    let key = OrgKey { previous, ..public_key::new(&ctx, caller.org_id()).await? };
    let changes = AuditChange::between(
        &json!({"public_key": before.public_key}),
        &json!({"public_key": key.public_key, "overlap_seconds": overlap.as_secs()}),
    );
    let target = AuditTarget::new(caller.org_id());
    let actor = caller.actor();
    let act = Act::in_org(caller.org_id(), &actor, AuditAction::SigningKeyRotate, target);
    noted(&ctx, act.changing(changes), async {
        match ctx.configs.replace_org_key(&before, &key).await? {
            true => Ok(()),
            false => {
                Err(Problem::new(StatusCode::CONFLICT, "the key has just been replaced by another request"))
            }
        }
    })
    .await?;
    let public: PublicKey = key.public_key.parse().map_err(|error| Problem::internal(&error))?;
    let (public_key, pem) = (key.public_key, public.to_pem());
    Ok(Json(RotatedKey { public_key, pem, previous_expires_at: now.plus(overlap) }))
}
