//! `POST /webhook/{config_id}/events/{event_id}/replay`: send an event again.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use hookstep_api_types::{ReplayOptions, Replayed, schema};
use hookstep_contract::{ConfigId, EventId, OrgId, Status};
use hookstep_http_edge::{ApiJson, Authorized, ConfigPath, EventPath, Manage, Problem, no_event};
use hookstep_store::Redelivery;

use crate::Context;

/// The same body under a new event id; its receiver sees the same `webhook-id`.
#[utoipa::path(
    post,
    path = "/webhook/{config_id}/events/{event_id}/replay",
    operation_id = "replay_event",
    tag = "Events",
    summary = "Send an event again",
    description = "What was sent, to the byte, under a new event id; the receiver sees the same `webhook-id`. It goes \
        to where the webhook points now. With `reapply`, today's filter and transform are asked again.",
    params(
        ("config_id" = schema::ConfigId, Path, description = "The webhook."),
        ("event_id" = schema::EventId, Path, description = "The event."),
    ),
    request_body(content = Option<ReplayOptions>, description = "May be left out."),
    responses(
        (status = 202, description = "It is on its way.", body = Replayed),
        (status = 400, response = hookstep_http_edge::Invalid),
        (status = 404, response = hookstep_http_edge::NotFound),
        (status = 409, response = hookstep_http_edge::Conflict),
        (status = 503, response = hookstep_http_edge::Unavailable),
        hookstep_http_edge::Authenticated,
    ),
    security(("token" = ["manage"])),
)]
pub(crate) async fn replay(
    State(ctx): State<Arc<Context>>,
    caller: Authorized<Manage>,
    ConfigPath(config_id): ConfigPath,
    EventPath(event_id): EventPath,
    options: Option<ApiJson<ReplayOptions>>,
) -> Result<(StatusCode, Json<Replayed>), Problem> {
    let ReplayOptions { reapply } = options.map(|ApiJson(options)| options).unwrap_or_default();
    let replayed = start(&ctx, caller.org_id(), config_id, event_id, reapply).await?;
    Ok((StatusCode::ACCEPTED, Json(replayed)))
}

/// Starts the delivery of an event that has ended once more.
pub async fn start(
    ctx: &Context,
    org_id: &OrgId,
    config_id: ConfigId,
    event_id: EventId,
    reapply: bool,
) -> Result<Replayed, Problem> {
    let (config, event) =
        tokio::try_join!(ctx.configs.get(org_id, config_id), ctx.events.get(org_id, config_id, event_id))?;
    let event = event.ok_or_else(no_event)?;
    if config.is_none() {
        return Err(Problem::no_webhook());
    }
    let conflict = |detail| Problem::new(StatusCode::CONFLICT, detail).about(event_id);
    if event.status == Status::InProgress {
        return Err(conflict("the event is still being delivered: cancel it, or wait for its end"));
    }
    let redelivery =
        Redelivery { event_id: EventId((ctx.sources.new_id)()), now: ctx.sources.now(), reapply };
    let Some(input) = redelivery.input(&event, &ctx.events, &ctx.bodies).await? else {
        return Err(conflict("the body of this event is not kept, so it cannot be sent again"));
    };
    ctx.machines.start(&input).await?;
    Ok(Replayed { event_id: input.event.event_id, replay_of: event_id, status: Status::InProgress })
}
