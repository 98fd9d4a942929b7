//! Erases what is to go before its time.
//!
//! That is: single events by request (ADR 0064); bodies that are kept for less long than their events (ADR 0066); values in bodies
//! that an org does not keep (ADR 0067); and what a deleted org has (ADR 0054), its webhooks with their secrets, keys and
//! connections, its tokens and sessions, and everything of it in the events table and in the bucket of claim checks.
//!
//! It can be stopped anywhere and run twice at once: it goes through everything again and again, notes how far it came, and ends
//! when nothing was found in a pass that began after everything had come to rest.

mod bodies;
mod context;
mod event_erasures;
mod everything;
mod redaction;
mod traces;

use std::time::Duration;

use hookstep_contract::{Erasure, StepError, Timestamp};
use serde::{Deserialize, Serialize};

pub use context::Context;
pub use traces::{Forgetting, Traces};

/// When a run stops, to go on in the next one: a minute before the function's time-out.
pub const RUN_LIMIT: Duration = Duration::from_secs(240);

/// For how long after the last attempt or upload something may still be written: an express execution lasts five minutes.
pub const SETTLE: Duration = Duration::from_secs(300);

/// The event of the schedule that starts a run. It says nothing.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
pub struct Tick {}

/// What a run did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// How many orgs and how many requests to erase events were carried out to the end.
    pub erased: u32,
    /// Of how many events the bodies were deleted before them.
    pub bodies: u32,
    /// How many are still being carried out.
    pub left: u32,
}

impl Report {
    /// Counts whether something was carried out to the end; returns why it was not, if it has failed.
    fn count(&mut self, erased: Result<bool, StepError>) -> Option<StepError> {
        match erased {
            Ok(true) => self.erased += 1,
            Ok(false) => self.left += 1,
            Err(error) => {
                self.left += 1;
                return Some(error);
            }
        }
        None
    }
}

/// Goes on with every request to erase events and with every org that is being deleted, until the time of the run is over.
///
/// # Errors
/// `StorageUnavailable` if a table or the bucket does not respond. The next run goes on where this one stopped.
pub async fn handle(_: Tick, ctx: &Context) -> Result<Report, StepError> {
    let stop_at = ctx.sources.now().plus(ctx.run_limit);
    // First, for they are on time.
    let (bodies, mut failed) = match delete_bodies(ctx).await {
        Ok(bodies) => (bodies, None),
        Err(error) => (0, Some(error)),
    };
    let mut report = Report { bodies, ..Report::default() };
    // Then these, for they are small. The first one of each kind always gets a step further, and one that cannot be carried out does
    // not hold up the others.
    for (place, erasure) in ctx.erasures.running().await?.into_iter().enumerate() {
        let is_over = place > 0 && ctx.sources.now() >= stop_at;
        let erased = if is_over { Ok(false) } else { event_erasures::erase(erasure, stop_at, ctx).await };
        failed = report.count(erased).or(failed);
    }
    for (place, erasure) in ctx.orgs.erasures().await?.into_iter().enumerate() {
        let is_over = place > 0 && ctx.sources.now() >= stop_at;
        let erased = if is_over { Ok(false) } else { erase(erasure, stop_at, ctx).await };
        failed = report.count(erased).or(failed);
    }
    failed.map_or(Ok(report), Err)
}

/// Deletes the bodies that are due, for half of the time of a run at most; returns of how many events. Those that are left are
/// deleted by the next run.
///
/// # Errors
/// `StorageUnavailable` if a table or the bucket does not respond, or on one machine the file of the storage cannot be cleared.
pub async fn delete_bodies(ctx: &Context) -> Result<u32, StepError> {
    let stop_at = ctx.sources.now().plus(ctx.run_limit / 2);
    let deleted = bodies::delete_due(stop_at, ctx).await?;
    if deleted.is_left {
        tracing::warn!(events = deleted.events, "more bodies are due than could be deleted");
    }
    Ok(deleted.events)
}

/// Goes on with one org; returns whether it is erased.
async fn erase(mut erasure: Erasure, stop_at: Timestamp, ctx: &Context) -> Result<bool, StepError> {
    // A first pass that cannot be the last one is made all the same: most of what there is goes at once.
    while erasure.pass.is_some() || erasure.is_new() || ctx.sources.now() >= erasure.at_rest_at {
        let is_whole = everything::pass(&mut erasure, stop_at, ctx).await?;
        if is_whole && erasure.end_pass() {
            ctx.orgs.end_erasure(&erasure.org_id).await?;
            let Erasure { org_id, webhooks, events, .. } = &erasure;
            tracing::info!(org.id = %org_id, webhooks, events, "an org was erased");
            return Ok(true);
        }
        ctx.orgs.note_erasure(&erasure).await?;
        if ctx.sources.now() >= stop_at {
            break;
        }
    }
    Ok(false)
}
