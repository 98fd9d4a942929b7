//! What the executions of this process do at the moment, counted as they go.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What the executions of this process do at the moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Activity {
    /// They run.
    pub running: usize,
    /// They are to run as soon as there is a place.
    pub queued: usize,
    /// They wait for a moment.
    pub waiting: usize,
    /// When the oldest one that waits was started, in milliseconds since 1970. One of an earlier process counts from the
    /// start of this one until it has gone on for the first time.
    pub oldest_waiting_since: Option<i64>,
}

/// The counts of an [`Activity`]. Clones share them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Counts(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    running: AtomicUsize,
    queued: AtomicUsize,
    /// How many executions wait, by when they were started.
    waiting: Mutex<BTreeMap<i64, usize>>,
}

/// Counts one execution until it is dropped.
pub(crate) struct Counted {
    counts: Counts,
    what: What,
}

enum What {
    Running,
    Queued,
    WaitingSince(i64),
}

impl Counts {
    pub(crate) fn running(&self) -> Counted {
        self.0.running.fetch_add(1, Ordering::Relaxed);
        self.counted(What::Running)
    }

    pub(crate) fn queued(&self) -> Counted {
        self.0.queued.fetch_add(1, Ordering::Relaxed);
        self.counted(What::Queued)
    }

    /// An execution waits that was started at this time, in milliseconds since 1970.
    pub(crate) fn waiting_since(&self, started_at: i64) -> Counted {
        *self.waiting().entry(started_at).or_default() += 1;
        self.counted(What::WaitingSince(started_at))
    }

    pub(crate) fn activity(&self) -> Activity {
        let waiting = self.waiting();
        Activity {
            running: self.0.running.load(Ordering::Relaxed),
            queued: self.0.queued.load(Ordering::Relaxed),
            waiting: waiting.values().sum(),
            oldest_waiting_since: waiting.keys().next().copied(),
        }
    }

    fn counted(&self, what: What) -> Counted {
        Counted { counts: self.clone(), what }
    }

    fn waiting(&self) -> MutexGuard<'_, BTreeMap<i64, usize>> {
        self.0.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        match self.what {
            What::Running => drop(self.counts.0.running.fetch_sub(1, Ordering::Relaxed)),
            What::Queued => drop(self.counts.0.queued.fetch_sub(1, Ordering::Relaxed)),
            What::WaitingSince(started_at) => {
                let mut waiting = self.counts.waiting();
                if let Some(count) = waiting.get_mut(&started_at) {
                    *count -= 1;
                    if *count == 0 {
                        waiting.remove(&started_at);
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_ends_is_no_longer_counted_and_the_oldest_that_waits_is_known() {
        let counts = Counts::default();
        let old = counts.waiting_since(5);
        let _same = counts.waiting_since(7);
        let same = counts.waiting_since(7);
        let (running, _queued) = (counts.running(), counts.queued());
        let all = Activity { running: 1, queued: 1, waiting: 3, oldest_waiting_since: Some(5) };
        assert_eq!(counts.activity(), all);
        drop((old, same, running));
        let rest = Activity { running: 0, queued: 1, waiting: 1, oldest_waiting_since: Some(7) };
        assert_eq!(counts.activity(), rest);
    }
}
