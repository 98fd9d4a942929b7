//! `POST /events` and `POST /events/batch`: an event for every webhook that subscribes to its type (ADR 0055).

mod request;
mod start;

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use futures_util::{StreamExt, stream};
use hookstep_api_types::{
    BatchEntry, PublishBatch, PublishFields, Published, PublishedBatch, PublishedDelivery,
};
use hookstep_contract::Publication;
use hookstep_http_edge::{ApiBytes, Authorized, Caller, Problem, Trigger};

use crate::Context;
use request::{PublishRequest, read, read_batch};
use start::{IsFirst, publish};

/// How many events of a batch are published concurrently.
const MAX_CONCURRENT: usize = 8;

/// Publishes an event.
#[utoipa::path(
    post,
    path = "/events",
    operation_id = "publish_event",
    tag = "Events",
    summary = "Publish an event by its type",
    description = "Sends the payload to every enabled webhook of the org whose `event_types` match the type. The answer comes when the \
        event is stored, and names the delivery to each webhook. A type that nobody subscribes to is no error.",
    params(
        ("Idempotency-Key" = Option<String>, Header, description = "As the field `idempotency_key`.", min_length = 1,
            max_length = 255, pattern = "^[ -~]+$"),
        ("traceparent" = Option<String>, Header, description = "The producer's trace (W3C Trace Context), passed \
            on to the receivers."),
    ),
    request_body(
        content = PublishFields,
        example = json!({"event_type": "order.created", "payload": {"order": 1042}, "idempotency_key": "order-1042"}),
    ),
    responses(
        (
            status = 202,
            description = "The event is on its way, or scheduled.",
            body = Published,
            headers(("idempotent-replayed" = String, description = "`true` when the key was used before.")),
        ),
        (status = 400, response = hookstep_http_edge::Invalid),
        (status = 409, response = hookstep_http_edge::Conflict),
        (status = 413, response = hookstep_http_edge::TooLarge),
        (status = 503, response = hookstep_http_edge::Unavailable),
        hookstep_http_edge::Authenticated,
    ),
    security(("token" = ["trigger"])),
)]
pub(crate) async fn publish_one(
    State(ctx): State<Arc<Context>>,
    caller: Authorized<Trigger>,
    headers: HeaderMap,
    ApiBytes(body): ApiBytes,
) -> Result<Response, Problem> {
    let request = read(&body)?.with_headers(&headers)?;
    let (publication, is_first) = publish(&ctx, &caller, request).await?;
    let mut response = (StatusCode::ACCEPTED, Json(answer(&publication))).into_response();
    if is_first == IsFirst::No {
        response.headers_mut().insert("idempotent-replayed", HeaderValue::from_static("true"));
    }
    Ok(response)
}

/// Publishes several events.
#[utoipa::path(
    post,
    path = "/events/batch",
    operation_id = "publish_events",
    tag = "Events",
    summary = "Publish up to 100 events by their types",
    description = "Does for each event what `POST /events` does for one, and answers each for itself: one that is refused harms no other.",
    params(
        ("traceparent" = Option<String>, Header, description = "The producer's trace (W3C Trace Context), passed \
            on to the receivers."),
    ),
    request_body(
        content = PublishBatch,
        example = json!({"events": [{"event_type": "order.created", "payload": {"order": 1042}}]}),
    ),
    responses(
        (status = 200, description = "What became of each event.", body = PublishedBatch),
        (status = 400, response = hookstep_http_edge::Invalid),
        (status = 413, response = hookstep_http_edge::TooLarge),
        (status = 503, response = hookstep_http_edge::Unavailable),
        hookstep_http_edge::Authenticated,
    ),
    security(("token" = ["trigger"])),
)]
pub(crate) async fn publish_batch(
    State(ctx): State<Arc<Context>>,
    caller: Authorized<Trigger>,
    headers: HeaderMap,
    ApiBytes(body): ApiBytes,
) -> Result<Json<PublishedBatch>, Problem> {
    let requests = read_batch(&body)?.into_iter();
    let entries = requests.map(|request| {
        let request = request.map(|request| request.traced(&headers));
        entry(&ctx, &caller, request)
    });
    let entries: Vec<_> = entries.collect();
    Ok(Json(PublishedBatch { events: stream::iter(entries).buffered(MAX_CONCURRENT).collect().await }))
}

async fn entry(ctx: &Context, caller: &Caller, request: Result<PublishRequest, Problem>) -> BatchEntry {
    let published = match request {
        Ok(request) => publish(ctx, caller, request).await,
        Err(problem) => Err(problem),
    };
    match published {
        Ok((publication, _)) => BatchEntry::Published(answer(&publication)),
        Err(problem) => BatchEntry::Refused { problem: problem.into_details() },
    }
}

fn answer(publication: &Publication) -> Published {
    let deliveries = publication.deliveries.iter().copied().map(PublishedDelivery::from).collect();
    Published { publication_id: publication.publication_id, deliveries }
}
