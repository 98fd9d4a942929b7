//! Journal errors.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use thiserror::Error;

/// A journal error.
#[derive(Clone, Debug, Error)]
pub enum JournalError {
    /// The journal's file cannot be used at all.
    #[error("cannot {operation} the journal of executions, {}", file.display())]
    File {
        /// The operation that failed.
        operation: &'static str,
        /// The journal's file.
        file: PathBuf,
        /// The underlying error.
        source: Arc<dyn std::error::Error + Send + Sync>,
    },
    /// One SQL statement failed.
    #[error("cannot {operation}")]
    Statement {
        /// The operation that failed.
        operation: &'static str,
        /// The underlying error.
        source: Arc<rusqlite::Error>,
    },
    /// The journal's writer thread has ended.
    #[error("the journal's thread has stopped")]
    Stopped,
}

impl JournalError {
    /// For `map_err`: `operation` failed on this file.
    pub(crate) fn of_file<E>(operation: &'static str, file: &Path) -> impl FnOnce(E) -> Self + use<E>
    where
        E: std::error::Error + Send + Sync + 'static,
    {
        let file = file.to_owned();
        move |source| Self::File { operation, file, source: Arc::new(source) }
    }

    /// For `map_err`: `operation` failed.
    pub(crate) fn during(operation: &'static str) -> impl FnOnce(rusqlite::Error) -> Self {
        move |source| Self::Statement { operation, source: Arc::new(source) }
    }

    /// Whether the data on disk is damaged, so that retrying cannot help.
    pub(crate) fn is_damage(&self) -> bool {
        use rusqlite::ErrorCode::{DatabaseCorrupt, NotADatabase};
        let Self::Statement { source, .. } = self else { return false };
        matches!(source.sqlite_error_code(), Some(DatabaseCorrupt | NotADatabase))
    }
}
