//! The thread that copies the write-ahead log into the database, and watches the free space.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

use rusqlite::Connection;

use crate::queue::{Command, Queue, Urgency};
use crate::room::Room;

/// How often the keeper looks.
const EVERY: Duration = Duration::from_millis(100);

/// From how many frames of a page each on the write-ahead log is copied: 32 MiB. Each copy costs two syncs; a large log
/// costs time at the next start after a crash.
const LOG_FRAMES: u64 = 8192;

/// How many frames the writer copies itself, or waits for, when the log is started again: 2 MiB.
pub(crate) const REST_FRAMES: i64 = 512;

/// The keeper's loop; it ends when `closed` does.
pub(crate) fn run(
    connection: &Connection,
    room: &Arc<Room>,
    log_frames: &AtomicU64,
    writer: &Queue,
    closed: &Receiver<()>,
) {
    while let Err(RecvTimeoutError::Timeout) = closed.recv_timeout(EVERY) {
        room.look();
        room.keep_reserve();
        if log_frames.load(Ordering::Relaxed) < LOG_FRAMES {
            continue;
        }
        match copy(connection) {
            // What came while this ran is little, so the writer copies it quickly and starts the log again.
            Ok((in_log, copied)) if in_log - copied < REST_FRAMES => {
                // It has ended if it takes nothing.
                let _ = writer.push(Command::Restart, Urgency::Now);
            }
            Ok(_) => {}
            Err(error) => tracing::warn!(%error, "the write-ahead log could not be copied into the database"),
        }
    }
}

/// Copies what can be copied without waiting for anybody. Returns how many frames are in the log, and how many of them
/// are copied.
fn copy(connection: &Connection) -> Result<(i64, i64), rusqlite::Error> {
    connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |row| Ok((row.get(1)?, row.get(2)?)))
}
