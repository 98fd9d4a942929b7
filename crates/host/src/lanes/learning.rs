//! How much a receiver takes, for a webhook whose limits follow it (ADR 0052). Pure.
//!
//! What is learned is in memory. Now and then it is stored in the webhook, where people see it and the next process begins.

use std::time::Duration;

use hookstep_contract::{Learned, Load, Seen, Timestamp};

/// The shortest time between two writes.
const STORE_EVERY: Duration = Duration::from_secs(10);

/// What was learned of a receiver.
#[derive(Debug)]
pub(super) struct Learning {
    pub(super) learned: Learned,
    seen: Seen,
    /// What is stored, as far as is known.
    stored: Option<Learned>,
    /// What is being stored.
    storing: Option<Learned>,
    /// When something was last written, or the process began to learn.
    stored_at: Timestamp,
}

impl Learning {
    /// What is known at first: what is stored.
    pub(super) fn new(stored: Option<&Learned>, now: Timestamp) -> Self {
        Self {
            learned: stored.cloned().unwrap_or_else(|| Learned::new(now)),
            seen: Seen::default(),
            stored: stored.cloned(),
            storing: None,
            stored_at: now,
        }
    }

    /// Compares with what is stored. If it was not written by us, it counts: the owner has changed the webhook.
    pub(super) fn follow(&mut self, stored: Option<&Learned>, now: Timestamp) {
        if stored == self.stored.as_ref() {
            return;
        }
        if stored.is_some() && stored == self.storing.as_ref() {
            self.stored = self.storing.take();
            return;
        }
        *self = Self::new(stored, now);
    }

    /// Takes note of an attempt that began then, and has just ended.
    pub(super) fn note(&mut self, load: &Load, began_at: Timestamp, now: Timestamp) {
        if !self.learned.is_about(began_at) {
            return;
        }
        self.seen.count(load, now.since(began_at), now);
        if self.seen.is_enough(now) {
            if let Some(learned) = self.learned.after(&self.seen, 1, now) {
                self.learned = learned;
            }
            self.seen = Seen::default();
        }
    }

    /// What is to be stored, if it is time, and much has changed.
    pub(super) fn due(&mut self, now: Timestamp) -> Option<Learned> {
        let is_near = |stored: &Learned| self.learned.is_near(stored);
        if now.since(self.stored_at) < STORE_EVERY || self.stored.as_ref().is_some_and(is_near) {
            return None;
        }
        self.stored_at = now;
        self.storing = Some(self.learned.clone());
        self.storing.clone()
    }
}

#[cfg(test)]
mod tests {
    use hookstep_contract::LoadSign;

    use super::*;

    fn at(millis: u64) -> Timestamp {
        Timestamp::from_unix_seconds(1_767_323_045).unwrap().plus(Duration::from_millis(millis))
    }

    fn answered() -> Load {
        Load { sign: LoadSign::Answered, duration_ms: 5, pause_seconds: None }
    }

    /// Attempts at the highest rate, from one moment to another.
    fn attempts(learning: &mut Learning, from: u64, to: u64) {
        let mut now = from;
        while now < to {
            now += (60_000 / u64::from(learning.learned.per_minute())).max(1);
            learning.note(&answered(), at(now - 5), at(now));
        }
    }

    #[test]
    fn what_was_learned_is_stored_now_and_then_and_goes_on_after_a_restart() {
        let mut learning = Learning::new(None, at(0));
        assert_eq!(learning.due(at(9_999)), None);
        attempts(&mut learning, 0, 6_000);
        assert!(learning.learned.per_minute() > 1_000, "{learning:?}");
        let stored = learning.due(at(10_000)).unwrap();
        assert_eq!(stored, learning.learned);
        // It has not been read yet.
        learning.follow(None, at(10_001));
        learning.follow(Some(&stored), at(10_002));
        assert_eq!(learning.learned, stored);
        // Nothing has changed.
        assert_eq!(learning.due(at(25_000)), None);
        assert_eq!(Learning::new(Some(&stored), at(30_000)).learned, stored);
    }

    #[test]
    fn what_somebody_else_has_stored_counts() {
        let mut learning = Learning::new(None, at(0));
        attempts(&mut learning, 0, 6_000);
        let stored = learning.due(at(10_000)).unwrap();
        learning.follow(Some(&stored), at(10_001));
        attempts(&mut learning, 10_000, 12_000);
        assert_ne!(learning.learned, stored);
        // The owner has given the webhook another URL.
        learning.follow(None, at(13_000));
        assert_eq!(learning.learned, Learned::new(at(13_000)));
    }
}
