//! `POST /webhook/{config_id}/rotate-secret`: replaces the signing secret; the old one goes on signing for a while.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use hookstep_api_types::{Rotated, Rotation, Sensitive, schema};
use hookstep_contract::{Actor, AuditAction, AuditChange, WebhookConfig};
use hookstep_http_edge::{ApiJson, Manage, Problem};
use hookstep_signing::Secret;
use serde_json::{Value, json};

use super::connection::Change;
use super::write::{self, run_to_completion};
use crate::Context;
use crate::audit::{Act, noted};
use crate::signing::secrets::{given, new_secret, overlap, retire};
use crate::webhooks::stored_webhook::StoredWebhook;

/// `POST /webhook/{config_id}/rotate-secret`
#[utoipa::path(
    post,
    path = "/webhook/{config_id}/rotate-secret",
    operation_id = "rotate_secret",
    tag = "Webhooks",
    summary = "Replace the signing secret",
    description = "Requests are signed with the new secret and, for a while, with the previous ones as well, so that the \
        receiver can switch. The new secret is made, and shown only this once; or it is `secret`, which the receiver has already.",
    params(
        ("config_id" = schema::ConfigId, Path, description = "The webhook."),
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
pub(crate) async fn rotate_secret(
    State(ctx): State<Arc<Context>>,
    StoredWebhook { config: before, actor, .. }: StoredWebhook<Manage>,
    rotation: Option<ApiJson<Rotation>>,
) -> Result<Json<Rotated>, Problem> {
    let Rotation { overlap_seconds, secret, secret_encoding } =
        rotation.map(|ApiJson(rotation)| rotation).unwrap_or_default();
    let (overlap, secret) = (overlap(overlap_seconds)?, given(secret.as_deref(), secret_encoding)?);
    run_to_completion(async move { Ok(Json(rotate(&ctx, before, &actor, secret, overlap).await?)) }).await
}

/// Gives a webhook a new secret, the given one or one that is made; the previous ones go on signing for `overlap`.
///
/// # Errors
/// 409 when the webhook has changed since it was read, or when too many secrets sign already.
pub async fn rotate(
    ctx: &Context,
    before: WebhookConfig,
    actor: &Actor,
    secret: Option<Secret>,
    overlap: Duration,
) -> Result<Rotated, Problem> {
    let now = ctx.sources.now();
    let stored = ctx.configs.credentials(&before.org_id, before.config_id).await?;
    let mut credentials = stored.unwrap_or_else(|| write::empty_credentials(&before));
    let older = retire(credentials.signing_keys, now, overlap)?;
    let previous_expires_at = (!before.signing_secrets.is_empty()).then(|| now.plus(overlap));
    let (key, signing_secret) = new_secret(ctx, &before.org_id, secret).await?;
    credentials.signing_keys = [vec![key], older].concat();
    let changes = AuditChange::between(&Value::Null, &json!({"overlap_seconds": overlap.as_secs()}));
    let act = Act::in_org(&before.org_id, actor, AuditAction::WebhookRotateSecret, write::target(&before));
    let write = write::overwrite(ctx, &before, before.clone(), credentials, Change::Keep);
    noted(ctx, act.changing(changes), write).await?;
    Ok(Rotated { signing_secret: Sensitive::new(&**signing_secret.reveal()), previous_expires_at })
}
