//! `POST /webhook/{config_id}/uploads`: where to PUT a body that is too large for the trigger.

use std::sync::Arc;

use api::{Caller, ConfigPath, Problem};
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use contract::{Claim, EventId, Scope, Timestamp};
use serde::Serialize;

use crate::Context;

/// The answer: PUT to `upload_url` until `expires_at`, then trigger with `claim_check`.
#[derive(Debug, Serialize)]
pub(crate) struct UploadAnswer {
    upload_url: String,
    claim_check: String,
    expires_at: Timestamp,
}

/// Answers a presigned URL for one body.
pub(crate) async fn upload(
    State(ctx): State<Arc<Context>>,
    config_id: Result<ConfigPath, Problem>,
    headers: HeaderMap,
) -> Result<(StatusCode, Json<UploadAnswer>), Problem> {
    let caller = Caller::authenticate(&headers, &ctx.tokens, Scope::Trigger).await?;
    let ConfigPath(config_id) = config_id?;
    if ctx.configs.get(caller.org_id(), config_id).await?.is_none() {
        return Err(Problem::no_webhook());
    }
    let claim_check = Claim::key_for(caller.org_id(), config_id, EventId((ctx.sources.new_id)()));
    let upload = ctx.claims.presign(&claim_check, ctx.sources.now()).await?;
    let answer = UploadAnswer { upload_url: upload.url, claim_check, expires_at: upload.expires_at };
    Ok((StatusCode::CREATED, Json(answer)))
}
