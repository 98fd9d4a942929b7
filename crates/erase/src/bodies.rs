//! Deletes bodies that an org keeps for less long than their events (ADR 0066), and redacts those of which it does not keep all values
//! (ADR 0067).
//!
//! An event is on a list from its beginning, and is looked at once its bodies may be due. If it has not ended by then, or holds up
//! others, it is looked at again later. It stays on the list until everything is deleted, so this can be stopped anywhere.

use std::time::Duration;

use futures_util::{StreamExt, stream};
use hookstep_contract::limits::{days, hours};
use hookstep_contract::{EventId, EventRecord, Status, StepError, Timestamp, error_chain};
use hookstep_store::{EXPIRING_SPREAD, Expiring, Listed, Open, SharedBody};

use crate::redaction::Done;
use crate::{Context, redaction};

/// How many events are read from a partition of the list at once.
const PAGE: i32 = 100;

/// How many events are looked at concurrently.
pub(crate) const MAX_CONCURRENT: usize = 16;

/// For how long after its acceptance an event without a record may still get one: it may wait in a queue, and is started again.
const RECORDED_WITHIN: Duration = days(14);

/// What was done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Deleted {
    /// How many events have no bodies any more, or redacted ones.
    pub(crate) events: u32,
    /// Whether more may be due.
    pub(crate) is_left: bool,
}

/// A run through the list.
#[derive(Debug, Default)]
struct Run {
    deleted: Deleted,
    /// What is deleted, and is to be taken off the list once it is in no file any more.
    uncleared: Vec<Listed>,
    /// The first failure. What has failed stays on the list, and holds up nothing behind it.
    failed: Option<StepError>,
}

impl Run {
    /// Keeps the first failure for the end of the run, and tells of the others now.
    fn fail(&mut self, error: StepError) {
        if self.failed.is_none() {
            self.failed = Some(error);
        } else {
            tracing::warn!(error.chain = error_chain(&error), "more bodies could not be deleted");
        }
    }
}

/// Deletes the bodies that are due, until `stop_at`.
pub(crate) async fn delete_due(stop_at: Timestamp, ctx: &Context) -> Result<Deleted, StepError> {
    let mut run = Run::default();
    for spread in partitions(ctx.sources.now()) {
        if let Err(error) = partition(spread, stop_at, &mut run, ctx).await {
            run.fail(error);
        }
        if run.deleted.is_left {
            break;
        }
    }
    if let (Some(traces), false) = (&ctx.traces, run.uncleared.is_empty()) {
        match traces.clear().await {
            Ok(()) => remove(std::mem::take(&mut run.uncleared), ctx).await?,
            Err(error) => run.fail(error),
        }
    }
    run.failed.map_or(Ok(run.deleted), Err)
}

/// All partitions of the list. Each run begins with another one, so that none is always the last.
fn partitions(now: Timestamp) -> impl Iterator<Item = u8> {
    let minute = now.unix_seconds().div_euclid(60);
    let first = u8::try_from(minute.rem_euclid(EXPIRING_SPREAD.into())).unwrap_or_default();
    (0..EXPIRING_SPREAD).map(move |step| (first + step) % EXPIRING_SPREAD)
}

/// Looks at what is due in a partition, until `stop_at`.
async fn partition(spread: u8, stop_at: Timestamp, run: &mut Run, ctx: &Context) -> Result<(), StepError> {
    let now = ctx.sources.now();
    let mut after = None;
    loop {
        let due = ctx.expiring.due(spread, now, after.as_ref(), PAGE).await?;
        let is_last = due.len() < usize::try_from(PAGE).unwrap_or(usize::MAX);
        after = due.last().cloned();
        page(due, run, ctx).await?;
        if is_last {
            return Ok(());
        }
        if ctx.sources.now() >= stop_at {
            run.deleted.is_left = true;
            return Ok(());
        }
    }
}

/// Looks at some events.
async fn page(due: Vec<Listed>, run: &mut Run, ctx: &Context) -> Result<(), StepError> {
    let looks = due.into_iter().map(|listed| async move {
        let is_deleted = match &listed.expiring {
            Some(expiring) => look(expiring, ctx).await?,
            // Nobody knows what it is about.
            None => false,
        };
        Ok::<_, StepError>((listed, is_deleted))
    });
    // Collected first, for the compiler cannot prove the lifetimes of a lazy iterator.
    let looks: Vec<_> = looks.collect();
    let looked: Vec<_> = stream::iter(looks).buffer_unordered(MAX_CONCURRENT).collect().await;
    let mut done = Vec::new();
    for look in looked {
        match look {
            Ok((listed, is_deleted)) => {
                run.deleted.events += u32::from(is_deleted);
                let is_uncleared = is_deleted && ctx.traces.is_some();
                let list = if is_uncleared { &mut run.uncleared } else { &mut done };
                list.push(listed);
            }
            Err(error) => run.fail(error),
        }
    }
    remove(done, ctx).await
}

/// Takes events off the list.
async fn remove(done: Vec<Listed>, ctx: &Context) -> Result<(), StepError> {
    let removals: Vec<_> = done.into_iter().map(|listed| ctx.expiring.remove(listed)).collect();
    let removed: Vec<_> = stream::iter(removals).buffer_unordered(MAX_CONCURRENT).collect().await;
    for result in removed {
        result?;
    }
    Ok(())
}

/// Looks at an event; returns whether its bodies are deleted. Otherwise it is noted when to look again.
async fn look(expiring: &Expiring, ctx: &Context) -> Result<bool, StepError> {
    let Expiring { org_id, config_id, event_id, .. } = expiring;
    let now = ctx.sources.now();
    let record = ctx.events.latest(org_id, *config_id, *event_id).await?;
    let mut due = match &record {
        Some(record) => due(record, expiring, now, ctx).await?,
        None => unrecorded_until(*event_id, now),
    };
    if due.is_none() && is_being_published(expiring, ctx).await? {
        due = Some(if expiring.redacts { now } else { now.plus(hours(1)) });
    }
    // First of all, for an execution that is alive may still need its bodies. Those that have ended are deleted by this, and it is
    // decided that they go: only the list is needed to go on from here.
    if due.is_none()
        && let Some(traces) = &ctx.traces
        && !traces.forget(*event_id).await?
    {
        due = Some(now);
    }
    if let Some(due) = due {
        ctx.expiring.look_again(expiring, due).await?;
        return Ok(false);
    }
    match &record {
        Some(record) if expiring.redacts => redact(expiring, record, now, ctx).await,
        record => delete(expiring, record.as_ref(), now, ctx).await.map(|()| true),
    }
}

/// Redacts the bodies of an event that has ended, or deletes them if that cannot be done; returns whether one of both is done.
async fn redact(
    expiring: &Expiring,
    record: &EventRecord,
    now: Timestamp,
    ctx: &Context,
) -> Result<bool, StepError> {
    let mut done = redaction::redact(expiring, record, ctx).await?;
    if done == Done::Unredactable && !redaction::is_known_to_all(expiring, ctx).await? {
        done = Done::Later;
    }
    match done {
        Done::Later => ctx.expiring.look_again(expiring, now).await?,
        Done::Unredactable => delete(expiring, Some(record), now, ctx).await?,
        Done::Redacted if expiring.hours.is_some() => {
            let redacted = Expiring { redacts: false, ..expiring.clone() };
            // Never in the minute of the item that is taken off the list now.
            let due = record.updated_at.plus(redacted.kept_for()).max(now);
            ctx.expiring.look_again(&redacted, due).await?;
        }
        Done::Redacted => {}
    }
    Ok(done != Done::Later)
}

/// When to look at the event again, unless its bodies are to be deleted now.
async fn due(
    event: &EventRecord,
    expiring: &Expiring,
    now: Timestamp,
    ctx: &Context,
) -> Result<Option<Timestamp>, StepError> {
    if event.bodies_deleted_at.is_some() {
        return Ok(None);
    }
    let kept_for = match event.body_retention_hours.filter(|_| !expiring.redacts) {
        Some(kept) => hours(kept),
        None => expiring.kept_for(),
    };
    let is_blocking = event.status == Status::Failed
        && ctx.lanes.has(&event.org_id, event.config_id, event.event_id).await?;
    // It ends at the earliest with its next attempt. Whoever cancels it before puts it on the list once more.
    if event.status.is_open() || is_blocking {
        let ends_at = event.next_attempt_at.map_or(now, |at| at.max(now));
        return Ok(Some(ends_at.plus(kept_for)));
    }
    let until = event.updated_at.plus(kept_for);
    Ok((until > now).then_some(until))
}

/// When to look again at an event without a record: it may be about to get one. Later it has been erased, or was never made.
pub(crate) fn unrecorded_until(event_id: EventId, now: Timestamp) -> Option<Timestamp> {
    (now < event_id.accepted_at().plus(RECORDED_WITHIN)).then(|| now.plus(days(1)))
}

/// Whether not all deliveries of the event's publication are started: those that are not have no item at its body yet.
async fn is_being_published(expiring: &Expiring, ctx: &Context) -> Result<bool, StepError> {
    let Some(publication_id) = expiring.shared.as_ref().and_then(SharedBody::publication_id) else {
        return Ok(false);
    };
    let publication = ctx.publications.get(&expiring.org_id, publication_id).await?;
    Ok(publication.is_some_and(|(_, open)| open == Open::Yes))
}

/// Deletes all bodies of an event, but for those that another one needs.
async fn delete(
    expiring: &Expiring,
    record: Option<&EventRecord>,
    now: Timestamp,
    ctx: &Context,
) -> Result<(), StepError> {
    let Expiring { org_id, config_id, event_id, .. } = expiring;
    ctx.bodies.delete_of(org_id, *config_id, *event_id).await?;
    if let Some(record) = record {
        ctx.events.delete_answers(record, now).await?;
        // It has made this itself, and whoever sends it again has its hours.
        if let Some(key) = sent_claim(record) {
            let sent = SharedBody::Claim(key.to_owned());
            if ctx.expiring.release(expiring, &sent).await? {
                ctx.claims.delete(key).await?;
            }
        }
    }
    let Some(shared) = &expiring.shared else { return Ok(()) };
    // Nobody is left who would redact it.
    if let (true, SharedBody::Publication(publication_id)) =
        (ctx.expiring.release_unredacted(expiring).await?, shared)
    {
        ctx.bodies.delete_published(org_id, *publication_id).await?;
    }
    if !ctx.expiring.release(expiring, shared).await? || !is_unused(expiring, record, shared, ctx).await? {
        return Ok(());
    }
    match shared {
        SharedBody::Claim(key) => ctx.claims.delete(key).await?,
        SharedBody::Publication(publication_id) => {
            ctx.bodies.delete_published(org_id, *publication_id).await?;
        }
    }
    Ok(())
}

/// Whether nobody needs a body that no event on the list has any more. If it is not known, the body stays until its retention.
async fn is_unused(
    expiring: &Expiring,
    record: Option<&EventRecord>,
    shared: &SharedBody,
    ctx: &Context,
) -> Result<bool, StepError> {
    if let SharedBody::Claim(key) = shared {
        let is_used = match record {
            Some(record) => {
                let maker = maker(record, key, ctx).await?;
                maker.is_some_and(|maker| maker.bodies_deleted_at.is_none())
            }
            // Whose body it has sent again is not known.
            None => shared.publication_id().is_none() && shared.id() != Some(expiring.event_id),
        };
        if is_used {
            return Ok(false);
        }
    }
    let Some(made_at) = shared.made_at() else { return Ok(false) };
    let org = ctx.orgs.latest(&expiring.org_id).await?;
    Ok(org.is_some_and(|org| org.lists_all_users_of(made_at)))
}

/// The event whose transform made what a replay of it has sent again; `None` if it is gone, or no transform made it.
async fn maker(replay: &EventRecord, key: &str, ctx: &Context) -> Result<Option<EventRecord>, StepError> {
    let mut before = replay.replay_of;
    while let Some(event_id) = before {
        let Some(event) = ctx.events.latest(&replay.org_id, replay.config_id, event_id).await? else {
            return Ok(None);
        };
        if sent_claim(&event) == Some(key) {
            return Ok(Some(event));
        }
        // A replay of a replay has the same object.
        before = event.replay_of.filter(|_| event.claim.as_deref() == Some(key));
    }
    Ok(None)
}

/// The key of the object that an event's transform has made.
fn sent_claim(event: &EventRecord) -> Option<&str> {
    event.sent.as_ref()?.claim.as_deref()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_run_goes_through_all_partitions_from_another_one() {
        for (time, first) in [("00:00:59", 0), ("00:07:00", 7), ("00:08:00", 0)] {
            let now = format!("1970-01-01T{time}Z").parse().unwrap();
            let all: Vec<_> = partitions(now).collect();
            assert_eq!(all[0], first);
            assert!((0..EXPIRING_SPREAD).all(|spread| all.contains(&spread)), "{all:?}");
        }
    }

    #[test]
    fn an_event_without_a_record_is_looked_at_for_fourteen_days() {
        let event_id: EventId = "0190a000-0000-7000-8000-00000000000a".parse().unwrap();
        let after = |count| event_id.accepted_at().plus(days(count));
        assert_eq!(unrecorded_until(event_id, after(0)), Some(after(1)));
        assert_eq!(unrecorded_until(event_id, after(13)), Some(after(14)));
        assert_eq!(unrecorded_until(event_id, after(14)), None);
    }
}
