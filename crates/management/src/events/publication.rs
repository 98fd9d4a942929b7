//! `GET /events/{publication_id}`: how the deliveries of a publication stand.

use std::collections::HashMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use hookstep_api_types::{DeliveryState, Publication, schema};
use hookstep_contract::{ConfigId, EventId, EventRecord, OrgId, PublishedDelivery, Status};
use hookstep_http_edge::{ApiQuery, Authorized, Problem, PublicationPath, Read, no_publication};

use crate::Context;
use crate::paging::{self, PageQuery};

/// `GET /events/{publication_id}`
#[utoipa::path(
    get,
    path = "/events/{publication_id}",
    operation_id = "read_publication",
    tag = "Events",
    summary = "Read a publication with its deliveries",
    description = "A delivery that is not recorded yet is `in_progress`, or `scheduled`. The event of a delivery, with its attempts, is at \
        `/webhook/{config_id}/events/{event_id}`.",
    params(
        ("publication_id" = schema::EventId, Path, description = "The publication."),
        PageQuery,
    ),
    responses(
        (status = 200, description = "The publication, and a page of its deliveries.", body = Publication),
        (status = 400, response = hookstep_http_edge::Invalid),
        (status = 404, response = hookstep_http_edge::NotFound),
        hookstep_http_edge::Authenticated,
    ),
    security(("token" = ["read"])),
)]
pub(crate) async fn read(
    State(ctx): State<Arc<Context>>,
    caller: Authorized<Read>,
    PublicationPath(publication_id): PublicationPath,
    ApiQuery(query): ApiQuery<PageQuery>,
) -> Result<Json<Publication>, Problem> {
    let org_id = caller.org_id();
    let (after, limit): (Option<ConfigId>, _) = query.read()?;
    let found = ctx.publications.get(org_id, publication_id).await?;
    let (publication, _) = found.ok_or_else(no_publication)?;
    let all = &publication.deliveries;
    let first = after.map_or(0, |after| all.partition_point(|delivery| delivery.config_id <= after));
    let page = &all[first..all.len().min(first + limit)];
    let next = page.last().filter(|_| first + page.len() < all.len());
    let unrecorded = publication.deliver_at.map_or(Status::InProgress, |_| Status::Scheduled);
    Ok(Json(Publication {
        publication_id,
        content_type: publication.content_type().to_owned(),
        created_at: publication.created_at,
        deliver_at: publication.deliver_at,
        size: publication.size,
        delivery_count: all.len(),
        deliveries: states(&ctx, org_id, page, unrecorded).await?,
        next_cursor: next.map(|delivery| paging::encode_cursor(delivery.config_id)),
        event_type: publication.event_type,
        correlation_id: publication.correlation_id,
    }))
}

/// How these deliveries stand.
async fn states(
    ctx: &Context,
    org_id: &OrgId,
    deliveries: &[PublishedDelivery],
    unrecorded: Status,
) -> Result<Vec<DeliveryState>, Problem> {
    let records = ctx.events.delivered(org_id, deliveries).await?;
    let mut records: HashMap<EventId, EventRecord> =
        records.into_iter().map(|record| (record.event_id, record)).collect();
    let state = |delivery: &PublishedDelivery| {
        let PublishedDelivery { config_id, event_id } = *delivery;
        let new = DeliveryState {
            config_id,
            event_id,
            status: unrecorded,
            attempt_count: 0,
            outcome: None,
            status_code: None,
            next_attempt_at: None,
            reason: None,
        };
        match records.remove(&event_id) {
            Some(record) => DeliveryState {
                status: record.status,
                attempt_count: record.attempt_count,
                outcome: record.outcome,
                status_code: record.status_code,
                next_attempt_at: record.next_attempt_at,
                reason: record.reason,
                ..new
            },
            None => new,
        }
    };
    Ok(deliveries.iter().map(state).collect())
}
