//! `POST /webhook/{config_id}/test`: send something to the receiver, and see what it says.

use std::sync::Arc;

use api::{Caller, ConfigPath, Problem, answer};
use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::http::{HeaderMap, header};
use axum::response::Response;
use contract::limits::SYNC_BUDGET;
use contract::{
    ConfigId, Content, EventHead, EventId, Mode, OrgId, Origin, Payload, Scope, WorkflowInput, WorkflowOutput,
};
use workflow::{Run, WorkflowError};

use crate::Context;

/// What is sent when nothing is given.
pub(crate) const SAMPLE: &str = r#"{"type": "webhook.test", "message": "Hello from Hookstep"}"#;

/// What a body is that says nothing of itself.
const JSON: &str = "application/json";

/// Sends the body, or a sample, as a sync trigger would, and records it like any event.
#[utoipa::path(
    post,
    path = "/webhook/{config_id}/test",
    operation_id = "test_webhook",
    tag = "Webhooks",
    summary = "Send something to the receiver now",
    description = "Sends the body, or a sample when there is none, and answers what the receiver says. It is \
        recorded like any event, with the origin `test`.",
    params(
        ("config_id" = ConfigId, Path, description = "The webhook."),
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
        (status = 200, description = "The delivery has ended, and this is how.", body = answer::SyncAnswer),
        (status = 202, description = "The event is on its way: the receiver takes its time.", body = answer::Accepted),
        (status = 404, response = api::NotFound),
        (status = 413, response = api::TooLarge),
        (status = 503, response = api::Unavailable),
        api::Authenticated,
    ),
    security(("token" = ["manage"])),
)]
pub(crate) async fn test(
    State(ctx): State<Arc<Context>>,
    config_id: Result<ConfigPath, Problem>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Problem> {
    let caller = Caller::authenticate(&headers, &ctx.tokens, Scope::Manage).await?;
    let ConfigPath(config_id) = config_id?;
    let body = body?;
    let given = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let (body, kind) = if body.is_empty() { (SAMPLE.as_bytes(), None) } else { (&*body, given) };
    let (event_id, run) = send(&ctx, caller.org_id(), config_id, body, kind.unwrap_or(JSON)).await?;
    Ok(answer::delivered(event_id, run))
}

/// Sends `body` and waits for the answer.
pub(crate) async fn send(
    ctx: &Context,
    org_id: &OrgId,
    config_id: ConfigId,
    body: &[u8],
    content_type: &str,
) -> Result<(EventId, Result<Run<WorkflowOutput>, WorkflowError>), Problem> {
    if ctx.configs.get(org_id, config_id).await?.is_none() {
        return Err(Problem::no_webhook());
    }
    let event = EventHead {
        event_id: EventId((ctx.sources.new_id)()),
        org_id: org_id.clone(),
        config_id,
        origin: Origin::Test,
        mode: Mode::Sync,
        created_at: ctx.sources.now(),
        content_type: Some(content_type.to_owned()),
        size: Some(body.len() as u64),
        correlation_id: None,
        traceparent: None,
        event_type: None,
        replay_of: None,
        webhook_id: None,
    };
    let event_id = event.event_id;
    let input = WorkflowInput { event, payload: Payload::Inline(Content::new(body)) };
    Ok((event_id, ctx.machines.run(event_id, &input, SYNC_BUDGET).await))
}
