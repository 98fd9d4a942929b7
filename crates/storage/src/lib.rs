//! The storage engine of the embedded host: one SQLite file, one writer, group commit.
//!
//! # Theory of operation
//!
//! Everything that a host must not forget is in one SQLite database in WAL mode: the items of the tables and
//! the executions. All changes go through a queue to one thread, the **writer**. It takes whatever has arrived, runs it in
//! one transaction and commits, which appends to the write-ahead log without waiting for the disk
//! (`synchronous=NORMAL`). From then on every reader sees the change. A change that has time ([`Storage::post_later`]) keeps
//! its place in the queue, but the writer begins no transaction for it alone before it has waited for some milliseconds.
//!
//! A second thread, the **syncer**, makes commits durable: it calls `fdatasync` on the write-ahead log and then
//! answers everybody whose commit had been appended before that call began. While one sync runs, the writer goes on,
//! and whatever it commits meanwhile shares the next sync. So one sync serves many events, and no commit waits for
//! the disk except in its answer. That is sound because SQLite recovers the longest valid beginning of the log: a
//! commit that is durable implies every commit before it.
//!
//! A third thread, the **keeper**, copies the log into the database (a checkpoint) once the log is large, and
//! watches the free space of the disk.
//!
//! **A full disk** fails no accepted work: the writer rolls back, refuses what is new ([`Priority::New`]), gives
//! up its reserve, and tries the rest again until there is room. New work is refused as soon as the free space
//! falls below a floor, so that accepted work normally never meets a full disk. A storage opens on a full disk as well: it
//! leaves the log where it is, or gives up its reserve to make one.
//!
//! **A failed sync** is final: the operating system may have dropped what it could not write, so every later
//! change is refused until the host is started again and has read what is really on the disk.
//!
//! **A simulation** has no threads: a [`Driver`] gets the work of the writer and the syncer, and does it step by step when its
//! own clock says so (`docs/adr/0059-simulation.md`).

mod beside;
mod database;
mod driven;
mod error;
mod job;
mod keeper;
mod queue;
mod room;
mod settings;
mod snapshot;
mod syncer;
mod writer;

#[cfg(test)]
mod tests;

pub use beside::Beside;
pub use database::{Storage, StorageStats};
pub use driven::{Driver, Syncing, Turn, Work};
pub use error::StorageError;
pub use job::{Answer, Priority};
pub use room::make_room;
pub use settings::{CommitObserver, Durability, Settings};
pub use snapshot::Snapshot;
