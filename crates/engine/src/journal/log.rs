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

/// The executions of an event that are in the journal, oldest first. `file` is the storage's file.
///
/// # Errors
/// If the journal cannot be read.
pub fn executions_of(file: &Path, event_id: EventId) -> Result<Vec<ExecutionLog>, JournalError> {
    let read = || -> Result<Vec<ExecutionLog>, rusqlite::Error> {
        let connection = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        // The hand-over executions of an event are named
        // `{event_id}-{number}`; '.' is the character after '-'.
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
    read().map_err(JournalError::of_file(file))
}
