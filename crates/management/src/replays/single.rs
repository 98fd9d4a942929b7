//! `POST /webhook/{config_id}/events/{event_id}/replay`: sends an event again.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use hookstep_api_types::{ReplayOptions, Replayed, schema};
use hookstep_contract::{Actor, AuditAction, AuditTarget, ConfigId, EventId, OrgId, ReplayChain, Status};
use hookstep_http_edge::{ApiJson, Authorized, ConfigPath, EventPath, Manage, Problem, no_event};
use hookstep_store::Redelivery;

use crate::Context;
use crate::audit::{Act, noted};
use crate::events::no_longer_kept;

/// Sends the body again under a new event id; the receiver sees the same `webhook-id`.
#[utoipa::path(
    post,
    path = "/webhook/{config_id}/events/{event_id}/replay",
    operation_id = "replay_event",
    tag = "Events",
    summary = "Send an event again",
    description = "Sends the same bytes again under a new event id; the receiver sees the same `webhook-id`. The \
        request goes to the URL that the webhook has now. With `reapply`, its current filter and transform are applied \
        to the body that was received.",
    params(
        ("config_id" = schema::ConfigId, Path, description = "The webhook."),
        ("event_id" = schema::EventId, Path, description = "The event."),
    ),
    request_body(content = Option<ReplayOptions>, description = "Optional."),
    responses(
        (status = 202, description = "The new event, which is being delivered.", body = Replayed),
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
    let replayed = start(&ctx, caller.org_id(), &caller.actor(), config_id, event_id, reapply).await?;
    Ok((StatusCode::ACCEPTED, Json(replayed)))
}

/// Why an event is not sent again whose body is not what it was.
const BODY_REDACTED: &str =
    "the body of this event was redacted, as its org says, so it cannot be sent again as it was";

const BEING_REPLAYED: &str =
    "a replay of this event is still being delivered: cancel it, or wait until it has ended";

/// Starts another delivery of an event that has ended.
///
/// # Errors
/// 404 when there is no such event or webhook; 409 when the event is scheduled, it or a replay of it is still being delivered, or
/// its body is not stored; 503
/// when the delivery could not be started.
pub async fn start(
    ctx: &Context,
    org_id: &OrgId,
    actor: &Actor,
    config_id: ConfigId,
    event_id: EventId,
    reapply: bool,
) -> Result<Replayed, Problem> {
    let target = AuditTarget::of_webhook(event_id, config_id);
    let act = Act::in_org(org_id, actor, AuditAction::EventReplay, target);
    noted(ctx, act, started(ctx, org_id, config_id, event_id, reapply)).await
}

async fn started(
    ctx: &Context,
    org_id: &OrgId,
    config_id: ConfigId,
    event_id: EventId,
    reapply: bool,
) -> Result<Replayed, Problem> {
    let (config, event) =
        tokio::try_join!(ctx.configs.get(org_id, config_id), ctx.events.get(org_id, config_id, event_id))?;
    let event = event.ok_or_else(no_event)?;
    let config = config.ok_or_else(Problem::no_webhook)?;
    let conflict = |detail: &str| Problem::new(StatusCode::CONFLICT, detail).about(event_id);
    if event.status == Status::Scheduled {
        return Err(conflict("the event is scheduled: to send it now, cancel it first"));
    }
    if event.status == Status::InProgress {
        return Err(conflict("the event is still being delivered: cancel it, or wait until it has ended"));
    }
    let chain = ctx.events.chain(org_id, config_id, event.webhook_id()).await?;
    if is_being_replayed(ctx, org_id, config_id, chain.as_ref()).await? {
        return Err(conflict(BEING_REPLAYED));
    }
    let new_id = EventId((ctx.sources.new_id)()).spread_over(config.fields.shards());
    let redelivery = Redelivery { event_id: new_id, now: ctx.sources.now(), reapply };
    let Some(input) = redelivery.input(&event, &ctx.events, &ctx.bodies).await? else {
        if event.has_lost_bodies(redelivery.now) {
            return Err(conflict(&format!("{}, so it cannot be sent again", no_longer_kept(&event))));
        }
        if event.is_redacted() {
            return Err(conflict(BODY_REDACTED));
        }
        return Err(conflict("the body of this event is not stored, so it cannot be sent again"));
    };
    let (replay, now) = (input.event.event_id, input.event.created_at);
    if !ctx.events.claim_replay(&event, chain.as_ref(), replay, now).await? {
        return Err(conflict(BEING_REPLAYED));
    }
    if let Err(error) = ctx.machines.start(&input).await {
        ctx.events.give_back_replay(&event, chain.as_ref(), replay, now).await?;
        return Err(error.into());
    }
    Ok(Replayed { event_id: input.event.event_id, replay_of: event_id, status: Status::InProgress })
}

/// Whether the newest replay of an event has not ended.
async fn is_being_replayed(
    ctx: &Context,
    org_id: &OrgId,
    config_id: ConfigId,
    chain: Option<&ReplayChain>,
) -> Result<bool, Problem> {
    let Some((chain, newest)) = chain.and_then(|chain| Some((chain, chain.newest()?))) else {
        return Ok(false);
    };
    Ok(match ctx.events.get(org_id, config_id, newest).await? {
        Some(newest) => newest.status == Status::InProgress,
        None => chain.is_starting(ctx.sources.now()),
    })
}
