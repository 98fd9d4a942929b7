//! How a storage is opened.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::Driver;

/// When a change is answered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Durability {
    /// When it is on the disk: neither the end of the process nor a power cut loses it.
    #[default]
    Disk,
    /// When the operating system has it: the end of the process loses nothing, a power cut the last seconds.
    Process,
}

/// Is told of every sync that somebody waited for: how many changes did, and how long the first of them waited.
#[derive(Clone)]
pub struct CommitObserver(pub Arc<dyn Fn(usize, Duration) + Send + Sync>);

impl fmt::Debug for CommitObserver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CommitObserver")
    }
}

/// How a storage is opened.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The database's file; the file `-wal` beside it is the write-ahead log.
    pub file: PathBuf,
    /// Statements that make what is missing of the schema.
    pub schema: Vec<&'static str>,
    /// When a change is answered.
    pub durability: Durability,
    /// New work is refused while the disk has fewer free bytes.
    pub floor_bytes: u64,
    /// The size of a file that is given up when the disk is full, so that accepted work can go on, in bytes.
    pub reserve_bytes: u64,
    /// Is told of every commit.
    pub observer: Option<CommitObserver>,
    /// Does the work in place of the storage's threads: a simulation's; `None` in production.
    pub driver: Option<Arc<dyn Driver>>,
}

impl Settings {
    /// The floor of a host: the write-ahead log before a checkpoint, and what a thousand events in flight may need.
    pub const FLOOR_BYTES: u64 = 64 * 1024 * 1024;
    /// The reserve of a host: the attempts of ten thousand events.
    pub const RESERVE_BYTES: u64 = 32 * 1024 * 1024;

    /// The settings of a host, for this file.
    pub fn new(file: impl Into<PathBuf>) -> Self {
        Self {
            file: file.into(),
            schema: Vec::new(),
            durability: Durability::Disk,
            floor_bytes: Self::FLOOR_BYTES,
            reserve_bytes: Self::RESERVE_BYTES,
            observer: None,
            driver: None,
        }
    }
}
