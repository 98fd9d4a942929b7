//! The journal's SQL.

use hookstep_contract::{EventId, MachineKind};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, Error, OptionalExtension, params};

use super::rows::{COLUMNS, Ended, ExecutionRow, NewExecution, STARTED_COLUMNS, Waiting};
use super::{Inserted, StopOutcome};
use crate::machines::kind_of_execution;

/// Follows WHERE: the execution has not ended. SQLite makes a temporary table for a list of more than two values, each time
/// that the statement runs.
macro_rules! not_ended {
    () => {
        "status <> 'SUCCEEDED' AND status <> 'FAILED' AND status <> 'ABORTED'"
    };
}

/// The journal's tables and indexes.
///
/// An express execution is in `started` until something of it has to stay longer than itself: most end before, and come and go
/// in one tree instead of four. With its first checkpoint, or an end of which something stays, it moves to `executions`.
///
/// An input that does not fit into a page with its row is in a table of its own, so that it is written once: SQLite
/// writes a whole row again when it is updated. Executions that wait have an index by time, so that a start need
/// not read those that wait for long.
pub const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS started (
        arn TEXT PRIMARY KEY, machine TEXT NOT NULL, name TEXT NOT NULL, input TEXT NOT NULL, started_at INTEGER NOT NULL
    ) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS executions (
        arn TEXT PRIMARY KEY, machine TEXT NOT NULL, name TEXT NOT NULL, status TEXT NOT NULL, input TEXT NOT NULL,
        checkpoint TEXT, wake_at INTEGER, started_at INTEGER NOT NULL, stopped_at INTEGER,
        output TEXT, error TEXT, cause TEXT, history TEXT
    );
    CREATE TABLE IF NOT EXISTS inputs (arn TEXT PRIMARY KEY, input TEXT NOT NULL);
    CREATE INDEX IF NOT EXISTS executions_awake ON executions (started_at)
        WHERE status = 'RUNNING' AND wake_at IS NULL;
    CREATE INDEX IF NOT EXISTS executions_waiting ON executions (wake_at)
        WHERE status = 'RUNNING' AND wake_at IS NOT NULL;
    CREATE INDEX IF NOT EXISTS executions_stopped ON executions (machine, stopped_at) WHERE stopped_at IS NOT NULL;
    CREATE INDEX IF NOT EXISTS executions_name ON executions (name);
    CREATE INDEX IF NOT EXISTS executions_odd ON executions (started_at)
        WHERE status <> 'RUNNING' AND status <> 'SUCCEEDED' AND status <> 'FAILED' AND status <> 'ABORTED';
    CREATE TABLE IF NOT EXISTS probe (id INTEGER PRIMARY KEY, written_at INTEGER NOT NULL);
";

/// From this size on, in bytes, an input is in the table of inputs. A page has 4 KiB, for this row and others.
const LARGE_INPUT: usize = 2048;

const INSERT_EXPRESS: &str = "INSERT INTO started (arn, machine, name, input, started_at) VALUES (?1, ?2, ?3, ?4, ?5) \
    ON CONFLICT DO NOTHING";

const INSERT_STANDARD: &str = "INSERT INTO executions (arn, machine, name, status, input, started_at) \
    VALUES (?1, ?2, ?3, 'RUNNING', ?4, ?5) ON CONFLICT DO NOTHING";

/// Splits an input into what is in the row, and what is in the table of inputs.
fn split(input: &str) -> (&str, Option<&str>) {
    if input.len() < LARGE_INPUT { (input, None) } else { ("", Some(input)) }
}

pub(super) fn insert(connection: &Connection, row: &NewExecution) -> Result<Inserted, Error> {
    let (short, large) = split(&row.input);
    let insert = match kind_of_execution(&row.arn) {
        MachineKind::Express => INSERT_EXPRESS,
        MachineKind::Standard => INSERT_STANDARD,
    };
    let inserted = connection.prepare_cached(insert)?.execute(params![
        row.arn,
        row.machine,
        row.name,
        short,
        row.started_at
    ])?;
    if inserted == 0 {
        return Ok(Inserted::Exists);
    }
    if let Some(input) = large {
        set_input(connection, &row.arn, input)?;
    }
    Ok(Inserted::New)
}

fn set_input(connection: &Connection, arn: &str, input: &str) -> Result<(), Error> {
    let insert = "INSERT OR REPLACE INTO inputs (arn, input) VALUES (?1, ?2)";
    connection.prepare_cached(insert)?.execute([arn, input]).map(drop)
}

/// Moves an express execution of which something will stay to `executions`, if it is not there yet.
fn settle(connection: &Connection, arn: &str) -> Result<(), Error> {
    if kind_of_execution(arn) == MachineKind::Standard {
        return Ok(());
    }
    let copied = connection
        .prepare_cached(
            "INSERT INTO executions (arn, machine, name, status, input, started_at)
             SELECT arn, machine, name, 'RUNNING', input, started_at FROM started WHERE arn = ?1",
        )?
        .execute([arn])?;
    if copied == 1 {
        delete_started(connection, arn)?;
    }
    Ok(())
}

/// Returns whether there was such an execution.
fn delete_started(connection: &Connection, arn: &str) -> Result<bool, Error> {
    let deleted = connection.prepare_cached("DELETE FROM started WHERE arn = ?1")?.execute([arn])?;
    Ok(deleted == 1)
}

fn delete_input(connection: &Connection, arn: &str) -> Result<(), Error> {
    connection.prepare_cached("DELETE FROM inputs WHERE arn = ?1")?.execute([arn]).map(drop)
}

pub(super) fn set_checkpoint(
    connection: &Connection,
    arn: &str,
    checkpoint: &str,
    wake_at: Option<i64>,
    history: &str,
) -> Result<(), Error> {
    settle(connection, arn)?;
    connection
        .prepare_cached(concat!(
            "UPDATE executions SET checkpoint = ?2, wake_at = ?3, history = ?4
             WHERE arn = ?1 AND ",
            not_ended!()
        ))?
        .execute(params![arn, checkpoint, wake_at, history])
        .map(drop)
}

/// Makes a row readable again and puts its execution at this checkpoint.
pub(super) fn repair(
    connection: &Connection,
    row: &NewExecution,
    checkpoint: &str,
    history: &str,
) -> Result<(), Error> {
    settle(connection, &row.arn)?;
    let (short, large) = split(&row.input);
    let repaired = connection
        .prepare_cached(concat!(
            "UPDATE executions SET machine = ?2, name = ?3, status = 'RUNNING', input = ?4, started_at = ?5,
             checkpoint = ?6, wake_at = NULL, history = ?7
             WHERE arn = ?1 AND ",
            not_ended!()
        ))?
        .execute(params![row.arn, row.machine, row.name, short, row.started_at, checkpoint, history])?;
    match large {
        Some(input) if repaired == 1 => set_input(connection, &row.arn, input),
        _ => delete_input(connection, &row.arn),
    }
}

/// Writes an end. Of a success without a history, an express execution leaves nothing, and a standard one its name.
pub(super) fn end(connection: &Connection, arn: &str, kind: MachineKind, ended: &Ended) -> Result<(), Error> {
    let is_plain = ended.is_plain();
    match kind {
        MachineKind::Express if is_plain => {
            delete_input(connection, arn)?;
            if delete_started(connection, arn)? {
                return Ok(());
            }
            let delete = concat!("DELETE FROM executions WHERE arn = ?1 AND ", not_ended!());
            connection.prepare_cached(delete)?.execute([arn]).map(drop)
        }
        MachineKind::Standard if is_plain => {
            delete_input(connection, arn)?;
            connection
                .prepare_cached(
                    concat!("UPDATE executions SET status = 'SUCCEEDED', stopped_at = ?2, input = '', checkpoint = NULL,
                     history = NULL, wake_at = NULL
                     WHERE arn = ?1 AND ", not_ended!()),
                )?
                .execute(params![arn, ended.stopped_at])
                .map(drop)
        }
        _ => set_end(connection, arn, ended),
    }
}

fn set_end(connection: &Connection, arn: &str, ended: &Ended) -> Result<(), Error> {
    settle(connection, arn)?;
    let Ended { status, output, error, cause, history, stopped_at } = ended;
    connection
        .prepare_cached(concat!(
            "UPDATE executions SET status = ?2, output = ?3, error = ?4, cause = ?5,
             history = coalesce(?6, history), stopped_at = ?7, checkpoint = NULL, wake_at = NULL
             WHERE arn = ?1 AND ",
            not_ended!()
        ))?
        .execute(params![arn, status.as_str(), output, error, cause, history, stopped_at])
        .map(drop)
}

pub(super) fn abort(connection: &Connection, arn: &str, stopped_at: i64) -> Result<StopOutcome, Error> {
    settle(connection, arn)?;
    let stopped = connection
        .prepare_cached(
            "UPDATE executions SET status = 'ABORTED', stopped_at = ?2, checkpoint = NULL, wake_at = NULL
             WHERE arn = ?1 AND status = 'RUNNING'",
        )?
        .execute(params![arn, stopped_at])?;
    Ok(if stopped == 1 { StopOutcome::Stopped } else { StopOutcome::NotRunning })
}

/// What a row of the journal says.
type Read = Result<ExecutionRow, Box<super::UnreadableRow>>;

pub(super) fn read(connection: &Connection, arn: &str) -> Result<Option<Read>, Error> {
    connection
        .prepare_cached(&format!(
            "SELECT {COLUMNS} FROM executions WHERE arn = ?1
             UNION ALL SELECT {STARTED_COLUMNS} FROM started WHERE arn = ?1"
        ))?
        .query_row([arn], ExecutionRow::read)
        .optional()
}

/// The executions that have not ended and do not wait. A row with an unknown status, or with a moment that is not a
/// number, is one of them: it is resumed, which tells that it cannot be read and ends its event. Each part of the
/// union has an index of its own.
pub(super) fn awake(connection: &Connection) -> Result<Vec<String>, Error> {
    connection
        .prepare(
            "SELECT arn, started_at FROM executions WHERE status = 'RUNNING' AND wake_at IS NULL
             UNION ALL
             SELECT arn, started_at FROM executions WHERE status = 'RUNNING' AND wake_at >= ''
             UNION ALL
             SELECT arn, started_at FROM executions
             WHERE status <> 'RUNNING' AND status <> 'SUCCEEDED' AND status <> 'FAILED' AND status <> 'ABORTED'
             UNION ALL
             SELECT arn, started_at FROM started
             ORDER BY 2",
        )?
        .query_map([], |row| row.get(0))?
        .collect()
}

/// The executions that wait until a time in this range. Numbers sort before everything else.
pub(super) fn waiting(connection: &Connection, from: i64, to: i64) -> Result<Vec<Waiting>, Error> {
    connection
        .prepare_cached(
            "SELECT wake_at, arn FROM executions WHERE status = 'RUNNING' AND wake_at >= ?1 AND wake_at < ?2
             ORDER BY wake_at",
        )?
        .query_map([from, to], |row| {
            let wake_at = match row.get_ref(0)? {
                ValueRef::Integer(at) => at,
                _ => from,
            };
            Ok(Waiting { wake_at, arn: row.get(1)? })
        })?
        .collect()
}

/// How many executions wait, and when the oldest of them was started, in milliseconds since 1970.
pub(super) fn waiting_since(connection: &Connection) -> Result<(usize, Option<i64>), Error> {
    connection
        .prepare_cached(
            "SELECT count(*), min(started_at) FROM executions WHERE status = 'RUNNING' AND wake_at IS NOT NULL",
        )?
        .query_row([], |row| Ok((row.get(0)?, row.get(1)?)))
}

/// Writes a row that means nothing, to see that rows can be written.
pub(super) fn probe(connection: &Connection, now: i64) -> Result<(), Error> {
    connection
        .prepare_cached("INSERT OR REPLACE INTO probe (id, written_at) VALUES (1, ?1)")?
        .execute([now])
        .map(drop)
}

/// Deletes executions that ended before this time, at most `limit`. Returns how many.
pub(super) fn prune(
    connection: &Connection,
    machine: &str,
    before: i64,
    limit: usize,
) -> Result<usize, Error> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let deleted: Vec<String> = connection
        .prepare_cached(
            "DELETE FROM executions WHERE rowid IN (
                SELECT rowid FROM executions WHERE machine = ?1 AND stopped_at < ?2 LIMIT ?3
             ) RETURNING arn",
        )?
        .query_map(params![machine, before, limit], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    deleted.iter().try_for_each(|arn| delete_input(connection, arn))?;
    Ok(deleted.len())
}

/// Deletes the executions of an event that have ended; returns whether there are no others. They are named after it, with the number
/// of an attempt behind it if they were started for one. `express` has the beginnings of the ARNs of express executions, which are
/// in `started` by their ARNs alone.
pub(super) fn erase(connection: &Connection, event_id: EventId, express: &[String]) -> Result<bool, Error> {
    let deleted: Vec<String> = connection
        .prepare_cached(
            "DELETE FROM executions WHERE name >= ?1 AND name < ?1 || '.' AND stopped_at IS NOT NULL RETURNING arn",
        )?
        .query_map([event_id.to_string()], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    deleted.iter().try_for_each(|arn| delete_input(connection, arn))?;
    for beginning in express {
        // Behind the name follows `:` or, if it has a number, `-`; `;` is the character after both.
        let first = format!("{beginning}:{event_id}");
        let is_running: bool = connection
            .prepare_cached("SELECT EXISTS (SELECT 1 FROM started WHERE arn > ?1 AND arn < ?1 || ';')")?
            .query_row([first], |row| row.get(0))?;
        if is_running {
            return Ok(false);
        }
    }
    connection
        .prepare_cached("SELECT NOT EXISTS (SELECT 1 FROM executions WHERE name >= ?1 AND name < ?1 || '.')")?
        .query_row([event_id.to_string()], |row| row.get(0))
}
