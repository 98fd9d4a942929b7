//! One webhook's lane: what waits, and whose turn it is. Pure.

use std::collections::VecDeque;

use hookstep_contract::LaneLimits;
use tokio::time::Instant;

use super::pace::Pace;

/// A webhook's lane.
#[derive(Debug, Default)]
pub(super) struct Lane {
    /// The ids of the messages that wait, in the order in which they were sent.
    pub(super) waiting: VecDeque<String>,
    /// How many executions run.
    pub(super) in_flight: u32,
    pace: Pace,
}

/// Whose turn it is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// This message's.
    Now(String),
    /// The next message's, at this time.
    At(Instant),
    /// The next message's, after an execution has ended.
    AfterAnother,
    /// Nobody's, and there is nothing to remember.
    Idle,
}

impl Lane {
    /// Whose turn it is at `now`.
    pub(super) fn next(&mut self, limits: &LaneLimits, now: Instant) -> Turn {
        if self.waiting.is_empty() {
            return self.rest(limits, now);
        }
        if limits.max_in_flight.is_some_and(|most| self.in_flight >= most) {
            return Turn::AfterAnother;
        }
        if let Some(rate) = &limits.rate {
            let earliest = self.pace.earliest(rate, now);
            if earliest > now {
                return Turn::At(earliest);
            }
            self.pace.begin(rate, now);
        }
        self.in_flight += 1;
        self.waiting.pop_front().map_or(Turn::Idle, Turn::Now)
    }

    /// What is to be done while nothing waits. The lane stays until its pace may be forgotten.
    fn rest(&self, limits: &LaneLimits, now: Instant) -> Turn {
        if self.in_flight > 0 {
            return Turn::AfterAnother;
        }
        limits.rate.and_then(|_| self.pace.rested(now)).map_or(Turn::Idle, Turn::At)
    }
}
