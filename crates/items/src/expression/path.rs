//! Paths to attributes, and projections to them.

use hookstep_tables::{AttributeValue, Item};

use super::parser::Parser;
use super::{Placeholders, invalid};
use crate::error::Answered;

/// The names on the way to an attribute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Path(pub(super) Vec<String>);

impl Path {
    /// Parses a projection: paths with commas between.
    pub(crate) fn parse_projection(text: &str) -> Answered<Vec<Path>> {
        let mut parser = Parser::new(text)?;
        let mut paths = vec![parser.path()?];
        while parser.take(",") {
            paths.push(parser.path()?);
        }
        parser.end()?;
        Ok(paths)
    }

    /// What the path leads to in an item.
    pub(super) fn find<'i>(
        &self,
        item: &'i Item,
        placeholders: Placeholders<'_>,
    ) -> Answered<Option<&'i AttributeValue>> {
        let mut found = item.get(self.begin(placeholders)?);
        for name in self.0.iter().skip(1) {
            let name = placeholders.name(name)?;
            found = match found {
                Some(AttributeValue::M(fields)) => fields.get(name),
                _ => None,
            };
        }
        Ok(found)
    }

    /// The attribute that the path begins with.
    pub(super) fn begin<'b>(&'b self, placeholders: Placeholders<'b>) -> Answered<&'b str> {
        let first = self.0.first().ok_or_else(|| invalid("the expression has an empty path"))?;
        placeholders.name(first)
    }

    /// The attribute itself, for a path without dots.
    pub(crate) fn top<'b>(&'b self, placeholders: Placeholders<'b>) -> Answered<&'b str> {
        match self.0.as_slice() {
            [name] => placeholders.name(name),
            _ => Err(invalid("a path with dots is not supported here")),
        }
    }
}
