//! Limits each data directory to one process.

use std::fs::{File, TryLockError};
use std::path::Path;

use crate::OpenError;
use crate::admin::create_data_dir;

/// An exclusive lock on the data directory. It is released when the process ends, however it ends.
#[derive(Debug)]
pub(crate) struct Lock {
    _file: File,
}

/// Creates the data directory if it is missing, and locks it for this process.
pub(crate) fn lock(data_dir: &Path) -> Result<Lock, OpenError> {
    create_data_dir(data_dir)?;
    let not_writable = |source| OpenError::NotWritable { dir: data_dir.to_owned(), source };
    let file = File::create(data_dir.join("lock")).map_err(not_writable)?;
    match file.try_lock() {
        Ok(()) => Ok(Lock { _file: file }),
        Err(TryLockError::WouldBlock) => Err(OpenError::InUse),
        Err(TryLockError::Error(error)) => Err(OpenError::during("lock the data directory")(error)),
    }
}
