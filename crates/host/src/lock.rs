//! One process for each data directory.

use std::fs::{File, TryLockError};
use std::path::Path;

use crate::OpenError;

/// The data directory is this process's for as long as this is held. The lock goes with the process, however it ends.
#[derive(Debug)]
pub(crate) struct Lock {
    _file: File,
}

/// Takes the data directory for this process.
pub(crate) fn lock(data_dir: &Path) -> Result<Lock, OpenError> {
    let file = File::create(data_dir.join("lock")).map_err(OpenError::during("create the lock file"))?;
    match file.try_lock() {
        Ok(()) => Ok(Lock { _file: file }),
        Err(TryLockError::WouldBlock) => Err(OpenError::InUse),
        Err(TryLockError::Error(error)) => Err(OpenError::during("lock the data directory")(error)),
    }
}
