//! From a publication to the executions of its deliveries.

use std::time::Duration;

use axum::body::Bytes;
use axum::http::StatusCode;
use hookstep_catalogue::Payload;
use hookstep_contract::limits::MAX_PUBLISHED;
use hookstep_contract::{
    Claim, EventId, OrgId, Publication, PublishedDelivery, SchemaMismatch, Source, Timestamp, error_chain,
};
use hookstep_http_edge::{Caller, Problem};
use hookstep_store::{IdempotencyKey, Open, Subscriber, WatchedPublication};

use super::request::PublishRequest;
use crate::Context;
use crate::check::check_payload;

/// How long the answer waits for the deliveries of a stored publication to be started: below API Gateway's 30 s.
const START_TIMEOUT: Duration = Duration::from_secs(20);

/// How long a request that is repeated waits for the first one with its idempotency key to be stored.
const FIRST_TIMEOUT: Duration = Duration::from_secs(3);

/// How often it waits before it looks again.
const FIRST_WAITS: u32 = 30;

/// Whether a request is the first with its idempotency key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum IsFirst {
    /// It is, or has no key.
    Yes,
    /// There was one before.
    No,
}

/// Publishes an event. Once this returns, every delivery is made or ends with a reason.
///
/// # Errors
/// 400 if the type refuses the payload, 409 if the idempotency key was used for another event, or too many webhooks subscribe; 500 and
/// 503. Nothing was accepted then.
pub(crate) async fn publish(
    ctx: &Context,
    caller: &Caller,
    request: PublishRequest,
) -> Result<(Publication, IsFirst), Problem> {
    let (now, new_id, org_id) = (ctx.sources.now(), EventId((ctx.sources.new_id)()), caller.org_id());
    let deliver_at = request.delay.map_or(Ok(None), |delay| delay.due(now))?;
    let (subscribers, mismatch) = subscribers(ctx, org_id, &request).await?;
    let publication_id = first_with_key(ctx, org_id, &request, new_id, now).await?;
    let is_first = if publication_id == new_id { IsFirst::Yes } else { IsFirst::No };
    if is_first == IsFirst::No
        && let Some((publication, open)) = of_first(ctx, org_id, publication_id, now).await?
    {
        if open == Open::Yes {
            start(ctx, &publication).await?;
        }
        return Ok((publication, is_first));
    }
    let delivery = |to: Subscriber| PublishedDelivery::of(publication_id, to.config_id, to.shards);
    let deliveries = subscribers.into_iter().map(delivery).collect();
    let publication = Publication {
        publication_id,
        org_id: org_id.clone(),
        event_type: request.event_type,
        created_at: now,
        deliver_at,
        size: request.body.len() as u64,
        correlation_id: request.correlation_id,
        traceparent: request.traceparent,
        retention_days: caller.retention_days(),
        body_retention_hours: caller.body_retention_hours(),
        redacts: caller.redacts(),
        claim: None,
        mismatch,
        deliveries,
    };
    let publication = accept(ctx, publication, request.body, now).await?;
    Ok((publication, is_first))
}

/// The id of the first publication with the request's idempotency key, or the new id if it is the first or has no key.
async fn first_with_key(
    ctx: &Context,
    org_id: &OrgId,
    request: &PublishRequest,
    new_id: EventId,
    now: Timestamp,
) -> Result<EventId, Problem> {
    let Some(key) = &request.idempotency_key else { return Ok(new_id) };
    let wanted = IdempotencyKey { event_id: new_id, request_hash: request.hash() };
    let first = ctx.idempotency.claim_for_publication(org_id, key, wanted.clone(), now).await?;
    if first.request_hash != wanted.request_hash {
        let detail = "this idempotency_key was used for another event_type or payload";
        return Err(Problem::new(StatusCode::CONFLICT, detail).about(first.event_id));
    }
    Ok(first.event_id)
}

/// What the first request with an idempotency key has published; `None` if it came to nothing. It may be under way just now, and
/// who subscribes may have changed since it looked.
async fn of_first(
    ctx: &Context,
    org_id: &OrgId,
    publication_id: EventId,
    now: Timestamp,
) -> Result<Option<(Publication, Open)>, Problem> {
    let is_recent = now.since(publication_id.accepted_at()) < FIRST_TIMEOUT;
    let mut waits = if is_recent { FIRST_WAITS } else { 0 };
    loop {
        let found = ctx.publications.get(org_id, publication_id).await?;
        if found.is_some() || waits == 0 {
            return Ok(found);
        }
        waits -= 1;
        tokio::time::sleep(FIRST_TIMEOUT / FIRST_WAITS).await;
    }
}

/// Who gets an event, and why its payload does not satisfy the schema of its type, if the type says that it is marked.
async fn subscribers(
    ctx: &Context,
    org_id: &OrgId,
    request: &PublishRequest,
) -> Result<(Vec<Subscriber>, Option<SchemaMismatch>), Problem> {
    let subscribed = ctx.configs.subscribed(org_id, &request.event_type).await?;
    if subscribed.webhooks.len() > MAX_PUBLISHED {
        let detail = format!("more than {MAX_PUBLISHED} webhooks subscribe to this event_type");
        return Err(Problem::new(StatusCode::CONFLICT, detail));
    }
    let mismatch = match subscribed.is_checked {
        true => {
            check_payload(ctx, org_id, &request.event_type, Payload::Bytes(&request.body), "payload").await?
        }
        false => None,
    };
    Ok((subscribed.webhooks, mismatch))
}

/// Stores a publication and starts its deliveries.
async fn accept(
    ctx: &Context,
    publication: Publication,
    body: Bytes,
    now: Timestamp,
) -> Result<Publication, Problem> {
    let (claim, body) = if publication.deliveries.is_empty() {
        (None, None)
    } else {
        let key = Claim::key_of_publication(&publication.org_id, publication.publication_id);
        match ctx.claims.source(&key, body.clone(), ctx.inline_limit).await? {
            Source::Claim(claim) => (Some(claim), None),
            _ => (None, Some(body)),
        }
    };
    let publication = Publication { claim, ..publication };
    if ctx.machines.stores_publications() {
        ctx.machines.publish(&publication, body).await?;
        return Ok(publication);
    }
    if publication.deliveries.is_empty() {
        return match ctx.publications.create(&publication, Open::No).await? {
            true => Ok(publication),
            false => stored(ctx, &publication).await,
        };
    }
    let (org_id, publication_id) = (publication.org_id.clone(), publication.publication_id);
    let watched = WatchedPublication { org_id, publication_id };
    let store_body = async {
        match &body {
            Some(body) => ctx.bodies.publish(&publication, body).await,
            None => Ok(()),
        }
    };
    // Before the publication: whoever finds it open finds the body, too.
    tokio::try_join!(store_body, ctx.watch_list.watch_publication(&watched, now))?;
    let publication = match ctx.publications.create(&publication, Open::Yes).await? {
        true => publication,
        false => stored(ctx, &publication).await?,
    };
    start(ctx, &publication).await?;
    Ok(publication)
}

/// What another request with the same idempotency key has stored a moment ago: that is what counts.
async fn stored(ctx: &Context, publication: &Publication) -> Result<Publication, Problem> {
    let found = ctx.publications.get(&publication.org_id, publication.publication_id).await?;
    found.map(|(publication, _)| publication).ok_or_else(|| {
        Problem::new(StatusCode::SERVICE_UNAVAILABLE, "the same event is being published: try again")
    })
}

/// Starts the deliveries of a publication that is stored as open. It is accepted: what cannot be started now, `reconcile` starts.
async fn start(ctx: &Context, publication: &Publication) -> Result<(), Problem> {
    let started = tokio::time::timeout(START_TIMEOUT, ctx.machines.start_all(publication)).await;
    match started {
        Ok(Ok(())) => ctx.publications.put(publication, Open::No).await?,
        Ok(Err(error)) => tracing::warn!(
            publication.id = %publication.publication_id,
            error.chain = error_chain(&error),
            "deliveries of a publication are started later"
        ),
        Err(_) => tracing::warn!(
            publication.id = %publication.publication_id,
            "the deliveries of a publication could not all be started in time, and are started later"
        ),
    }
    Ok(())
}
