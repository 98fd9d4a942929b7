//! Journal errors.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use hookstep_storage::StorageError;
use thiserror::Error;

/// A journal error.
#[derive(Clone, Debug, Error)]
pub enum JournalError {
    /// The journal's file cannot be read beside the host.
    #[error("cannot read the journal of executions, {}", file.display())]
    File {
        /// The journal's file.
        file: PathBuf,
        /// The underlying error.
        source: Arc<rusqlite::Error>,
    },
    /// An operation on the storage failed.
    #[error("cannot {operation}")]
    Storage {
        /// The operation that failed.
        operation: &'static str,
        /// The underlying error.
        source: StorageError,
    },
}

impl JournalError {
    /// For `map_err`: this file could not be read.
    pub(crate) fn of_file(file: &Path) -> impl FnOnce(rusqlite::Error) -> Self + use<> {
        let file = file.to_owned();
        move |source| Self::File { file, source: Arc::new(source) }
    }

    /// For `map_err`: `operation` failed.
    pub(crate) fn during(operation: &'static str) -> impl FnOnce(StorageError) -> Self {
        move |source| Self::Storage { operation, source }
    }

    /// Whether new work was refused because the disk has no room for it.
    pub fn is_full(&self) -> bool {
        matches!(self, Self::Storage { source: StorageError::Full, .. })
    }

    /// Whether the data on disk is damaged, so that retrying cannot help.
    pub(crate) fn is_damage(&self) -> bool {
        matches!(self, Self::Storage { source, .. } if source.is_damage())
    }
}
