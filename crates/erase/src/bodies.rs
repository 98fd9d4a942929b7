//! Deletes bodies that an org keeps for less long than their events (ADR 0066).
//!
//! An event is on a list from its beginning, and is looked at once its bodies may be due. If it has not ended by then, or holds up
//! others, it is looked at again later. It stays on the list until everything is deleted, so this can be stopped anywhere.

use std::time::Duration;

use futures_util::{StreamExt, stream};
use hookstep_contract::{EventRecord, Status, StepError, Timestamp};
use hookstep_store::{EXPIRING_SPREAD, Expiring, Listed, SharedBody};

use crate::Context;

/// How many events are read from a partition of the list at once.
const PAGE: i32 = 100;

/// How many events are looked at concurrently.
const MAX_CONCURRENT: usize = 16;

/// What was done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Deleted {
    /// How many events have no bodies any more.
    pub(crate) events: u32,
    /// Whether more may be due.
    pub(crate) is_left: bool,
}

/// Deletes the bodies that are due, until `stop_at`.
pub(crate) async fn delete_due(stop_at: Timestamp, ctx: &Context) -> Result<Deleted, StepError> {
    let mut deleted = Deleted::default();
    for spread in 0..EXPIRING_SPREAD {
        loop {
            let due = ctx.expiring.due(spread, ctx.sources.now(), PAGE).await?;
            let is_last = due.len() < usize::try_from(PAGE).unwrap_or(usize::MAX);
            if !due.is_empty() {
                deleted.events += page(due, ctx).await?;
            }
            if is_last {
                break;
            }
            if ctx.sources.now() >= stop_at {
                return Ok(Deleted { is_left: true, ..deleted });
            }
        }
    }
    Ok(deleted)
}

/// Looks at some events; returns how many have no bodies any more.
async fn page(due: Vec<(Listed, Option<Expiring>)>, ctx: &Context) -> Result<u32, StepError> {
    let looks = due.into_iter().map(|(listed, expiring)| async move {
        let is_deleted = match &expiring {
            Some(expiring) => look(expiring, ctx).await?,
            // Nobody knows what it is about.
            None => false,
        };
        Ok::<_, StepError>((listed, is_deleted))
    });
    // Collected first, for the compiler cannot prove the lifetimes of a lazy iterator.
    let looks: Vec<_> = looks.collect();
    let looked: Vec<_> = stream::iter(looks).buffer_unordered(MAX_CONCURRENT).collect().await;
    let (mut done, mut failed) = (Vec::new(), None);
    for look in looked {
        match look {
            Ok(look) => done.push(look),
            Err(error) => failed = Some(error),
        }
    }
    let count = done.iter().filter(|(_, is_deleted)| *is_deleted).count();
    // Those that cannot be looked at stay on the list, and hold up no others.
    if let (Some(traces), 1..) = (&ctx.traces, count) {
        traces.clear().await?;
    }
    for (listed, _) in done {
        ctx.expiring.remove(listed).await?;
    }
    failed.map_or(Ok(u32::try_from(count).unwrap_or(u32::MAX)), Err)
}

/// Looks at an event; returns whether its bodies are deleted. Otherwise it is noted when to look again.
async fn look(expiring: &Expiring, ctx: &Context) -> Result<bool, StepError> {
    let Expiring { org_id, config_id, event_id, .. } = expiring;
    let now = ctx.sources.now();
    let record = ctx.events.latest(org_id, *config_id, *event_id).await?;
    if let Some(record) = &record
        && let Some(due) = due(record, now, ctx).await?
    {
        ctx.expiring.look_again(expiring, due).await?;
        return Ok(false);
    }
    ctx.bodies.delete_of(org_id, *config_id, *event_id).await?;
    if let Some(record) = &record {
        ctx.events.delete_answers(record, now).await?;
        if let Some(key) = record.sent.as_ref().and_then(|sent| sent.claim.as_ref()) {
            release(expiring, &SharedBody::Claim(key.clone()), ctx).await?;
        }
    }
    if let Some(shared) = &expiring.shared {
        release(expiring, shared, ctx).await?;
    }
    if let Some(traces) = &ctx.traces
        && !traces.forget(*event_id).await?
    {
        // It has ended, and its execution is about to.
        ctx.expiring.look_again(expiring, now).await?;
        return Ok(false);
    }
    Ok(true)
}

/// When to look at the event again, unless its bodies are to be deleted now.
async fn due(event: &EventRecord, now: Timestamp, ctx: &Context) -> Result<Option<Timestamp>, StepError> {
    if event.bodies_deleted_at.is_some() {
        return Ok(None);
    }
    let kept_for = Duration::from_secs(u64::from(event.body_retention_hours.unwrap_or(1)) * 3600);
    let is_blocking = event.status == Status::Failed
        && ctx.lanes.has(&event.org_id, event.config_id, event.event_id).await?;
    // It ends at the earliest with its next attempt. Whoever cancels it before puts it on the list once more.
    if event.status.is_open() || is_blocking {
        let ends_at = event.next_attempt_at.map_or(now, |at| at.max(now));
        return Ok(Some(ends_at.plus(kept_for)));
    }
    Ok(event.bodies_kept_until().filter(|until| *until > now))
}

/// Deletes what several events may have in common, unless another one still has it.
async fn release(expiring: &Expiring, shared: &SharedBody, ctx: &Context) -> Result<(), StepError> {
    if !ctx.expiring.release(expiring, shared).await? {
        return Ok(());
    }
    match shared {
        SharedBody::Claim(key) => ctx.claims.delete(key).await?,
        SharedBody::Publication(publication_id) => {
            ctx.bodies.delete_published(&expiring.org_id, *publication_id).await?;
        }
    }
    Ok(())
}
