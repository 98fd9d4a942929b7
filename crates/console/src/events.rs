//! `/webhook/{config_id}/events`: what became of the events of a webhook.

use std::collections::BTreeMap;
use std::sync::Arc;

use api::{Caller, ConfigPath, EventPath, Problem, no_event, read_query};
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use contract::limits::CORRELATION_ID_BYTES;
use contract::{
    Attempt, ConfigId, Content, EventId, EventRecord, FieldError, OrgId, Origin, Outcome, Scope, Status,
    Timestamp, Timings,
};
use serde::de::IntoDeserializer;
use serde::{Deserialize, Serialize};
use store::EventFilter;

use crate::Context;
use crate::page::{self, Page};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ListQuery {
    status: Option<String>,
    from: Option<String>,
    to: Option<String>,
    correlation_id: Option<String>,
    event_id: Option<String>,
    limit: Option<String>,
    cursor: Option<String>,
}

/// An event as the API shows it.
#[derive(Debug, Serialize)]
pub(crate) struct EventView {
    event_id: EventId,
    org_id: OrgId,
    config_id: ConfigId,
    status: Status,
    origin: Origin,
    created_at: Timestamp,
    updated_at: Timestamp,
    next_attempt_at: Option<Timestamp>,
    size: Option<u64>,
    content_type: Option<String>,
    correlation_id: Option<String>,
    replay_of: Option<EventId>,
    /// What the receiver knows it by: the first event of a chain of replays.
    webhook_id: EventId,
    outcome: Option<Outcome>,
    status_code: Option<u16>,
    /// How long the last attempt took.
    duration_ms: Option<u64>,
    attempt_count: u32,
    /// Why it was skipped or failed.
    reason: Option<String>,
    /// Only when one event is asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    attempts: Option<Vec<AttemptView>>,
}

/// An attempt as the API shows it.
#[derive(Debug, Serialize)]
struct AttemptView {
    number: u32,
    started_at: Timestamp,
    duration_ms: u64,
    outcome: Outcome,
    status_code: Option<u16>,
    request_headers: BTreeMap<String, String>,
    response_headers: BTreeMap<String, String>,
    response_body: Option<String>,
    /// `base64` when the body is not text.
    #[serde(skip_serializing_if = "Option::is_none")]
    response_body_encoding: Option<&'static str>,
    response_truncated: bool,
    remote_ip: Option<String>,
    timings: Timings,
    error: Option<String>,
}

/// `GET /webhook/{config_id}/events`: newest first. All parameters may be combined, but for `event_id`, which finds one event or
/// none.
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
            store::Page { events: found.into_iter().collect(), next: None }
        }
        None => search(&ctx, caller.org_id(), config_id, &query).await?,
    };
    if page.events.is_empty() && !exists(&ctx, caller.org_id(), config_id).await? {
        return Err(Problem::no_webhook());
    }
    let data = page.events.into_iter().map(|record| view(record, None)).collect();
    Ok(Json(Page { data, next_cursor: page.next.map(page::encode_cursor) }))
}

async fn search(
    ctx: &Context,
    org_id: &OrgId,
    config_id: ConfigId,
    query: &ListQuery,
) -> Result<store::Page, Problem> {
    let filter = EventFilter {
        status: query.status.as_deref().map(status).transpose()?,
        from: query.from.as_deref().map(|text| moment("from", text)).transpose()?,
        to: query.to.as_deref().map(|text| moment("to", text)).transpose()?,
        before: page::decode_cursor(query.cursor.as_deref())?,
        limit: page::limit(query.limit.as_deref())?,
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
pub(crate) async fn exists(ctx: &Context, org_id: &OrgId, config_id: ConfigId) -> Result<bool, Problem> {
    if ctx.configs.get(org_id, config_id).await?.is_some() {
        return Ok(true);
    }
    let any = EventFilter { limit: 1, ..EventFilter::default() };
    Ok(!ctx.events.list(org_id, config_id, any).await?.events.is_empty())
}

/// Reads a status.
pub(crate) fn status(text: &str) -> Result<Status, FieldError> {
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
        replay_of: record.replay_of,
        webhook_id: record.webhook_id.unwrap_or(record.event_id),
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
