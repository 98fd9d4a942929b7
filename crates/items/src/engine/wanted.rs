//! What a read wants of each item. Nothing else of a row is decoded: most searches look at one attribute of thousands of
//! items, and let few of them through.

use hookstep_tables::{Item, size};

use crate::definition::{TableDefinition, ViewDefinition};
use crate::encoding::decode_only;
use crate::error::{Answered, Refusal};
use crate::expression::{Condition, Path, Placeholders};
use crate::rows::{self, Key};

pub(crate) struct Wanted<'r> {
    pub(super) table: &'static TableDefinition,
    /// The view that is read, if it is one.
    pub(super) view: Option<&'r ViewDefinition>,
    /// The filter, and the attributes that it looks at.
    filter: Option<(&'r Condition, Vec<&'r str>)>,
    /// The attributes that the projection names.
    projection: Option<Vec<&'r str>>,
    placeholders: Placeholders<'r>,
    /// Whether the sizes of the items are wanted.
    pub(super) is_charged: bool,
}

/// What a read found.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// Those that the filter let through.
    pub(crate) items: Vec<Item>,
    /// How many were looked at.
    pub(crate) scanned: usize,
    /// Their size in bytes, as DynamoDB counts it, if it is wanted.
    pub(crate) bytes: usize,
}

impl<'r> Wanted<'r> {
    /// What these expressions want of the items of a table.
    pub(super) fn of(
        table: &'static TableDefinition,
        filter: Option<&'r Condition>,
        projection: Option<&'r Vec<Path>>,
        placeholders: Placeholders<'r>,
        is_charged: bool,
    ) -> Answered<Self> {
        let filter = match filter {
            Some(filter) => Some((filter, filter.names(placeholders)?)),
            None => None,
        };
        let names = |paths: &'r Vec<Path>| paths.iter().map(|path| path.top(placeholders)).collect();
        let projection = projection.map(names).transpose()?;
        Ok(Self { table, view: None, filter, projection, placeholders, is_charged })
    }

    /// Reads a row, and adds it to those that were found if the filter lets it through.
    pub(crate) fn read(&self, bytes: &[u8], key: &Key, found: &mut Found) -> Answered<()> {
        found.scanned += 1;
        let decode = |is_wanted: &dyn Fn(&str) -> bool| -> Answered<Item> {
            let mut item = decode_only(bytes, is_wanted).map_err(Refusal::Damaged)?;
            key.add_to(&mut item, self.table);
            Ok(item)
        };
        if self.is_charged {
            found.bytes += size(&decode(&|name| self.sees(name))?);
        }
        if let Some((_, names)) = &self.filter
            && !self.admits(&decode(&|name| self.sees(name) && names.contains(&name))?)?
        {
            return Ok(());
        }
        found.items.push(match (self.view, &self.projection) {
            (None, None) => rows::read(bytes, key, self.table)?,
            _ => self.projected(decode(&|name| self.sees(name) && self.projects(name))?),
        });
        Ok(())
    }

    /// The same for an item that is known.
    pub(super) fn take(&self, item: Item, found: &mut Found) -> Answered<()> {
        found.scanned += 1;
        found.bytes += size(&item);
        if self.admits(&item)? {
            found.items.push(self.projected(item));
        }
        Ok(())
    }

    fn admits(&self, item: &Item) -> Answered<bool> {
        self.filter.as_ref().map_or(Ok(true), |(filter, _)| filter.holds(item, self.placeholders))
    }

    fn projected(&self, mut item: Item) -> Item {
        if self.projection.is_some() {
            item.retain(|name, _| self.projects(name));
        }
        item
    }

    fn sees(&self, name: &str) -> bool {
        self.view.is_none_or(|view| self.table.is_key(name) || view.attributes.contains(&name))
    }

    fn projects(&self, name: &str) -> bool {
        self.projection.as_ref().is_none_or(|names| names.contains(&name))
    }
}
