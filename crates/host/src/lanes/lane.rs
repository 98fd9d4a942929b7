//! One webhook's lane: what waits, and whose turn it is. Pure.

use std::collections::VecDeque;
use std::time::Duration;

use hookstep_contract::limits::MAX_IN_FLIGHT;
use hookstep_contract::{LaneLimits, Ordering, Pace, Timestamp, WebhookConfig};
use tokio::time::Instant;

use super::orders::{HeldBack, Orders, Waiting};

/// A webhook's lane.
#[derive(Debug, Default)]
pub(super) struct Lane {
    /// The messages that may have their turn, in the order in which they were sent.
    waiting: VecDeque<Waiting>,
    /// The orders of events, which are behind one that waits, is in flight or is held.
    pub(super) orders: Orders,
    /// What the webhook said of its order at the last look; `None` if it was disabled or deleted.
    seen: Option<Option<Ordering>>,
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

    /// A message could not have its turn. Others come first, for it may be one that can never have it; those behind it in
    /// its order do not.
    pub(super) fn put_off(&mut self, waiting: Waiting) {
        self.waiting.push_back(waiting);
    }

    /// Takes note of what the webhook says of its order. If that has changed, what is held may not have to be any more.
    pub(super) fn see(&mut self, config: Option<&WebhookConfig>) {
        let enabled = config.filter(|config| config.fields.enabled);
        let now = enabled.map(|config| config.fields.ordering.as_ref());
        if self.seen.as_ref().map(Option::as_ref) != now {
            self.seen = now.map(Option::<&Ordering>::cloned);
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
                // What blocks its order waits for a person.
                Turn::Idle if held_until.is_none() && !self.orders.is_empty() => Turn::AfterAnother,
                rest => held_until.map_or(rest, Turn::At),
            };
        }
        let has_limits = *limits != LaneLimits::default();
        // Who takes away the limits wants what waits to be sent.
        let without_limits = [LaneLimits::UNLIMITED_WEBHOOK, LaneLimits::ORDERED_WEBHOOK];
        let heeds_pause = has_limits && !without_limits.contains(limits);
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
mod tests;
