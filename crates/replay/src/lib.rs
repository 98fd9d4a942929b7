//! The states `Replay` and `StopReplay`: process one batch of a bulk replay. The state machine repeats this
//! until all events have been started.

mod context;
mod start;

use std::collections::HashSet;

use futures_util::{StreamExt, TryStreamExt, stream};
use hookstep_contract::limits::MAX_REPLAYS;
use hookstep_contract::{
    EventId, EventRecord, Reason, ReasonCode, ReplayInput, ReplayJob, ReplayOutput, ReplayStatus, Selection,
    Status, StepError,
};
use hookstep_store::{Partitions, Span};

pub use context::Context;
use start::{Handled, start};

/// How many events are examined in one invocation: this takes a few seconds on AWS.
const BATCH: usize = 100;

/// How many events are read, or executions started, concurrently.
const MAX_CONCURRENT_REQUESTS: usize = 8;

/// The next events of a replay.
struct Batch {
    /// The events, one for each `webhook-id`.
    events: Vec<EventRecord>,
    /// How many of the given ids name no event.
    missing: usize,
    /// The status by which they were selected; `None` if they were given by their ids.
    selected: Option<Status>,
    /// The event to continue after; `None` if this was the last batch.
    next: Option<EventId>,
}

/// Processes the next batch of a bulk replay, or records that the replay failed.
///
/// # Errors
/// `StorageUnavailable` if a table does not respond; `WorkflowUnavailable` if an execution cannot be started.
pub async fn handle(input: ReplayInput, ctx: &Context) -> Result<ReplayOutput, StepError> {
    let (ReplayInput::NextBatch { replay } | ReplayInput::GiveUp { replay, .. }) = &input;
    let job = ctx.replays.get(&replay.org_id, replay.config_id, replay.replay_id).await?;
    let Some(job) = job.filter(|job| job.status == ReplayStatus::InProgress) else {
        return Ok(ReplayOutput { done: true });
    };
    let further = match input {
        ReplayInput::NextBatch { .. } => batch(&job, ctx).await?,
        ReplayInput::GiveUp { error, .. } => {
            let detail = format!("an internal error stopped the replay ({error})");
            let reason = Some(Reason::new(ReasonCode::Platform, detail));
            ReplayJob { status: ReplayStatus::Failed, reason, ..job.clone() }
        }
    };
    let further = ReplayJob { updated_at: ctx.sources.now(), ..further };
    // If another invocation was quicker, its result stands: it started the same events.
    ctx.replays.advance(&job, &further).await?;
    Ok(ReplayOutput { done: further.status != ReplayStatus::InProgress })
}

async fn batch(job: &ReplayJob, ctx: &Context) -> Result<ReplayJob, StepError> {
    let left = MAX_REPLAYS - (job.found as usize).min(MAX_REPLAYS);
    let Batch { events, missing, selected, next } = next_batch(job, left.min(BATCH), ctx).await?;
    let starts: Vec<_> = events.into_iter().map(|event| start(job, event, selected, ctx)).collect();
    let handled: Vec<Handled> = stream::iter(starts).buffered(MAX_CONCURRENT_REQUESTS).try_collect().await?;
    let number = |what| handled.iter().filter(|handled| **handled == what).count();
    let (started, skipped) = (number(Handled::Started), number(Handled::Skipped) + missing);
    let full = started + skipped == left && next.is_some();
    Ok(ReplayJob {
        status: if next.is_none() || full { ReplayStatus::Done } else { ReplayStatus::InProgress },
        found: job.found + count(started + skipped),
        started: job.started + count(started),
        skipped: job.skipped + count(skipped),
        limit_reached: full,
        cursor: next,
        ..job.clone()
    })
}

fn count(events: usize) -> u32 {
    u32::try_from(events).unwrap_or(u32::MAX)
}

async fn next_batch(job: &ReplayJob, limit: usize, ctx: &Context) -> Result<Batch, StepError> {
    let (org_id, config_id) = (&job.org_id, job.config_id);
    let mut batch = match ctx.replays.selection(job).await? {
        Some(Selection::Filter { since, until, status }) => {
            let span = Span { since, until, status };
            let (events, next) =
                ctx.events.oldest(&Partitions::of_replay(job), span, job.cursor, limit).await?;
            Batch { events, missing: 0, selected: Some(status), next }
        }
        Some(Selection::EventIds(ids)) => {
            let seen = job.cursor.and_then(|cursor| ids.iter().position(|id| *id == cursor));
            let rest = ids.get(seen.map_or(0, |seen| seen + 1)..).unwrap_or_default();
            let (now, later) = rest.split_at(rest.len().min(limit));
            let reads: Vec<_> = now.iter().map(|id| ctx.events.get(org_id, config_id, *id)).collect();
            let events: Vec<Option<EventRecord>> =
                stream::iter(reads).buffered(MAX_CONCURRENT_REQUESTS).try_collect().await?;
            let events: Vec<_> = events.into_iter().flatten().collect();
            let missing = now.len() - events.len();
            let next = now.last().copied().filter(|_| !later.is_empty());
            Batch { events, missing, selected: None, next }
        }
        // The replay is past its retention.
        None => Batch { events: Vec::new(), missing: 0, selected: None, next: None },
    };
    let mut seen = HashSet::new();
    batch.events.retain(|event| seen.insert(event.webhook_id()));
    Ok(batch)
}
