//! `POST /webhook/{config_id}/events/{event_id}/cancel`: ends the retries of an event, or one that is scheduled or waits in a
//! lane.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use hookstep_api_types::{Event, schema};
use hookstep_contract::{
    Actor, AuditAction, AuditTarget, ConfigId, EventId, EventRecord, OrgId, Status, error_chain,
};
use hookstep_http_edge::{Authorized, ConfigPath, EventPath, Manage, Problem, no_event};
use hookstep_store::Expiring;

use crate::Context;
use crate::audit::{Act, noted};

/// Cancels the pending attempt of an event.
#[utoipa::path(
    post,
    path = "/webhook/{config_id}/events/{event_id}/cancel",
    operation_id = "cancel_event",
    tag = "Events",
    summary = "Cancel a scheduled event, or the retries of one",
    description = "The event gets the status `failed`, and no further attempt is made. A scheduled event is never sent, and \
        neither is one that waits for its first turn in the lane of its webhook. An event that has failed and blocks those behind it \
        in its order blocks them no longer.",
    params(
        ("config_id" = schema::ConfigId, Path, description = "The webhook."),
        ("event_id" = schema::EventId, Path, description = "The event."),
    ),
    responses(
        (status = 200, description = "The event as it is now.", body = Event),
        (status = 404, response = hookstep_http_edge::NotFound),
        (status = 409, response = hookstep_http_edge::Conflict),
        (status = 503, response = hookstep_http_edge::Unavailable),
        hookstep_http_edge::Authenticated,
    ),
    security(("token" = ["manage"])),
)]
pub(crate) async fn cancel(
    State(ctx): State<Arc<Context>>,
    caller: Authorized<Manage>,
    ConfigPath(config_id): ConfigPath,
    EventPath(event_id): EventPath,
) -> Result<Json<Event>, Problem> {
    Ok(Json(Event::from(stop(&ctx, caller.org_id(), &caller.actor(), config_id, event_id).await?)))
}

/// Marks an event that waits for its next attempt as failed, then deletes the schedule, or stops the execution, that waits
/// for it. If stopping fails, the request can be repeated.
///
/// # Errors
/// 404 when there is no such event; 409 when it does not wait for an attempt; 503 when the execution could not be stopped.
pub async fn stop(
    ctx: &Context,
    org_id: &OrgId,
    actor: &Actor,
    config_id: ConfigId,
    event_id: EventId,
) -> Result<EventRecord, Problem> {
    let target = AuditTarget::of_webhook(event_id, config_id);
    let act = Act::in_org(org_id, actor, AuditAction::EventCancel, target);
    noted(ctx, act, cancelled(ctx, org_id, config_id, event_id)).await
}

async fn cancelled(
    ctx: &Context,
    org_id: &OrgId,
    config_id: ConfigId,
    event_id: EventId,
) -> Result<EventRecord, Problem> {
    let event = ctx.events.get(org_id, config_id, event_id).await?.ok_or_else(no_event)?;
    let conflict = |detail| Problem::new(StatusCode::CONFLICT, detail).about(event_id);
    let is_being_sent = event.status == Status::InProgress && event.next_attempt_at.is_none();
    let has_place = async || ctx.lanes.has(org_id, config_id, event_id).await;
    if is_being_sent && !has_place().await? {
        return Err(conflict("the event is being sent: there is no retry to cancel yet"));
    }
    let blocks = event.status == Status::Failed && has_place().await?;
    // Before it ends, so that it is on the list at its end whatever happens. Once too often is harmless.
    if let Some(expiring) = Expiring::of(&event) {
        let due = ctx.sources.now().plus(expiring.kept_for());
        ctx.expiring.look_again(&expiring, due).await?;
    }
    if !ctx.events.cancel(&event, blocks, ctx.sources.now()).await? {
        return Err(conflict("the event is not waiting for an attempt"));
    }
    let ids = (event_id, event.webhook_id);
    ctx.events.settle_replay(org_id, config_id, ids, Status::Failed, ctx.sources.now()).await?;
    leave_lane(ctx, &event).await;
    if !delete_schedule(ctx, &event).await {
        ctx.machines.stop(&event).await?;
    }
    ctx.events.get(org_id, config_id, event_id).await?.ok_or_else(no_event)
}

/// Notes that the event waits no longer, without which it would be sent from the delivery queue.
async fn leave_lane(ctx: &Context, event: &EventRecord) {
    let left = ctx.lanes.leave(&event.org_id, event.config_id, event.event_id).await;
    if let Err(error) = left {
        let chain = error_chain(&error);
        tracing::warn!(event.id = %event.event_id, error.chain = chain, "an event that is cancelled is still counted as waiting");
    }
}

/// Deletes the schedule of the event's next attempt; returns whether there was one.
async fn delete_schedule(ctx: &Context, event: &EventRecord) -> bool {
    match ctx.schedules.delete(event).await {
        Ok(was_there) => was_there,
        Err(error) => {
            // The event has ended: what the schedule starts will see that, and send nothing.
            tracing::warn!(event.id = %event.event_id, error.chain = error_chain(&error), "a schedule stays");
            true
        }
    }
}
