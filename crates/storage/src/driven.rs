//! A storage without threads of its own: a simulation does their work.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use tokio::sync::Notify;

use crate::StorageError;
use crate::job::Job;
use crate::queue::Closed;
use crate::snapshot::{Idle, Snapshot};
use crate::syncer::Commits;
use crate::writer::{MAX_BATCH, Writer};

/// Does the work of a storage in place of its threads.
pub trait Driver: fmt::Debug + Send + Sync {
    /// Is handed the work of a storage that was just opened. Nothing is written, and nobody is answered, before it is done.
    fn drive(&self, work: Work);
}

/// The work of a storage, step by step: what its writer and its syncer do with a real disk.
///
/// Nothing is synced. Whoever drives the storage decides what its disk has: after a power cut, all of the write-ahead log up to
/// [`Work::log_bytes`] as it was at the begin of the last sync that ended, and any part of what follows.
pub struct Work {
    pub(crate) writer: Writer,
    pub(crate) arrived: Arc<Notify>,
    pub(crate) file: PathBuf,
    /// The connections of snapshots that were dropped.
    pub(crate) snapshots: Arc<Idle>,
}

/// The header of the write-ahead log, and a frame of it: a header and a page.
const LOG_HEADER: u64 = 32;
const LOG_FRAME: u64 = 24 + 4096;

/// What the writer did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// It committed what had arrived; every reader sees it.
    Committed,
    /// Nothing has arrived.
    Idle,
    /// Nothing will arrive any more: the storage was closed.
    Closed,
}

impl fmt::Debug for Work {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Work").field("file", &self.file).finish_non_exhaustive()
    }
}

impl Work {
    /// Returns when a change may have arrived, or the storage was closed.
    pub fn arrived(&self) -> impl Future<Output = ()> + Send + use<> {
        let arrived = Arc::clone(&self.arrived);
        async move { arrived.notified().await }
    }

    /// Commits what has arrived, in one transaction, and answers those who wait until it is visible.
    pub fn commit(&self) -> Turn {
        match self.writer.queue.take_now(MAX_BATCH) {
            Ok(commands) if commands.is_empty() => Turn::Idle,
            Ok(commands) => {
                self.writer.turn(commands);
                Turn::Committed
            }
            Err(Closed) => Turn::Closed,
        }
    }

    /// Says whether the disk has room enough for new work.
    pub fn set_room(&self, is_enough: bool) {
        self.writer.room.set_free(if is_enough { u64::MAX } else { 0 });
    }

    /// Begins a sync of what is committed by now.
    pub fn begin_sync(&self) -> Syncing {
        Syncing { jobs: self.writer.commits.take_now(), commits: Arc::clone(&self.writer.commits) }
    }

    /// How much of the write-ahead log is in use, in bytes.
    pub fn log_bytes(&self) -> u64 {
        match self.writer.log_frames.load(Ordering::Relaxed) {
            0 => 0,
            frames => LOG_HEADER + frames * LOG_FRAME,
        }
    }

    /// What every reader sees now, and whoever holds it later.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub fn snapshot(&self) -> Result<Snapshot, StorageError> {
        Snapshot::take(&self.file, &self.snapshots)
    }

    /// The database's file; the file `-wal` beside it is the write-ahead log.
    pub fn file(&self) -> &Path {
        &self.file
    }
}

/// A sync that has begun, with those who wait for it.
pub struct Syncing {
    jobs: Vec<Box<dyn Job>>,
    commits: Arc<Commits>,
}

impl fmt::Debug for Syncing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Syncing").field("jobs", &self.jobs.len()).finish_non_exhaustive()
    }
}

impl Syncing {
    /// Ends the sync: those who wait are answered. After one that failed, no change is taken until the next start.
    pub fn end(self, is_durable: bool) {
        if !is_durable {
            self.commits.set_broken();
        }
        for job in self.jobs {
            job.finish(if is_durable { Ok(()) } else { Err(StorageError::NotSynced) });
        }
    }
}
