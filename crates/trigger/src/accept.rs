//! `POST /webhook/{config_id}/trigger`: from a producer's request to a started workflow.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use hookstep_api_types::{Accepted, Delivered, schema};
use hookstep_contract::{
    Claim, EventId, EventMetadata, Mode, Origin, Outcome, Source, Status, WorkflowInput, WorkflowOutput,
};
use hookstep_executions::{Run, WorkflowError};
use hookstep_http_edge::{Authorized, ConfigPath, Problem, Trigger, after_lane, answer};
use hookstep_store::IdempotencyKey;

use crate::Context;
use crate::check::check_payload;
use crate::request::{TriggerQuery, TriggerRequest};

/// Accepts an event and starts its delivery; when sync, waits for the receiver's answer.
#[utoipa::path(
    post,
    path = "/webhook/{config_id}/trigger",
    operation_id = "trigger_webhook",
    tag = "Events",
    summary = "Trigger a webhook",
    description = "Sends the body to the receiver, byte for byte as it came. Without `sync` the answer comes at \
        once, or for a webhook with `ordering` when the event has its place, and a failed delivery is repeated on the schedule of the webhook. With it, the answer is the \
        receiver's, unless that takes longer than 27 s. With `deliver_at` or `delay_seconds` the event is `scheduled` and \
        sent at that time, as the webhook is by then. Our status speaks of us alone: a receiver that answers 500 \
        makes it a 200 whose `status` is `failed`.",
    params(
        ("config_id" = schema::ConfigId, Path, description = "The webhook."),
        TriggerQuery,
        ("Idempotency-Key" = Option<String>, Header, description = "A key of the producer's own. For 24 hours a \
            request with the same key and the same body answers the event of the first one. After a sync trigger \
            that a fault of Hookstep ended (outcome `failed_platform`), the key is free again.", min_length = 1,
            max_length = 255, pattern = "^[ -~]+$"),
        ("X-Correlation-Id" = Option<String>, Header, description = "The producer's own id for the event, kept \
            with it.", min_length = 1, max_length = 255, pattern = "^[ -~]+$"),
        ("Content-Encoding" = Option<String>, Header, description = "The coding of the body, for example `gzip`. The \
            receiver gets it with the body, which is not decoded; a filter or a transform reads what is inside gzip and \
            deflate.", max_length = 255, pattern = "^[!#$%&'*+.^_`|~0-9A-Za-z-]+(, [!#$%&'*+.^_`|~0-9A-Za-z-]+)*$"),
        ("traceparent" = Option<String>, Header, description = "The producer's trace (W3C Trace Context), passed \
            on to the receiver."),
    ),
    request_body(
        description = "Anything up to 6 MB, of any content type; empty with `claim_check`. On AWS, 4.4 MB when it is \
            not text.",
        content(
            ("application/json", example = json!({"order": 1042, "status": "shipped"})),
            ("text/plain"),
            ("application/octet-stream"),
        ),
    ),
    responses(
        (
            status = 200,
            description = "With `sync=true`: the delivery has ended, and this is how.",
            body = Delivered,
            headers(("idempotent-replayed" = String, description = "`true` when the key was used before.")),
        ),
        (
            status = 202,
            description = "The event is on its way, or scheduled.",
            body = Accepted,
            headers(("idempotent-replayed" = String, description = "`true` when the key was used before.")),
        ),
        (status = 400, response = hookstep_http_edge::Invalid),
        (status = 404, response = hookstep_http_edge::NotFound),
        (status = 409, response = hookstep_http_edge::Conflict),
        (status = 413, response = hookstep_http_edge::TooLarge),
        (status = 503, response = hookstep_http_edge::Unavailable),
        hookstep_http_edge::Authenticated,
    ),
    security(("token" = ["trigger"])),
)]
pub(crate) async fn trigger(
    State(ctx): State<Arc<Context>>,
    caller: Authorized<Trigger>,
    ConfigPath(config_id): ConfigPath,
    request: TriggerRequest,
) -> Result<Response, Problem> {
    // The id contains the time of its creation. It is created when the event is accepted, so that lists
    // sorted by time agree with it.
    let (now, new_id, org_id) = (ctx.sources.now(), EventId((ctx.sources.new_id)()), caller.org_id());
    if !request.is_of(org_id, config_id) {
        let detail = "this claim_check is not one of this webhook's uploads";
        return Err(Problem::new(StatusCode::FORBIDDEN, detail));
    }
    let Some(config) = ctx.configs.get(org_id, config_id).await? else {
        return Err(Problem::no_webhook());
    };
    let new_id = new_id.spread_over(config.fields.shards());
    let event = request.event(EventMetadata::new(
        org_id.clone(),
        config_id,
        new_id,
        Origin::Api,
        request.mode,
        now,
    ))?;
    let mismatch = match &event.event_type {
        Some(event_type) => check_payload(&ctx, org_id, event_type, request.payload(), "body").await?,
        None => None,
    };
    let key = Key::of(&request);
    let event_id = first_with_key(&ctx, &event, key.as_ref()).await?;
    let mismatch = mismatch.map(Box::new);
    let (retention_days, body_retention_hours) = (caller.retention_days(), caller.body_retention_hours());
    let redacts = caller.redacts();
    let event = EventMetadata { event_id, retention_days, body_retention_hours, redacts, mismatch, ..event };
    let payload = payload(&ctx, &event, request).await?;
    let is_ordered = config.fields.ordering.is_some();
    let mut response = start(&ctx, &WorkflowInput { event, payload }, is_ordered, key).await?;
    if event_id != new_id {
        response.headers_mut().insert("idempotent-replayed", HeaderValue::from_static("true"));
    }
    Ok(response)
}

/// A request's idempotency key, and the hash of the request.
struct Key {
    key: String,
    request_hash: String,
}

impl Key {
    fn of(request: &TriggerRequest) -> Option<Self> {
        request.idempotency_key.clone().map(|key| Self { key, request_hash: request.hash() })
    }

    fn held_by(&self, event_id: EventId) -> IdempotencyKey {
        IdempotencyKey { event_id, request_hash: self.request_hash.clone() }
    }
}

/// The id of the first event with the request's idempotency key, or the event's own id if it is the first or
/// has no key.
///
/// The workflow is started again for a repeated request: if the first start failed, the second one delivers
/// the event; otherwise its `RecordEvent` finds the event and stops.
async fn first_with_key(ctx: &Context, event: &EventMetadata, key: Option<&Key>) -> Result<EventId, Problem> {
    let Some(key) = key else { return Ok(event.event_id) };
    let (org_id, config_id, now) = (&event.org_id, event.config_id, event.created_at);
    let wanted = key.held_by(event.event_id);
    let first = ctx.idempotency.claim(org_id, config_id, &key.key, wanted, now).await?;
    if first.request_hash != key.request_hash {
        let detail =
            "this Idempotency-Key was used for another body, content type, content encoding or claim check";
        return Err(Problem::new(StatusCode::CONFLICT, detail).about(first.event_id));
    }
    Ok(first.event_id)
}

/// The body as the workflow's input: in the state if there is room, otherwise as a claim check.
async fn payload(ctx: &Context, event: &EventMetadata, request: TriggerRequest) -> Result<Source, Problem> {
    if let Some(claim) = request.claim {
        return Ok(Source::Claim(claim));
    }
    let key = Claim::key_for(&event.org_id, event.config_id, event.event_id);
    Ok(ctx.claims.source(&key, request.body, ctx.inline_limit).await?)
}

/// Starts the delivery and responds to the producer: immediately, or with the receiver's response if it
/// arrives within the budget.
async fn start(
    ctx: &Context,
    input: &WorkflowInput,
    is_ordered: bool,
    key: Option<Key>,
) -> Result<Response, Problem> {
    let event_id = input.event.event_id;
    match input.event.mode {
        Mode::Async if is_ordered && input.event.deliver_at.is_none() => {
            take_place(ctx, input).await.map_err(|error| Problem::from(error).about(event_id))?;
            Ok(answer::accepted(event_id, Status::InProgress))
        }
        Mode::Async => {
            ctx.machines.start(input).await.map_err(|error| Problem::from(error).about(event_id))?;
            let is_later = input.event.deliver_at.is_some();
            Ok(answer::accepted(event_id, if is_later { Status::Scheduled } else { Status::InProgress }))
        }
        Mode::Sync => {
            let left = || ctx.sync_budget.saturating_sub(ctx.sources.now().since(input.event.created_at));
            let run = ctx.machines.run(input, left()).await;
            let run = after_lane(run, &input.event, &ctx.events, left(), || ctx.sources.now()).await;
            if let (Some(key), true) = (key, was_stopped_by_the_platform(&run)) {
                let held = key.held_by(event_id);
                let (org_id, config_id) = (&input.event.org_id, input.event.config_id);
                ctx.idempotency.release(org_id, config_id, &key.key, &held).await?;
            }
            Ok(answer::delivered(event_id, run))
        }
    }
}

/// How long a producer waits for the place of its event. Longer than that takes only what waits itself, as on a host whose places
/// are all taken: then it is accepted all the same, and is behind what came before it.
const PLACE_TIMEOUT: Duration = Duration::from_secs(10);

/// Starts the delivery of an event of a webhook with an order, and waits until the event has its place there: an event that the
/// producer sends after the answer comes behind it. The execution ends as soon as it has queued the event.
async fn take_place(ctx: &Context, input: &WorkflowInput) -> Result<(), WorkflowError> {
    match ctx.machines.run(input, PLACE_TIMEOUT).await {
        // A failed execution is none of the producer's business: it was started, and what it left undone is taken up.
        Ok(_) | Err(WorkflowError::Failed { .. } | WorkflowError::NotUnderstood(_)) => Ok(()),
        Err(error) => Err(error),
    }
}

/// Whether the event ended because of a fault that is neither the producer's nor the receiver's: the producer may repeat
/// the request with its idempotency key, which then makes a new event.
fn was_stopped_by_the_platform(run: &Result<Run<WorkflowOutput>, WorkflowError>) -> bool {
    let Ok(Run::Ended(WorkflowOutput { status: Status::Failed, answer: Some(answer), .. })) = run else {
        return false;
    };
    answer.outcome == Some(Outcome::FailedPlatform)
}
