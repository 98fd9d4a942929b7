//! Updates of an item.

use hookstep_tables::{AttributeValue, Item};

use super::parser::Parser;
use super::path::Path;
use super::{Placeholders, invalid};
use crate::definition::TableDefinition;
use crate::error::Answered;

/// What an update does.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Update {
    set: Vec<(Path, Source)>,
    remove: Vec<Path>,
}

/// Where a new value comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Source {
    Value(String),
    /// The value that the attribute has, or this one.
    IfNotExists(Path, String),
}

impl Update {
    pub(crate) fn parse(text: &str) -> Answered<Self> {
        let mut parser = Parser::new(text)?;
        let mut update = Self::default();
        while !parser.is_at_end() {
            if parser.keyword("SET") {
                update.parse_set(&mut parser)?;
            } else if parser.keyword("REMOVE") {
                update.remove.push(parser.path()?);
                while parser.take(",") {
                    update.remove.push(parser.path()?);
                }
            } else {
                return Err(invalid("an update can only SET and REMOVE"));
            }
        }
        if update == Self::default() {
            return Err(invalid("an update must do something"));
        }
        Ok(update)
    }

    fn parse_set(&mut self, parser: &mut Parser) -> Answered<()> {
        loop {
            let path = parser.path()?;
            parser.expect("=")?;
            let source = if parser.function(&["if_not_exists"]).is_some() {
                let standing = parser.path()?;
                parser.expect(",")?;
                let value = parser.value().ok_or_else(|| invalid("if_not_exists lacks its value"))?;
                parser.expect(")")?;
                Source::IfNotExists(standing, value)
            } else {
                Source::Value(parser.value().ok_or_else(|| invalid("SET needs a value"))?)
            };
            self.set.push((path, source));
            if !parser.take(",") {
                return Ok(());
            }
        }
    }

    /// Changes an item. All values are read before the first one is written.
    pub(crate) fn apply(
        &self,
        item: &mut Item,
        table: &TableDefinition,
        placeholders: Placeholders<'_>,
    ) -> Answered<()> {
        let mut new: Vec<(&str, AttributeValue)> = Vec::with_capacity(self.set.len());
        for (path, source) in &self.set {
            let value = match source {
                Source::Value(name) => placeholders.value(name)?.clone(),
                Source::IfNotExists(standing, name) => match standing.find(item, placeholders)? {
                    Some(value) => value.clone(),
                    None => placeholders.value(name)?.clone(),
                },
            };
            new.push((path.top(placeholders)?, value));
        }
        let removed = self.remove.iter().map(|path| path.top(placeholders)).collect::<Answered<Vec<_>>>()?;
        if new.iter().map(|(name, _)| name).chain(&removed).any(|name| table.is_key(name)) {
            return Err(invalid("an update cannot change the key"));
        }
        removed.into_iter().for_each(|name| drop(item.remove(name)));
        item.extend(new.into_iter().map(|(name, value)| (name.to_owned(), value)));
        Ok(())
    }
}
