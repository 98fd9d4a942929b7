//! `POST /webhook/{config_id}/uploads`: where to PUT a body that is too large for the trigger.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use hookstep_api_types::{Sensitive, Upload, UploadFields, schema};
use hookstep_contract::limits::UPLOAD_BYTES;
use hookstep_contract::{Claim, EventId, FieldError};
use hookstep_http_edge::{ApiJson, Authorized, ConfigPath, Problem, Trigger};

use crate::Context;

/// Answers a presigned URL for one body.
#[utoipa::path(
    post,
    path = "/webhook/{config_id}/uploads",
    operation_id = "create_upload",
    tag = "Events",
    summary = "Get a URL to upload a large body to",
    description = "PUT the body to `upload_url` with the `headers` of the answer, up to 5 GB, then trigger the \
        webhook with `claim_check` and an empty body. The URL takes one body of the size that was said, once.",
    params(
        ("config_id" = schema::ConfigId, Path, description = "The webhook."),
    ),
    request_body(content = UploadFields, example = json!({"size": 7_340_032})),
    responses(
        (status = 201, description = "Where to upload to.", body = Upload),
        (status = 400, response = hookstep_http_edge::Invalid),
        (status = 404, response = hookstep_http_edge::NotFound),
        hookstep_http_edge::Authenticated,
    ),
    security(("token" = ["trigger"])),
)]
pub(crate) async fn upload(
    State(ctx): State<Arc<Context>>,
    caller: Authorized<Trigger>,
    ConfigPath(config_id): ConfigPath,
    fields: Option<ApiJson<UploadFields>>,
) -> Result<(StatusCode, Json<Upload>), Problem> {
    let size = size(fields)?;
    if ctx.configs.get(caller.org_id(), config_id).await?.is_none() {
        return Err(Problem::no_webhook());
    }
    let claim_check = Claim::key_for(caller.org_id(), config_id, EventId((ctx.sources.new_id)()));
    let presigned = ctx.claims.presign(&claim_check, size, ctx.sources.now()).await?;
    let hookstep_claims::Upload { url, headers, expires_at } = presigned;
    let upload_url = Sensitive::new(url);
    Ok((StatusCode::CREATED, Json(Upload { upload_url, headers, claim_check, expires_at })))
}

/// The size of the upload. Without it, the URL would take a body of any size: S3 can sign a size into a URL, but
/// not an upper limit.
fn size(fields: Option<ApiJson<UploadFields>>) -> Result<u64, FieldError> {
    match fields {
        Some(ApiJson(UploadFields { size })) if size <= UPLOAD_BYTES => Ok(size),
        Some(_) => Err(FieldError::new("size", format!("must be at most {UPLOAD_BYTES} bytes"))),
        None => Err(FieldError::new(
            "size",
            "must be the size of the body that is going to be uploaded, in bytes",
        )),
    }
}
