//! The executions that wait.
//!
//! Only those that are due soon are in memory; the rest is in the journal, which is read again and again for the next
//! ones. So a host with a hundred thousand events that wait starts at once and needs no memory for them.

use std::collections::{BTreeSet, HashSet};

use crate::drive::Sleep;
use crate::journal::Waiting;

/// How far ahead the journal is read, in milliseconds.
const AHEAD: i64 = 120_000;

/// How long before the end of what was read the journal is read again, in milliseconds. Meanwhile, what is due is in memory,
/// even if the journal answers slowly.
const EARLY: i64 = 60_000;

/// The pause before the journal is read again after an error, in milliseconds.
const AFTER_ERROR: i64 = 10_000;

/// The executions that are due soon, and how far the journal was read for them. Times are in milliseconds since 1970.
#[derive(Debug)]
pub(crate) struct Sleepers {
    soon: BTreeSet<Waiting>,
    /// All that were in the journal and are due before this time were in `soon`.
    read_until: i64,
    /// The same, once a read that was begun has ended. From its beginning on, nobody who is due before is left to the journal.
    reading_until: i64,
    /// Those that were woken though they are due after `read_until`: a read that was begun may still find them.
    woken: HashSet<Waiting>,
    /// When the journal is to be read again; `None` while it is read.
    next_read: Option<i64>,
}

/// A range of times that the journal is to be read for, without its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Range {
    pub(crate) from: i64,
    pub(crate) to: i64,
}

impl Sleepers {
    pub(crate) fn new() -> Self {
        Self {
            soon: BTreeSet::new(),
            read_until: i64::MIN,
            reading_until: i64::MIN,
            woken: HashSet::new(),
            next_read: Some(i64::MIN),
        }
    }

    /// Keeps an execution in memory if it is due soon. Otherwise its checkpoint in the journal is found in time.
    pub(crate) fn add(&mut self, sleep: Sleep, now: i64) {
        let Sleep { arn, wake_at } = sleep;
        if wake_at < self.reading_until.max(now.saturating_add(AHEAD)) {
            self.soon.insert(Waiting { wake_at, arn });
        }
    }

    /// When the next execution is due, or the journal is to be read.
    pub(crate) fn next(&self) -> Option<i64> {
        let due = self.soon.first().map(|first| first.wake_at);
        [due, self.next_read].into_iter().flatten().min()
    }

    /// Takes an execution that is due.
    pub(crate) fn pop(&mut self, now: i64) -> Option<String> {
        self.soon.first().filter(|first| first.wake_at <= now)?;
        let first = self.soon.pop_first()?;
        if first.wake_at >= self.read_until {
            self.woken.insert(first.clone());
        }
        Some(first.arn)
    }

    /// What the journal is to be read for now, if it is time. [`Self::found`] or [`Self::failed`] has to follow.
    pub(crate) fn begin_read(&mut self, now: i64) -> Option<Range> {
        self.next_read.take_if(|at| *at <= now)?;
        self.reading_until = self.reading_until.max(now.saturating_add(AHEAD));
        Some(Range { from: self.read_until, to: self.reading_until })
    }

    /// Takes in what the journal had.
    pub(crate) fn found(&mut self, found: Vec<Waiting>) {
        let woken = std::mem::take(&mut self.woken);
        self.soon.extend(found.into_iter().filter(|waiting| !woken.contains(waiting)));
        self.read_until = self.reading_until;
        self.woken = woken.into_iter().filter(|waiting| waiting.wake_at >= self.read_until).collect();
        self.next_read = Some(self.read_until.saturating_sub(EARLY));
    }

    /// The journal could not be read.
    pub(crate) fn failed(&mut self, now: i64) {
        self.next_read = Some(now.saturating_add(AFTER_ERROR));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waiting(wake_at: i64) -> Waiting {
        Waiting { wake_at, arn: wake_at.to_string() }
    }

    fn sleep(wake_at: i64) -> Sleep {
        Sleep { wake_at, arn: wake_at.to_string() }
    }

    fn due(sleepers: &mut Sleepers, now: i64) -> Vec<String> {
        std::iter::from_fn(|| sleepers.pop(now)).collect()
    }

    #[test]
    fn the_journal_is_read_range_by_range_before_anything_is_due() {
        let mut sleepers = Sleepers::new();
        assert_eq!(sleepers.next(), Some(i64::MIN));
        assert_eq!(sleepers.begin_read(0), Some(Range { from: i64::MIN, to: AHEAD }));
        assert_eq!((sleepers.next(), sleepers.begin_read(0)), (None, None));
        sleepers.found(vec![waiting(-5), waiting(7)]);
        assert_eq!(due(&mut sleepers, 6), ["-5"]);
        assert_eq!(sleepers.next(), Some(7));
        assert_eq!(due(&mut sleepers, 7), ["7"]);
        assert_eq!((sleepers.next(), sleepers.begin_read(EARLY - 1)), (Some(EARLY), None));
        let next = Range { from: AHEAD, to: EARLY + AHEAD };
        assert_eq!(sleepers.begin_read(EARLY), Some(next));
    }

    #[test]
    fn what_is_due_late_is_left_to_the_journal() {
        let mut sleepers = Sleepers::new();
        sleepers.begin_read(0);
        sleepers.found(Vec::new());
        sleepers.add(sleep(AHEAD + 1), 0);
        sleepers.add(sleep(AHEAD - 1), 0);
        assert_eq!(due(&mut sleepers, i64::MAX), [(AHEAD - 1).to_string()]);
    }

    #[test]
    fn what_comes_while_the_journal_is_read_is_woken_once() {
        let mut sleepers = Sleepers::new();
        sleepers.begin_read(0);
        for wake_at in [1, 2] {
            sleepers.add(sleep(wake_at), 0);
        }
        assert_eq!(due(&mut sleepers, 1), ["1"]);
        sleepers.found([1, 2, 3].map(waiting).into());
        assert_eq!(due(&mut sleepers, 3), ["2", "3"]);
    }

    #[test]
    fn what_was_woken_while_the_journal_could_not_be_read_is_woken_once() {
        let mut sleepers = Sleepers::new();
        sleepers.begin_read(0);
        sleepers.failed(0);
        assert_eq!(sleepers.next(), Some(AFTER_ERROR));
        sleepers.add(sleep(5), 0);
        assert_eq!(due(&mut sleepers, 5), ["5"]);
        assert!(sleepers.begin_read(AFTER_ERROR).is_some());
        sleepers.found([5, 6].map(waiting).into());
        assert_eq!(due(&mut sleepers, AFTER_ERROR), ["6"]);
    }
}
