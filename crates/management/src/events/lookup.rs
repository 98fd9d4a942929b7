//! `/webhook/{config_id}/events`: what became of the events of a webhook.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use hookstep_api_types::{Attempt, Event, Page, schema};
use hookstep_contract::limits::CORRELATION_ID_BYTES;
use hookstep_contract::{ConfigId, EventId, FieldError, OrgId, Status, Timestamp};
use hookstep_http_edge::{ApiQuery, Authorized, ConfigPath, EventPath, Problem, Read, no_event};
use hookstep_store::EventFilter;
use serde::Deserialize;
use serde::de::IntoDeserializer;
use utoipa::IntoParams;

use crate::Context;
use crate::paging;

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListQuery {
    /// Only events that stand there.
    #[param(value_type = schema::Status, required = false)]
    status: Option<String>,
    /// Only events that were accepted then or later.
    #[param(value_type = schema::Timestamp, required = false)]
    from: Option<String>,
    /// Only events that were accepted then or earlier.
    #[param(value_type = schema::Timestamp, required = false)]
    to: Option<String>,
    /// Only events with this correlation id.
    #[param(value_type = String, required = false, min_length = 1, max_length = 1024)]
    correlation_id: Option<String>,
    /// Only this event; goes without the other parameters.
    #[param(value_type = schema::EventId, required = false)]
    event_id: Option<String>,
    /// How many entries the page has at most.
    #[param(value_type = u32, required = false, minimum = 1, maximum = 100, default = 50)]
    limit: Option<String>,
    /// The `next_cursor` of the page before; leave it out for the first page.
    #[param(value_type = String, required = false)]
    cursor: Option<String>,
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
    let data = page.events.into_iter().map(Event::from).collect();
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
    let attempts = ctx.events.attempts(org_id, config_id, event_id).await?;
    let attempts = Some(attempts.into_iter().map(Attempt::from).collect());
    Ok(Json(Event { attempts, ..Event::from(record) }))
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
