//! What many scenarios have shown together.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use crate::run::Outcome;
use crate::states::pairs;

/// How many of a list are named.
const MAX_NAMED: usize = 20;

/// The sums over scenarios.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// How many scenarios were run.
    pub scenarios: u64,
    /// The seeds of those that failed, with the kind of the first violation.
    pub failed: Vec<(u64, &'static str)>,
    /// How many events were accepted.
    pub accepted: u64,
    /// How many requests reached a receiver.
    pub hits: u64,
    /// How many of them are in no record because the host ended, which at least once allows.
    pub killed: u64,
    /// How many of them are in no record because a fault hid their answer, which at least once allows.
    pub hidden: u64,
    /// How many attempts a fault prevented.
    pub missed: u64,
    /// How many events came out of order because a fault held them up until they were accepted without a place.
    pub unplaced: u64,
    /// How many attempts came before the pause after a fault that another execution of their event recorded.
    pub of_two: u64,
    /// How many notes that an event waits in a lane stay until they expire.
    pub notes: u64,
    /// How often a host was started.
    pub lives: u64,
    /// How much time was simulated.
    pub simulated: Duration,
    /// How often each thing went wrong beside the tasks.
    pub mishaps: BTreeMap<&'static str, u64>,
    /// How often a fault of each kind met each state.
    pub coverage: BTreeMap<(&'static str, &'static str), u64>,
}

impl Report {
    /// Adds a scenario.
    pub fn add(&mut self, outcome: &Outcome) {
        self.scenarios += 1;
        if let Some(violation) = outcome.violations.first() {
            self.failed.push((outcome.scenario.seed, violation.kind));
        }
        self.accepted += outcome.counts.accepted;
        self.hits += outcome.counts.hits;
        self.killed += outcome.counts.killed;
        self.hidden += outcome.counts.hidden;
        self.missed += outcome.counts.missed;
        self.unplaced += outcome.counts.unplaced;
        self.of_two += outcome.counts.of_two;
        self.notes += outcome.counts.notes;
        self.lives += outcome.lives;
        self.simulated += outcome.simulated;
        for (what, count) in &outcome.mishaps {
            *self.mishaps.entry(*what).or_default() += count;
        }
        for (pair, count) in &outcome.coverage {
            *self.coverage.entry(*pair).or_default() += count;
        }
    }

    /// Adds what another report has.
    pub fn merge(&mut self, other: Self) {
        self.scenarios += other.scenarios;
        self.failed.extend(other.failed);
        self.failed.sort_unstable();
        self.accepted += other.accepted;
        self.hits += other.hits;
        self.killed += other.killed;
        self.hidden += other.hidden;
        self.missed += other.missed;
        self.unplaced += other.unplaced;
        self.of_two += other.of_two;
        self.notes += other.notes;
        self.lives += other.lives;
        self.simulated += other.simulated;
        for (what, count) in other.mishaps {
            *self.mishaps.entry(what).or_default() += count;
        }
        for (pair, count) in other.coverage {
            *self.coverage.entry(pair).or_default() += count;
        }
    }

    /// What went wrong, and how often: faults of tasks by their kind, and the rest.
    fn faults(&self) -> BTreeMap<String, u64> {
        let mut faults = BTreeMap::new();
        for ((_, kind), count) in &self.coverage {
            *faults.entry(format!("a task: {kind}")).or_default() += count;
        }
        faults.extend(self.mishaps.iter().map(|(what, count)| ((*what).to_owned(), *count)));
        faults
    }

    /// The pairs of a state and a kind of fault that never met.
    pub fn uncovered(&self) -> Vec<(&'static str, &'static str)> {
        pairs().into_iter().filter(|pair| !self.coverage.contains_key(pair)).collect()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let years = self.simulated.as_secs_f64() / (365.25 * 86_400.0);
        let faults = self.faults();
        let lost = self.failed.iter().filter(|(_, kind)| *kind == "lost").count();
        writeln!(f, "scenarios            {:>10}   ({years:.1} simulated years)", self.scenarios)?;
        writeln!(f, "events accepted      {:>10}", self.accepted)?;
        writeln!(f, "requests received    {:>10}", self.hits)?;
        writeln!(f, "  host ended before  {:>10}   (in no record: they may be repeated)", self.killed)?;
        writeln!(f, "  hidden by a fault  {:>10}   (in no record: they may be repeated)", self.hidden)?;
        writeln!(f, "attempts prevented   {:>10}", self.missed)?;
        writeln!(
            f,
            "out of their order   {:>10}   (held up for ten seconds before they had a place)",
            self.unplaced
        )?;
        writeln!(
            f,
            "before their pause   {:>10}   (the pause is that of another execution of the event)",
            self.of_two
        )?;
        writeln!(
            f,
            "notes that stay      {:>10}   (an event counts as waiting, for 14 days at most)",
            self.notes
        )?;
        writeln!(f, "starts of the host   {:>10}", self.lives)?;
        writeln!(f, "faults               {:>10}", faults.values().sum::<u64>())?;
        faults.iter().try_for_each(|(what, count)| writeln!(f, "  {count:>8}  {what}"))?;
        let (all, never) = (pairs().len(), self.uncovered());
        writeln!(f, "state and fault      {:>10}   of {all} pairs", all - never.len())?;
        never.iter().take(MAX_NAMED).try_for_each(|(state, kind)| writeln!(f, "  never: {state} {kind}"))?;
        writeln!(f, "scenarios with a loss{lost:>10}")?;
        write!(f, "failed scenarios     {:>10}", self.failed.len())?;
        self.failed.iter().take(MAX_NAMED).try_for_each(|(seed, kind)| write!(f, "\n  seed {seed}: {kind}"))
    }
}
