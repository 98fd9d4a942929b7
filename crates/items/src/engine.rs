//! The operations on items.

mod json;
mod reads;
mod sdk;
mod transaction;
mod versions;
mod wanted;
mod writes;

use std::collections::HashMap;
use std::sync::Arc;

use hookstep_storage::{Answer, Priority, Snapshot, Storage};
use hookstep_tables::Item;

use crate::definition::TableDefinition;
use crate::error::{Answered, Refusal};
use crate::expression::{Cache, Condition, Path, Placeholders, Update};
use crate::rows;
pub use json::JsonRequest;
use versions::Versions;

/// How many expired items one step of the writer deletes, so that no other write waits for long.
const MAX_EXPIRED: usize = 200;

/// The tables. Clones share the items.
#[derive(Clone, Debug)]
pub struct ItemTables {
    storage: Storage,
    tables: &'static [TableDefinition],
    expressions: Arc<Expressions>,
    versions: Arc<Versions>,
    answer: Answer,
    /// What reads see, if not what is visible.
    past: Option<Arc<Snapshot>>,
}

#[derive(Debug, Default)]
struct Expressions {
    conditions: Cache<Condition>,
    updates: Cache<Update>,
    projections: Cache<Vec<Path>>,
}

/// The condition of a write, with what its placeholders stand for. It owns them, because the write may be run again.
#[derive(Debug, Default)]
struct Guard {
    condition: Option<Arc<Condition>>,
    names: Option<HashMap<String, String>>,
    values: Option<Item>,
}

impl Guard {
    fn placeholders(&self) -> Placeholders<'_> {
        Placeholders { names: self.names.as_ref(), values: self.values.as_ref() }
    }

    /// Whether the write may be made in the place of this item.
    fn admits(&self, standing: Option<&Item>) -> Answered<bool> {
        let Some(condition) = &self.condition else { return Ok(true) };
        let nothing = Item::new();
        condition.holds(standing.unwrap_or(&nothing), self.placeholders())
    }
}

impl ItemTables {
    /// Tables in a storage that has [`SCHEMA`](crate::SCHEMA). Writes are part of accepted work, and are answered when they
    /// are durable.
    pub fn new(storage: Storage, tables: &'static [TableDefinition]) -> Self {
        Self {
            storage,
            tables,
            expressions: Arc::default(),
            versions: Arc::new(Versions::new(tables.len())),
            answer: Answer::WhenDurable,
            past: None,
        }
    }

    /// The same tables, whose writes are answered when they are visible: for steps that a restart repeats.
    #[must_use]
    pub fn answering_when_visible(&self) -> Self {
        Self { answer: Answer::WhenVisible, ..self.clone() }
    }

    /// The same tables, whose reads see what was visible at an earlier moment.
    #[must_use]
    pub fn as_of(&self, past: Arc<Snapshot>) -> Self {
        Self { past: Some(past), ..self.clone() }
    }

    /// The storage.
    pub fn storage(&self) -> &Storage {
        &self.storage
    }

    /// Deletes all items that expired before `now`, in seconds since 1970.
    ///
    /// # Errors
    /// If the storage cannot carry it out.
    pub async fn expire(&self, now: i64) -> Answered<()> {
        loop {
            let (tables, changing) = (self.tables, self.changing(self.tables.iter()));
            let expired = self
                .storage
                .write(Priority::Accepted, Answer::WhenVisible, move |connection| {
                    let _ = &changing;
                    rows::expire(connection, tables, now, MAX_EXPIRED)
                })
                .await?;
            if expired < MAX_EXPIRED {
                return Ok(());
            }
        }
    }

    fn table(&self, name: Option<&str>) -> Answered<&'static TableDefinition> {
        let name = name.unwrap_or_default();
        self.tables.iter().find(|table| table.name == name).ok_or_else(|| Refusal::NoTable(name.to_owned()))
    }

    /// The tables have another version when the returned value is dropped. The closure of a write holds it, which the storage
    /// drops after the commit and before it answers.
    fn changing<'t>(&self, tables: impl Iterator<Item = &'t TableDefinition>) -> versions::Changing {
        let place =
            |table: &TableDefinition| self.tables.iter().position(|known| known.number == table.number);
        self.versions.changing(tables.filter_map(place))
    }

    fn condition(&self, text: Option<&str>) -> Answered<Option<Arc<Condition>>> {
        text.map(|text| self.expressions.conditions.get(text, Condition::parse)).transpose()
    }

    fn projection(&self, text: Option<&str>) -> Answered<Option<Arc<Vec<Path>>>> {
        text.map(|text| self.expressions.projections.get(text, Path::parse_projection)).transpose()
    }

    fn guard(
        &self,
        condition: Option<&str>,
        names: Option<HashMap<String, String>>,
        values: Option<Item>,
    ) -> Answered<Guard> {
        Ok(Guard { condition: self.condition(condition)?, names, values })
    }
}
