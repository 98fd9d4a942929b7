//! Why the host cannot start.

use thiserror::Error;

/// A failure to open the data directory or to load the workflow.
#[derive(Debug, Error)]
pub enum OpenError {
    /// The data directory's path is not UTF-8.
    #[error("the data directory's path is not UTF-8")]
    Path,
    /// Another process has the data directory open.
    #[error("the data directory is in use by another process")]
    InUse,
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
    /// For `map_err`: the error stopped us from doing `operation`.
    pub(crate) fn during<E>(operation: &'static str) -> impl FnOnce(E) -> Self
    where
        E: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        move |source| Self::Failed { operation, source: source.into() }
    }
}
