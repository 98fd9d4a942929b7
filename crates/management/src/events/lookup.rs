//! `/webhook/{config_id}/events`: lists and reads the events of a webhook.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use hookstep_api_types::{Attempt, Event, Page, schema};
use hookstep_contract::limits::CORRELATION_ID_BYTES;
use hookstep_contract::{ConfigId, EventId, FieldError, OrgId, Status, Timestamp};
use hookstep_http_edge::{ApiQuery, Authorized, ConfigPath, EventPath, Problem, Read, no_event};
use hookstep_store::{EventFilter, Partitions};
use serde::Deserialize;
use serde::de::IntoDeserializer;
use utoipa::IntoParams;

use super::views::shown_attempts;
use crate::Context;
use crate::paging;

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListQuery {
    /// Only events with this status.
    #[param(value_type = schema::Status, required = false)]
    status: Option<String>,
    /// Only events that were accepted at this time or later.
    #[param(value_type = schema::Timestamp, required = false)]
    from: Option<String>,
    /// Only events that were accepted at this time or earlier.
    #[param(value_type = schema::Timestamp, required = false)]
    to: Option<String>,
    /// Only events with this correlation id.
    #[param(value_type = String, required = false, min_length = 1, max_length = 1024)]
    correlation_id: Option<String>,
    /// Only this event. Excludes all other parameters.
    #[param(value_type = schema::EventId, required = false)]
    event_id: Option<String>,
    /// The most entries of the page.
    #[param(value_type = u32, required = false, minimum = 1, maximum = 100, default = 50)]
    limit: Option<String>,
    /// The `next_cursor` of the previous page; leave it out for the first page.
    #[param(value_type = String, required = false)]
    cursor: Option<String>,
}

/// `GET /webhook/{config_id}/events`
#[utoipa::path(
    get,
    path = "/webhook/{config_id}/events",
    operation_id = "list_events",
    tag = "Events",
    summary = "List the events of a webhook",
    description = "Newest first, without their attempts. With a filter, a page is filled by looking at up to 10,000 events. If \
        they do not hold enough, it has fewer entries than `limit`, or none, and a `next_cursor` that goes on from there: only \
        a null `next_cursor` means that there are no more.",
    params(
        ("config_id" = schema::ConfigId, Path, description = "The webhook."),
        ListQuery,
    ),
    responses(
        (status = 200, description = "A page of events.", body = Page<Event>),
        (status = 400, response = hookstep_http_edge::Invalid),
        (status = 404, response = hookstep_http_edge::NotFound),
        hookstep_http_edge::Authenticated,
    ),
    security(("token" = ["read"])),
)]
pub(crate) async fn list(
    State(ctx): State<Arc<Context>>,
    caller: Authorized<Read>,
    ConfigPath(config_id): ConfigPath,
    ApiQuery(query): ApiQuery<ListQuery>,
) -> Result<Json<Page<Event>>, Problem> {
    let partitions = partitions(&ctx, caller.org_id(), config_id).await?;
    let page = match query.event_id()? {
        Some(event_id) => {
            let found = ctx.events.get(caller.org_id(), config_id, event_id).await?;
            hookstep_store::Page { events: found.into_iter().collect(), next: None, looked_at: 1 }
        }
        None => search(&ctx, &partitions, &query).await?,
    };
    if page.events.is_empty() && page.next.is_none() && !webhook_existed(&ctx, &partitions).await? {
        return Err(Problem::no_webhook());
    }
    let data = page.events.into_iter().map(Event::from).collect();
    Ok(Json(Page { data, next_cursor: page.next.map(paging::encode_cursor) }))
}

async fn search(
    ctx: &Context,
    partitions: &Partitions,
    query: &ListQuery,
) -> Result<hookstep_store::Page, Problem> {
    let filter = EventFilter {
        status: query.status.as_deref().map(parse_status).transpose()?,
        outcome: None,
        from: query.from.as_deref().map(|text| parse_time("from", text)).transpose()?,
        to: query.to.as_deref().map(|text| parse_time("to", text)).transpose()?,
        before: paging::decode_cursor(query.cursor.as_deref())?,
        limit: paging::parse_limit(query.limit.as_deref())?,
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
        Some(correlation_id) => {
            let partitions = std::slice::from_ref(partitions);
            ctx.events.correlated(partitions, correlation_id, &filter.into()).await?
        }
        None => ctx.events.list(partitions, filter).await?,
    })
}

impl ListQuery {
    /// The id when the request is for one event.
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

/// `GET /webhook/{config_id}/events/{event_id}`
#[utoipa::path(
    get,
    path = "/webhook/{config_id}/events/{event_id}",
    operation_id = "read_event",
    tag = "Events",
    summary = "Read an event with its attempts",
    params(
        ("config_id" = schema::ConfigId, Path, description = "The webhook."),
        ("event_id" = schema::EventId, Path, description = "The event."),
    ),
    responses(
        (status = 200, description = "The event, with every attempt so far.", body = Event),
        (status = 404, response = hookstep_http_edge::NotFound),
        hookstep_http_edge::Authenticated,
    ),
    security(("token" = ["read"])),
)]
pub(crate) async fn read(
    State(ctx): State<Arc<Context>>,
    caller: Authorized<Read>,
    ConfigPath(config_id): ConfigPath,
    EventPath(event_id): EventPath,
) -> Result<Json<Event>, Problem> {
    let org_id = caller.org_id();
    let record = ctx.events.get(org_id, config_id, event_id).await?.ok_or_else(no_event)?;
    let attempts = shown_attempts(&ctx, &record).await?;
    let attempts = Some(attempts.into_iter().map(Attempt::from).collect());
    Ok(Json(Event { attempts, ..Event::from(record) }))
}

/// Where the events of a webhook are, which may be deleted.
///
/// # Errors
/// 500 when the table cannot be read.
pub async fn partitions(ctx: &Context, org_id: &OrgId, config_id: ConfigId) -> Result<Partitions, Problem> {
    let config = ctx.configs.get(org_id, config_id).await?;
    let deleted = || Partitions::of_deleted(org_id.clone(), config_id);
    Ok(config.as_ref().map_or_else(deleted, Partitions::of))
}

/// Whether the webhook exists or existed: the events of a deleted one can still be read.
///
/// # Errors
/// 500 when the table cannot be read.
pub async fn webhook_existed(ctx: &Context, partitions: &Partitions) -> Result<bool, Problem> {
    if partitions.is_of_existing() {
        return Ok(true);
    }
    let any = EventFilter { limit: 1, ..EventFilter::default() };
    Ok(!ctx.events.list(partitions, any).await?.events.is_empty())
}

/// Parses a status.
///
/// # Errors
/// The field `status`.
pub fn parse_status(text: &str) -> Result<Status, FieldError> {
    let reader: serde::de::value::StrDeserializer<'_, serde::de::value::Error> = text.into_deserializer();
    Status::deserialize(reader).map_err(|_| {
        FieldError::new("status", "must be scheduled, in_progress, succeeded, failed, recovered or skipped")
    })
}

/// Parses a time in a query.
pub(crate) fn parse_time(field: &str, text: &str) -> Result<Timestamp, FieldError> {
    let reader: serde::de::value::StrDeserializer<'_, serde::de::value::Error> = text.into_deserializer();
    Timestamp::deserialize(reader).map_err(|_| {
        FieldError::new(field, "must be a time like 2026-01-02T03:04:05Z (with + encoded as %2B)")
    })
}
