//! `POST /webhook/{config_id}/events/replay` and `GET /webhook/{config_id}/replays/{replay_id}`: sends many events again.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use hookstep_ambient::Sources;
use hookstep_api_types::{Replay, ReplayForecast, ReplayRequest, ReplayResults, schema};
use hookstep_contract::limits::MAX_REPLAYS;
use hookstep_contract::{
    Actor, AuditAction, AuditChange, AuditTarget, ConfigId, EventId, FieldError, OrgId, Reason, ReasonCode,
    ReplayJob, ReplayKey, ReplayStatus, Selection, Status, Timestamp,
};
use hookstep_http_edge::{ApiJson, Authorized, ConfigPath, Manage, Problem, Read, ReplayPath, no_replay};
use serde_json::{Value, json};

use super::forecast::forecast;
use crate::Context;
use crate::audit::{Act, noted};

/// Room for [`MAX_REPLAYS`] ids.
pub(crate) const BODY_BYTES: usize = 512 * 1024;

/// Starts a bulk replay.
#[utoipa::path(
    post,
    path = "/webhook/{config_id}/events/replay",
    operation_id = "create_replay",
    tag = "Events",
    summary = "Send many events again",
    description = "Either the events of `event_ids`, or all events of a period with a status: at most 10,000. Of the events \
        with one `webhook_id`, only the newest is sent, and only if it has ended and was not delivered (or, with the status \
        `succeeded`, if it was). With `dry_run`, counts them and sends nothing. `GET …/replays/{replay_id}` shows the \
        progress.",
    params(
        ("config_id" = schema::ConfigId, Path, description = "The webhook."),
    ),
    request_body(content = ReplayRequest, example = json!({"since": "2026-01-02T00:00:00Z", "status": "failed"})),
    responses(
        (status = 200, description = "With `dry_run`: what would be sent.", body = ReplayForecast),
        (status = 202, description = "The replay, which has started.", body = Replay),
        (status = 400, response = hookstep_http_edge::Invalid),
        (status = 404, response = hookstep_http_edge::NotFound),
        (status = 413, response = hookstep_http_edge::TooLarge),
        (status = 503, response = hookstep_http_edge::Unavailable),
        hookstep_http_edge::Authenticated,
    ),
    security(("token" = ["manage"])),
)]
pub(crate) async fn create(
    State(ctx): State<Arc<Context>>,
    caller: Authorized<Manage>,
    ConfigPath(config_id): ConfigPath,
    ApiJson(request): ApiJson<ReplayRequest>,
) -> Result<Response, Problem> {
    if request.dry_run {
        let forecast = forecast(&ctx, caller.org_id(), config_id, request).await?;
        return Ok(Json(forecast).into_response());
    }
    let job = start(&ctx, caller.org_id(), &caller.actor(), config_id, request).await?;
    Ok((StatusCode::ACCEPTED, Json(job)).into_response())
}

/// The progress of a bulk replay.
#[utoipa::path(
    get,
    path = "/webhook/{config_id}/replays/{replay_id}",
    operation_id = "read_replay",
    tag = "Events",
    summary = "Read the progress of a replay",
    params(
        ("config_id" = schema::ConfigId, Path, description = "The webhook."),
        ("replay_id" = schema::EventId, Path, description = "The replay."),
    ),
    responses(
        (status = 200, description = "The replay.", body = Replay),
        (status = 404, response = hookstep_http_edge::NotFound),
        hookstep_http_edge::Authenticated,
    ),
    security(("token" = ["read"])),
)]
pub(crate) async fn read(
    State(ctx): State<Arc<Context>>,
    caller: Authorized<Read>,
    ConfigPath(config_id): ConfigPath,
    ReplayPath(replay_id): ReplayPath,
) -> Result<Json<Replay>, Problem> {
    Ok(Json(progress(&ctx, caller.org_id(), config_id, replay_id).await?))
}

/// How far a bulk replay has come, and how its events went.
///
/// # Errors
/// 404 when there is no such replay.
pub async fn progress(
    ctx: &Context,
    org_id: &OrgId,
    config_id: ConfigId,
    replay_id: EventId,
) -> Result<Replay, Problem> {
    let job = ctx.replays.get(org_id, config_id, replay_id).await?.ok_or_else(no_replay)?;
    let counts = ctx.events.replay_results(&job).await?;
    let count = |status: Status| counts.get(status.as_str()).copied().unwrap_or(0);
    // A failed event of this replay that recovered was sent again by a later one.
    let failed = count(Status::Failed) + count(Status::Recovered);
    let (succeeded, skipped) = (count(Status::Succeeded), count(Status::Skipped));
    // Some may not have a record yet.
    let in_progress = job.started.saturating_sub(succeeded + failed + skipped);
    Ok(Replay::new(job, ReplayResults { succeeded, failed, skipped, in_progress }))
}

/// Records a bulk replay and starts the execution that carries it out.
///
/// # Errors
/// 400 for a selection that cannot be; 404 when there is no such webhook; 503 when the execution could not be started.
pub async fn start(
    ctx: &Context,
    org_id: &OrgId,
    actor: &Actor,
    config_id: ConfigId,
    request: ReplayRequest,
) -> Result<Replay, Problem> {
    let Sources { new_id, .. } = ctx.sources;
    let now = ctx.sources.now();
    let reapply = request.reapply;
    let selection = selection(request, now)?;
    let Some(config) = ctx.configs.get(org_id, config_id).await? else {
        return Err(Problem::no_webhook());
    };
    let job = ReplayJob {
        replay_id: EventId(new_id()),
        org_id: org_id.clone(),
        config_id,
        status: ReplayStatus::InProgress,
        created_at: now,
        updated_at: now,
        found: 0,
        started: 0,
        skipped: 0,
        shards: config.fields.shards(),
        reapply,
        limit_reached: false,
        reason: None,
        cursor: None,
    };
    let target = AuditTarget::of_webhook(job.replay_id, config_id);
    let changes = AuditChange::between(&Value::Null, &json!({"selection": selection, "reapply": reapply}));
    let act = Act::in_org(org_id, actor, AuditAction::ReplayCreate, target).changing(changes);
    noted(ctx, act, run(ctx, job, selection)).await
}

async fn run(ctx: &Context, job: ReplayJob, selection: Selection) -> Result<Replay, Problem> {
    ctx.replays.create(&job, &selection).await?;
    let (org_id, config_id) = (&job.org_id, job.config_id);
    let replay = ReplayKey { org_id: org_id.clone(), config_id, replay_id: job.replay_id };
    if let Err(error) = ctx.replay_machine.start(&replay).await {
        let reason = Some(Reason::new(ReasonCode::Platform, "the replay could not be started"));
        let failed = ReplayJob { status: ReplayStatus::Failed, reason, ..job.clone() };
        ctx.replays.advance(&job, &failed).await?;
        return Err(error.into());
    }
    Ok(Replay::new(job, ReplayResults::default()))
}

pub(super) fn selection(request: ReplayRequest, now: Timestamp) -> Result<Selection, FieldError> {
    let ReplayRequest { event_ids, since, until, status, reapply: _, dry_run: _ } = request;
    if let Some(mut ids) = event_ids {
        if since.is_some() || until.is_some() || status.is_some() {
            return Err(FieldError::new("event_ids", "excludes since, until and status"));
        }
        if ids.is_empty() || ids.len() > MAX_REPLAYS {
            return Err(FieldError::new("event_ids", format!("must be 1 to {MAX_REPLAYS} ids")));
        }
        let mut seen = BTreeSet::new();
        ids.retain(|id| seen.insert(*id));
        return Ok(Selection::EventIds(ids));
    }
    let since = since.ok_or_else(|| FieldError::new("since", "must be given, unless event_ids is"))?;
    // The events that this replay makes are newer, so that it never selects them.
    let latest = now.minus(Duration::from_millis(1));
    let until = until.map_or(latest, |until| until.min(latest));
    if since > until {
        return Err(FieldError::new("since", "must not be later than until, or than now"));
    }
    match status.unwrap_or(Status::Failed) {
        Status::Scheduled | Status::InProgress | Status::Recovered => {
            Err(FieldError::new("status", "must be failed, succeeded or skipped"))
        }
        status => Ok(Selection::Filter { since, until, status }),
    }
}
