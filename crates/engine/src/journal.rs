//! The journal of executions on disk, which makes accepted work durable.
//!
//! Each execution is a row. The row is durable before the start request is answered and stays `RUNNING` until
//! the end is written, so a host that was killed finds its unfinished work. What is written in between is durable in
//! the order in which it was written, and nobody waits for it.
//!
//! Little stays: an express execution that succeeded leaves nothing, and a standard one that succeeded leaves its
//! name, which must not be started again. Those that failed, and those with a history, stay until they are pruned.

mod error;
mod log;
mod rows;
mod statements;

use hookstep_contract::{EventId, MachineKind};
use hookstep_storage::{Answer, Beside, Priority, Storage};

pub use error::JournalError;
pub use log::{ExecutionLog, executions_of};
pub(crate) use rows::{Ended, NewExecution, Waiting};
pub use rows::{ExecutionRow, ExecutionStatus, ReadError, UnreadableRow};
pub use statements::SCHEMA;

use crate::machines::kind_of_execution;

/// The maximum number of rows that one change deletes, so that no other change waits for it for long.
const PRUNED_AT_ONCE: usize = 500;

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

/// The journal of executions, in a storage whose schema has [`SCHEMA`].
#[derive(Clone, Debug)]
pub struct Journal {
    storage: Storage,
}

impl Journal {
    /// The journal in this storage.
    pub fn new(storage: Storage) -> Self {
        Self { storage }
    }

    /// Inserts a new execution with what belongs to it, and returns once it is durable. New work is refused when there is
    /// little room.
    pub(crate) async fn start(
        &self,
        execution: NewExecution,
        mut beside: Option<Beside>,
        priority: Priority,
    ) -> Result<Inserted, JournalError> {
        let insert = move |connection: &_| {
            let inserted = statements::insert(connection, &execution)?;
            match &mut beside {
                Some(beside) if inserted == Inserted::New => beside.run(connection)?,
                _ => {}
            }
            Ok(inserted)
        };
        let inserted = self.storage.write(priority, Answer::WhenDurable, insert).await;
        inserted.map_err(JournalError::during("write a new execution"))
    }

    /// Inserts new executions with what belongs to them, all or nothing, and returns once they are durable. Says of each whether
    /// it was inserted.
    pub(crate) async fn start_all(
        &self,
        executions: Vec<NewExecution>,
        mut beside: Vec<Beside>,
        priority: Priority,
    ) -> Result<Vec<Inserted>, JournalError> {
        let insert = move |connection: &_| {
            beside.iter_mut().try_for_each(|beside| beside.run(connection))?;
            executions.iter().map(|execution| statements::insert(connection, execution)).collect()
        };
        let inserted = self.storage.write(priority, Answer::WhenDurable, insert).await;
        inserted.map_err(JournalError::during("write new executions"))
    }

    /// Writes a checkpoint without waiting for the commit: if
    /// one is lost, the execution resumes from the previous one.
    pub(crate) fn checkpoint(&self, arn: &str, checkpoint: String, wake_at: Option<i64>, history: String) {
        let arn = arn.to_owned();
        self.storage.post(move |connection| {
            statements::set_checkpoint(connection, &arn, &checkpoint, wake_at, &history)
        });
    }

    /// Rewrites the row of an execution that could not be restored, which goes on at this checkpoint. Also without
    /// waiting: if the write is lost, the execution is not restored a second time.
    pub(crate) fn repair(&self, execution: NewExecution, checkpoint: String, history: String) {
        self.storage
            .post(move |connection| statements::repair(connection, &execution, &checkpoint, &history));
    }

    /// Writes the end of an execution, also without waiting: if the
    /// write is lost, the execution resumes from its last checkpoint.
    pub(crate) fn end(&self, arn: &str, ended: Ended) {
        let (arn, kind) = (arn.to_owned(), kind_of_execution(arn));
        let leaves_nothing = kind == MachineKind::Express && ended.is_plain();
        let end = move |connection: &_| statements::end(connection, &arn, kind, &ended);
        // Nobody looks for what is gone, so the deletion can share the commit of another change.
        if leaves_nothing { self.storage.post_later(end) } else { self.storage.post(end) }
    }

    /// Stops a running execution from outside.
    pub(crate) async fn abort(&self, arn: &str, stopped_at: i64) -> Result<StopOutcome, JournalError> {
        let arn = arn.to_owned();
        let abort = move |connection: &_| statements::abort(connection, &arn, stopped_at);
        let stopped = self.storage.write(Priority::Accepted, Answer::WhenDurable, abort).await;
        stopped.map_err(JournalError::during("write the stop of an execution"))
    }

    /// Reads an execution by its ARN.
    pub(crate) fn read(&self, arn: &str) -> Result<Option<ExecutionRow>, ReadError> {
        let row = self.storage.read(|connection| statements::read(connection, arn));
        let row = row.map_err(JournalError::during("read an execution")).map_err(ReadError::Journal)?;
        row.transpose().map_err(ReadError::Row)
    }

    /// The ARNs of the executions that have not ended and do not wait, oldest first.
    pub(crate) async fn awake(&self) -> Result<Vec<String>, JournalError> {
        self.list(statements::awake).await
    }

    /// The executions that wait until a time from `from` to before `to`, in milliseconds since 1970. Everything that
    /// was written before this call is seen.
    pub(crate) async fn waiting(&self, from: i64, to: i64) -> Result<Vec<Waiting>, JournalError> {
        let written = self.storage.write(Priority::Accepted, Answer::WhenVisible, |_| Ok(())).await;
        written.map_err(JournalError::during(LIST))?;
        self.list(move |connection| statements::waiting(connection, from, to)).await
    }

    /// How many executions wait, and when the oldest of them was started, in milliseconds since 1970. Reads on the calling
    /// thread.
    pub(crate) fn waiting_since(&self) -> Result<(usize, Option<i64>), JournalError> {
        self.storage.read(statements::waiting_since).map_err(JournalError::during(LIST))
    }

    async fn list<R: Send + 'static>(
        &self,
        list: impl FnOnce(&rusqlite::Connection) -> Result<R, rusqlite::Error> + Send + 'static,
    ) -> Result<R, JournalError> {
        self.storage.read_aside(list).await.map_err(JournalError::during(LIST))
    }

    /// Writes something, to see whether the journal can be written.
    pub(crate) async fn probe(&self, now: i64) -> Result<(), JournalError> {
        let probe = move |connection: &_| statements::probe(connection, now);
        let written = self.storage.write(Priority::New, Answer::WhenDurable, probe).await;
        written.map_err(JournalError::during("write to the journal"))
    }

    /// Deletes the executions of a machine that ended before this time, a few at a time.
    pub(crate) async fn prune(&self, machine: &str, before: i64) {
        loop {
            let machine = machine.to_owned();
            let prune = move |connection: &_| statements::prune(connection, &machine, before, PRUNED_AT_ONCE);
            match self.storage.write(Priority::Accepted, Answer::WhenVisible, prune).await {
                Ok(PRUNED_AT_ONCE) => {}
                Ok(_) => return,
                Err(error) => return tracing::error!(%error, "old executions could not be deleted"),
            }
        }
    }

    /// Deletes the executions of an event that have ended; returns whether there are no others. `express` has the beginnings of
    /// the ARNs of express executions.
    pub(crate) async fn erase(&self, event_id: EventId, express: Vec<String>) -> Result<bool, JournalError> {
        let erase = move |connection: &_| statements::erase(connection, event_id, &express);
        let erased = self.storage.write(Priority::Accepted, Answer::WhenDurable, erase).await;
        erased.map_err(JournalError::during("delete the executions of an event"))
    }

    /// Returns once everything submitted so far is durable.
    pub(crate) async fn flush(&self) {
        if let Err(error) = self.storage.durable().await {
            tracing::error!(%error, "the journal could not be flushed");
        }
    }
}

/// What fails if the list of unfinished executions cannot be read: follows "cannot".
const LIST: &str = "read which executions have not ended";

#[cfg(test)]
mod tests;
