//! Why a stand-in cannot be opened.

use thiserror::Error;

/// A failure to open what a stand-in keeps on disk.
#[derive(Debug, Error)]
pub enum StandInError {
    /// The data directory's path is not UTF-8.
    #[error("the data directory's path is not UTF-8")]
    Path,
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

impl StandInError {
    /// For `map_err`: the error stopped `operation`.
    pub(crate) fn during<E>(operation: &'static str) -> impl FnOnce(E) -> Self
    where
        E: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        move |source| Self::Failed { operation, source: source.into() }
    }
}
