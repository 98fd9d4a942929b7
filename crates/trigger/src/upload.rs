//! `POST /webhook/{config_id}/uploads`: where to PUT a body that is too large for the trigger.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use hookstep_api_types::{Sensitive, Upload, schema};
use hookstep_contract::{Claim, EventId};
use hookstep_http_edge::{Authorized, ConfigPath, Problem, Trigger};

use crate::Context;

/// Answers a presigned URL for one body.
#[utoipa::path(
    post,
    path = "/webhook/{config_id}/uploads",
    operation_id = "create_upload",
    tag = "Events",
    summary = "Get a URL to upload a large body to",
    description = "PUT the body to `upload_url`, up to 5 GB, then trigger the webhook with `claim_check` and an \
        empty body.",
    params(
        ("config_id" = schema::ConfigId, Path, description = "The webhook."),
    ),
    responses(
        (status = 201, description = "Where to upload to.", body = Upload),
        (status = 404, response = hookstep_http_edge::NotFound),
        hookstep_http_edge::Authenticated,
    ),
    security(("token" = ["trigger"])),
)]
pub(crate) async fn upload(
    State(ctx): State<Arc<Context>>,
    caller: Authorized<Trigger>,
    ConfigPath(config_id): ConfigPath,
) -> Result<(StatusCode, Json<Upload>), Problem> {
    if ctx.configs.get(caller.org_id(), config_id).await?.is_none() {
        return Err(Problem::no_webhook());
    }
    let claim_check = Claim::key_for(caller.org_id(), config_id, EventId((ctx.sources.new_id)()));
    let presigned = ctx.claims.presign(&claim_check, ctx.sources.now()).await?;
    let (upload_url, expires_at) = (Sensitive::new(presigned.url), presigned.expires_at);
    Ok((StatusCode::CREATED, Json(Upload { upload_url, claim_check, expires_at })))
}
