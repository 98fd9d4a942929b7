//! Runs a scenario from its begin to its end.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;
use std::time::Duration;

use tempfile::TempDir;

use crate::ambient;
use crate::aws::CUT_OFF;
use crate::check::{Counts, Violation, check};
use crate::complaints::Complaints;
use crate::doubles::DOUBLE;
use crate::ledger::Ledger;
use crate::life::{Exit, live};
use crate::messages::RECEIVED_AGAIN;
use crate::plan::{End, Scenario};
use crate::states::STATES;
use crate::throttles::THROTTLED;
use crate::world::{Line, World};

/// A file system in memory, where there is one.
const MEMORY: &str = "/dev/shm";

/// How many lives a host has at most: more than a scenario has breaks.
const MAX_LIVES: usize = 100;

/// What came of a scenario.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The scenario.
    pub scenario: Scenario,
    /// What has happened.
    pub log: Vec<Line>,
    /// What must not be.
    pub violations: Vec<Violation>,
    /// What was counted.
    pub counts: Counts,
    /// How often a fault of each kind met each state.
    pub coverage: BTreeMap<(&'static str, &'static str), u64>,
    /// How often each other thing went wrong.
    pub mishaps: BTreeMap<&'static str, u64>,
    /// How many lives the host had.
    pub lives: u64,
    /// How much time was simulated.
    pub simulated: Duration,
}

impl Outcome {
    /// The log as text, the same to the byte for the same scenario.
    pub fn text(&self) -> String {
        self.log.iter().map(|line| format!("{line}\n")).collect()
    }
}

/// Runs a scenario on this thread.
///
/// # Errors
/// If there is no room for the files of the host.
pub fn run(scenario: &Scenario) -> io::Result<Outcome> {
    let root = if Path::new(MEMORY).is_dir() { TempDir::new_in(MEMORY)? } else { TempDir::new()? };
    let world = World::new(scenario.clone());
    ambient::begin(scenario.seed);
    let lives = tracing::subscriber::with_default(Complaints(world.clone()), || lives(&world, root.path()));
    let (mut violations, counts) = check(&world);
    violations.sort_by_key(|violation| (violation.event.is_none(), violation.kind, violation.event));
    let state = world.state();
    Ok(Outcome {
        scenario: scenario.clone(),
        log: state.log.clone(),
        violations,
        counts,
        coverage: state.coverage.clone(),
        mishaps: mishaps(&state.ledger),
        lives,
        simulated: ambient::elapsed(),
    })
}

/// What went wrong beside the tasks, and how often.
fn mishaps(ledger: &Ledger) -> BTreeMap<&'static str, u64> {
    let ends = ledger.breaks.iter().map(|pause| match pause.how {
        End::Stop => "the host is stopped",
        End::Kill => "the host is killed",
        End::PowerCut(_) => "the power is cut",
    });
    let jumps = ledger.jumps.iter().map(|_| "the clock is set forward");
    let faults = ledger.faults.iter().filter(|fault| !STATES.contains(&&*fault.of));
    let faults = faults.map(|fault| match &*fault.of {
        "disk" => "the disk writes nothing",
        CUT_OFF => "an express execution is cut off",
        DOUBLE => "an execution is started twice",
        RECEIVED_AGAIN => "a message is received again",
        THROTTLED => "a partition of a table is throttled",
        _ => "a call of a table fails",
    });
    let mut counted = BTreeMap::new();
    ends.chain(jumps).chain(faults).for_each(|what| *counted.entry(what).or_default() += 1);
    counted.insert("a read sees what was some time before", ledger.stale_reads);
    counted.insert("a schedule starts late", ledger.late_schedules);
    counted.retain(|_, count| *count > 0);
    counted
}

/// Runs one life of the host after the other. Returns how many there were.
fn lives(world: &World, root: &Path) -> u64 {
    let mut dir = root.join("host");
    for life in 1..=MAX_LIVES {
        match live(world, &dir) {
            Exit::Over => return life as u64,
            Exit::Again(next) => {
                if next != dir {
                    // What the killed process had is gone.
                    let _ = fs::remove_dir_all(&dir);
                }
                dir = next;
            }
            Exit::Broken(why) => {
                world.log(None, &*why);
                world.state().found.push(Violation::of_all("the host is broken", why));
                return life as u64;
            }
        }
    }
    MAX_LIVES as u64
}
