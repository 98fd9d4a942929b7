//! What the executions of this process do at the moment.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// What the executions of this process do at the moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Activity {
    /// They run.
    pub running: usize,
    /// They are to run as soon as there is a place.
    pub queued: usize,
    /// They wait for a moment.
    pub waiting: usize,
    /// When the oldest one that waits was started, in milliseconds since 1970.
    pub oldest_waiting_since: Option<i64>,
}

/// The counts of an [`Activity`]. Clones share them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Counts(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    running: AtomicUsize,
    queued: AtomicUsize,
}

/// Counts one execution as running until it is dropped.
pub(crate) struct Counted(Counts);

impl Counts {
    pub(crate) fn running(&self) -> Counted {
        self.0.running.fetch_add(1, Ordering::Relaxed);
        Counted(self.clone())
    }

    pub(crate) fn set_queued(&self, count: usize) {
        self.0.queued.store(count, Ordering::Relaxed);
    }

    /// The activity, but for the executions that wait, which are in the journal alone.
    pub(crate) fn activity(&self) -> Activity {
        Activity {
            running: self.0.running.load(Ordering::Relaxed),
            queued: self.0.queued.load(Ordering::Relaxed),
            ..Activity::default()
        }
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.0.running.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_ends_is_no_longer_counted() {
        let counts = Counts::default();
        let running = counts.running();
        counts.set_queued(1);
        assert_eq!(counts.activity(), Activity { running: 1, queued: 1, ..Activity::default() });
        drop(running);
        assert_eq!(counts.activity(), Activity { queued: 1, ..Activity::default() });
    }
}
