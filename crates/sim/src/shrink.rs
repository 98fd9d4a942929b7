//! Makes a scenario that fails smaller, as long as it fails in the same way.

use crate::aws::Platform;
use crate::plan::{Limit, Scenario};
use crate::run::{Outcome, run};

/// How often a smaller scenario is tried.
const MAX_RUNS: usize = 400;

/// Makes the scenario of `failed` smaller. Returns the smallest that has a violation of the same kind as the first one of `failed`, and
/// how many runs that took.
pub fn shrink(failed: Outcome) -> (Outcome, usize) {
    let Some(kind) = failed.violations.first().map(|violation| violation.kind) else { return (failed, 0) };
    let mut shrinking = Shrinking { kind, smallest: failed, runs: 0 };
    loop {
        let before = shrinking.smallest.scenario.parts();
        shrinking.pass();
        if shrinking.smallest.scenario.parts() == before || shrinking.runs >= MAX_RUNS {
            return (shrinking.smallest, shrinking.runs);
        }
    }
}

struct Shrinking {
    kind: &'static str,
    smallest: Outcome,
    runs: usize,
}

/// A list of a scenario whose items can be left out.
type List<T> = fn(&mut Scenario) -> &mut Vec<T>;

impl Shrinking {
    fn pass(&mut self) {
        for days in 1..self.smallest.scenario.days {
            if self.attempt(|scenario| scenario.days = days) {
                break;
            }
        }
        self.attempt(|scenario| scenario.platform = Platform::Host);
        self.attempt(|scenario| scenario.doubled = 0);
        self.thin(|scenario| &mut scenario.breaks);
        self.thin(|scenario| &mut scenario.task_faults);
        self.thin(|scenario| &mut scenario.table_faults);
        self.thin(|scenario| &mut scenario.jumps);
        self.thin(|scenario| &mut scenario.troubles);
        self.thin(|scenario| &mut scenario.throttles);
        self.thin(|scenario| &mut scenario.operations);
        self.thin(|scenario| &mut scenario.events);
        self.thin(|scenario| &mut scenario.webhooks);
        for webhook in 0..self.smallest.scenario.webhooks.len() {
            self.thin_phases(webhook);
            self.attempt(|scenario| scenario.webhooks[webhook].limit = Limit::None);
            self.attempt(|scenario| scenario.webhooks[webhook].schedule.truncate(1));
        }
    }

    /// Leaves out as much of a list as can be left out: halves, quarters and at last single items.
    fn thin<T>(&mut self, list: List<T>) {
        let mut size = list(&mut self.smallest.scenario.clone()).len();
        while size > 0 {
            let mut at = 0;
            while at < list(&mut self.smallest.scenario.clone()).len() {
                let is_smaller = self.attempt(|scenario| {
                    let items = list(scenario);
                    let end = (at + size).min(items.len());
                    items.drain(at..end);
                });
                if !is_smaller {
                    at += size;
                }
            }
            size /= 2;
        }
    }

    fn thin_phases(&mut self, webhook: usize) {
        let mut at = 0;
        while at < self.smallest.scenario.webhooks.get(webhook).map_or(0, |of| of.phases.len()) {
            let is_smaller = self.attempt(|scenario| {
                scenario.webhooks[webhook].phases.remove(at);
            });
            if !is_smaller {
                at += 1;
            }
        }
    }

    /// Tries a smaller scenario; keeps it if it fails in the same way.
    fn attempt(&mut self, change: impl FnOnce(&mut Scenario)) -> bool {
        let mut smaller = self.smallest.scenario.clone();
        change(&mut smaller);
        if smaller == self.smallest.scenario || self.runs >= MAX_RUNS {
            return false;
        }
        self.runs += 1;
        let Ok(outcome) = run(&smaller) else { return false };
        let fails = outcome.violations.iter().any(|violation| violation.kind == self.kind);
        if fails {
            self.smallest = outcome;
        }
        fails
    }
}
