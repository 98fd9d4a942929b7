//! Storage errors.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rusqlite::ErrorCode;
use thiserror::Error;

/// Why a database cannot be opened.
pub(crate) type Cause = Box<dyn std::error::Error + Send + Sync>;

/// A change or a read was not possible.
#[derive(Clone, Debug, Error)]
pub enum StorageError {
    /// The database cannot be opened.
    #[error("cannot open the database {}", file.display())]
    Open {
        /// The database's file.
        file: PathBuf,
        /// The underlying error.
        source: Arc<dyn std::error::Error + Send + Sync>,
    },
    /// A statement failed.
    #[error("a statement of the database failed")]
    Statement(#[source] Arc<rusqlite::Error>),
    /// The free space of the disk is below the floor for new work.
    #[error("the disk is full")]
    Full,
    /// An earlier change could not be synced to the disk, so no further one is taken until the next start.
    #[error("the write-ahead log could not be synced to the disk; start the host again")]
    NotSynced,
    /// The storage is closed.
    #[error("the storage is closed")]
    Closed,
}

impl StorageError {
    pub(crate) fn open(file: &Path) -> impl FnOnce(Cause) -> Self + use<> {
        let file = file.to_owned();
        move |source| Self::Open { file, source: source.into() }
    }

    /// Whether the data on disk are damaged, so that another try cannot help.
    pub fn is_damage(&self) -> bool {
        let Self::Statement(error) = self else { return false };
        matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase))
    }
}

impl From<rusqlite::Error> for StorageError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Statement(Arc::new(error))
    }
}

/// Whether the disk has no room, or does not take writes at the moment.
pub(crate) fn is_full(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::DiskFull | ErrorCode::SystemIoFailure))
}

/// Whether a database cannot be opened because the disk has no room, or does not take writes at the moment.
pub(crate) fn is_for_lack_of_room(cause: &(dyn std::error::Error + 'static)) -> bool {
    let no_room = |error: &io::Error| matches!(error.kind(), io::ErrorKind::StorageFull);
    cause.downcast_ref().is_some_and(is_full) || cause.downcast_ref().is_some_and(no_room)
}

/// Whether another process holds the database's lock.
pub(crate) fn is_busy(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked))
}
