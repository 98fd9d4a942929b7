//! The thread that makes all changes.

use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use rusqlite::Connection;

use crate::StorageError;
use crate::error::{is_busy, is_full};
use crate::job::{Answer, Job, Priority};
use crate::queue::{Closed, Command, Queue};
use crate::room::Room;
use crate::syncer::Commits;

/// The maximum number of changes per commit, so that none is delayed for long by the rest of its batch.
pub(crate) const MAX_BATCH: usize = 512;

/// The pause before changes that met a full disk are tried again.
const TRY_AGAIN: Duration = Duration::from_millis(100);

thread_local! {
    /// How many frames the write-ahead log has after the last commit of this thread. SQLite's hook is a plain function.
    static FRAMES: Cell<u64> = const { Cell::new(0) };
}

pub(crate) struct Writer {
    pub(crate) connection: Connection,
    pub(crate) queue: Arc<Queue>,
    pub(crate) commits: Arc<Commits>,
    pub(crate) room: Arc<Room>,
    /// How many frames the write-ahead log has.
    pub(crate) log_frames: Arc<AtomicU64>,
}

impl Writer {
    pub(crate) fn run(self) {
        self.count_frames();
        while let Ok(commands) = self.queue.take(MAX_BATCH) {
            self.turn(commands);
        }
        self.commits.close();
    }

    /// Counts the frames of the write-ahead log from now on, on the thread that makes the commits.
    pub(crate) fn count_frames(&self) {
        self.connection.wal_hook(Some(|_, frames| {
            FRAMES.set(u64::try_from(frames).unwrap_or(0));
            Ok(())
        }));
    }

    /// Commits what has arrived.
    pub(crate) fn turn(&self, commands: Vec<Command>) {
        let since = Instant::now();
        let mut restart = false;
        let mut batch = Vec::with_capacity(commands.len());
        commands.into_iter().for_each(|command| self.sort(command, &mut batch, &mut restart));
        self.commit(batch, since);
        if restart {
            self.restart_log();
        }
    }

    fn sort(&self, command: Command, batch: &mut Vec<Box<dyn Job>>, restart: &mut bool) {
        match command {
            Command::Change(job) if self.commits.is_broken() => job.finish(Err(StorageError::NotSynced)),
            Command::Change(job) if job.priority() == Priority::New && !self.room.is_enough() => {
                job.finish(Err(StorageError::Full));
            }
            Command::Change(job) => batch.push(job),
            Command::Restart => *restart = true,
        }
    }

    /// Commits a batch, as often as it takes.
    fn commit(&self, mut batch: Vec<Box<dyn Job>>, since: Instant) {
        let mut is_told = false;
        while !batch.is_empty() {
            match self.transact(&mut batch) {
                Ok(()) => {
                    self.log_frames.store(FRAMES.get(), Ordering::Relaxed);
                    self.room.set_full(false);
                    return self.answer(batch, since);
                }
                Err(error) if is_full(&error) || is_busy(&error) => {
                    if is_full(&error) {
                        self.room.set_full(true);
                    }
                    if !is_told {
                        tracing::warn!(%error, changes = batch.len(), "changes cannot be written, and are tried until they can");
                        is_told = true;
                    }
                    batch = self.hold(batch);
                }
                Err(error) if batch.len() == 1 => {
                    tracing::error!(%error, "a change failed");
                    let error = StorageError::from(error);
                    return batch.into_iter().for_each(|job| job.finish(Err(error.clone())));
                }
                // One of them is at fault, and the others are not.
                Err(_) => return batch.into_iter().for_each(|job| self.commit(vec![job], since)),
            }
        }
    }

    fn transact(&self, batch: &mut [Box<dyn Job>]) -> Result<(), rusqlite::Error> {
        if !self.connection.is_autocommit() {
            // A rollback before this one failed.
            self.connection.prepare_cached("ROLLBACK")?.execute([])?;
        }
        self.connection.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
        let ran = batch.iter_mut().try_for_each(|job| job.run(&self.connection));
        let committed = ran.and_then(|()| self.connection.prepare_cached("COMMIT")?.execute([]).map(drop));
        if committed.is_err() && !self.connection.is_autocommit() {
            self.connection.prepare_cached("ROLLBACK")?.execute([])?;
        }
        committed
    }

    /// Refuses what is new, waits, and adds what arrived meanwhile.
    fn hold(&self, batch: Vec<Box<dyn Job>>) -> Vec<Box<dyn Job>> {
        let (new, mut held): (Vec<_>, Vec<_>) =
            batch.into_iter().partition(|job| job.priority() == Priority::New && self.room.is_full());
        new.into_iter().for_each(|job| job.finish(Err(StorageError::Full)));
        let end = Instant::now() + TRY_AGAIN;
        match self.queue.take_at(end) {
            Ok(commands) => {
                commands.into_iter().for_each(|command| self.sort(command, &mut held, &mut false));
            }
            Err(Closed) => std::thread::park_timeout(end.saturating_duration_since(Instant::now())),
        }
        held
    }

    fn answer(&self, batch: Vec<Box<dyn Job>>, since: Instant) {
        let (visible, durable): (Vec<_>, Vec<_>) =
            batch.into_iter().partition(|job| job.answer() == Answer::WhenVisible);
        // Those that wait for the disk first, so that the sync begins.
        self.commits.push(durable, since);
        visible.into_iter().for_each(|job| job.finish(Ok(())));
    }

    fn restart_log(&self) {
        let restarted =
            self.connection.query_row("PRAGMA wal_checkpoint(RESTART)", [], |row| row.get::<_, i64>(0));
        match restarted {
            Ok(0) => self.log_frames.store(0, Ordering::Relaxed),
            Ok(_) => tracing::debug!("a reader keeps the write-ahead log from starting again"),
            Err(error) => tracing::warn!(%error, "the write-ahead log could not be started again"),
        }
    }
}
