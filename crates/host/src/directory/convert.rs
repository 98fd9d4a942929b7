//! Turns a data directory of format 1 into one of format 2.
//!
//! Format 1 had two databases: the tables, written by dynoxide-rs 3.2, and the journal of executions. Both are copied into a
//! new storage beside them, which gets its name only when it is complete and on the disk. So a conversion that is cut off
//! begins again at the next start. The former databases are kept, under other names.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use hookstep_ambient::Sources;
use hookstep_aws_local::{LocalKey, Tables};
use hookstep_storage::{Durability, Settings, Storage};
use rusqlite::Connection;

use super::examine::{Former, examine_former};
use super::label::{self, Label};
use super::unfit::{Fault, UnfitDirectory};
use super::{FORMAT, items, mark, sync};
use crate::OpenError;
use crate::storage::{STORAGE_FILE, schema};

/// The tables of format 1.
pub(super) const TABLES_FILE: &str = "tables.sqlite";
/// The journal of format 1.
pub(super) const JOURNAL_FILE: &str = "executions.sqlite";

/// The new storage until it is complete.
const PART: &str = "hookstep.sqlite.part";

/// What is added to the names of the former files, before the suffixes of their write-ahead logs.
const CONVERTED: &str = ".converted";

/// What is appended to a database's name for its write-ahead log and the index of that.
const SUFFIXES: [&str; 3] = ["", "-wal", "-shm"];

const OPERATION: &str = "convert the data directory of an earlier version";

/// Converts a directory of format 1. Any other is left as it is.
///
/// # Errors
/// If its files do not belong together, or the conversion fails, which leaves them unchanged.
pub(crate) async fn convert(dir: &Path, sources: &Sources) -> Result<(), OpenError> {
    let is_there = |file: &str| dir.join(file).exists();
    if !is_there(TABLES_FILE) && !is_there(JOURNAL_FILE) {
        return Ok(());
    }
    if !is_there(STORAGE_FILE) {
        let former = examine_former(dir)?;
        tracing::info!("the data directory of an earlier version is converted");
        fill(dir, &former, sources).await?;
    }
    set_aside(dir).map_err(OpenError::during(OPERATION))?;
    tracing::info!(
        "the data directory is converted: the former databases are kept as {TABLES_FILE}{CONVERTED} and \
         {JOURNAL_FILE}{CONVERTED}, and may be deleted"
    );
    Ok(())
}

/// Makes the new storage.
async fn fill(dir: &Path, former: &Former, sources: &Sources) -> Result<(), OpenError> {
    let part = dir.join(PART);
    remove(&part).map_err(OpenError::during(OPERATION))?;
    copy_tables(dir, &part, former).await?;
    copy_journal(&dir.join(JOURNAL_FILE), &part).map_err(OpenError::during(OPERATION))?;
    match former {
        Former::Labelled { id, key_check } => {
            let label = Label { id: *id, format: FORMAT, key_check: key_check.clone() };
            label::write(&part, &label).map_err(OpenError::during(OPERATION))?;
        }
        // The labels are written once the storage has its name, as in a new directory.
        Former::Unlabelled => mark(dir, (sources.new_id)()).map_err(OpenError::during(OPERATION))?,
        Former::Begun => {}
    }
    label::settle(&part).map_err(OpenError::during(OPERATION))?;
    let finish = || -> io::Result<()> {
        fs::File::open(&part)?.sync_all()?;
        fs::rename(&part, dir.join(STORAGE_FILE))?;
        sync(dir)
    };
    finish().map_err(OpenError::during(OPERATION))
}

async fn copy_tables(dir: &Path, part: &Path, former: &Former) -> Result<(), OpenError> {
    // The whole file is synced before it gets its name.
    let durability = Durability::Process;
    let settings =
        Settings { schema: schema(), durability, floor_bytes: 0, reserve_bytes: 0, ..Settings::new(part) };
    let storage = Storage::open(settings)?;
    let tables = Tables::new(storage.clone());
    items::copy(&dir.join(TABLES_FILE), &tables).await.map_err(OpenError::during(OPERATION))?;
    // The files carry nothing else that shows whether the key is theirs.
    if *former == Former::Unlabelled && !LocalKey::open(dir)?.opens_keys_of(&tables).await? {
        return Err(UnfitDirectory::new(dir, vec![Fault::KeyOfAnother]).into());
    }
    storage.durable().await?;
    Ok(())
}

/// Copies the executions. A directory whose first start was cut off may have none.
fn copy_journal(from: &Path, part: &Path) -> Result<(), rusqlite::Error> {
    const COLUMNS: &str = "arn, machine, name, status, input, checkpoint, wake_at, started_at, stopped_at, output, \
         error, cause, history";
    if !from.exists() {
        return Ok(());
    }
    let connection = Connection::open(part)?;
    connection.execute("ATTACH ?1 AS former", [from.to_string_lossy()])?;
    let count = "SELECT count(*) FROM former.sqlite_schema WHERE name = 'executions'";
    if connection.query_row(count, [], |row| row.get::<_, i64>(0))? > 0 {
        let copy = format!("INSERT INTO executions ({COLUMNS}) SELECT {COLUMNS} FROM former.executions");
        connection.execute(&copy, [])?;
    }
    Ok(())
}

/// Removes what an earlier conversion left that was cut off.
fn remove(part: &Path) -> io::Result<()> {
    SUFFIXES.iter().try_for_each(|suffix| match fs::remove_file(with(part, suffix)) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    })
}

/// Gives the former databases other names, with their write-ahead logs.
fn set_aside(dir: &Path) -> io::Result<()> {
    for file in [TABLES_FILE, JOURNAL_FILE] {
        // The database itself last: as long as it is there, this is done again at the next start.
        for suffix in SUFFIXES.iter().rev() {
            let converted = with(&dir.join(file), &format!("{CONVERTED}{suffix}"));
            match fs::rename(with(&dir.join(file), suffix), converted) {
                Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
    }
    sync(dir)
}

fn with(file: &Path, suffix: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}
