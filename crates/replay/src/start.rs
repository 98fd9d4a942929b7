//! Starts one event of a bulk replay again, unless its chain of replays says that this is not due.

use hookstep_contract::{ErrorName, EventId, EventRecord, ReplayChain, ReplayJob, Status, StepError, is_due};
use hookstep_executions::WorkflowError;
use hookstep_store::Redelivery;

use crate::Context;

/// What became of an event that was selected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Handled {
    /// It is sent again.
    Started,
    /// It is left out.
    Skipped,
    /// An earlier batch has sent an event with the same `webhook-id`.
    SeenBefore,
}

/// Sends `event` again, or the newest event of its chain if the replay `selected` events by their status.
pub(crate) async fn start(
    job: &ReplayJob,
    event: EventRecord,
    selected: Option<Status>,
    ctx: &Context,
) -> Result<Handled, StepError> {
    let first = event.webhook_id();
    // One id for each chain: however often a batch is repeated, and however many of its events are selected,
    // a bulk replay makes one event of a chain.
    let event_id =
        EventId::derived(job.created_at, &[job.replay_id.0.as_bytes().as_slice(), first.0.as_bytes()])
            .spread_over(job.shards);
    let chain = ctx.events.chain(&job.org_id, job.config_id, first).await?;
    let claimed = chain.as_ref().filter(|chain| chain.ids.contains(&event_id));
    let newest = match claimed {
        Some(chain) if chain.newest() != Some(event_id) || chain.claimed_at < job.updated_at => {
            return Ok(Handled::SeenBefore);
        }
        // An earlier run of this batch claimed the replay. It may have died before it started it.
        Some(_) if get(job, event_id, ctx).await?.is_some() => return Ok(Handled::Started),
        Some(chain) => previous(job, &event, chain.before(event_id), ctx).await?,
        None => match newest(job, &event, chain.as_ref(), ctx).await? {
            Some(newest) if is_candidate(job, &event, &newest, selected) => newest,
            _ => return Ok(Handled::Skipped),
        },
    };
    let source = if selected.is_some() { newest } else { event };
    let redelivery = Redelivery { event_id, now: job.created_at, reapply: job.reapply };
    let Some(mut input) = redelivery.input(&source, &ctx.events, &ctx.bodies).await? else {
        return Ok(Handled::Skipped);
    };
    input.event.replay_id = Some(job.replay_id);
    match claimed {
        Some(chain) => ctx.events.name_replay(&source, chain, event_id).await?,
        None => {
            let now = ctx.sources.now();
            if !ctx.events.claim_replay(&source, chain.as_ref(), event_id, now).await? {
                // Somebody else replays it.
                return Ok(Handled::Skipped);
            }
        }
    }
    let started = ctx.machines.start(&input).await;
    started.map(|()| Handled::Started).map_err(|error: WorkflowError| {
        StepError::because(ErrorName::WorkflowUnavailable, "a replay could not be started", error)
    })
}

/// Whether the chain of `event` is to be sent again. What changed after the bulk replay was requested is left
/// out, since the request did not mean it: so two that run at once never send an event twice.
fn is_candidate(
    job: &ReplayJob,
    event: &EventRecord,
    newest: &EventRecord,
    selected: Option<Status>,
) -> bool {
    let is_ended = !newest.status.is_open() && newest.updated_at <= job.created_at;
    is_ended
        && match selected {
            Some(selected) => is_due(selected, newest.status),
            // To name an event that was delivered is to ask for it once more.
            None => event.status == Status::Succeeded || newest.status != Status::Succeeded,
        }
}

/// The newest event of the chain; `None` while it is about to be recorded.
async fn newest(
    job: &ReplayJob,
    event: &EventRecord,
    chain: Option<&ReplayChain>,
    ctx: &Context,
) -> Result<Option<EventRecord>, StepError> {
    let Some((chain, newest)) = chain.and_then(|chain| Some((chain, chain.newest()?))) else {
        return Ok(Some(event.clone()));
    };
    Ok(match get(job, newest, ctx).await? {
        Some(newest) => Some(newest),
        None if chain.is_starting(ctx.sources.now()) => None,
        // It was claimed and never started.
        None => Some(previous(job, event, chain.before(newest), ctx).await?),
    })
}

/// The event `before`, or `event` if it no longer exists.
async fn previous(
    job: &ReplayJob,
    event: &EventRecord,
    before: Option<EventId>,
    ctx: &Context,
) -> Result<EventRecord, StepError> {
    let before = match before {
        Some(before) => get(job, before, ctx).await?,
        None => None,
    };
    Ok(before.unwrap_or_else(|| event.clone()))
}

async fn get(job: &ReplayJob, event_id: EventId, ctx: &Context) -> Result<Option<EventRecord>, StepError> {
    Ok(ctx.events.get(&job.org_id, job.config_id, event_id).await?)
}
