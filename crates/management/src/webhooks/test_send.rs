//! `POST /webhook/{config_id}/test`: sends a test to the receiver and shows its answer.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use hookstep_api_types::{Accepted, Tested, schema};
use hookstep_contract::limits::SYNC_BUDGET;
use hookstep_contract::{
    ConfigId, Content, EventId, EventMetadata, Mode, OrgId, Origin, Source, WorkflowInput, WorkflowOutput,
};
use hookstep_executions::{Run, WorkflowError};
use hookstep_http_edge::{ApiBytes, ApiQuery, Authorized, ConfigPath, Manage, Problem, after_lane, answer};
use serde::Deserialize;
use utoipa::IntoParams;

use super::{preview, write};
use crate::Context;

/// The body of a test that has none.
pub const SAMPLE: &str = r#"{"type": "webhook.test", "message": "Hello from Hookstep"}"#;

/// The content type of a body whose request names none.
const JSON: &str = "application/json";

/// Whether to send it.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct TestQuery {
    /// `false` shows the request that would go out, and sends and records nothing.
    send: Option<bool>,
}

/// Sends the body, or a sample, as a sync trigger would, and records it like any event.
#[utoipa::path(
    post,
    path = "/webhook/{config_id}/test",
    operation_id = "test_webhook",
    tag = "Webhooks",
    summary = "Send a test to the receiver",
    description = "Sends the body, or a sample when it is empty, and answers what the receiver answers. The test is \
        recorded like any event, with the origin `test`.",
    params(
        ("config_id" = schema::ConfigId, Path, description = "The webhook."),
        TestQuery,
    ),
    request_body(
        description = "Anything up to 64 KB; a sample when it is empty.",
        content(
            ("application/json", example = json!({"order": 1042, "status": "shipped"})),
            ("text/plain"),
            ("application/octet-stream"),
        ),
    ),
    responses(
        (status = 200, description = "The delivery has ended, with this result; or, with `send=false`, the request that would be sent.", body = Tested),
        (status = 202, description = "The event is being delivered: the receiver has not answered yet.", body = Accepted),
        (status = 400, response = hookstep_http_edge::Invalid),
        (status = 404, response = hookstep_http_edge::NotFound),
        (status = 413, response = hookstep_http_edge::TooLarge),
        (status = 503, response = hookstep_http_edge::Unavailable),
        hookstep_http_edge::Authenticated,
    ),
    security(("token" = ["manage"])),
)]
pub(crate) async fn test(
    State(ctx): State<Arc<Context>>,
    caller: Authorized<Manage>,
    ConfigPath(config_id): ConfigPath,
    ApiQuery(TestQuery { send: is_sent }): ApiQuery<TestQuery>,
    headers: HeaderMap,
    ApiBytes(body): ApiBytes,
) -> Result<Response, Problem> {
    let given = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let (body, kind) = if body.is_empty() { (SAMPLE.as_bytes(), None) } else { (&*body, given) };
    let kind = kind.unwrap_or(JSON);
    if is_sent == Some(false) {
        let config = write::latest(&ctx, caller.org_id(), config_id).await?;
        let preview = preview::evaluate(&ctx, &config.org_id, &config.fields, body, kind).await?;
        return Ok(Json(preview).into_response());
    }
    let (event_id, run) = send(&ctx, caller.org_id(), config_id, body, kind).await?;
    Ok(answer::delivered(event_id, run))
}

/// Sends `body` and waits for the answer.
///
/// # Errors
/// 404 when there is no such webhook.
pub async fn send(
    ctx: &Context,
    org_id: &OrgId,
    config_id: ConfigId,
    body: &[u8],
    content_type: &str,
) -> Result<(EventId, Result<Run<WorkflowOutput>, WorkflowError>), Problem> {
    let config = ctx.configs.get(org_id, config_id).await?.ok_or_else(Problem::no_webhook)?;
    let event_id = EventId((ctx.sources.new_id)()).spread_over(config.fields.shards());
    let now = ctx.sources.now();
    let org = ctx.orgs.find(org_id).await?;
    let event = EventMetadata {
        content_type: Some(content_type.to_owned()),
        size: Some(body.len() as u64),
        retention_days: org.as_ref().and_then(|org| org.fields.retention_days),
        body_retention_hours: org.and_then(|org| org.fields.body_retention_hours),
        ..EventMetadata::new(org_id.clone(), config_id, event_id, Origin::Test, Mode::Sync, now)
    };
    let input = WorkflowInput { event, payload: Source::Inline(Content::new(body)) };
    let run = ctx.machines.run(&input, SYNC_BUDGET).await;
    let left = SYNC_BUDGET.saturating_sub(ctx.sources.now().since(now));
    Ok((event_id, after_lane(run, &input.event, &ctx.events, left, || ctx.sources.now()).await))
}
