//! The thread that makes commits durable and answers them.

use std::fs::File;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use crate::job::Job;
use crate::settings::CommitObserver;
use crate::{Durability, StorageError};

/// Commits that are visible but not durable yet.
#[derive(Default)]
struct Pending {
    jobs: Vec<Box<dyn Job>>,
    /// When the oldest of them was taken by the writer.
    since: Option<Instant>,
    closed: bool,
}

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
        pending.since.get_or_insert(since);
        drop(pending);
        self.arrived.notify_one();
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

    fn lock(&self) -> MutexGuard<'_, Pending> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for commits; `None` if none will follow.
    fn take(&self) -> Option<(Vec<Box<dyn Job>>, Instant)> {
        let mut pending = self.lock();
        loop {
            if let Some(since) = pending.since.take() {
                return Some((std::mem::take(&mut pending.jobs), since));
            }
            if pending.closed {
                return None;
            }
            pending = self.arrived.wait(pending).unwrap_or_else(PoisonError::into_inner);
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
                commits.broken.store(true, Ordering::Release);
                tracing::error!(%error, "the write-ahead log could not be synced: no change is taken until the host is started again");
                StorageError::NotSynced
            }),
            Durability::Process => Ok(()),
        };
        if let Some(CommitObserver(observe)) = observer {
            observe(jobs.len(), since.elapsed());
        }
        for job in jobs {
            job.finish(outcome.clone());
        }
    }
}
