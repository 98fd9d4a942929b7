//! The executions on disk: what makes accepted work durable.
//!
//! An execution is a row. It is there before its start is answered, and says `RUNNING` until its end is written, so that a
//! host that was killed finds what it left. One thread writes; it commits everything that has queued up in one go, so that
//! many starts share a commit.

mod error;
mod log;
mod rows;
mod statements;
mod writer;

use std::path::Path;
use std::sync::mpsc;
use std::thread;

use rusqlite::Connection;
use tokio::sync::oneshot;

pub use error::JournalError;
pub use log::{ExecutionLog, executions_of};
pub(crate) use rows::{Ended, NewExecution, Unfinished};
pub use rows::{ExecutionRow, ExecutionStatus, ReadError, UnreadableRow};
use writer::Command;

/// The journal's file in the data directory.
pub const JOURNAL_FILE: &str = "executions.sqlite";

/// What happens to a start of an execution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Inserted {
    /// The execution is in the journal.
    New,
    /// There is an execution with its ARN, which stays as it is.
    Exists,
}

/// What happens to an execution that is stopped from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StopOutcome {
    /// It was running and is now stopped.
    Stopped,
    /// No execution of this ARN was running.
    NotRunning,
}

/// The journal of executions.
#[derive(Clone, Debug)]
pub struct Journal {
    commands: mpsc::Sender<Command>,
}

impl Journal {
    /// Opens the journal, creating it the first time.
    ///
    /// # Errors
    /// When the file cannot be used.
    pub fn open(file: &Path) -> Result<Self, JournalError> {
        let connection = Connection::open(file).map_err(JournalError::of_file("open", file))?;
        statements::prepare(&connection).map_err(JournalError::of_file("read", file))?;
        let (commands, queue) = mpsc::channel();
        thread::Builder::new()
            .name("journal".to_owned())
            .spawn(move || writer::run(connection, &queue))
            .map_err(JournalError::of_file("start the thread of", file))?;
        Ok(Self { commands })
    }

    /// Writes a new execution.
    pub(crate) async fn start(&self, execution: NewExecution) -> Result<Inserted, JournalError> {
        self.request(|reply| Command::Start(execution, reply)).await?
    }

    /// Writes where an execution stands. Nobody waits for it: an execution goes on from the checkpoint before, if one is lost.
    pub(crate) fn checkpoint(&self, arn: &str, checkpoint: String, wake_at: Option<i64>, history: String) {
        self.submit(Command::Checkpoint { arn: arn.to_owned(), checkpoint, wake_at, history });
    }

    /// Writes how an execution ended. Nobody waits for it, for the same reason.
    pub(crate) fn end(&self, arn: &str, ended: Ended) {
        self.submit(Command::End(arn.to_owned(), ended));
    }

    /// Ends a running execution from outside.
    pub(crate) async fn abort(&self, arn: &str, stopped_at: i64) -> Result<StopOutcome, JournalError> {
        self.request(|reply| Command::Abort { arn: arn.to_owned(), stopped_at, reply }).await?
    }

    /// An execution by its ARN.
    pub(crate) async fn read(&self, arn: &str) -> Result<Option<ExecutionRow>, ReadError> {
        self.request(|reply| Command::Read(arn.to_owned(), reply)).await.map_err(ReadError::Journal)?
    }

    /// The executions that have not ended, oldest first.
    pub(crate) async fn unfinished(&self) -> Result<Vec<Unfinished>, JournalError> {
        self.request(Command::Unfinished).await?
    }

    /// Forgets the executions of a machine that ended before this moment.
    pub(crate) fn prune(&self, machine: &str, before: i64) {
        self.submit(Command::Prune { machine: machine.to_owned(), before });
    }

    /// Comes back once everything submitted so far is committed.
    pub(crate) async fn flush(&self) {
        if let Err(error) = self.request(Command::Flush).await {
            tracing::error!(%error, "the journal could not be flushed");
        }
    }

    async fn request<T>(
        &self,
        command: impl FnOnce(oneshot::Sender<T>) -> Command,
    ) -> Result<T, JournalError> {
        let (reply, answer) = oneshot::channel();
        self.commands.send(command(reply)).map_err(|_| JournalError::Stopped)?;
        answer.await.map_err(|_| JournalError::Stopped)
    }

    fn submit(&self, command: Command) {
        if let Err(mpsc::SendError(command)) = self.commands.send(command) {
            command.refuse(&JournalError::Stopped);
        }
    }
}

#[cfg(test)]
mod tests;
