//! Reads the executions of an event, even while a host is running.

use std::path::Path;

use hookstep_contract::EventId;
use rusqlite::{Connection, OpenFlags};

use super::JournalError;

/// An execution's log.
#[derive(Clone, Debug)]
pub struct ExecutionLog {
    /// The execution's ARN.
    pub arn: String,
    /// `RUNNING`, `SUCCEEDED`, `FAILED` or `ABORTED`.
    pub status: String,
    /// The history, one JSON object per line. An express execution's history is written when it ends.
    pub history: String,
}

/// The executions of an event. Those that take it up again are named `{event_id}-{number}`; '.' is the character after '-'.
const SETTLED: &str =
    "SELECT arn, status, history, started_at FROM executions WHERE name >= ?1 AND name < ?1 || '.'";

/// The same, with those that have just been started.
const ALL: &str =
    "SELECT arn, status, history, started_at FROM executions WHERE name >= ?1 AND name < ?1 || '.'
    UNION ALL
    SELECT arn, 'RUNNING', NULL, started_at FROM started WHERE name >= ?1 AND name < ?1 || '.'";

/// The executions of an event that are in the journal, oldest first. `file` is the storage's file.
///
/// # Errors
/// If the journal cannot be read.
pub fn executions_of(file: &Path, event_id: EventId) -> Result<Vec<ExecutionLog>, JournalError> {
    let read = || -> Result<Vec<ExecutionLog>, rusqlite::Error> {
        let connection = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        // Storages of format 2 do not have it until a host has opened them.
        let has_started =
            "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'started')";
        let sql = if connection.query_row(has_started, [], |row| row.get(0))? { ALL } else { SETTLED };
        connection
            .prepare(&format!("{sql} ORDER BY started_at"))?
            .query_map([event_id.to_string()], |row| {
                let history: Option<String> = row.get(2)?;
                Ok(ExecutionLog {
                    arn: row.get(0)?,
                    status: row.get(1)?,
                    history: history.unwrap_or_default(),
                })
            })?
            .collect()
    };
    read().map_err(JournalError::of_file(file))
}
