//! Eventual reads: on AWS, a read that does not ask for consistency may see the tables as they were up to a second ago.
//!
//! Every commit leaves a snapshot. Half of these reads see the latest one; for the others, a moment within the last second is drawn,
//! and they see what was committed by then.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use hookstep_host::TableCall;
use hookstep_storage::{Snapshot, Work};

use crate::aws::Platform;
use crate::world::World;
use crate::{Dice, ambient};

/// How old it is at most what a read sees.
const OLDEST: Duration = Duration::from_secs(1);

/// How the lines of the log begin that are about such reads.
pub(crate) const STALE: &str = "STALE";

/// The tables of the product. The host has others, in which it keeps its schedules and queues.
const TABLES: [&str; 4] = ["configs", "events", "tokens", ""];

/// What was committed lately.
#[derive(Debug, Default)]
pub(crate) struct Past {
    commits: VecDeque<(Duration, Arc<Snapshot>)>,
    /// How many reads there were.
    reads: u64,
}

impl Past {
    /// Forgets what was committed, when the host ends.
    pub(crate) fn forget(&mut self) {
        self.commits.clear();
    }

    /// What was visible at a moment; `None` if that is what is visible now.
    fn at(&self, moment: Duration) -> Option<Arc<Snapshot>> {
        let (latest, earlier) = self.commits.iter().next_back().zip(self.commits.len().checked_sub(1))?;
        if latest.0 <= moment {
            return None;
        }
        let seen = self.commits.iter().take(earlier).rev().find(|(at, _)| *at <= moment)?;
        Some(Arc::clone(&seen.1))
    }
}

/// Keeps what was just committed.
pub(crate) fn keep(world: &World, work: &Work) {
    if world.scenario().platform != Platform::Aws {
        return;
    }
    // Without it, reads see what is visible.
    let Ok(snapshot) = work.snapshot() else { return };
    let now = ambient::elapsed();
    let past = &mut world.state().past;
    past.commits.push_back((now, Arc::new(snapshot)));
    while past.commits.get(1).is_some_and(|(at, _)| *at + OLDEST < now) {
        past.commits.pop_front();
    }
}

/// What an eventual read sees, if not what is visible now.
pub(crate) fn seen(world: &World, call: &TableCall<'_>) -> Option<Arc<Snapshot>> {
    if world.scenario().platform != Platform::Aws || !call.is_eventual || !TABLES.contains(&call.table) {
        return None;
    }
    let mut state = world.state();
    state.past.reads += 1;
    let mut dice = Dice::of(world.scenario().seed, "read", state.past.reads);
    if !state.is_set_up || dice.chance(50) {
        return None;
    }
    let ago = Duration::from_millis(dice.below(OLDEST.as_millis() as u64));
    let seen = state.past.at(ambient::elapsed().saturating_sub(ago))?;
    if is_of_watch_list(call) {
        return Some(seen);
    }
    state.ledger.stale_reads += 1;
    drop(state);
    world.log(
        None,
        format!("{STALE}: {} of {} sees what was {} ms ago", call.operation, call.table, ago.as_millis()),
    );
    Some(seen)
}

/// Whether it is a read of the watch list, of which every look of `reconcile` makes eight for each slot: these are not told.
fn is_of_watch_list(call: &TableCall<'_>) -> bool {
    let partition = call.values.and_then(|values| values.get(":pk")?.as_s().ok());
    partition.is_some_and(|partition| partition.starts_with("watch#"))
}
