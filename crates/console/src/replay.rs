//! `POST /webhook/{config_id}/events/{event_id}/replay`: send an event again.

use std::sync::Arc;

use api::{Caller, ConfigPath, EventPath, Problem, no_event};
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use contract::{ConfigId, EventId, OrgId, Scope, Status, WorkflowInput};
use serde::Serialize;

use crate::Context;

/// The event that sends another one again.
#[derive(Debug, Serialize)]
pub(crate) struct Replayed {
    pub(crate) event_id: EventId,
    pub(crate) replay_of: EventId,
    pub(crate) status: Status,
}

/// The same body under a new event id; its receiver sees the same `webhook-id`.
pub(crate) async fn replay(
    State(ctx): State<Arc<Context>>,
    config_id: Result<ConfigPath, Problem>,
    event_id: Result<EventPath, Problem>,
    headers: HeaderMap,
) -> Result<(StatusCode, Json<Replayed>), Problem> {
    let caller = Caller::authenticate(&headers, &ctx.tokens, Scope::Manage).await?;
    let (ConfigPath(config_id), EventPath(event_id)) = (config_id?, event_id?);
    let replayed = start(&ctx, caller.org_id(), config_id, event_id).await?;
    Ok((StatusCode::ACCEPTED, Json(replayed)))
}

/// Starts the delivery of an event that has ended once more.
pub(crate) async fn start(
    ctx: &Context,
    org_id: &OrgId,
    config_id: ConfigId,
    event_id: EventId,
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
    if event.claim.is_none() && !ctx.bodies.has(&event).await? {
        return Err(conflict("the body of this event is not kept, so it cannot be sent again"));
    }
    let input = WorkflowInput::replay(&event, EventId((ctx.sources.new_id)()), ctx.sources.now());
    ctx.machines.start(&input).await?;
    Ok(Replayed { event_id: input.event.event_id, replay_of: event_id, status: Status::InProgress })
}
