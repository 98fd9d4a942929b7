//! Erases single events with everything that is kept of them (ADR 0064).
//!
//! It can be stopped anywhere and run twice at once: each pass looks for all events anew. One that has not ended is cancelled, and
//! stays as a record without content until nothing of it can be under way any more.

use std::collections::{BTreeMap, BTreeSet};

use hookstep_contract::{
    Claim, ConfigId, ErasureSubject, EventErasure, EventId, EventMetadata, EventRecord, ReasonCode, Status,
    StepError, Timestamp, WebhookPass,
};
use hookstep_store::{Open, Partitions};

use crate::Context;
use crate::everything::stop;

/// Goes on with an erasure; returns whether it is done.
pub(crate) async fn erase(
    mut erasure: EventErasure,
    stop_at: Timestamp,
    ctx: &Context,
) -> Result<bool, StepError> {
    if erasure.passes == 0 && matches!(erasure.subject, ErasureSubject::Correlation { .. }) {
        // An event that was accepted just before may not be recorded yet.
        erasure.at_rest_at = erasure.at_rest_at.max(erasure.requested_at.plus(ctx.settle));
    }
    // A first pass that cannot be the last one is made all the same: most of what there is goes at once.
    while erasure.pass.is_some() || erasure.passes == 0 || ctx.sources.now() >= erasure.at_rest_at {
        let now = ctx.sources.now();
        let under_way = erasure.pass.get_or_insert_with(|| WebhookPass::begin(now));
        let began_at = under_way.began_at;
        let is_whole = pass(&mut erasure, stop_at, ctx).await?;
        if !is_whole {
            ctx.erasures.note(&erasure).await?;
            return Ok(false);
        }
        let found = erasure.end_pass();
        if !found && began_at >= erasure.at_rest_at {
            let unnamed = erasure.unnamed();
            ctx.erasures.note(&unnamed).await?;
            // Last of all, so that what was to be done is in no file either.
            if let Some(traces) = &ctx.traces {
                traces.clear().await?;
            }
            let record = EventErasure { done_at: Some(ctx.sources.now()), ..unnamed };
            ctx.erasures.finish(&record).await?;
            tracing::info!(org.id = %record.org_id, erasure.id = %record.erasure_id, events = record.events, "events were erased");
            return Ok(true);
        }
        ctx.erasures.note(&erasure).await?;
        if ctx.sources.now() >= stop_at {
            break;
        }
    }
    Ok(false)
}

/// Erases what there is; returns whether the pass came to its end, or the time of the run is over before.
async fn pass(erasure: &mut EventErasure, stop_at: Timestamp, ctx: &Context) -> Result<bool, StepError> {
    let org_id = erasure.org_id.clone();
    match erasure.subject.clone() {
        ErasureSubject::Event { config_id, webhook_id } => {
            let webhook = Partitions::of_deleted(org_id, config_id);
            erase_chain(erasure, &webhook, webhook_id, stop_at, ctx).await
        }
        ErasureSubject::Publication { publication_id } => {
            erase_publication(erasure, publication_id, stop_at, ctx).await
        }
        ErasureSubject::Correlation { correlation_id, .. } => {
            let Some(correlation_id) = correlation_id else { return Ok(true) };
            correlated(erasure, &correlation_id, stop_at, ctx).await
        }
    }
}

/// Goes on with a pass through what has a correlation id: the webhooks in the order of their ids, and then the publications.
async fn correlated(
    erasure: &mut EventErasure,
    correlation_id: &str,
    stop_at: Timestamp,
    ctx: &Context,
) -> Result<bool, StepError> {
    let after = erasure.pass.as_ref().and_then(|pass| pass.after);
    let webhooks = webhooks(erasure, ctx).await?;
    for (config_id, webhook) in webhooks.into_iter().filter(|(config_id, _)| Some(*config_id) > after) {
        let mut events = ctx.events.all_correlated(&webhook, correlation_id).await?;
        // A correlation id that is still in use must come to an end, too: what counts is when the first of a chain was accepted.
        events.retain(|event| event.webhook_id().accepted_at() <= erasure.requested_at);
        let chains: BTreeSet<_> = events.iter().map(EventRecord::webhook_id).collect();
        if !erase_all(erasure, events, stop_at, ctx).await? {
            return Ok(false);
        }
        for webhook_id in chains {
            forget_chain(&webhook, webhook_id, ctx).await?;
        }
        if let Some(pass) = &mut erasure.pass {
            pass.after = Some(config_id);
        }
        if ctx.sources.now() >= stop_at {
            return Ok(false);
        }
    }
    let after = erasure.pass.as_ref().and_then(|pass| pass.publication);
    let mut publications = ctx.publications.correlated(&erasure.org_id, correlation_id, &ctx.events).await?;
    publications.sort_unstable();
    for publication_id in publications.into_iter().filter(|id| Some(*id) >= after) {
        if !erase_publication(erasure, publication_id, stop_at, ctx).await? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Where events of the org can be, by their webhooks: those that it has, and those that were deleted.
async fn webhooks(
    erasure: &EventErasure,
    ctx: &Context,
) -> Result<BTreeMap<ConfigId, Partitions>, StepError> {
    let org_id = &erasure.org_id;
    let deleted = ctx.audit_log.deleted_webhooks(org_id).await?;
    let deleted =
        deleted.into_iter().map(|config_id| (config_id, Partitions::of_deleted(org_id.clone(), config_id)));
    let mut webhooks: BTreeMap<_, _> = deleted.collect();
    let existing = ctx.configs.partitions(org_id).await?;
    webhooks.extend(existing.into_iter().map(|webhook| (webhook.config_id(), webhook)));
    Ok(webhooks)
}

/// Erases a publication with its deliveries; returns whether it came to its end before the time of the run is over.
async fn erase_publication(
    erasure: &mut EventErasure,
    publication_id: EventId,
    stop_at: Timestamp,
    ctx: &Context,
) -> Result<bool, StepError> {
    let org_id = erasure.org_id.clone();
    let Some((publication, open)) = ctx.publications.get(&org_id, publication_id).await? else {
        return Ok(true);
    };
    if publication.created_at > erasure.requested_at {
        return Ok(true);
    }
    // Deliveries that were started just before may not be recorded yet.
    let is_recent = ctx.sources.now() < publication.created_at.plus(ctx.settle);
    let progress = erasure.pass.as_ref().map(|pass| pass.progress_of(publication_id));
    let (after, mut is_awaited) = progress.unwrap_or_default();
    let done = publication.deliveries.iter().position(|delivery| Some(delivery.event_id) == after);
    for delivery in publication.deliveries.iter().skip(done.map_or(0, |last| last + 1)) {
        let webhook = Partitions::of_deleted(org_id.clone(), delivery.config_id);
        let events = erasure.events;
        if !erase_chain(erasure, &webhook, delivery.event_id, stop_at, ctx).await? {
            return Ok(false);
        }
        let found = erasure.events > events;
        let left = ctx.events.latest(&org_id, delivery.config_id, delivery.event_id).await?;
        is_awaited |= left.is_some() || (!found && is_recent);
        if let Some(pass) = &mut erasure.pass {
            pass.note_progress(publication_id, delivery.event_id, is_awaited);
        }
        if ctx.sources.now() >= stop_at {
            return Ok(false);
        }
    }
    let is_at_rest = open == Open::No && !is_awaited;
    ctx.bodies.delete_published(&org_id, publication_id).await?;
    if let Some(Claim { key, .. }) = &publication.claim {
        ctx.claims.delete(key).await?;
    }
    if !is_at_rest && ctx.sources.now() < erasure.wait_for_attempt(erasure.requested_at, ctx.settle) {
        return Ok(true);
    }
    ctx.publications.delete(&org_id, publication_id).await?;
    erasure.large_bodies += u64::from(publication.claim.is_some());
    erasure.note_found();
    Ok(true)
}

/// Erases an event with its replays, and last by which they are found; returns whether it came to its end before the time of the run
/// is over.
async fn erase_chain(
    erasure: &mut EventErasure,
    webhook: &Partitions,
    webhook_id: EventId,
    stop_at: Timestamp,
    ctx: &Context,
) -> Result<bool, StepError> {
    let events = ctx.events.all_of_chain(webhook, webhook_id).await?;
    let is_whole = erase_all(erasure, events, stop_at, ctx).await?;
    if is_whole {
        forget_chain(webhook, webhook_id, ctx).await?;
    }
    Ok(is_whole)
}

/// Deletes by which events one was replayed, if none of them is left.
async fn forget_chain(webhook: &Partitions, webhook_id: EventId, ctx: &Context) -> Result<(), StepError> {
    if ctx.events.all_of_chain(webhook, webhook_id).await?.is_empty() {
        ctx.events.delete_chain(webhook.org_id(), webhook.config_id(), webhook_id).await?;
    }
    Ok(())
}

/// Erases these events; returns whether all of them were before the time of the run is over.
async fn erase_all(
    erasure: &mut EventErasure,
    events: Vec<EventRecord>,
    stop_at: Timestamp,
    ctx: &Context,
) -> Result<bool, StepError> {
    let count = events.len();
    for (done, event) in (1..).zip(events) {
        erase_one(erasure, &event, ctx).await?;
        if done < count && ctx.sources.now() >= stop_at {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Erases an event. Its record stays while an attempt or an execution may be under way.
async fn erase_one(erasure: &mut EventErasure, event: &EventRecord, ctx: &Context) -> Result<(), StepError> {
    // One that holds up those behind it in its order has failed, and waits for a person.
    let blocks = event.status == Status::Failed
        && ctx.lanes.has(&event.org_id, event.config_id, event.event_id).await?;
    let cancelled = if event.status.is_open() || blocks { cancel(event, blocks, ctx).await? } else { None };
    let event = cancelled.as_ref().unwrap_or(event);
    ctx.bodies.delete(&EventMetadata::from(event)).await?;
    ctx.events.delete_attempts(event).await?;
    let sent = event.sent.as_ref().and_then(|sent| sent.claim.as_ref());
    let objects: Vec<_> = event.claim.iter().chain(sent).collect();
    for key in &objects {
        ctx.claims.delete(key).await?;
    }
    if let Some(traces) = &ctx.traces
        && !traces.forget(event.event_id).await?
    {
        erasure.at_rest_at = erasure.at_rest_at.max(ctx.sources.now().plus(ctx.settle));
        return Ok(());
    }
    let was_cancelled = event.reason.as_ref().is_some_and(|reason| reason.code == ReasonCode::Cancelled);
    if was_cancelled && ctx.sources.now() < erasure.wait_for_attempt(event.updated_at, ctx.settle) {
        return Ok(());
    }
    ctx.events.delete_record(event).await?;
    erasure.note_found();
    erasure.events += 1;
    // Those that several events share are counted once.
    let is_own =
        |key: &str| Claim::of(key).belongs_to(&event.org_id, event.config_id) && event.replay_of.is_none();
    erasure.large_bodies += objects.into_iter().filter(|key| is_own(key)).count() as u64;
    Ok(())
}

/// Ends an event that has not ended, so that no attempt follows; returns how it stands then.
async fn cancel(event: &EventRecord, blocks: bool, ctx: &Context) -> Result<Option<EventRecord>, StepError> {
    let EventRecord { org_id, config_id, event_id, .. } = event;
    if ctx.events.cancel(event, blocks, ctx.sources.now()).await? {
        ctx.lanes.leave(org_id, *config_id, *event_id).await?;
        stop(event, ctx).await;
    }
    Ok(ctx.events.latest(org_id, *config_id, *event_id).await?)
}
