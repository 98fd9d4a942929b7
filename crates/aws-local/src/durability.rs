//! Checks when commits to the tables reach the disk.
//!
//! dynoxide opens its own connection and leaves `PRAGMA synchronous` at the default, which is compiled into
//! SQLite from `LIBSQLITE3_FLAGS` in `.cargo/config.toml` (docs/adr/0004). A program built from another
//! directory has another default, and the operator should know.

use std::path::Path;

use rusqlite::Connection;

use crate::StandInError;

/// The values of `PRAGMA synchronous`.
const NORMAL: i64 = 1;
const FULL: i64 = 2;

/// Logs what a commit waits for, unless it is what the host is built for: the operating system, not the disk.
pub(crate) fn report(file: &Path) -> Result<(), StandInError> {
    match synchronous(file).map_err(StandInError::during("read the durability of the tables"))? {
        NORMAL => tracing::debug!("a commit of the tables waits for the operating system, not for the disk"),
        level if level >= FULL => tracing::warn!(
            "every commit of the tables waits for the disk, which is safer and about nine times slower: this program was \
             built without LIBSQLITE3_FLAGS of .cargo/config.toml"
        ),
        _ => tracing::warn!(
            "commits of the tables are never synced to the disk: a power cut may damage the tables"
        ),
    }
    Ok(())
}

/// The default for every connection to this file, including dynoxide's.
fn synchronous(file: &Path) -> Result<i64, rusqlite::Error> {
    let connection = Connection::open(file)?;
    // The WAL default takes effect once SQLite knows the
    // file's journal mode, which it learns at the first read.
    connection.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))?;
    connection.query_row("PRAGMA synchronous", [], |row| row.get(0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{TABLES_FILE, Tables};

    #[test]
    fn a_commit_does_not_wait_for_the_disk() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join(TABLES_FILE);
        let _tables = Tables::open(&file).unwrap();
        assert_eq!(synchronous(&file).unwrap(), NORMAL);
    }
}
