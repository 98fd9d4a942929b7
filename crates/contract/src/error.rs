//! Our own failures, by name. The names are an interface: the state machine matches them in `ErrorEquals`.

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Every error name a step can end with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ErrorName {
    /// The config is not there (any more).
    ConfigNotFound,
    /// A table or bucket did not answer; trying again may help.
    StorageUnavailable,
    /// An execution could not be started; trying again may help.
    WorkflowUnavailable,
    /// A process that evaluates expressions could not be started; trying again may help.
    SandboxUnavailable,
    /// A step was given what it cannot read: the parts disagree about a contract.
    InvalidInput,
}

impl ErrorName {
    /// All of them, for the tests that bind the parts together.
    pub const ALL: [Self; 5] = [
        Self::ConfigNotFound,
        Self::StorageUnavailable,
        Self::WorkflowUnavailable,
        Self::SandboxUnavailable,
        Self::InvalidInput,
    ];

    /// The name as `ErrorEquals` has it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ConfigNotFound => "ConfigNotFound",
            Self::StorageUnavailable => "StorageUnavailable",
            Self::WorkflowUnavailable => "WorkflowUnavailable",
            Self::SandboxUnavailable => "SandboxUnavailable",
            Self::InvalidInput => "InvalidInput",
        }
    }
}

/// A failure of ours in a step.
#[derive(Debug, Error)]
#[error("{message}")]
pub struct StepError {
    /// What the state machine matches.
    pub name: ErrorName,
    /// What an operator reads; the causes are in `source`.
    pub message: String,
    /// What led to it.
    #[source]
    pub source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl StepError {
    /// A failure without a cause of its own.
    pub fn new(name: ErrorName, message: impl Into<String>) -> Self {
        Self { name, message: message.into(), source: None }
    }

    /// A failure caused by `source`.
    pub fn because(
        name: ErrorName,
        message: impl Into<String>,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        Self { name, message: message.into(), source: Some(source.into()) }
    }
}

/// An error and every cause under it, on one line, for a log.
pub fn error_chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}
