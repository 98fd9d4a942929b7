//! The journal's SQL.

use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension, params};

use super::rows::{COLUMNS, Ended, ExecutionRow, NewExecution, ReadError, Unfinished};
use super::{Inserted, JournalError, StopOutcome};

/// A commit reaches the operating system at once and the disk at the next WAL checkpoint: `kill -9` loses
/// nothing, a power failure loses the last moments (docs/adr/0004).
const SETTINGS: &str =
    "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = 4000;";

const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS executions (
        arn TEXT PRIMARY KEY, machine TEXT NOT NULL, name TEXT NOT NULL, status TEXT NOT NULL, input TEXT NOT NULL,
        checkpoint TEXT, wake_at INTEGER, started_at INTEGER NOT NULL, stopped_at INTEGER,
        output TEXT, error TEXT, cause TEXT, history TEXT
    );
    CREATE INDEX IF NOT EXISTS executions_running ON executions (started_at) WHERE status = 'RUNNING';
    CREATE INDEX IF NOT EXISTS executions_stopped ON executions (machine, stopped_at) WHERE stopped_at IS NOT NULL;
    CREATE INDEX IF NOT EXISTS executions_name ON executions (name);
    CREATE INDEX IF NOT EXISTS executions_odd ON executions (started_at)
        WHERE status NOT IN ('RUNNING', 'SUCCEEDED', 'FAILED', 'ABORTED');
    CREATE TABLE IF NOT EXISTS probe (id INTEGER PRIMARY KEY, written_at INTEGER NOT NULL);
";

/// Configures the connection and creates the table if necessary.
pub(super) fn prepare(connection: &Connection) -> Result<(), rusqlite::Error> {
    connection.execute_batch(SETTINGS)?;
    connection.execute_batch(SCHEMA)
}

pub(super) fn insert(connection: &Connection, row: &NewExecution) -> Result<Inserted, JournalError> {
    let insert = || {
        connection
            .prepare_cached(
                "INSERT INTO executions (arn, machine, name, status, input, started_at)
                 VALUES (?1, ?2, ?3, 'RUNNING', ?4, ?5) ON CONFLICT DO NOTHING",
            )?
            .execute(params![row.arn, row.machine, row.name, row.input, row.started_at])
    };
    let inserted = insert().map_err(JournalError::during("write a new execution"))?;
    Ok(if inserted == 1 { Inserted::New } else { Inserted::Exists })
}

pub(super) fn set_checkpoint(
    connection: &Connection,
    arn: &str,
    checkpoint: &str,
    wake_at: Option<i64>,
    history: &str,
) -> Result<(), JournalError> {
    let update = || {
        connection
            .prepare_cached(
                "UPDATE executions SET checkpoint = ?2, wake_at = ?3, history = ?4
                 WHERE arn = ?1 AND status NOT IN ('SUCCEEDED', 'FAILED', 'ABORTED')",
            )?
            .execute(params![arn, checkpoint, wake_at, history])
    };
    update().map(drop).map_err(JournalError::during("write a checkpoint"))
}

/// Makes a row readable again and puts its execution at this checkpoint.
pub(super) fn repair(
    connection: &Connection,
    row: &NewExecution,
    checkpoint: &str,
    history: &str,
) -> Result<(), JournalError> {
    let update = || {
        connection
            .prepare_cached(
                "UPDATE executions SET machine = ?2, name = ?3, status = 'RUNNING', input = ?4, started_at = ?5,
                 checkpoint = ?6, wake_at = NULL, history = ?7
                 WHERE arn = ?1 AND status NOT IN ('SUCCEEDED', 'FAILED', 'ABORTED')",
            )?
            .execute(params![row.arn, row.machine, row.name, row.input, row.started_at, checkpoint, history])
    };
    update().map(drop).map_err(JournalError::during("repair an execution"))
}

pub(super) fn set_end(connection: &Connection, arn: &str, ended: &Ended) -> Result<(), JournalError> {
    let Ended { status, output, error, cause, history, stopped_at } = ended;
    let update = || {
        connection
            .prepare_cached(
                "UPDATE executions SET status = ?2, output = ?3, error = ?4, cause = ?5,
                 history = coalesce(?6, history), stopped_at = ?7, checkpoint = NULL, wake_at = NULL
                 WHERE arn = ?1 AND status NOT IN ('SUCCEEDED', 'FAILED', 'ABORTED')",
            )?
            .execute(params![arn, status.as_str(), output, error, cause, history, stopped_at])
    };
    update().map(drop).map_err(JournalError::during("write the end of an execution"))
}

pub(super) fn abort(
    connection: &Connection,
    arn: &str,
    stopped_at: i64,
) -> Result<StopOutcome, JournalError> {
    let update = || {
        connection
            .prepare_cached(
                "UPDATE executions SET status = 'ABORTED', stopped_at = ?2, checkpoint = NULL, wake_at = NULL
                 WHERE arn = ?1 AND status = 'RUNNING'",
            )?
            .execute(params![arn, stopped_at])
    };
    let stopped = update().map_err(JournalError::during("write the stop of an execution"))?;
    Ok(if stopped == 1 { StopOutcome::Stopped } else { StopOutcome::NotRunning })
}

pub(super) fn read(connection: &Connection, arn: &str) -> Result<Option<ExecutionRow>, ReadError> {
    let select = || {
        connection
            .prepare_cached(&format!("SELECT {COLUMNS} FROM executions WHERE arn = ?1"))?
            .query_row([arn], ExecutionRow::read)
            .optional()
    };
    let row = select().map_err(JournalError::during("read an execution")).map_err(ReadError::Journal)?;
    row.transpose().map_err(ReadError::Row)
}

/// The executions that have not ended. A row with an unknown status is one of them: it is resumed, which tells that it cannot
/// be read and ends its event. Each half of the union has an index of its own.
pub(super) fn unfinished(connection: &Connection) -> Result<Vec<Unfinished>, JournalError> {
    let select = || {
        connection
            .prepare(
                "SELECT arn, wake_at, started_at FROM executions WHERE status = 'RUNNING'
                 UNION ALL
                 SELECT arn, NULL, started_at FROM executions
                 WHERE status NOT IN ('RUNNING', 'SUCCEEDED', 'FAILED', 'ABORTED')
                 ORDER BY 3",
            )?
            .query_map([], |row| {
                let arn: String = row.get(0)?;
                let wake_at = match row.get_ref(1)? {
                    ValueRef::Integer(at) => Some(at),
                    ValueRef::Null => None,
                    _ => {
                        tracing::error!(
                            execution = arn,
                            "when an execution goes on cannot be read: it goes on now"
                        );
                        None
                    }
                };
                Ok(Unfinished { arn, wake_at })
            })?
            .collect::<Result<Vec<_>, _>>()
    };
    select().map_err(JournalError::during("read which executions have not ended"))
}

/// Writes a row that means nothing, to see that rows can be written.
pub(super) fn probe(connection: &Connection, now: i64) -> Result<(), JournalError> {
    let write = || {
        connection
            .prepare_cached("INSERT OR REPLACE INTO probe (id, written_at) VALUES (1, ?1)")?
            .execute([now])
    };
    write().map(drop).map_err(JournalError::during("write to the journal"))
}

pub(super) fn prune(connection: &Connection, machine: &str, before: i64) -> Result<(), JournalError> {
    let delete = "DELETE FROM executions WHERE machine = ?1 AND stopped_at < ?2";
    let deleted = connection.execute(delete, params![machine, before]);
    deleted.map(drop).map_err(JournalError::during("forget old executions"))
}
