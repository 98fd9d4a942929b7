//! What a storage had at a moment, for simulated reads that lag behind.

use std::fmt;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rusqlite::Connection;

use crate::StorageError;
use crate::database::{READER_CACHE_KIB, connect};

/// Everything that was visible at a moment. Whoever holds one keeps the write-ahead log from being copied.
pub struct Snapshot {
    /// In a transaction; `None` only when it is dropped.
    connection: Mutex<Option<Connection>>,
    idle: Arc<Idle>,
}

/// The connections of snapshots that were dropped, for the next ones.
#[derive(Default)]
pub(crate) struct Idle(Mutex<Vec<Connection>>);

impl Idle {
    fn lock(&self) -> MutexGuard<'_, Vec<Connection>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Snapshot").finish_non_exhaustive()
    }
}

impl Snapshot {
    pub(crate) fn take(file: &Path, idle: &Arc<Idle>) -> Result<Self, StorageError> {
        let kept = idle.lock().pop();
        let connection = match kept {
            Some(connection) => connection,
            None => connect(file, READER_CACHE_KIB).map_err(StorageError::from)?,
        };
        // The first read fixes what the transaction sees.
        connection.execute_batch("BEGIN; SELECT count(*) FROM sqlite_schema;")?;
        Ok(Self { connection: Mutex::new(Some(connection)), idle: Arc::clone(idle) })
    }

    /// Reads, on the calling thread, what was visible then.
    ///
    /// # Errors
    /// If a statement fails.
    pub fn read<R>(
        &self,
        read: impl FnOnce(&Connection) -> Result<R, rusqlite::Error>,
    ) -> Result<R, StorageError> {
        let connection = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(read(connection.as_ref().ok_or(StorageError::Closed)?)?)
    }
}

impl Drop for Snapshot {
    fn drop(&mut self) {
        let connection = self.connection.get_mut().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(connection) = connection.filter(|connection| connection.execute_batch("COMMIT").is_ok()) {
            self.idle.lock().push(connection);
        }
    }
}
