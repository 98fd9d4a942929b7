//! `POST /webhook/{config_id}/test`: sends a test to the receiver and shows its answer.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use hookstep_api_types::{Accepted, Tested, schema};
use hookstep_contract::limits::SYNC_BUDGET;
use hookstep_contract::{
    Content, EventId, EventMetadata, Mode, Origin, Source, WebhookConfig, WorkflowInput, WorkflowOutput,
    check_event_type,
};
use hookstep_executions::{Run, WorkflowError};
use hookstep_http_edge::{ApiBytes, ApiQuery, Authorized, ConfigPath, Manage, Problem, after_lane, answer};
use serde::Deserialize;
use utoipa::IntoParams;

use super::{preview, write};
use crate::Context;
use crate::event_types::{sample, sample_for};

/// The body of a test that has none, if the catalogue of event types has none for it either.
pub const SAMPLE: &str = r#"{"type": "webhook.test", "message": "Hello from Hookstep"}"#;

/// The content type of a body whose request names none.
const JSON: &str = "application/json";

/// What to send, and whether to send it.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct TestQuery {
    /// `false` shows the request that would go out, and sends and records nothing.
    send: Option<bool>,
    /// The type of the event, which is kept with it. Without a body, its sample is sent.
    #[param(min_length = 1, max_length = 128)]
    event_type: Option<String>,
}

/// What a test sends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TestEvent {
    /// The body.
    pub body: Vec<u8>,
    /// Its `Content-Type`.
    pub content_type: String,
    /// The type of the event, if it has one.
    pub event_type: Option<String>,
}

impl TestEvent {
    /// An event for which nobody gives a body: the sample of this type; without one, that of the first type that the webhook subscribes to by
    /// its name; and if there is none either, [`SAMPLE`].
    ///
    /// # Errors
    /// 400 that names `event_type` if that has no sample; 500 when the table cannot be read.
    pub async fn of_sample(
        ctx: &Context,
        config: &WebhookConfig,
        event_type: Option<String>,
    ) -> Result<Self, Problem> {
        let (event_type, body) = match event_type {
            Some(event_type) => {
                let body = sample(ctx, &config.org_id, &event_type).await?;
                (Some(event_type), body)
            }
            None => match sample_for(ctx, &config.org_id, &config.fields).await? {
                Some((event_type, body)) => (Some(event_type), body),
                None => (None, SAMPLE.to_owned()),
            },
        };
        Ok(Self { body: body.into_bytes(), content_type: JSON.to_owned(), event_type })
    }
}

/// Sends the body, or a sample, as a sync trigger would, and records it like any event.
#[utoipa::path(
    post,
    path = "/webhook/{config_id}/test",
    operation_id = "test_webhook",
    tag = "Webhooks",
    summary = "Send a test to the receiver",
    description = "Sends the body, or a sample when it is empty, and answers what the receiver answers. The sample is that of \
        `event_type`; without one, that of the first event type that the webhook subscribes to by its name. The test is \
        recorded like any event, with the origin `test`. Its body is not checked against a schema.",
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
    ApiQuery(TestQuery { send: is_sent, event_type }): ApiQuery<TestQuery>,
    headers: HeaderMap,
    ApiBytes(body): ApiBytes,
) -> Result<Response, Problem> {
    let config = write::latest(&ctx, caller.org_id(), config_id).await?;
    let test = if body.is_empty() {
        TestEvent::of_sample(&ctx, &config, event_type).await?
    } else {
        event_type.as_deref().map_or(Ok(()), check_event_type)?;
        let given = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        TestEvent { body: body.into(), content_type: given.unwrap_or(JSON).to_owned(), event_type }
    };
    if is_sent == Some(false) {
        let TestEvent { body, content_type, .. } = &test;
        let preview = preview::evaluate(&ctx, &config.org_id, &config.fields, body, content_type).await?;
        return Ok(Json(preview).into_response());
    }
    let (event_id, run) = send(&ctx, &config, test).await?;
    Ok(answer::delivered(event_id, run))
}

/// Sends a test and waits for the answer.
///
/// # Errors
/// 500 when the table of orgs cannot be read.
pub async fn send(
    ctx: &Context,
    config: &WebhookConfig,
    test: TestEvent,
) -> Result<(EventId, Result<Run<WorkflowOutput>, WorkflowError>), Problem> {
    let TestEvent { body, content_type, event_type } = test;
    let (org_id, config_id) = (&config.org_id, config.config_id);
    let event_id = EventId((ctx.sources.new_id)()).spread_over(config.fields.shards());
    let now = ctx.sources.now();
    let org = ctx.orgs.find(org_id).await?;
    let event = EventMetadata {
        content_type: Some(content_type),
        event_type,
        size: Some(body.len() as u64),
        retention_days: org.as_ref().and_then(|org| org.fields.retention_days),
        body_retention_hours: org.as_ref().and_then(|org| org.fields.body_retention_hours),
        redacts: org.is_some_and(|org| !org.fields.redact_paths.is_empty()),
        ..EventMetadata::new(org_id.clone(), config_id, event_id, Origin::Test, Mode::Sync, now)
    };
    let input = WorkflowInput { event, payload: Source::Inline(Content::new(&body)) };
    let run = ctx.machines.run(&input, SYNC_BUDGET).await;
    let left = SYNC_BUDGET.saturating_sub(ctx.sources.now().since(now));
    Ok((event_id, after_lane(run, &input.event, &ctx.events, left, || ctx.sources.now()).await))
}
