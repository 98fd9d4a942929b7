//! What can go wrong with the journal.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use thiserror::Error;

/// A failure of the journal.
#[derive(Clone, Debug, Error)]
pub enum JournalError {
    /// The file cannot be used at all.
    #[error("cannot {operation} the journal of executions, {}", file.display())]
    File {
        /// What was tried.
        operation: &'static str,
        /// The journal's file.
        file: PathBuf,
        /// What stopped it.
        source: Arc<dyn std::error::Error + Send + Sync>,
    },
    /// One statement failed.
    #[error("cannot {operation}")]
    Statement {
        /// What was tried.
        operation: &'static str,
        /// What stopped it.
        source: Arc<rusqlite::Error>,
    },
    /// The thread that owns the journal has ended.
    #[error("the journal's thread has stopped")]
    Stopped,
}

impl JournalError {
    /// For `map_err`: the error stopped `operation` on this file.
    pub(crate) fn of_file<E>(operation: &'static str, file: &Path) -> impl FnOnce(E) -> Self + use<E>
    where
        E: std::error::Error + Send + Sync + 'static,
    {
        let file = file.to_owned();
        move |source| Self::File { operation, file, source: Arc::new(source) }
    }

    /// For `map_err`: the error stopped `operation`.
    pub(crate) fn during(operation: &'static str) -> impl FnOnce(rusqlite::Error) -> Self {
        move |source| Self::Statement { operation, source: Arc::new(source) }
    }

    /// Whether what is on the disk is damaged, so that trying again cannot help.
    pub(crate) fn is_damage(&self) -> bool {
        use rusqlite::ErrorCode::{DatabaseCorrupt, NotADatabase};
        let Self::Statement { source, .. } = self else { return false };
        matches!(source.sqlite_error_code(), Some(DatabaseCorrupt | NotADatabase))
    }
}
