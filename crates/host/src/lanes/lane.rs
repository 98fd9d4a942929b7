//! One webhook's lane: what waits, and whose turn it is. Pure.

use std::collections::VecDeque;
use std::time::Duration;

use hookstep_contract::limits::MAX_IN_FLIGHT;
use hookstep_contract::{LaneLimits, Pace};
use tokio::time::Instant;

/// A webhook's lane.
#[derive(Debug, Default)]
pub(super) struct Lane {
    /// The ids of the messages that wait, in the order in which they were sent.
    pub(super) waiting: VecDeque<String>,
    /// How many executions run.
    pub(super) in_flight: u32,
    pace: Pace<Instant>,
    /// Whether the pace has held up what waits.
    is_held: bool,
    /// Until when the receiver wants nothing.
    paused_until: Option<Instant>,
}

/// How late an attempt that was held up may begin without delaying those after it: timers ring up to some milliseconds late.
const LATENESS: Duration = Duration::from_millis(20);

/// How many executions of a lane without limits run at once: of a webhook that lost its limits, was disabled or deleted. What
/// waited for it may be very much.
const WITHOUT_LIMITS: u32 = 100;

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
            self.is_held = false;
            return self.rest(limits, now);
        }
        let has_limits = *limits != LaneLimits::default();
        if let Some(end) = self.paused_until.filter(|end| has_limits && *end > now) {
            return Turn::At(end);
        }
        let most = if has_limits { MAX_IN_FLIGHT } else { WITHOUT_LIMITS };
        if self.in_flight >= limits.max_in_flight.unwrap_or(most) {
            self.is_held = false;
            return Turn::AfterAnother;
        }
        if let Some(spacing) = limits.rate.map(|rate| rate.spacing()) {
            let earliest = self.pace.earliest(&spacing, now);
            if earliest > now {
                self.is_held = true;
                return Turn::At(earliest);
            }
            let lateness = if self.is_held { LATENESS } else { Duration::ZERO };
            self.pace.begin(&spacing, now, lateness);
        }
        self.in_flight += 1;
        self.waiting.pop_front().map_or(Turn::Idle, Turn::Now)
    }

    /// Lets nobody have a turn until `end`, or a later time of which this was said before.
    pub(super) fn pause(&mut self, end: Instant) {
        self.paused_until = self.paused_until.max(Some(end));
    }

    /// What is to be done while nothing waits. The lane stays until its pace and its pause may be forgotten.
    fn rest(&mut self, limits: &LaneLimits, now: Instant) -> Turn {
        if self.in_flight > 0 {
            return Turn::AfterAnother;
        }
        let paid = limits.rate.and_then(|rate| self.pace.paid(&rate.spacing(), now));
        let paused_until = self.paused_until.filter(|end| *end > now);
        paid.max(paused_until).map_or(Turn::Idle, Turn::At)
    }
}

#[cfg(test)]
mod tests {
    use hookstep_contract::{Period, RateLimit};
    use proptest::prelude::*;

    use super::*;

    fn lane(messages: usize) -> Lane {
        Lane { waiting: (0..messages).map(|number| number.to_string()).collect(), ..Lane::default() }
    }

    fn now(id: &str) -> Turn {
        Turn::Now(id.to_owned())
    }

    #[test]
    fn without_limits_all_have_their_turn_at_once() {
        let (mut lane, start) = (lane(3), Instant::now());
        let limits = LaneLimits::default();
        let turns: Vec<_> = (0..4).map(|_| lane.next(&limits, start)).collect();
        assert_eq!(turns, [now("0"), now("1"), now("2"), Turn::AfterAnother]);
        lane.in_flight = 0;
        assert_eq!(lane.next(&limits, start), Turn::Idle);
    }

    #[test]
    fn a_limit_that_is_raised_lets_more_through_and_one_that_is_lowered_waits_for_those_in_flight() {
        let (mut lane, start) = (lane(9), Instant::now());
        let mut turns = |most: u32, ended: u32| {
            lane.in_flight -= ended;
            let limits = LaneLimits { max_in_flight: Some(most), rate: None };
            let is_now = |turn: &Turn| matches!(turn, Turn::Now(_));
            std::iter::repeat_with(|| lane.next(&limits, start)).take_while(is_now).count()
        };
        assert_eq!([turns(1, 0), turns(1, 0), turns(3, 0), turns(3, 1)], [1, 0, 2, 1]);
        assert_eq!([turns(1, 2), turns(1, 1)], [0, 1]);
    }

    #[test]
    fn a_lane_is_forgotten_when_its_pace_may_be() {
        let (mut lane, start) = (lane(1), Instant::now());
        let rate = RateLimit { events: 1, per: Period::Minute, burst: 1 };
        let limits = LaneLimits { max_in_flight: None, rate: Some(rate) };
        assert_eq!(lane.next(&limits, start), now("0"));
        lane.in_flight = 0;
        let minute = start + Duration::from_secs(60);
        assert_eq!(lane.next(&limits, start), Turn::At(minute));
        assert_eq!(lane.next(&limits, minute), Turn::Idle);
    }

    #[test]
    fn nobody_has_a_turn_during_a_pause_and_the_lane_remembers_it() {
        let (mut lane, start) = (lane(1), Instant::now());
        let limits = LaneLimits { max_in_flight: Some(1), rate: None };
        let end = start + Duration::from_secs(9);
        lane.pause(end);
        lane.pause(start);
        assert_eq!(lane.next(&limits, start), Turn::At(end));
        assert_eq!(lane.next(&limits, end), now("0"));
        lane.in_flight = 0;
        assert_eq!(lane.next(&limits, start), Turn::At(end));
        assert_eq!(lane.next(&limits, end), Turn::Idle);
    }

    proptest! {
        /// Whatever ends when: no more are in flight than allowed, all have their turn in order, and nobody waits in vain.
        #[test]
        fn all_have_their_turn_in_order(
            messages in 0..60_usize,
            most in prop::option::of(1..5_u32),
            rate in prop::option::of((1..20_u32, 1..5_u32)),
            ends in prop::collection::vec(any::<bool>(), 400),
        ) {
            let rate = rate.map(|(events, burst)| RateLimit { events, per: Period::Second, burst });
            let limits = LaneLimits { max_in_flight: most, rate };
            let (mut lane, mut time) = (lane(messages), Instant::now());
            let mut seen = Vec::new();
            for ends in ends {
                match lane.next(&limits, time) {
                    Turn::Now(id) => seen.push(id),
                    Turn::At(moment) => {
                        prop_assert!(moment > time);
                        time = moment;
                    }
                    Turn::AfterAnother => {
                        prop_assert!(lane.in_flight > 0);
                        lane.in_flight -= 1;
                    }
                    Turn::Idle => break,
                }
                prop_assert!(most.is_none_or(|most| lane.in_flight <= most));
                if ends && lane.in_flight > 0 {
                    lane.in_flight -= 1;
                }
            }
            let expected: Vec<_> = (0..messages).map(|number| number.to_string()).collect();
            prop_assert_eq!(seen, expected);
        }
    }
}
