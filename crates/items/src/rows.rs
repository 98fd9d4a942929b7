//! The rows of items, and of the indexes.

use hookstep_tables::{AttributeValue, Item};
use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::definition::{IndexDefinition, TableDefinition};
use crate::encoding::{decode, encode};
use crate::error::{Answered, Refusal};
use crate::expression::{Bound, invalid};

/// The tables of the storage that hold the items: statements that make what is missing. `item_keys` has a row for each
/// item that an index has.
pub const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS items (
        tbl INTEGER NOT NULL, pk TEXT NOT NULL, sk TEXT NOT NULL, expires_at INTEGER, item BLOB NOT NULL
    );
    CREATE UNIQUE INDEX IF NOT EXISTS items_key ON items (tbl, pk, sk);
    CREATE INDEX IF NOT EXISTS items_expiry ON items (expires_at) WHERE expires_at IS NOT NULL;
    CREATE TABLE IF NOT EXISTS item_keys (
        idx INTEGER NOT NULL, hash TEXT NOT NULL, range TEXT NOT NULL, pk TEXT NOT NULL, sk TEXT NOT NULL,
        PRIMARY KEY (idx, hash, range, pk, sk)
    ) WITHOUT ROWID;
";

/// The attribute that says when an item expires, in seconds since 1970.
const EXPIRES_AT: &str = "expires_at";

/// The largest text that a sort key is compared with.
const LAST: &str = "\u{10ffff}";

/// The most that a page has, in bytes of encoded items, as in DynamoDB.
const PAGE_BYTES: usize = 1024 * 1024;

type Sql<T> = Result<T, rusqlite::Error>;

/// The key of an item. `sk` is empty in tables without a sort key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Key {
    pub(crate) pk: String,
    pub(crate) sk: String,
}

impl Key {
    /// The key in an item, or in a request's key.
    pub(crate) fn of(table: &TableDefinition, item: &Item) -> Answered<Self> {
        let part = |name: &str| match item.get(name) {
            Some(AttributeValue::S(text)) if !text.is_empty() => Ok(text.clone()),
            _ => Err(invalid(format!("the key's attribute {name} must be a string that is not empty"))),
        };
        Ok(Self {
            pk: part(table.partition_key)?,
            sk: table.sort_key.map(part).transpose()?.unwrap_or_default(),
        })
    }

    /// The attributes of the key.
    pub(crate) fn attributes(&self, table: &TableDefinition) -> Item {
        let mut item = Item::new();
        self.add_to(&mut item, table);
        item
    }

    pub(crate) fn add_to(&self, item: &mut Item, table: &TableDefinition) {
        item.insert(table.partition_key.to_owned(), AttributeValue::S(self.pk.clone()));
        if let Some(name) = table.sort_key {
            item.insert(name.to_owned(), AttributeValue::S(self.sk.clone()));
        }
    }
}

/// An item as it was read: bytes that cannot be decoded are told to whoever asked for it.
pub(crate) fn read(bytes: &[u8], key: &Key, table: &TableDefinition) -> Answered<Item> {
    let mut item = decode(bytes).map_err(Refusal::Damaged)?;
    key.add_to(&mut item, table);
    Ok(item)
}

pub(crate) fn find(
    connection: &Connection,
    table: &TableDefinition,
    key: &Key,
) -> Sql<Option<Answered<Item>>> {
    find_with(connection, table, key, |bytes| read(bytes, key, table))
}

/// Returns what `read` makes of the row at a key, if there is one.
pub(crate) fn find_with<T>(
    connection: &Connection,
    table: &TableDefinition,
    key: &Key,
    read: impl FnOnce(&[u8]) -> T,
) -> Sql<Option<T>> {
    connection
        .prepare_cached("SELECT item FROM items WHERE tbl = ?1 AND pk = ?2 AND sk = ?3")?
        .query_row(params![table.number, key.pk, key.sk], |row| Ok(read(row.get_ref(0)?.as_blob()?)))
        .optional()
}

/// An item as it is written. It is made outside of the writer, which does for all what only it can do.
pub(crate) struct NewRow {
    expires_at: Option<i64>,
    item: Vec<u8>,
    entries: Entries,
}

/// For each index of a table: an item's partition and its sort key, if the index has the item.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Entries(Vec<Option<(String, String)>>);

impl Entries {
    pub(crate) fn of(table: &TableDefinition, item: Option<&Item>) -> Self {
        let owned = |(hash, range): (&str, &str)| (hash.to_owned(), range.to_owned());
        Self(table.indexes.iter().map(|index| entry(index, item).map(owned)).collect())
    }

    fn get(&self, number: usize) -> Option<(&str, &str)> {
        self.0.get(number)?.as_ref().map(|(hash, range)| (&**hash, &**range))
    }
}

impl NewRow {
    pub(crate) fn of(table: &TableDefinition, item: &Item) -> Self {
        let entries = Entries::of(table, Some(item));
        Self { expires_at: expiry(item), item: encode(item, table), entries }
    }
}

/// Writes an item in the place of one with the entries `old`.
pub(crate) fn replace(
    connection: &Connection,
    table: &TableDefinition,
    key: &Key,
    old: &Entries,
    new: &NewRow,
) -> Sql<()> {
    connection
        .prepare_cached(
            "INSERT INTO items (tbl, pk, sk, expires_at, item) VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT (tbl, pk, sk) DO UPDATE SET expires_at = excluded.expires_at, item = excluded.item",
        )?
        .execute(params![table.number, key.pk, key.sk, new.expires_at, new.item])?;
    index(connection, table, key, old, &new.entries)
}

/// Writes an item if there is none. Returns whether there was none.
pub(crate) fn insert(connection: &Connection, table: &TableDefinition, key: &Key, new: &NewRow) -> Sql<bool> {
    let inserted = connection
        .prepare_cached(
            "INSERT INTO items (tbl, pk, sk, expires_at, item) VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO NOTHING",
        )?
        .execute(params![table.number, key.pk, key.sk, new.expires_at, new.item])?;
    if inserted == 1 {
        index(connection, table, key, &Entries(Vec::new()), &new.entries)?;
    }
    Ok(inserted == 1)
}

pub(crate) fn delete(connection: &Connection, table: &TableDefinition, key: &Key, old: &Item) -> Sql<()> {
    connection
        .prepare_cached("DELETE FROM items WHERE tbl = ?1 AND pk = ?2 AND sk = ?3")?
        .execute(params![table.number, key.pk, key.sk])?;
    index(connection, table, key, &Entries::of(table, Some(old)), &Entries(Vec::new()))
}

fn expiry(item: &Item) -> Option<i64> {
    item.get(EXPIRES_AT)?.as_n().ok()?.parse().ok()
}

/// The partition and the sort key of an item in an index.
fn entry<'i>(index: &IndexDefinition, item: Option<&'i Item>) -> Option<(&'i str, &'i str)> {
    let part = |name| item?.get(name)?.as_s().ok().map(String::as_str);
    Some((part(index.partition_key)?, part(index.sort_key)?))
}

fn index(
    connection: &Connection,
    table: &TableDefinition,
    key: &Key,
    old: &Entries,
    new: &Entries,
) -> Sql<()> {
    for (number, index) in table.indexes.iter().enumerate() {
        // The partition key may be the table's own, which every item has.
        let (old, new) = (old.get(number), new.get(number));
        if old == new {
            continue;
        }
        if let Some((hash, range)) = old {
            connection
                .prepare_cached("DELETE FROM item_keys WHERE idx = ?1 AND hash = ?2 AND range = ?3 AND pk = ?4 AND sk = ?5")?
                .execute(params![index.number, hash, range, key.pk, key.sk])?;
        }
        if let Some((hash, range)) = new {
            connection
                .prepare_cached(
                    "INSERT OR REPLACE INTO item_keys (idx, hash, range, pk, sk) VALUES (?1, ?2, ?3, ?4, ?5)",
                )?
                .execute(params![index.number, hash, range, key.pk, key.sk])?;
        }
    }
    Ok(())
}

/// Which items of a partition are read.
#[derive(Clone, Debug)]
pub(crate) struct Range {
    pub(crate) pk: String,
    pub(crate) low: Bound,
    pub(crate) high: Bound,
    pub(crate) forward: bool,
    pub(crate) limit: Option<usize>,
}

/// Entries of an index in order, and whether there may be more.
pub(crate) struct Page {
    pub(crate) found: Vec<(String, Key)>,
    pub(crate) is_cut: bool,
}

impl Range {
    /// The conditions and the order, for a column with the sort keys; `?3` and `?4` are the limits.
    fn sql(&self, column: &str) -> (String, &str, &str) {
        let (low, from) =
            self.low.as_ref().map_or(("", ">="), |(low, includes)| (low, if *includes { ">=" } else { ">" }));
        let (high, to) = self
            .high
            .as_ref()
            .map_or((LAST, "<="), |(high, includes)| (high, if *includes { "<=" } else { "<" }));
        (format!("{column} {from} ?3 AND {column} {to} ?4"), low, high)
    }

    fn direction(&self) -> &'static str {
        if self.forward { "ASC" } else { "DESC" }
    }
}

/// Hands the rows of a partition to `read`. Returns the key of the last one if there may be more.
pub(crate) fn range(
    connection: &Connection,
    table: &TableDefinition,
    range: &Range,
    mut read: impl FnMut(&[u8], &Key) -> Answered<()>,
) -> Sql<Answered<Option<Key>>> {
    let (limits, low, high) = range.sql("sk");
    let sql = format!(
        "SELECT item, sk FROM items WHERE tbl = ?1 AND pk = ?2 AND {limits} ORDER BY sk {}",
        range.direction()
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query(params![table.number, range.pk, low, high])?;
    let mut key = Key { pk: range.pk.clone(), sk: String::new() };
    let mut page = Limits { rows: range.limit.unwrap_or(usize::MAX), bytes: PAGE_BYTES };
    while let Some(row) = rows.next()? {
        let blob = row.get_ref(0)?.as_blob()?;
        row.get_ref(1)?.as_str()?.clone_into(&mut key.sk);
        if let Err(refusal) = read(blob, &key) {
            return Ok(Err(refusal));
        }
        if page.ends_with(blob) {
            return Ok(Ok(Some(key)));
        }
    }
    Ok(Ok(None))
}

/// What a page may still have.
struct Limits {
    rows: usize,
    bytes: usize,
}

impl Limits {
    /// Counts a row. Returns whether the page ends with it.
    fn ends_with(&mut self, blob: &[u8]) -> bool {
        self.rows -= 1;
        self.bytes = self.bytes.saturating_sub(blob.len());
        self.rows == 0 || self.bytes == 0
    }
}

/// Hands the rows of a table after a key to `read`. Returns the key of the last one if there may be more.
pub(crate) fn scan(
    connection: &Connection,
    table: &TableDefinition,
    after: Option<&Key>,
    limit: Option<usize>,
    mut read: impl FnMut(&[u8], &Key) -> Answered<()>,
) -> Sql<Answered<Option<Key>>> {
    let (pk, sk) = after.map_or(("", ""), |key| (&key.pk, &key.sk));
    let mut statement = connection.prepare_cached(
        "SELECT item, pk, sk FROM items WHERE tbl = ?1 AND (pk, sk) > (?2, ?3) ORDER BY pk, sk",
    )?;
    let mut rows = statement.query(params![table.number, pk, sk])?;
    let mut page = Limits { rows: limit.unwrap_or(usize::MAX), bytes: PAGE_BYTES };
    while let Some(row) = rows.next()? {
        let (blob, key) = (row.get_ref(0)?.as_blob()?, key_at(row, 1)?);
        if let Err(refusal) = read(blob, &key) {
            return Ok(Err(refusal));
        }
        if page.ends_with(blob) {
            return Ok(Ok(Some(key)));
        }
    }
    Ok(Ok(None))
}

/// The keys of the items of an index's partition, each with its sort key in the index.
pub(crate) fn indexed(
    connection: &Connection,
    index: &IndexDefinition,
    range: &Range,
    after: Option<(&str, &Key)>,
) -> Sql<Page> {
    let (limits, low, high) = range.sql("range");
    let (resumed, start) = match after {
        // The first entry that follows, in either direction.
        Some((sort_key, key)) => (true, (sort_key, key.pk.as_str(), key.sk.as_str())),
        None => (false, ("", "", "")),
    };
    let beyond = if range.forward { ">" } else { "<" };
    let sql = format!(
        "SELECT range, pk, sk FROM item_keys WHERE idx = ?1 AND hash = ?2 AND {limits}
         AND (NOT ?5 OR (range, pk, sk) {beyond} (?6, ?7, ?8)) ORDER BY range {direction}, pk {direction}, sk {direction}",
        direction = range.direction()
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows =
        statement.query(params![index.number, range.pk, low, high, resumed, start.0, start.1, start.2])?;
    let mut page = Page { found: Vec::new(), is_cut: false };
    while let Some(row) = rows.next()? {
        page.found.push((row.get(0)?, key_at(row, 1)?));
        if Some(page.found.len()) == range.limit {
            page.is_cut = true;
            break;
        }
    }
    Ok(page)
}

fn key_at(row: &Row<'_>, column: usize) -> Sql<Key> {
    Ok(Key { pk: row.get(column)?, sk: row.get(column + 1)? })
}

/// Deletes up to `limit` items that expired before `now`, in seconds since 1970. Returns how many there were.
pub(crate) fn expire(
    connection: &Connection,
    tables: &[TableDefinition],
    now: i64,
    limit: usize,
) -> Sql<usize> {
    let expired: Vec<(i64, Key, Vec<u8>)> = connection
        .prepare_cached(
            "SELECT tbl, pk, sk, item FROM items WHERE expires_at < ?1 ORDER BY expires_at LIMIT ?2",
        )?
        .query_map(params![now, limit as i64], |row| Ok((row.get(0)?, key_at(row, 1)?, row.get(3)?)))?
        .collect::<Sql<_>>()?;
    for (number, key, bytes) in &expired {
        let Some(table) = tables.iter().find(|table| table.number == *number) else {
            connection
                .prepare_cached("DELETE FROM items WHERE tbl = ?1 AND pk = ?2 AND sk = ?3")?
                .execute(params![number, key.pk, key.sk])?;
            continue;
        };
        // What cannot be decoded has no entry that could be found.
        let item = read(bytes, key, table).unwrap_or_default();
        delete(connection, table, key, &item)?;
    }
    Ok(expired.len())
}
