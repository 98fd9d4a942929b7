//! Limits each data directory to one process.

use std::fs::{File, TryLockError};
use std::path::Path;

use crate::OpenError;

/// An exclusive lock on the data directory. It is released when the process ends, however it ends.
#[derive(Debug)]
pub(crate) struct Lock {
    _file: File,
}

/// Locks the data directory for this process.
pub(crate) fn lock(data_dir: &Path) -> Result<Lock, OpenError> {
    let file = File::create(data_dir.join("lock")).map_err(OpenError::during("create the lock file"))?;
    match file.try_lock() {
        Ok(()) => Ok(Lock { _file: file }),
        Err(TryLockError::WouldBlock) => Err(OpenError::InUse),
        Err(TryLockError::Error(error)) => Err(OpenError::during("lock the data directory")(error)),
    }
}
