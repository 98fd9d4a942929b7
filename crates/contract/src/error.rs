//! Internal failures, by name. The names are an interface: the state machine matches them in `ErrorEquals`.

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// The error names that a step can fail with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ErrorName {
    /// The config does not exist, or no longer exists.
    ConfigNotFound,
    /// A table or bucket did not respond; a retry may succeed.
    StorageUnavailable,
    /// An execution could not be started; a retry may succeed.
    WorkflowUnavailable,
    /// A mail could not be handed over; a retry may succeed.
    MailUnavailable,
    /// A process that evaluates expressions could not be started; a retry may succeed.
    SandboxUnavailable,
    /// A step could not read its input: the parts disagree about a contract.
    InvalidInput,
    /// The plan is of another revision than the webhook, or the webhook is being changed. Nothing was sent; the
    /// webhook has to be read again.
    PlanOutdated,
}

impl ErrorName {
    /// All names, for the tests that compare them with other parts.
    pub const ALL: [Self; 7] = [
        Self::ConfigNotFound,
        Self::StorageUnavailable,
        Self::WorkflowUnavailable,
        Self::MailUnavailable,
        Self::SandboxUnavailable,
        Self::InvalidInput,
        Self::PlanOutdated,
    ];

    /// The name used in `ErrorEquals`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ConfigNotFound => "ConfigNotFound",
            Self::StorageUnavailable => "StorageUnavailable",
            Self::WorkflowUnavailable => "WorkflowUnavailable",
            Self::MailUnavailable => "MailUnavailable",
            Self::SandboxUnavailable => "SandboxUnavailable",
            Self::InvalidInput => "InvalidInput",
            Self::PlanOutdated => "PlanOutdated",
        }
    }
}

/// An internal failure of a step.
#[derive(Debug, Error)]
#[error("{message}")]
pub struct StepError {
    /// The name that the state machine matches.
    pub name: ErrorName,
    /// The message for an operator; the causes are in `source`.
    pub message: String,
    /// The cause.
    #[source]
    pub source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl StepError {
    /// A failure without an underlying error.
    pub fn new(name: ErrorName, message: impl Into<String>) -> Self {
        Self { name, message: message.into(), source: None }
    }

    /// A failure with the underlying error `source`.
    pub fn because(
        name: ErrorName,
        message: impl Into<String>,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        Self { name, message: message.into(), source: Some(source.into()) }
    }
}

/// An error and its chain of causes on one line, for a log.
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
