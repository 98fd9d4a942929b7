//! Errors of opening a stand-in.

use thiserror::Error;

/// A stand-in's data on disk cannot be opened.
#[derive(Debug, Error)]
pub enum StandInError {
    /// The data directory's path is not UTF-8.
    #[error("the data directory's path is not UTF-8")]
    Path,
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

impl StandInError {
    /// For `map_err`: `operation` failed.
    pub(crate) fn during<E>(operation: &'static str) -> impl FnOnce(E) -> Self
    where
        E: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        move |source| Self::Failed { operation, source: source.into() }
    }
}
