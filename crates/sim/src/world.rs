//! What is outside of the host, and outlives it: the time, the log, the disk, and what receivers and producers know.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use hookstep_asl::Json;
use tokio::sync::Notify;

use crate::ambient;
use crate::check::Violation;
use crate::disk::Disk;
use crate::doubles::Double;
use crate::ledger::Ledger;
use crate::observe::Observed;
use crate::past::{Past, STALE};
use crate::plan::{Break, End, Scenario};

/// How many steps a week has at most: many times as many as the busiest one.
const MAX_STEPS: u64 = 2_000_000;

/// The world of one run. Clones share it.
#[derive(Clone, Debug)]
pub(crate) struct World(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    scenario: Scenario,
    state: Mutex<State>,
    /// A life of the host is to end.
    ends: Notify,
    /// Something is to be started a second time.
    doubled: Notify,
}

/// The mutable part of a world.
#[derive(Debug)]
pub(crate) struct State {
    /// What has happened, in order.
    pub(crate) log: Vec<Line>,
    /// How many lines of it are no old reads: what only looks for something makes these, too.
    pub(crate) happened: usize,
    /// What receivers, producers and observers know.
    pub(crate) ledger: Ledger,
    /// What reads see that do not ask for consistency.
    pub(crate) past: Past,
    /// The disk of the host that runs.
    pub(crate) disk: Disk,
    /// How many calls each state had, in all and for each event.
    pub(crate) task_calls: BTreeMap<(&'static str, Option<u32>), u32>,
    /// How many calls each table had.
    pub(crate) table_calls: BTreeMap<String, u32>,
    /// How often a fault of each kind met each state.
    pub(crate) coverage: BTreeMap<(&'static str, &'static str), u64>,
    /// The numbers of events by their ids, as far as tasks have named both.
    pub(crate) event_ids: BTreeMap<String, u32>,
    /// The last plan of each event, for a planted bug.
    pub(crate) plans: BTreeMap<u32, Json>,
    /// What was found to be wrong while it happened.
    pub(crate) found: Vec<Violation>,
    /// When producers do something again, by the numbers of their events.
    pub(crate) appointments: BTreeMap<u32, Duration>,
    /// What is to be started a second time, and how often that was considered.
    pub(crate) doubles: Vec<Double>,
    pub(crate) considered: u64,
    /// How many messages were received, where they may be received again.
    pub(crate) messages: u64,
    /// How many schedules were made, where they may be late.
    pub(crate) schedules: u64,
    /// Which operations were begun, by their place in the scenario.
    pub(crate) operations: BTreeSet<usize>,
    /// Which lost events were put back, by the ids of their messages.
    pub(crate) redriven: BTreeSet<String>,
    /// Which breaks were armed, by their place in the scenario.
    pub(crate) armed_breaks: BTreeSet<usize>,
    /// What the host says in the end.
    pub(crate) observed: Option<Observed>,
    /// Whether the webhooks are there: before, there are no faults.
    pub(crate) is_set_up: bool,
    /// How many steps were made.
    pub(crate) steps: u64,
    /// The break that comes next, once it is time.
    armed: Option<(u32, Break)>,
    /// How the current life has ended, if it has.
    end: Option<(Break, Option<PathBuf>)>,
}

impl State {
    fn is_dead(&self) -> bool {
        self.end.as_ref().is_some_and(|(how, _)| how.end != End::Stop)
    }
}

/// Something that has happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// When, since the begin.
    pub at: Duration,
    /// The event that it is about, by its number.
    pub event: Option<u32>,
    /// What.
    pub text: String,
}

impl World {
    /// The world of a scenario, before anything has happened.
    pub(crate) fn new(scenario: Scenario) -> Self {
        let state = State {
            log: Vec::new(),
            happened: 0,
            ledger: Ledger::default(),
            past: Past::default(),
            disk: Disk::default(),
            task_calls: BTreeMap::new(),
            table_calls: BTreeMap::new(),
            coverage: BTreeMap::new(),
            event_ids: BTreeMap::new(),
            plans: BTreeMap::new(),
            found: Vec::new(),
            appointments: BTreeMap::new(),
            doubles: Vec::new(),
            considered: 0,
            messages: 0,
            schedules: 0,
            operations: BTreeSet::new(),
            redriven: BTreeSet::new(),
            steps: 0,
            armed_breaks: BTreeSet::new(),
            observed: None,
            is_set_up: false,
            armed: None,
            end: None,
        };
        Self(Arc::new(Shared {
            scenario,
            state: Mutex::new(state),
            ends: Notify::new(),
            doubled: Notify::new(),
        }))
    }

    /// The scenario.
    pub(crate) fn scenario(&self) -> &Scenario {
        &self.0.scenario
    }

    /// The mutable part. It is never held across an await.
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes that something has happened.
    pub(crate) fn log(&self, event: Option<u32>, text: impl Into<String>) {
        let line = Line { at: ambient::elapsed(), event, text: text.into() };
        let mut state = self.state();
        state.happened += usize::from(!line.text.starts_with(STALE));
        state.log.push(line);
    }

    /// Something is to be started a second time.
    pub(crate) fn tell_double(&self) {
        self.0.doubled.notify_one();
    }

    /// Returns when something more is to be started a second time.
    pub(crate) async fn next_double(&self) {
        self.0.doubled.notified().await;
    }

    /// The next life of the host begins.
    pub(crate) fn revive(&self) {
        let mut state = self.state();
        (state.armed, state.end) = (None, None);
        state.past.forget();
        state.appointments.clear();
    }

    /// Whether the process was killed. Whatever its tasks still do has no effect on the world.
    pub(crate) fn is_dead(&self) -> bool {
        self.state().is_dead()
    }

    /// The process ends after some more steps.
    pub(crate) fn arm(&self, coming: Break) {
        let mut state = self.state();
        if state.armed.is_none() {
            state.armed = Some((coming.steps, coming));
        }
    }

    /// A step of the host: a place where its process may end. Returns false if the host does not come any further.
    pub(crate) fn step(&self) -> bool {
        let mut state = self.state();
        if state.is_dead() {
            return false;
        }
        state.steps += 1;
        if state.steps == MAX_STEPS {
            state.found.push(Violation::of_all("no end", "the host is busy with itself"));
            state.end = Some((Break { at: 0, steps: 0, end: End::Kill, down: 0 }, None));
            drop(state);
            self.0.ends.notify_one();
            return false;
        }
        let Some((steps, _)) = &mut state.armed else { return true };
        if let Some(fewer) = steps.checked_sub(1) {
            *steps = fewer;
            return true;
        }
        let Some((_, coming)) = state.armed.take() else { return true };
        drop(state);
        self.end(coming);
        !self.is_dead()
    }

    /// Ends the life of the host: here and now, unless it is stopped, which whoever drives it brings about.
    fn end(&self, coming: Break) {
        self.log(
            None,
            match coming.end {
                End::Stop => "the host is stopped".to_owned(),
                End::Kill => "the host is KILLED".to_owned(),
                End::PowerCut(lost) => format!("POWER CUT: {lost} % of what was not synced is lost"),
            },
        );
        let mut state = self.state();
        let left = state.disk.survivor(coming.end);
        state.ledger.host_ends(ambient::elapsed(), coming.end);
        state.end = Some((coming, left));
        drop(state);
        self.0.ends.notify_one();
    }

    /// Waits for the end of the current life. Returns the directory that is left, unless the host is stopped.
    pub(crate) async fn ended(&self) -> (Break, Option<PathBuf>) {
        loop {
            if let Some(end) = self.state().end.clone() {
                return end;
            }
            self.0.ends.notified().await;
        }
    }
}

impl std::fmt::Display for Line {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (secs, millis) = (self.at.as_secs(), self.at.subsec_millis());
        let (days, hours, minutes, seconds) = (secs / 86_400, secs / 3600 % 24, secs / 60 % 60, secs % 60);
        write!(f, "{days}d {hours:02}:{minutes:02}:{seconds:02}.{millis:03}  ")?;
        match self.event {
            Some(event) => write!(f, "#{event:<4} {}", self.text),
            None => write!(f, "      {}", self.text),
        }
    }
}
