//! The start of an execution, and its results.

use hookstep_storage::{Beside, Priority};
use thiserror::Error;
use tokio::sync::oneshot;

use crate::journal::{Ended, ExecutionStatus, JournalError};

/// An execution to start.
#[derive(Debug)]
pub struct Start {
    /// The execution's name; random if there is none.
    pub name: Option<String>,
    /// The input, as JSON.
    pub input: String,
    /// Whether the execution belongs to work that was accepted.
    pub priority: Priority,
    /// What is written in the same transaction as the execution: both or neither.
    pub beside: Option<Beside>,
}

impl Start {
    /// New work, without a name of its own.
    pub fn new(input: String) -> Self {
        Self { name: None, input, priority: Priority::New, beside: None }
    }
}

/// Several executions of one machine to start, all or none.
#[derive(Debug)]
pub struct StartAll {
    /// The name and the input of each, as JSON. Of a standard machine, one whose name is taken is left as it is.
    pub executions: Vec<(String, String)>,
    /// Whether the executions belong to work that was accepted.
    pub priority: Priority,
    /// What is written in the same transaction.
    pub beside: Vec<Beside>,
}

/// Why an execution was not started.
#[derive(Clone, Debug, Error)]
pub enum StartError {
    /// No state machine has this ARN.
    #[error("there is no such state machine")]
    NoStateMachine,
    /// A standard execution with this name already exists.
    #[error("there is an execution of this name already")]
    NameTaken,
    /// The input is invalid.
    #[error("the input is not JSON, or larger than 256 KiB")]
    InvalidInput,
    /// The disk has no room for new work.
    #[error("the disk is full")]
    StorageFull,
    /// The journal could not store the execution.
    #[error("the execution could not be written down")]
    NotWritten(#[source] JournalError),
}

impl StartError {
    /// The error's name in the Step Functions API.
    pub fn name(&self) -> &'static str {
        match self {
            Self::NoStateMachine => "StateMachineDoesNotExist",
            Self::NameTaken => "ExecutionAlreadyExists",
            Self::InvalidInput => "InvalidExecutionInput",
            Self::StorageFull => "ServiceUnavailable",
            Self::NotWritten(_) => "InternalServerError",
        }
    }

    /// The error's name as a state machine matches it, without the service prefix.
    pub(crate) fn name_in_retry(&self) -> &'static str {
        match self {
            Self::NoStateMachine => "StateMachineDoesNotExistException",
            Self::NameTaken => "ExecutionAlreadyExistsException",
            Self::InvalidInput => "InvalidExecutionInputException",
            Self::StorageFull | Self::NotWritten(_) => "SdkClientException",
        }
    }
}

/// An execution that has been written to disk and runs as soon as there is a place.
#[derive(Clone, Debug)]
pub struct Started {
    /// The execution's ARN.
    pub arn: String,
    /// When the execution was started, in milliseconds since 1970.
    pub started_at: i64,
}

/// An execution whose end a caller can wait for.
#[derive(Debug)]
pub struct Running {
    /// The execution.
    pub started: Started,
    pub(crate) end: oneshot::Receiver<Ended>,
}

/// How an execution ended.
#[derive(Clone, Debug)]
pub struct EndedExecution {
    /// Whether the execution succeeded or failed.
    pub status: ExecutionStatus,
    /// When the execution ended, in milliseconds since 1970.
    pub stopped_at: i64,
    /// The output, as JSON.
    pub output: Option<String>,
    /// The name of the error that ended it.
    pub error: Option<String>,
    /// The cause of that error.
    pub cause: Option<String>,
}

/// The end of an execution cannot be observed.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("the execution was stopped, or goes on after the next start of the host")]
pub struct NotEnded;

impl Running {
    /// Waits for the end. The execution continues even if nobody waits for it.
    ///
    /// # Errors
    /// If the host stops before the end, or the execution is stopped.
    pub async fn ended(self) -> Result<EndedExecution, NotEnded> {
        let Ended { status, stopped_at, output, error, cause, .. } = self.end.await.map_err(|_| NotEnded)?;
        Ok(EndedExecution { status, stopped_at, output, error, cause })
    }
}
