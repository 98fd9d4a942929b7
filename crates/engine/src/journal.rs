//! The executions on disk: what makes accepted work durable.
//!
//! An execution is a row. It is there before its start is answered, and says `RUNNING` until its end is written, so that a
//! host that was killed finds what it left. One thread writes; it commits everything that has queued up in one go, so that
//! many starts share a commit.

use std::path::Path;
use std::sync::mpsc;
use std::thread;

use hookstep_contract::EventId;
use rusqlite::{Connection, OpenFlags, OptionalExtension, params};
use thiserror::Error;
use tokio::sync::oneshot;

/// The journal's file in the data directory.
pub const JOURNAL_FILE: &str = "executions.sqlite";

/// The most commands in one commit, so that no answer waits long for its neighbours.
const BATCH: usize = 256;

const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS executions (
        arn TEXT PRIMARY KEY, machine TEXT NOT NULL, name TEXT NOT NULL, status TEXT NOT NULL, input TEXT NOT NULL,
        checkpoint TEXT, wake_at INTEGER, started_at INTEGER NOT NULL, stopped_at INTEGER,
        output TEXT, error TEXT, cause TEXT, history TEXT
    );
    CREATE INDEX IF NOT EXISTS executions_running ON executions (started_at) WHERE status = 'RUNNING';
    CREATE INDEX IF NOT EXISTS executions_stopped ON executions (machine, stopped_at) WHERE stopped_at IS NOT NULL;
    CREATE INDEX IF NOT EXISTS executions_name ON executions (name);
";

/// A failure of the journal.
#[derive(Debug, Error)]
#[error("cannot {operation}")]
pub struct JournalError {
    operation: &'static str,
    source: Box<dyn std::error::Error + Send + Sync>,
}

impl JournalError {
    fn during<E>(operation: &'static str) -> impl FnOnce(E) -> Self
    where
        E: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        move |source| Self { operation, source: source.into() }
    }
}

/// An execution as it is started. Times are milliseconds since 1970.
#[derive(Clone, Debug)]
pub(crate) struct Started {
    pub(crate) arn: String,
    pub(crate) machine: String,
    pub(crate) name: String,
    pub(crate) input: String,
    pub(crate) started_at: i64,
}

/// How an execution ended. Times are milliseconds since 1970.
#[derive(Clone, Debug)]
pub struct Ended {
    /// `SUCCEEDED` or `FAILED`.
    pub status: &'static str,
    /// Its output, as JSON.
    pub output: Option<String>,
    /// The name of the error that ended it.
    pub error: Option<String>,
    /// The cause of that error.
    pub cause: Option<String>,
    /// Its history, a JSON object a line.
    pub history: String,
    /// When it ended.
    pub stopped_at: i64,
}

/// An execution as the journal has it. Times are milliseconds since 1970.
#[derive(Clone, Debug)]
pub struct Row {
    /// Its ARN.
    pub arn: String,
    /// The name of its state machine.
    pub machine: String,
    /// Its name.
    pub name: String,
    /// `RUNNING`, `SUCCEEDED`, `FAILED` or `ABORTED`.
    pub status: String,
    /// Its input, as JSON.
    pub input: String,
    /// Where it goes on, as JSON.
    pub checkpoint: Option<String>,
    /// When it was started.
    pub started_at: i64,
    /// When it ended.
    pub stopped_at: Option<i64>,
    /// Its output, as JSON.
    pub output: Option<String>,
    /// The name of the error that ended it.
    pub error: Option<String>,
    /// The cause of that error.
    pub cause: Option<String>,
    /// Its history, a JSON object a line.
    pub history: Option<String>,
}

enum Command {
    Start(Started, oneshot::Sender<bool>),
    Checkpoint { arn: String, checkpoint: String, wake_at: Option<i64>, history: String },
    End(String, Ended),
    Abort { arn: String, stopped_at: i64, reply: oneshot::Sender<bool> },
    Read(String, oneshot::Sender<Option<Row>>),
    Running(oneshot::Sender<Vec<(String, Option<i64>)>>),
    Prune { machine: String, before: i64 },
    Flush(oneshot::Sender<()>),
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
        let connection = Connection::open(file).map_err(JournalError::during("open the journal"))?;
        connection
            .execute_batch(
                "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = 4000;",
            )
            .and_then(|()| connection.execute_batch(SCHEMA))
            .map_err(JournalError::during("prepare the journal"))?;
        let (commands, queue) = mpsc::channel();
        thread::Builder::new()
            .name("journal".to_owned())
            .spawn(move || write_batches(connection, &queue))
            .map_err(JournalError::during("start the journal's thread"))?;
        Ok(Self { commands })
    }

    /// Writes a new execution; `None` when it could not be written, `Some(false)` when there is one with this ARN.
    pub(crate) async fn start(&self, execution: Started) -> Option<bool> {
        let (reply, answer) = oneshot::channel();
        self.commands.send(Command::Start(execution, reply)).ok()?;
        answer.await.ok()
    }

    /// Writes where an execution stands. Not waited for: one that gets lost is repeated from the one before.
    pub(crate) fn checkpoint(&self, arn: &str, checkpoint: String, wake_at: Option<i64>, history: String) {
        let _ = self.commands.send(Command::Checkpoint { arn: arn.to_owned(), checkpoint, wake_at, history });
    }

    /// Writes how an execution ended. Not waited for, for the same reason.
    pub(crate) fn end(&self, arn: &str, ended: Ended) {
        let _ = self.commands.send(Command::End(arn.to_owned(), ended));
    }

    /// Ends a running execution from outside; `None` when that could not be written, `Some(false)` when none of this ARN runs.
    pub(crate) async fn abort(&self, arn: &str, stopped_at: i64) -> Option<bool> {
        let (reply, answer) = oneshot::channel();
        self.commands.send(Command::Abort { arn: arn.to_owned(), stopped_at, reply }).ok()?;
        answer.await.ok()
    }

    /// An execution by its ARN.
    pub(crate) async fn read(&self, arn: &str) -> Option<Row> {
        let (reply, answer) = oneshot::channel();
        self.commands.send(Command::Read(arn.to_owned(), reply)).ok()?;
        answer.await.ok()?
    }

    /// The executions that have not ended, oldest first: their ARNs, and when they wake.
    pub(crate) async fn running(&self) -> Vec<(String, Option<i64>)> {
        let (reply, answer) = oneshot::channel();
        let _ = self.commands.send(Command::Running(reply));
        answer.await.unwrap_or_default()
    }

    /// Forgets the executions of a machine that ended before this moment.
    pub(crate) fn prune(&self, machine: &str, before: i64) {
        let _ = self.commands.send(Command::Prune { machine: machine.to_owned(), before });
    }

    /// Comes back once everything said so far is committed.
    pub(crate) async fn flush(&self) {
        let (reply, answer) = oneshot::channel();
        let _ = self.commands.send(Command::Flush(reply));
        let _ = answer.await;
    }
}

/// What is to be said once the commit has held.
enum Reply {
    Written(oneshot::Sender<bool>, bool),
    Flushed(oneshot::Sender<()>),
}

fn write_batches(mut connection: Connection, queue: &mpsc::Receiver<Command>) {
    while let Ok(first) = queue.recv() {
        let batch = std::iter::once(first).chain(queue.try_iter().take(BATCH - 1));
        match write_batch(&mut connection, batch) {
            Ok(replies) => replies.into_iter().for_each(|reply| match reply {
                Reply::Written(to, changed) => drop(to.send(changed)),
                Reply::Flushed(to) => drop(to.send(())),
            }),
            // The replies are dropped, so whoever waits is told that nothing was written.
            Err(error) => tracing::error!(%error, "the journal could not be written"),
        }
    }
}

fn write_batch(
    connection: &mut Connection,
    batch: impl Iterator<Item = Command>,
) -> Result<Vec<Reply>, rusqlite::Error> {
    let transaction = connection.transaction()?;
    let mut replies = Vec::new();
    for command in batch {
        replies.extend(apply(&transaction, command)?);
    }
    transaction.commit()?;
    Ok(replies)
}

fn apply(connection: &Connection, command: Command) -> Result<Option<Reply>, rusqlite::Error> {
    match command {
        Command::Start(row, reply) => {
            let fresh = connection
                .prepare_cached(
                    "INSERT INTO executions (arn, machine, name, status, input, started_at)
                     VALUES (?1, ?2, ?3, 'RUNNING', ?4, ?5) ON CONFLICT DO NOTHING",
                )?
                .execute(params![row.arn, row.machine, row.name, row.input, row.started_at])?;
            return Ok(Some(Reply::Written(reply, fresh == 1)));
        }
        Command::Checkpoint { arn, checkpoint, wake_at, history } => {
            connection
                .prepare_cached(
                    "UPDATE executions SET checkpoint = ?2, wake_at = ?3, history = ?4
                     WHERE arn = ?1 AND status = 'RUNNING'",
                )?
                .execute(params![arn, checkpoint, wake_at, history])?;
        }
        Command::End(arn, ended) => {
            connection
                .prepare_cached(
                    "UPDATE executions SET status = ?2, output = ?3, error = ?4, cause = ?5, history = ?6,
                     stopped_at = ?7, checkpoint = NULL, wake_at = NULL WHERE arn = ?1 AND status = 'RUNNING'",
                )?
                .execute(params![
                    arn,
                    ended.status,
                    ended.output,
                    ended.error,
                    ended.cause,
                    ended.history,
                    ended.stopped_at
                ])?;
        }
        Command::Abort { arn, stopped_at, reply } => {
            let changed = connection
                .prepare_cached(
                    "UPDATE executions SET status = 'ABORTED', stopped_at = ?2, checkpoint = NULL, wake_at = NULL
                     WHERE arn = ?1 AND status = 'RUNNING'",
                )?
                .execute(params![arn, stopped_at])?;
            return Ok(Some(Reply::Written(reply, changed == 1)));
        }
        Command::Read(arn, reply) => drop(reply.send(read(connection, &arn)?)),
        Command::Running(reply) => drop(reply.send(running(connection)?)),
        Command::Prune { machine, before } => {
            connection.execute(
                "DELETE FROM executions WHERE machine = ?1 AND stopped_at < ?2",
                params![machine, before],
            )?;
        }
        Command::Flush(reply) => return Ok(Some(Reply::Flushed(reply))),
    }
    Ok(None)
}

fn read(connection: &Connection, arn: &str) -> Result<Option<Row>, rusqlite::Error> {
    connection
        .prepare_cached(
            "SELECT arn, machine, name, status, input, checkpoint, started_at, stopped_at, output, error, cause,
             history FROM executions WHERE arn = ?1",
        )?
        .query_row([arn], |row| {
            Ok(Row {
                arn: row.get(0)?,
                machine: row.get(1)?,
                name: row.get(2)?,
                status: row.get(3)?,
                input: row.get(4)?,
                checkpoint: row.get(5)?,
                started_at: row.get(6)?,
                stopped_at: row.get(7)?,
                output: row.get(8)?,
                error: row.get(9)?,
                cause: row.get(10)?,
                history: row.get(11)?,
            })
        })
        .optional()
}

fn running(connection: &Connection) -> Result<Vec<(String, Option<i64>)>, rusqlite::Error> {
    connection
        .prepare("SELECT arn, wake_at FROM executions WHERE status = 'RUNNING' ORDER BY started_at")?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect()
}

/// An execution as its log shows it.
#[derive(Clone, Debug)]
pub struct ExecutionLog {
    /// Its ARN.
    pub arn: String,
    /// `RUNNING`, `SUCCEEDED`, `FAILED` or `ABORTED`.
    pub status: String,
    /// Its history, a JSON object a line; that of an express execution is written at its end.
    pub history: String,
}

/// The executions of an event, oldest first, read beside a host that may be running.
///
/// # Errors
/// When the journal cannot be read.
pub fn executions_of(data_dir: &Path, event_id: EventId) -> Result<Vec<ExecutionLog>, JournalError> {
    let read = || -> Result<Vec<ExecutionLog>, rusqlite::Error> {
        let connection =
            Connection::open_with_flags(data_dir.join(JOURNAL_FILE), OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        // The hand-overs of an event are named `{event_id}-{number}`; '.' comes after '-'.
        connection
            .prepare(
                "SELECT arn, status, history FROM executions WHERE name >= ?1 AND name < ?1 || '.' ORDER BY started_at",
            )?
            .query_map([event_id.to_string()], |row| {
                let history: Option<String> = row.get(2)?;
                Ok(ExecutionLog { arn: row.get(0)?, status: row.get(1)?, history: history.unwrap_or_default() })
            })?
            .collect()
    };
    read().map_err(JournalError::during("read the journal of executions"))
}
