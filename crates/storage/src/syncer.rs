//! The thread that makes commits durable and answers them.

use std::fs::File;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::job::Job;
use crate::settings::CommitObserver;
use crate::{Durability, StorageError};

/// How long a commit that nobody waits for may stay off the disk: usually the next one that somebody waits for comes before,
/// and both share its sync.
const LATEST: Duration = Duration::from_millis(20);

/// Commits that are visible but not durable yet.
#[derive(Default)]
struct Pending {
    /// The changes that somebody waits for.
    jobs: Vec<Box<dyn Job>>,
    /// When the writer took the oldest of them.
    jobs_since: Option<Instant>,
    /// When the writer took the oldest commit, whether somebody waits for it or not.
    since: Option<Instant>,
    closed: bool,
}

/// What the next sync makes durable: the changes that somebody waits for, and since when.
type Taken = (Vec<Box<dyn Job>>, Option<Instant>);

/// Where the writer leaves its commits.
#[derive(Default)]
pub(crate) struct Commits {
    pending: Mutex<Pending>,
    arrived: Condvar,
    broken: AtomicBool,
}

impl Commits {
    pub(crate) fn push(&self, jobs: impl IntoIterator<Item = Box<dyn Job>>, since: Instant) {
        let mut pending = self.lock();
        pending.jobs.extend(jobs);
        let is_first = pending.since.is_none();
        pending.since.get_or_insert(since);
        let is_waited_for = !pending.jobs.is_empty();
        if is_waited_for {
            pending.jobs_since.get_or_insert(since);
        }
        drop(pending);
        if is_first || is_waited_for {
            self.arrived.notify_one();
        }
    }

    /// Nothing follows: the syncer ends after what there is.
    pub(crate) fn close(&self) {
        self.lock().closed = true;
        self.arrived.notify_one();
    }

    /// Whether a sync has failed.
    pub(crate) fn is_broken(&self) -> bool {
        self.broken.load(Ordering::Acquire)
    }

    /// Takes what there is, without waiting for more.
    pub(crate) fn take_now(&self) -> Vec<Box<dyn Job>> {
        let mut pending = self.lock();
        (pending.since, pending.jobs_since) = (None, None);
        std::mem::take(&mut pending.jobs)
    }

    /// A sync has failed: no later one can make up for it.
    pub(crate) fn set_broken(&self) {
        self.broken.store(true, Ordering::Release);
    }

    fn lock(&self) -> MutexGuard<'_, Pending> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for commits; `None` if none will follow.
    fn take(&self) -> Option<Taken> {
        let mut pending = self.lock();
        loop {
            let Some(since) = pending.since else {
                if pending.closed {
                    return None;
                }
                pending = self.arrived.wait(pending).unwrap_or_else(PoisonError::into_inner);
                continue;
            };
            let left = LATEST.saturating_sub(since.elapsed());
            if !pending.jobs.is_empty() || pending.closed || left.is_zero() {
                pending.since = None;
                return Some((std::mem::take(&mut pending.jobs), pending.jobs_since.take()));
            }
            let waited = self.arrived.wait_timeout(pending, left);
            pending = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

/// The syncer's loop. `log` is the write-ahead log.
pub(crate) fn run(
    commits: &Arc<Commits>,
    log: &File,
    durability: Durability,
    observer: Option<&CommitObserver>,
) {
    while let Some((jobs, since)) = commits.take() {
        let outcome = match durability {
            Durability::Disk if commits.is_broken() => Err(StorageError::NotSynced),
            Durability::Disk => log.sync_data().map_err(|error| {
                commits.set_broken();
                tracing::error!(%error, "the write-ahead log could not be synced: no change is taken until the host is started again");
                StorageError::NotSynced
            }),
            Durability::Process => Ok(()),
        };
        if let (Some(CommitObserver(observe)), Some(since)) = (observer, since) {
            observe(jobs.len(), since.elapsed());
        }
        for job in jobs {
            job.finish(outcome.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::job::Change;
    use crate::{Answer, Priority};

    fn job() -> Box<dyn Job> {
        Box::new(Change {
            change: |_: &rusqlite::Connection| Ok(()),
            priority: Priority::New,
            answer: Answer::WhenDurable,
            result: None,
            reply: None,
        })
    }

    #[test]
    fn a_commit_that_nobody_waits_for_shares_the_next_sync_or_has_its_own_when_it_is_due() {
        let commits = Commits::default();
        let now = Instant::now();
        commits.push([], now.checked_sub(LATEST / 2).unwrap());
        commits.push([job()], now);
        let (jobs, since) = commits.take().unwrap();
        assert_eq!((jobs.len(), since), (1, Some(now)));

        let due = now.checked_sub(LATEST + Duration::from_secs(1)).unwrap();
        commits.push([], due);
        assert!(commits.take().unwrap().0.is_empty());

        commits.push([], Instant::now());
        commits.close();
        assert!(commits.take().unwrap().0.is_empty(), "what is left is synced at the end");
        assert!(commits.take().is_none());
    }
}
