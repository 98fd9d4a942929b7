//! The journal of executions on disk, which makes accepted work durable.
//!
//! Each execution is a row. The row is written before the start request is answered and stays `RUNNING` until
//! the end is written, so a host that was killed finds its unfinished work. A single writer thread commits
//! everything in its queue at once, so many starts share one commit.

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

/// The journal's file name in the data directory.
pub const JOURNAL_FILE: &str = "executions.sqlite";

/// The result of starting an execution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Inserted {
    /// The execution was written to the journal.
    New,
    /// An execution with this ARN already exists and was left unchanged.
    Exists,
}

/// The result of stopping an execution from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StopOutcome {
    /// The execution was running and is now stopped.
    Stopped,
    /// No running execution has this ARN.
    NotRunning,
}

/// The journal of executions.
#[derive(Clone, Debug)]
pub struct Journal {
    commands: mpsc::Sender<Command>,
}

impl Journal {
    /// Opens the journal, creating its file if necessary.
    ///
    /// # Errors
    /// If the file cannot be used.
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

    /// Inserts a new execution.
    pub(crate) async fn start(&self, execution: NewExecution) -> Result<Inserted, JournalError> {
        self.request(|reply| Command::Start(execution, reply)).await?
    }

    /// Writes a checkpoint without waiting for the commit: if
    /// one is lost, the execution resumes from the previous one.
    pub(crate) fn checkpoint(&self, arn: &str, checkpoint: String, wake_at: Option<i64>, history: String) {
        self.submit(Command::Checkpoint { arn: arn.to_owned(), checkpoint, wake_at, history });
    }

    /// Rewrites the row of an execution that could not be restored, which goes on at this checkpoint. Also without
    /// waiting: if the write is lost, the execution is not restored a second time.
    pub(crate) fn repair(&self, execution: NewExecution, checkpoint: String, history: String) {
        self.submit(Command::Repair { execution, checkpoint, history });
    }

    /// Writes the end of an execution, also without waiting: if the
    /// write is lost, the execution resumes from its last checkpoint.
    pub(crate) fn end(&self, arn: &str, ended: Ended) {
        self.submit(Command::End(arn.to_owned(), ended));
    }

    /// Stops a running execution from outside.
    pub(crate) async fn abort(&self, arn: &str, stopped_at: i64) -> Result<StopOutcome, JournalError> {
        self.request(|reply| Command::Abort { arn: arn.to_owned(), stopped_at, reply }).await?
    }

    /// Reads an execution by its ARN.
    pub(crate) async fn read(&self, arn: &str) -> Result<Option<ExecutionRow>, ReadError> {
        self.request(|reply| Command::Read(arn.to_owned(), reply)).await.map_err(ReadError::Journal)?
    }

    /// The executions that have not ended, oldest first.
    pub(crate) async fn unfinished(&self) -> Result<Vec<Unfinished>, JournalError> {
        self.request(Command::Unfinished).await?
    }

    /// Writes something, to see whether the journal can be written.
    pub(crate) async fn probe(&self, now: i64) -> Result<(), JournalError> {
        self.request(|reply| Command::Probe(now, reply)).await?
    }

    /// Deletes the executions of a machine that ended before this time.
    pub(crate) fn prune(&self, machine: &str, before: i64) {
        self.submit(Command::Prune { machine: machine.to_owned(), before });
    }

    /// Returns once everything submitted so far is committed.
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
