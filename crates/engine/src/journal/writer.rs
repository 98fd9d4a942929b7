//! The thread that owns the journal. It takes commands in batches and commits each batch once.

use std::iter;
use std::sync::mpsc;

use hookstep_contract::error_chain;
use rusqlite::Connection;
use tokio::sync::oneshot;

use super::rows::{Ended, ExecutionRow, NewExecution, ReadError, Unfinished};
use super::{Inserted, JournalError, StopOutcome, statements};

/// The maximum number of commands per commit, so that no reply is delayed for long by the rest of its batch.
const MAX_BATCH: usize = 256;

/// A command for the thread, with the channel for its reply.
pub(super) enum Command {
    Start(NewExecution, oneshot::Sender<Result<Inserted, JournalError>>),
    Checkpoint { arn: String, checkpoint: String, wake_at: Option<i64>, history: String },
    Repair { execution: NewExecution, checkpoint: String, history: String },
    End(String, Ended),
    Abort { arn: String, stopped_at: i64, reply: oneshot::Sender<Result<StopOutcome, JournalError>> },
    Read(String, oneshot::Sender<Result<Option<ExecutionRow>, ReadError>>),
    Unfinished(oneshot::Sender<Result<Vec<Unfinished>, JournalError>>),
    Prune { machine: String, before: i64 },
    Probe(i64, oneshot::Sender<Result<(), JournalError>>),
    Flush(oneshot::Sender<()>),
}

/// A reply to send once the commit has succeeded.
enum Pending {
    Started(oneshot::Sender<Result<Inserted, JournalError>>, Inserted),
    Stopped(oneshot::Sender<Result<StopOutcome, JournalError>>, StopOutcome),
    /// Nobody waits for this write; if it is lost, that is logged.
    Written(String),
    Probed(oneshot::Sender<Result<(), JournalError>>),
    Flushed(oneshot::Sender<()>),
}

/// Runs until every handle of the journal has been dropped.
pub(super) fn run(mut connection: Connection, queue: &mpsc::Receiver<Command>) {
    while let Ok(first) = queue.recv() {
        let mut batch = iter::once(first).chain(queue.try_iter().take(MAX_BATCH - 1)).peekable();
        while batch.peek().is_some() {
            write_batch(&mut connection, &mut batch);
        }
    }
}

/// Applies the batch in one transaction. Stops early if SQLite has rolled the transaction back.
pub(super) fn write_batch(connection: &mut Connection, batch: &mut impl Iterator<Item = Command>) {
    let transaction = match connection.transaction() {
        Ok(transaction) => transaction,
        Err(error) => {
            let error = JournalError::during("begin a transaction")(error);
            return batch.for_each(|command| command.refuse(&error));
        }
    };
    let mut pending = Vec::new();
    for command in batch {
        pending.extend(apply(&transaction, command));
        // SQLite normally undoes only the failed statement, but some
        // errors, such as a full disk, roll back the whole transaction.
        if transaction.is_autocommit() {
            break;
        }
    }
    let committed = transaction.commit().map_err(JournalError::during("commit to the journal"));
    if let Err(error) = &committed {
        report("a transaction of the journal was lost", None, error);
    }
    pending.into_iter().for_each(|pending| pending.answer(&committed));
}

/// Applies one command. A failed command is answered at once
/// and does not affect the other commands in the transaction.
fn apply(connection: &Connection, command: Command) -> Option<Pending> {
    match command {
        Command::Start(row, reply) => match statements::insert(connection, &row) {
            Ok(inserted) => Some(Pending::Started(reply, inserted)),
            Err(error) => {
                report("an execution could not be written", Some(&row.arn), &error);
                answer(reply, Err(error))
            }
        },
        Command::Abort { arn, stopped_at, reply } => match statements::abort(connection, &arn, stopped_at) {
            Ok(outcome) => Some(Pending::Stopped(reply, outcome)),
            Err(error) => answer(reply, Err(error)),
        },
        Command::Checkpoint { arn, checkpoint, wake_at, history } => {
            let written = statements::set_checkpoint(connection, &arn, &checkpoint, wake_at, &history);
            unawaited(arn, written)
        }
        Command::Repair { execution, checkpoint, history } => {
            let written = statements::repair(connection, &execution, &checkpoint, &history);
            unawaited(execution.arn, written)
        }
        Command::End(arn, ended) => {
            let written = statements::set_end(connection, &arn, &ended);
            unawaited(arn, written)
        }
        Command::Read(arn, reply) => answer(reply, statements::read(connection, &arn)),
        Command::Unfinished(reply) => answer(reply, statements::unfinished(connection)),
        Command::Prune { machine, before } => {
            if let Err(error) = statements::prune(connection, &machine, before) {
                report("old executions could not be forgotten", None, &error);
            }
            None
        }
        Command::Probe(now, reply) => match statements::probe(connection, now) {
            Ok(()) => Some(Pending::Probed(reply)),
            Err(error) => answer(reply, Err(error)),
        },
        Command::Flush(reply) => Some(Pending::Flushed(reply)),
    }
}

fn unawaited(arn: String, written: Result<(), JournalError>) -> Option<Pending> {
    match written {
        Ok(()) => Some(Pending::Written(arn)),
        Err(error) => {
            report("the progress of an execution could not be written", Some(&arn), &error);
            None
        }
    }
}

/// Sends a reply, if the receiver still exists.
fn answer<T>(reply: oneshot::Sender<T>, value: T) -> Option<Pending> {
    let _ = reply.send(value);
    None
}

fn report(message: &str, execution: Option<&str>, error: &JournalError) {
    tracing::error!(execution, error.chain = error_chain(error), "{message}");
}

impl Pending {
    fn answer(self, committed: &Result<(), JournalError>) {
        let with = |error: &JournalError| error.clone();
        match self {
            Self::Started(reply, inserted) => {
                let _ = reply.send(committed.as_ref().map(|()| inserted).map_err(with));
            }
            Self::Stopped(reply, outcome) => {
                let _ = reply.send(committed.as_ref().map(|()| outcome).map_err(with));
            }
            Self::Written(arn) => {
                if let Err(error) = committed {
                    report("the progress of an execution was lost", Some(&arn), error);
                }
            }
            Self::Probed(reply) => drop(reply.send(committed.clone())),
            // A flush only waits for the queue to be empty; lost writes are logged.
            Self::Flushed(reply) => drop(reply.send(())),
        }
    }
}

impl Command {
    /// Replies to a command that cannot be applied.
    pub(super) fn refuse(self, error: &JournalError) {
        match self {
            Self::Start(_, reply) => drop(reply.send(Err(error.clone()))),
            Self::Abort { reply, .. } => drop(reply.send(Err(error.clone()))),
            Self::Read(_, reply) => drop(reply.send(Err(ReadError::Journal(error.clone())))),
            Self::Unfinished(reply) => drop(reply.send(Err(error.clone()))),
            Self::Checkpoint { arn, .. }
            | Self::Repair { execution: NewExecution { arn, .. }, .. }
            | Self::End(arn, _) => {
                report("the progress of an execution could not be written", Some(&arn), error);
            }
            Self::Prune { .. } => report("old executions could not be forgotten", None, error),
            Self::Probe(_, reply) => drop(reply.send(Err(error.clone()))),
            Self::Flush(reply) => drop(reply.send(())),
        }
    }
}
