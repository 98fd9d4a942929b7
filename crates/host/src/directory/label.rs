//! The label of a database: a table with one row.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use hookstep_storage::make_room;
use rusqlite::{Connection, OpenFlags, OptionalExtension, params};
use uuid::Uuid;

use super::FORMAT;
use super::convert::TABLES_FILE;
use crate::OpenError;
use crate::storage::STORAGE_FILE;

/// What a database says about itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Label {
    /// The id of its directory.
    pub(super) id: Uuid,
    /// The version of its format.
    pub(super) format: i64,
    /// The value that the directory's key opens.
    pub(super) key_check: String,
}

/// What was found in the place of a database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Found {
    Missing,
    /// No byte, or no table.
    Empty,
    /// Not a database, or not the one with this name.
    Other,
    /// A database that SQLite cannot read.
    Damaged,
    /// A database of a version that wrote no label.
    Unlabelled,
    Labelled(Label),
}

const CREATE: &str = "CREATE TABLE IF NOT EXISTS hookstep_directory (
    file TEXT PRIMARY KEY, id TEXT NOT NULL, format INTEGER NOT NULL, key_check TEXT NOT NULL
)";

/// Looks at the database `file` in its place.
pub(super) fn read(path: &Path, file: &str) -> Result<Found, OpenError> {
    const OPERATION: &str = "look at the data directory";
    match fs::metadata(path) {
        Ok(data) if data.len() == 0 => return Ok(Found::Empty),
        Ok(_) => {}
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Found::Missing),
        Err(error) => return Err(OpenError::during(OPERATION)(error)),
    }
    let found = match look(path, file) {
        Err(error) if make_room(path, &error) => look(path, file),
        found => found,
    };
    match found {
        Ok(found) => Ok(found),
        Err(error) => match error.sqlite_error_code() {
            Some(rusqlite::ErrorCode::NotADatabase) => Ok(Found::Other),
            Some(rusqlite::ErrorCode::DatabaseCorrupt) => Ok(Found::Damaged),
            _ => Err(OpenError::during(OPERATION)(error)),
        },
    }
}

fn look(path: &Path, file: &str) -> Result<Found, rusqlite::Error> {
    // Without the flag that creates the file, should it be gone by now.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    let has = |table: &str| -> Result<bool, rusqlite::Error> {
        let count = "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name LIKE ?1";
        Ok(connection.query_row(count, [table], |row| row.get::<_, i64>(0))? > 0)
    };
    if !has("%")? {
        return Ok(Found::Empty);
    }
    if !has("hookstep_directory")? {
        // The tables of an earlier version had a table for DynamoDB's descriptions.
        let own = if file == TABLES_FILE { "_tables" } else { "executions" };
        return Ok(if has(own)? { Found::Unlabelled } else { Found::Other });
    }
    let label = connection
        .query_row("SELECT id, format, key_check FROM hookstep_directory WHERE file = ?1", [file], |row| {
            Ok((row.get::<_, String>(0)?, row.get(1)?, row.get(2)?))
        })
        .optional()?;
    // A label for another file is in a database that was copied to the wrong place.
    let Some((id, format, key_check)) = label else { return Ok(Found::Other) };
    Ok(Uuid::parse_str(&id).map_or(Found::Damaged, |id| Found::Labelled(Label { id, format, key_check })))
}

/// Writes the format of this program into the label of a storage.
pub(super) fn update(path: &Path) -> Result<(), rusqlite::Error> {
    let update = "UPDATE hookstep_directory SET format = ?2 WHERE file = ?1";
    Connection::open(path)?.execute(update, params![STORAGE_FILE, FORMAT]).map(drop)
}

/// Writes the label of a storage, creating its file if necessary.
pub(super) fn write(path: &Path, label: &Label) -> Result<(), rusqlite::Error> {
    let mut connection = Connection::open(path)?;
    let transaction = connection.transaction()?;
    transaction.execute(CREATE, [])?;
    transaction.execute(
        "INSERT OR REPLACE INTO hookstep_directory (file, id, format, key_check) VALUES (?1, ?2, ?3, ?4)",
        params![STORAGE_FILE, label.id.to_string(), label.format, label.key_check],
    )?;
    transaction.commit()
}

/// Writes the write-ahead log back.
pub(super) fn settle(path: &Path) -> Result<(), rusqlite::Error> {
    Connection::open(path)?.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
}
