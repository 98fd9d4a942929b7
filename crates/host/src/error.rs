//! Errors of starting the host.

use std::path::PathBuf;

use hookstep_asl::LoadError;
use hookstep_aws_local::StandInError;
use hookstep_engine::JournalError;
use hookstep_storage::StorageError;
use thiserror::Error;

use crate::UnfitDirectory;

/// The data directory cannot be opened, or a state machine cannot be loaded.
#[derive(Debug, Error)]
pub enum OpenError {
    /// Another process has the data directory open.
    #[error("the data directory is in use by another process")]
    InUse,
    /// The data directory cannot be written.
    #[error(
        "the data directory {} cannot be written: give it to the user that runs Hookstep, and mount it writable",
        dir.display()
    )]
    NotWritable {
        /// The data directory.
        dir: PathBuf,
        /// The reason.
        source: std::io::Error,
    },
    /// The files of the data directory do not belong together.
    #[error(transparent)]
    Unfit(#[from] UnfitDirectory),
    /// A stand-in for an AWS service cannot be opened.
    #[error(transparent)]
    StandIn(#[from] StandInError),
    /// The executions cannot be read.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The storage cannot be opened.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// A definition is not valid.
    #[error("cannot load {file}")]
    Definition {
        /// The definition's file name.
        file: &'static str,
        /// The reason.
        source: LoadError,
    },
    /// An operation failed.
    #[error("cannot {operation}")]
    Failed {
        /// The operation that failed: follows "cannot" in the message.
        operation: &'static str,
        /// The underlying error.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl OpenError {
    /// For `map_err`: `operation` failed.
    pub(crate) fn during<E>(operation: &'static str) -> impl FnOnce(E) -> Self
    where
        E: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        move |source| Self::Failed { operation, source: source.into() }
    }
}
