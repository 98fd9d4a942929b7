//! Why the host cannot start.

use hookstep_asl::LoadError;
use hookstep_aws_local::StandInError;
use hookstep_engine::JournalError;
use thiserror::Error;

/// A failure to open the data directory or to load a state machine.
#[derive(Debug, Error)]
pub enum OpenError {
    /// Another process has the data directory open.
    #[error("the data directory is in use by another process")]
    InUse,
    /// A stand-in for a service of AWS cannot be opened.
    #[error(transparent)]
    StandIn(#[from] StandInError),
    /// The executions cannot be read.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// A definition cannot be run.
    #[error("cannot load {file}")]
    Definition {
        /// Which one.
        file: &'static str,
        /// What is wrong with it.
        source: LoadError,
    },
    /// Something that must work did not.
    #[error("cannot {operation}")]
    Failed {
        /// What was tried: fits after "cannot".
        operation: &'static str,
        /// What stopped it.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl OpenError {
    /// For `map_err`: the error stopped `operation`.
    pub(crate) fn during<E>(operation: &'static str) -> impl FnOnce(E) -> Self
    where
        E: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        move |source| Self::Failed { operation, source: source.into() }
    }
}
