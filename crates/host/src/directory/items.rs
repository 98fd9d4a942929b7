//! Copies the items of the tables of format 1, which dynoxide-rs 3.2 wrote: each is a text in DynamoDB's JSON, in a table of
//! the name of its own.

use std::path::{Path, PathBuf};

use futures_util::{TryStreamExt, stream};
use hookstep_aws_local::Tables;
use rusqlite::{Connection, OpenFlags};
use serde_json::{Value, json};
use tokio::task::spawn_blocking;

type Error = Box<dyn std::error::Error + Send + Sync>;

/// The tables of format 1. The one for probes has nothing to keep.
const TABLES: [&str; 5] = ["configs", "events", "tokens", "connections", "schedules"];

/// How many items are read at once.
const PAGE: i64 = 500;

/// How many items are written at once: they share commits.
const CONCURRENCY: usize = 64;

/// Copies the items of every table. A directory whose first start was cut off may have none.
pub(super) async fn copy(from: &Path, tables: &Tables) -> Result<(), Error> {
    if !from.exists() {
        return Ok(());
    }
    for table in TABLES {
        let (mut last, mut count) = (0, 0_usize);
        loop {
            let from = from.to_owned();
            let items = spawn_blocking(move || page(from, table, last)).await??;
            let Some((rowid, _)) = items.last() else { break };
            (last, count) = (*rowid, count + items.len());
            stream::iter(items.into_iter().map(Ok))
                .try_for_each_concurrent(CONCURRENCY, |(_, item)| put(tables, table, item))
                .await?;
        }
        tracing::info!(table, items = count, "copied a table of the data directory");
    }
    Ok(())
}

/// The items after this row, with the numbers of their rows.
fn page(file: PathBuf, table: &str, after: i64) -> Result<Vec<(i64, String)>, rusqlite::Error> {
    let connection = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    let count = "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = ?1";
    if connection.query_row(count, [table], |row| row.get::<_, i64>(0))? == 0 {
        return Ok(Vec::new());
    }
    let select =
        format!("SELECT rowid, item_json FROM \"{table}\" WHERE rowid > ?1 ORDER BY rowid LIMIT {PAGE}");
    connection.prepare(&select)?.query_map([after], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
}

async fn put(tables: &Tables, table: &str, item: String) -> Result<(), Error> {
    let item: Value = serde_json::from_str(&item)?;
    let put = tables.call("PutItem", json!({"TableName": table, "Item": item})).await;
    put.map(drop).map_err(|error| {
        format!("an item of the table {table} was refused: {}: {}", error.name, error.message).into()
    })
}
