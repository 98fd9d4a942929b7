//! Execution errors.

use thiserror::Error;

/// Why an execution could not be started, awaited or stopped.
#[derive(Debug, Error)]
pub enum WorkflowError {
    /// The execution was not started.
    #[error("the execution could not be started")]
    NotStarted(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The execution was not started: there is too little room for new work, but there may be later.
    #[error("there is no room for a new execution")]
    NoRoom,
    /// The response was lost: the execution may or may not be running.
    #[error("the answer of the execution got lost")]
    Lost(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The execution failed because of an error on our side.
    #[error("the execution {name} ended with {error}")]
    Failed {
        /// The execution's name.
        name: String,
        /// The error's name.
        error: String,
    },
    /// The execution could not be stopped.
    #[error("the execution could not be stopped")]
    NotStopped(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The input cannot be serialised as JSON, or the output cannot be read.
    #[error("the execution's input or output is not understood")]
    NotUnderstood(#[from] serde_json::Error),
}
