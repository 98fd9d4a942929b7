//! One webhook's lane: what waits, and whose turn it is. Pure.

use std::collections::VecDeque;
use std::time::Duration;

use hookstep_contract::limits::MAX_IN_FLIGHT;
use hookstep_contract::{LaneLimits, Pace, Timestamp, WebhookConfig};
use tokio::time::Instant;

use super::orders::{HeldBack, Orders, Waiting};

/// A webhook's lane.
#[derive(Debug, Default)]
pub(super) struct Lane {
    /// The messages that may have their turn, in the order in which they were sent.
    waiting: VecDeque<Waiting>,
    /// The orders of events, which are behind one that waits, is in flight or is held.
    pub(super) orders: Orders,
    /// The revision of the webhook at the last look, and whether it was enabled.
    seen: Option<(u64, bool)>,
    /// How many executions run.
    pub(super) in_flight: u32,
    pace: Pace<Instant>,
    /// Whether the pace has held up what waits.
    is_held: bool,
    /// Until when the receiver wants nothing.
    paused_until: Option<Instant>,
    /// Whether something has changed since it was last looked whose turn it is.
    pub(super) is_changed: bool,
    /// When it is looked next by itself.
    pub(super) timer: Option<Instant>,
    /// When it was last looked for events that are over.
    swept_at: Option<Instant>,
    /// Whether only probes were sent when it was last looked.
    is_probed: bool,
}

/// How often it is looked for events that are over.
const SWEEP: Duration = Duration::from_secs(1);

/// How late an attempt that was held up may begin without delaying those after it: timers ring up to some milliseconds late.
const LATENESS: Duration = Duration::from_millis(20);

/// How many executions of a lane without limits run at once: of a webhook that was disabled or deleted. What waited for it may be
/// very much.
const WITHOUT_LIMITS: u32 = 100;

/// Whose turn it is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// This message's.
    Now(Waiting),
    /// The next message's, at this time.
    At(Instant),
    /// The next message's, after an execution has ended.
    AfterAnother,
    /// Nobody's, and there is nothing to remember.
    Idle,
}

impl Lane {
    /// A message was sent.
    pub(super) fn join(&mut self, waiting: Waiting) {
        self.waiting.extend(self.orders.join(waiting));
    }

    /// An event is over: the next one in its order may have its turn, after those of other orders.
    pub(super) fn leave(&mut self, waiting: &Waiting) {
        let next = waiting.order.as_deref().and_then(|order| self.orders.leave(order));
        self.waiting.extend(next);
    }

    /// A message could not have its turn. Others come first, for it may be one that can never have it; not so in an order.
    pub(super) fn put_off(&mut self, waiting: Waiting) {
        self.waiting.push_back(waiting);
    }

    /// Takes note of what the webhook is now. If it has changed, what is held may not have to be any more.
    pub(super) fn see(&mut self, config: Option<&WebhookConfig>) {
        let seen = config.map(|config| (config.revision, config.fields.enabled));
        if self.seen != seen {
            self.seen = seen;
            self.waiting.extend(self.orders.release(|_| true));
        }
    }

    /// Lets the held events have their turn of which this is true.
    pub(super) fn release(&mut self, is_released: impl Fn(&HeldBack) -> bool) {
        self.waiting.extend(self.orders.release(is_released));
    }

    /// Whose turn it is at `now`.
    pub(super) fn next(&mut self, limits: &LaneLimits, now: Instant) -> Turn {
        let due = self.orders.due(now);
        self.waiting.extend(due);
        if self.waiting.is_empty() {
            self.is_held = false;
            let held_until = self.orders.next_at();
            return match self.rest(limits, now) {
                Turn::At(at) => Turn::At(held_until.map_or(at, |until| until.min(at))),
                rest => held_until.map_or(rest, Turn::At),
            };
        }
        let has_limits = *limits != LaneLimits::default();
        // Who takes away the limits wants what waits to be sent.
        let heeds_pause = has_limits && *limits != LaneLimits::UNLIMITED_WEBHOOK;
        if let Some(end) = self.paused_until.filter(|end| heeds_pause && *end > now) {
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
        self.pop()
    }

    /// Whose turn it is at `now` while only probes are sent, of which the next one may begin `pause` later.
    pub(super) fn next_probe(&mut self, pause: Duration, now: Instant) -> Turn {
        self.is_probed = true;
        if self.waiting.is_empty() {
            // A receiver that takes no events is asked before the next attempt is due.
            let may_begin = self.in_flight == 0 && self.may_probe_at(pause, now).is_none();
            self.waiting.extend(may_begin.then(|| self.orders.soonest_retry()).flatten());
        }
        if self.waiting.is_empty() {
            return match self.next(&LaneLimits::default(), now) {
                Turn::At(at) => Turn::At(at.min(now + SWEEP)),
                turn => turn,
            };
        }
        match self.may_probe_at(pause, now) {
            // Events may be over before that, or before an execution has ended.
            Some(at) => Turn::At(at.min(now + SWEEP)),
            None if self.in_flight > 0 => Turn::At(now + SWEEP),
            None => self.pop(),
        }
    }

    /// When a probe may begin, if not now.
    fn may_probe_at(&self, pause: Duration, now: Instant) -> Option<Instant> {
        self.paused_until.max(Some(now + pause)).filter(|at| *at > now)
    }

    /// The receiver takes events again, whatever it has asked for while it did not.
    pub(super) fn end_probes(&mut self) {
        if std::mem::take(&mut self.is_probed) {
            self.paused_until = None;
        }
    }

    /// The messages whose events are over by when they were due, as far as there are places for them. The events are not sent any
    /// more.
    pub(super) fn outlived(&mut self, is_over: impl Fn(Timestamp) -> bool, now: Instant) -> Vec<Waiting> {
        let room = usize::try_from(WITHOUT_LIMITS.saturating_sub(self.in_flight)).unwrap_or(0);
        if room == 0 || self.swept_at.is_some_and(|last| now.duration_since(last) < SWEEP) {
            return Vec::new();
        }
        self.waiting.extend(self.orders.release(|held| held.is_retried_and(&is_over)));
        let mut over = Vec::new();
        let mut index = 0;
        while let Some(waiting) = self.waiting.get(index).filter(|_| over.len() < room) {
            if is_over(waiting.due_at) {
                over.extend(self.waiting.remove(index));
            } else {
                index += 1;
            }
        }
        // If there was no room for all, the rest follows as soon as there is.
        self.swept_at = (over.len() < room).then_some(now);
        self.in_flight += u32::try_from(over.len()).unwrap_or(u32::MAX);
        over
    }

    /// Takes back a message whose turn is not taken.
    pub(super) fn give_back(&mut self, waiting: Waiting) {
        self.in_flight -= 1;
        self.waiting.push_front(waiting);
    }

    fn pop(&mut self) -> Turn {
        let Some(first) = self.waiting.pop_front() else { return Turn::Idle };
        self.in_flight += 1;
        Turn::Now(first)
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

    /// Message `n` is due in second `n`.
    fn waiting(id: &str) -> Waiting {
        Waiting { id: id.to_owned(), due_at: second(id.parse().unwrap()), order: None }
    }

    fn second(second: u64) -> Timestamp {
        Timestamp::from_unix_seconds(1_767_323_045).unwrap().plus(Duration::from_secs(second))
    }

    fn lane(messages: usize) -> Lane {
        Lane {
            waiting: (0..messages).map(|number| waiting(&number.to_string())).collect(),
            ..Lane::default()
        }
    }

    fn now(id: &str) -> Turn {
        Turn::Now(waiting(id))
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

    #[test]
    fn a_probe_is_alone_and_comes_when_it_is_due() {
        let (mut lane, start) = (lane(3), Instant::now());
        let pause = SWEEP / 2;
        lane.in_flight = 1;
        assert_eq!(lane.next_probe(Duration::ZERO, start), Turn::At(start + SWEEP));
        lane.in_flight = 0;
        assert_eq!(lane.next_probe(pause, start), Turn::At(start + pause));
        lane.pause(start + pause);
        assert_eq!(lane.next_probe(Duration::ZERO, start), Turn::At(start + pause));
        let later = start + pause;
        assert_eq!(lane.next_probe(Duration::ZERO, later), now("0"));
        assert_eq!(lane.next_probe(Duration::ZERO, later), Turn::At(later + SWEEP));
        lane.give_back(waiting("0"));
        assert_eq!(lane.next_probe(Duration::ZERO, later), now("0"));
    }

    #[test]
    fn a_pause_that_a_probe_was_answered_with_ends_with_the_probes() {
        let (mut lane, start) = (lane(2), Instant::now());
        let limits = LaneLimits { max_in_flight: Some(2), rate: None };
        assert_eq!(lane.next_probe(Duration::ZERO, start), now("0"));
        lane.pause(start + Duration::from_secs(600));
        assert!(matches!(lane.next(&limits, start), Turn::At(_)));
        lane.end_probes();
        assert_eq!(lane.next(&limits, start), now("1"));
        lane.pause(start + Duration::from_secs(600));
        lane.end_probes();
        assert!(lane.paused_until.is_some());
    }

    #[test]
    fn what_is_over_leaves_wherever_it_waits_and_is_looked_for_once_in_a_while() {
        let (mut lane, start) = (lane(3), Instant::now());
        lane.waiting.push_back(waiting("1"));
        let is_over = |due_at| due_at <= second(1);
        assert_eq!(lane.outlived(is_over, start), [waiting("0"), waiting("1"), waiting("1")]);
        assert_eq!((lane.in_flight, &lane.waiting), (3, &[waiting("2")].into()));
        assert_eq!(lane.outlived(|_| true, start), []);
        let later = start + SWEEP;
        lane.in_flight = WITHOUT_LIMITS;
        assert_eq!(lane.outlived(|_| true, later), []);
        lane.in_flight = 0;
        assert_eq!(lane.outlived(|_| true, later), [waiting("2")]);
    }

    #[test]
    fn what_is_over_leaves_as_places_become_free() {
        let (mut lane, start) = (lane(250), Instant::now());
        let mut count = || {
            let over = lane.outlived(|_| true, start).len();
            lane.in_flight = 0;
            over
        };
        assert_eq!([count(), count(), count(), count()], [100, 100, 50, 0]);
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
                    Turn::Now(waiting) => seen.push(waiting.id),
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
