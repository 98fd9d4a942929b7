//! What can go wrong with an execution.

use thiserror::Error;

/// Why an execution could not be started, awaited or stopped.
#[derive(Debug, Error)]
pub enum WorkflowError {
    /// It was not started.
    #[error("the execution could not be started")]
    NotStarted(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The response was lost: the execution may run or not.
    #[error("the answer of the execution got lost")]
    Lost(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// It ended with an error of ours.
    #[error("the execution {name} ended with {error}")]
    Failed {
        /// Name of the execution.
        name: String,
        /// Name of the error.
        error: String,
    },
    /// It could not be stopped.
    #[error("the execution could not be stopped")]
    NotStopped(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// Its input cannot be written as JSON, or its output cannot be read.
    #[error("the execution's input or output is not understood")]
    NotUnderstood(#[from] serde_json::Error),
}
