//! Finds events that are in progress though nothing works on them any more, and starts them again (ADR 0038).
//!
//! It goes through the watch list slot by slot and looks at the events that a slot names. It can be stopped anywhere and
//! run twice at once: an event is put on the list again before anything happens to it, and claimed before it is started.

mod context;
mod event;
mod publication;
mod slot;
mod verdict;

use std::time::Duration;

use hookstep_contract::limits::WATCH_SLOT;
use hookstep_contract::{StepError, Timestamp};
use hookstep_store::WatchCursor;
use serde::{Deserialize, Serialize};

pub use context::Context;
use event::Done;

/// When a run stops, to go on in the next one: a minute before the function's time-out.
pub const RUN_LIMIT: Duration = Duration::from_secs(240);

/// How far the first run of all looks back.
const FIRST_LOOK: Duration = Duration::from_secs(2 * 3600);

/// The event of the schedule that starts a run. It says nothing.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
pub struct Tick {}

/// What a run did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// How many overdue events were started again.
    pub restarted: u32,
    /// How many overdue events were ended as failed.
    pub ended: u32,
    /// Of how many publications the deliveries were started.
    pub published: u32,
}

/// Goes through the watch list, up to the events whose attempts may still be under way.
///
/// # Errors
/// `StorageUnavailable` if a table does not respond; `WorkflowUnavailable` if an execution cannot be started. The next
/// run goes on where this one stopped.
pub async fn handle(_: Tick, ctx: &Context) -> Result<Report, StepError> {
    let (begun_at, done) = (ctx.sources.now(), Done::default());
    let result = run(begun_at, &done, ctx).await;
    let report = done.report();
    if report != Report::default() {
        let Report { restarted, ended, published } = report;
        tracing::warn!(
            metric = "OverdueEvents",
            restarted,
            ended,
            published,
            "events were in progress though nothing worked on them"
        );
    }
    result.map(|()| report)
}

async fn run(begun_at: Timestamp, done: &Done, ctx: &Context) -> Result<(), StepError> {
    let first = || WatchCursor { slot: begun_at.minus(FIRST_LOOK).floor(WATCH_SLOT), last: None };
    let mut cursor = ctx.watch_list.cursor().await?.unwrap_or_else(first);
    let stop_at = begun_at.plus(ctx.run_limit);
    while cursor.slot.plus(WATCH_SLOT + ctx.overdue_after) <= begun_at {
        let (slot, last) = (cursor.slot, slot::look_through(&cursor, stop_at, done, ctx).await?);
        let is_cut_off = last.is_some();
        cursor = if is_cut_off {
            WatchCursor { slot, last }
        } else {
            WatchCursor { slot: slot.plus(WATCH_SLOT), last: None }
        };
        ctx.watch_list.advance(&cursor).await?;
        if is_cut_off || ctx.sources.now() >= stop_at {
            break;
        }
    }
    Ok(())
}
