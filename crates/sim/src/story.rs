//! Tells what happened in a scenario that failed, so that a person can follow it.

use std::fmt;
use std::time::Duration;

use crate::past::STALE;
use crate::run::Outcome;
use crate::world::Line;

/// How many lines of a story are told at most, at its begin and at its end.
const MAX_LINES: usize = 120;

/// A scenario that failed, for people.
#[derive(Debug)]
pub struct Story<'a>(pub &'a Outcome);

impl fmt::Display for Story<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Outcome { scenario, log, violations, .. } = self.0;
        for violation in violations {
            writeln!(f, "* {violation}")?;
        }
        writeln!(
            f,
            "\nThe scenario (seed {}, {:?}, {} % doubled):",
            scenario.seed, scenario.platform, scenario.doubled
        )?;
        for webhook in &scenario.webhooks {
            writeln!(f, "  {webhook:?}")?;
        }
        for event in &scenario.events {
            writeln!(f, "  {event:?}")?;
        }
        scenario.operations.iter().try_for_each(|part| writeln!(f, "  {part:?}"))?;
        scenario.task_faults.iter().try_for_each(|part| writeln!(f, "  {part:?}"))?;
        scenario.table_faults.iter().try_for_each(|part| writeln!(f, "  {part:?}"))?;
        scenario.breaks.iter().try_for_each(|part| writeln!(f, "  {part:?}"))?;
        scenario.jumps.iter().try_for_each(|part| writeln!(f, "  {part:?}"))?;
        scenario.troubles.iter().try_for_each(|part| writeln!(f, "  {part:?}"))?;
        scenario.throttles.iter().try_for_each(|part| writeln!(f, "  {part:?}"))?;
        writeln!(f, "\nWhat happened:")?;
        let about = |event: u32| violations.iter().any(|violation| violation.event == Some(event));
        // An old read is told if it came shortly before something that the story is about.
        let moments: Vec<_> =
            log.iter().filter(|line| line.event.is_some_and(about)).map(|line| line.at).collect();
        let is_near =
            |line: &Line| moments.iter().any(|at| *at >= line.at && *at - line.at < Duration::from_secs(1));
        let is_told = |line: &&Line| match line.event {
            Some(event) => about(event),
            None => !line.text.starts_with(STALE) || is_near(line),
        };
        let is_about_all = violations.iter().all(|violation| violation.event.is_none());
        let lines: Vec<_> = log.iter().filter(|line| is_about_all || is_told(line)).collect();
        let (begin, end) = lines.split_at(lines.len().min(MAX_LINES));
        begin.iter().try_for_each(|line| writeln!(f, "  {line}"))?;
        let left_out = end.len().saturating_sub(MAX_LINES);
        if left_out > 0 {
            writeln!(f, "  … {left_out} lines are left out …")?;
        }
        end.iter().skip(left_out).try_for_each(|line| writeln!(f, "  {line}"))
    }
}
