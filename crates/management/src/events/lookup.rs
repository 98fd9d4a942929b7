//! `/webhook/{config_id}/events`: what became of the events of a webhook.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use hookstep_contract::limits::CORRELATION_ID_BYTES;
use hookstep_contract::{
    Attempt, ConfigId, Content, EventId, EventRecord, FieldError, OrgId, Origin, Outcome, Scope, Sent,
    Status, Timestamp, Timings,
};
use hookstep_http_edge::{Caller, ConfigPath, EventPath, Problem, no_event, read_query};
use hookstep_store::EventFilter;
use serde::de::IntoDeserializer;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::Context;
use crate::paging::{self, Page};

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ListQuery {
    /// Only events that stand there.
    #[param(value_type = Status, required = false)]
    status: Option<String>,
    /// Only events that were accepted then or later.
    #[param(value_type = Timestamp, required = false)]
    from: Option<String>,
    /// Only events that were accepted then or earlier.
    #[param(value_type = Timestamp, required = false)]
    to: Option<String>,
    /// Only events with this correlation id.
    #[param(value_type = String, required = false, min_length = 1, max_length = 1024)]
    correlation_id: Option<String>,
    /// Only this event; goes without the other parameters.
    #[param(value_type = EventId, required = false)]
    event_id: Option<String>,
    /// How many entries the page has at most.
    #[param(value_type = u32, required = false, minimum = 1, maximum = 100, default = 50)]
    limit: Option<String>,
    /// The `next_cursor` of the page before; leave it out for the first page.
    #[param(value_type = String, required = false)]
    cursor: Option<String>,
}

/// An event.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Event)]
pub(crate) struct EventView {
    /// The event.
    event_id: EventId,
    /// Its tenant.
    org_id: OrgId,
    /// The webhook it is for.
    config_id: ConfigId,
    /// Where it stands.
    status: Status,
    /// How it came in.
    origin: Origin,
    /// When it was accepted.
    created_at: Timestamp,
    /// When its status last changed.
    updated_at: Timestamp,
    /// When it will be sent again.
    next_attempt_at: Option<Timestamp>,
    /// The body's size in bytes; unknown for an upload, and for an event from the bus.
    size: Option<u64>,
    /// The body's `Content-Type`.
    content_type: Option<String>,
    /// The producer's own id for it.
    correlation_id: Option<String>,
    /// What kind of event it is, where it came by a subscription.
    event_type: Option<String>,
    /// The event it sends again.
    replay_of: Option<EventId>,
    /// What the receiver knows it by: the first event of a chain of replays.
    webhook_id: EventId,
    /// What was sent in the place of its body, where a transform made something else of it.
    sent: Option<SentView>,
    /// How the last attempt ended.
    outcome: Option<Outcome>,
    /// The status code of the last attempt.
    status_code: Option<u16>,
    /// How long the last attempt took.
    duration_ms: Option<u64>,
    /// How many attempts were made.
    attempt_count: u32,
    /// Why it was skipped or failed.
    reason: Option<String>,
    /// Its attempts, oldest first; only when one event is asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    attempts: Option<Vec<AttemptView>>,
}

/// What was sent in the place of a body.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Sent)]
struct SentView {
    /// Its `Content-Type`.
    content_type: String,
    /// Its size in bytes.
    size: u64,
}

/// One attempt to deliver an event: what was sent, and what came back.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Attempt)]
struct AttemptView {
    /// 1 for the first.
    number: u32,
    /// When it began.
    started_at: Timestamp,
    /// How long it took, the body read included, in milliseconds.
    duration_ms: u64,
    /// How it ended.
    outcome: Outcome,
    /// The receiver's status, when it gave one.
    status_code: Option<u16>,
    /// The headers that were sent, the values of secret ones masked.
    request_headers: BTreeMap<String, String>,
    /// The headers that came back; bounded to 8 KiB.
    response_headers: BTreeMap<String, String>,
    /// The first 64 KiB of the body that came back.
    response_body: Option<String>,
    /// `base64` when the body is not text.
    #[serde(skip_serializing_if = "Option::is_none")]
    response_body_encoding: Option<&'static str>,
    /// Whether there was more of it.
    response_truncated: bool,
    /// The address that was called.
    remote_ip: Option<String>,
    /// Where the time went.
    timings: Timings,
    /// Why it failed, for the one who owns the receiver.
    error: Option<String>,
}

/// `GET /webhook/{config_id}/events`: newest first. All parameters may be combined, but for `event_id`, which finds one event or
/// none.
#[utoipa::path(
    get,
    path = "/webhook/{config_id}/events",
    operation_id = "list_events",
    tag = "Events",
    summary = "List the events of a webhook",
    description = "Newest first, without their attempts.",
    params(
        ("config_id" = ConfigId, Path, description = "The webhook."),
        ListQuery,
    ),
    responses(
        (status = 200, description = "A page of events.", body = Page<EventView>),
        (status = 400, response = hookstep_http_edge::Invalid),
        (status = 404, response = hookstep_http_edge::NotFound),
        hookstep_http_edge::Authenticated,
    ),
    security(("token" = ["read"])),
)]
pub(crate) async fn list(
    State(ctx): State<Arc<Context>>,
    config_id: Result<ConfigPath, Problem>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Json<Page<EventView>>, Problem> {
    let caller = Caller::authenticate(&headers, &ctx.tokens, Scope::Read).await?;
    let ConfigPath(config_id) = config_id?;
    let query: ListQuery = read_query(&uri)?;
    let page = match query.event_id()? {
        Some(event_id) => {
            let found = ctx.events.get(caller.org_id(), config_id, event_id).await?;
            hookstep_store::Page { events: found.into_iter().collect(), next: None }
        }
        None => search(&ctx, caller.org_id(), config_id, &query).await?,
    };
    if page.events.is_empty() && !exists(&ctx, caller.org_id(), config_id).await? {
        return Err(Problem::no_webhook());
    }
    let data = page.events.into_iter().map(|record| view(record, None)).collect();
    Ok(Json(Page { data, next_cursor: page.next.map(paging::encode_cursor) }))
}

async fn search(
    ctx: &Context,
    org_id: &OrgId,
    config_id: ConfigId,
    query: &ListQuery,
) -> Result<hookstep_store::Page, Problem> {
    let filter = EventFilter {
        status: query.status.as_deref().map(status).transpose()?,
        from: query.from.as_deref().map(|text| moment("from", text)).transpose()?,
        to: query.to.as_deref().map(|text| moment("to", text)).transpose()?,
        before: paging::decode_cursor(query.cursor.as_deref())?,
        limit: paging::limit(query.limit.as_deref())?,
    };
    if let (Some(from), Some(to)) = (filter.from, filter.to)
        && from > to
    {
        return Err(FieldError::new("from", "must not be later than to").into());
    }
    Ok(match &query.correlation_id {
        Some(correlation_id) if !(1..=CORRELATION_ID_BYTES).contains(&correlation_id.len()) => {
            let reason = format!("must be 1 to {CORRELATION_ID_BYTES} bytes");
            return Err(FieldError::new("correlation_id", reason).into());
        }
        Some(correlation_id) => ctx.events.correlated(org_id, config_id, correlation_id, filter).await?,
        None => ctx.events.list(org_id, config_id, filter).await?,
    })
}

impl ListQuery {
    /// The one event that is asked for.
    fn event_id(&self) -> Result<Option<EventId>, FieldError> {
        let Some(text) = &self.event_id else { return Ok(None) };
        let Self { status, from, to, correlation_id, event_id: _, limit, cursor } = self;
        if [status, from, to, correlation_id, limit, cursor].into_iter().any(Option::is_some) {
            return Err(FieldError::new("event_id", "must be the only parameter"));
        }
        text.parse()
            .map(Some)
            .map_err(|_| FieldError::new("event_id", "must be an event id: a lowercase UUID"))
    }
}

/// `GET /webhook/{config_id}/events/{event_id}`: with its attempts.
#[utoipa::path(
    get,
    path = "/webhook/{config_id}/events/{event_id}",
    operation_id = "read_event",
    tag = "Events",
    summary = "Read an event with its attempts",
    params(
        ("config_id" = ConfigId, Path, description = "The webhook."),
        ("event_id" = EventId, Path, description = "The event."),
    ),
    responses(
        (status = 200, description = "The event, with every attempt so far.", body = EventView),
        (status = 404, response = hookstep_http_edge::NotFound),
        hookstep_http_edge::Authenticated,
    ),
    security(("token" = ["read"])),
)]
pub(crate) async fn read(
    State(ctx): State<Arc<Context>>,
    config_id: Result<ConfigPath, Problem>,
    event_id: Result<EventPath, Problem>,
    headers: HeaderMap,
) -> Result<Json<EventView>, Problem> {
    let caller = Caller::authenticate(&headers, &ctx.tokens, Scope::Read).await?;
    let (ConfigPath(config_id), EventPath(event_id)) = (config_id?, event_id?);
    let org_id = caller.org_id();
    let record = ctx.events.get(org_id, config_id, event_id).await?.ok_or_else(no_event)?;
    let attempts = ctx.events.attempts(org_id, config_id, event_id).await?;
    Ok(Json(view(record, Some(attempts))))
}

/// Whether there is, or was, such a webhook: a deleted one's events can still be read.
pub async fn exists(ctx: &Context, org_id: &OrgId, config_id: ConfigId) -> Result<bool, Problem> {
    if ctx.configs.get(org_id, config_id).await?.is_some() {
        return Ok(true);
    }
    let any = EventFilter { limit: 1, ..EventFilter::default() };
    Ok(!ctx.events.list(org_id, config_id, any).await?.events.is_empty())
}

/// Reads a status.
pub fn status(text: &str) -> Result<Status, FieldError> {
    let reader: serde::de::value::StrDeserializer<'_, serde::de::value::Error> = text.into_deserializer();
    Status::deserialize(reader)
        .map_err(|_| FieldError::new("status", "must be in_progress, succeeded, failed or skipped"))
}

pub(crate) fn moment(field: &str, text: &str) -> Result<Timestamp, FieldError> {
    let reader: serde::de::value::StrDeserializer<'_, serde::de::value::Error> = text.into_deserializer();
    Timestamp::deserialize(reader)
        .map_err(|_| FieldError::new(field, "must be a time like 2026-01-02T03:04:05Z (a + is sent as %2B)"))
}

pub(crate) fn view(record: EventRecord, attempts: Option<Vec<Attempt>>) -> EventView {
    EventView {
        event_id: record.event_id,
        org_id: record.org_id,
        config_id: record.config_id,
        status: record.status,
        origin: record.origin,
        created_at: record.created_at,
        updated_at: record.updated_at,
        next_attempt_at: record.next_attempt_at,
        size: record.size,
        content_type: record.content_type,
        correlation_id: record.correlation_id,
        event_type: record.event_type,
        replay_of: record.replay_of,
        webhook_id: record.webhook_id.unwrap_or(record.event_id),
        sent: record.sent.map(|Sent { content_type, size, .. }| SentView { content_type, size }),
        outcome: record.outcome,
        status_code: record.status_code,
        duration_ms: record.duration_ms,
        attempt_count: record.attempt_count,
        reason: record.reason,
        attempts: attempts.map(|attempts| attempts.into_iter().map(attempt_view).collect()),
    }
}

fn attempt_view(attempt: Attempt) -> AttemptView {
    let (response_body, response_body_encoding) = attempt.response_body.map(Content::into_parts).unzip();
    AttemptView {
        number: attempt.number,
        started_at: attempt.started_at,
        duration_ms: attempt.duration_ms,
        outcome: attempt.outcome,
        status_code: attempt.status_code,
        request_headers: attempt.request_headers,
        response_headers: attempt.response_headers,
        response_body,
        response_body_encoding: response_body_encoding.flatten(),
        response_truncated: attempt.response_truncated,
        remote_ip: attempt.remote_ip,
        timings: attempt.timings,
        error: attempt.error,
    }
}
