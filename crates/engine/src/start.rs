//! What a start of an execution comes to.

use thiserror::Error;
use tokio::sync::oneshot;

use crate::journal::{Ended, ExecutionStatus, JournalError};

/// Why an execution was not started.
#[derive(Clone, Debug, Error)]
pub enum StartError {
    /// No state machine has this ARN.
    #[error("there is no such state machine")]
    NoStateMachine,
    /// A standard execution has the name already.
    #[error("there is an execution of this name already")]
    NameTaken,
    /// The input cannot be an input.
    #[error("the input is not JSON, or larger than 256 KiB")]
    InvalidInput,
    /// The journal did not take it.
    #[error("the execution could not be written down")]
    NotWritten(#[source] JournalError),
}

impl StartError {
    /// The error's name in the API of Step Functions.
    pub fn name(&self) -> &'static str {
        match self {
            Self::NoStateMachine => "StateMachineDoesNotExist",
            Self::NameTaken => "ExecutionAlreadyExists",
            Self::InvalidInput => "InvalidExecutionInput",
            Self::NotWritten(_) => "InternalServerError",
        }
    }

    /// The error's name where a state machine matches it, without the service.
    pub(crate) fn name_in_retry(&self) -> &'static str {
        match self {
            Self::NoStateMachine => "StateMachineDoesNotExistException",
            Self::NameTaken => "ExecutionAlreadyExistsException",
            Self::InvalidInput => "InvalidExecutionInputException",
            Self::NotWritten(_) => "SdkClientException",
        }
    }
}

/// An execution that is on disk and about to run.
#[derive(Debug)]
pub struct Running {
    /// Its ARN.
    pub arn: String,
    /// When it was started, in milliseconds since 1970.
    pub started_at: i64,
    end: oneshot::Receiver<Ended>,
}

/// How an execution ended.
#[derive(Clone, Debug)]
pub struct EndedExecution {
    /// Whether it succeeded or failed.
    pub status: ExecutionStatus,
    /// When it ended, in milliseconds since 1970.
    pub stopped_at: i64,
    /// Its output, as JSON.
    pub output: Option<String>,
    /// The name of the error that ended it.
    pub error: Option<String>,
    /// The cause of that error.
    pub cause: Option<String>,
}

/// Whoever waits for an execution does not see its end.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("the execution was stopped, or goes on after the next start of the host")]
pub struct NotEnded;

impl Running {
    pub(crate) fn new(arn: String, started_at: i64, end: oneshot::Receiver<Ended>) -> Self {
        Self { arn, started_at, end }
    }

    /// Waits for the end. The execution does not depend on anybody who waits.
    ///
    /// # Errors
    /// When the host stops before the end, or the execution is stopped.
    pub async fn ended(self) -> Result<EndedExecution, NotEnded> {
        let Ended { status, stopped_at, output, error, cause, .. } = self.end.await.map_err(|_| NotEnded)?;
        Ok(EndedExecution { status, stopped_at, output, error, cause })
    }
}
