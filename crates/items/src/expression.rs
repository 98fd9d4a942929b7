//! DynamoDB's expressions: parsed once, kept, and evaluated on items.

mod condition;
mod parser;
mod path;
mod update;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use hookstep_tables::{AttributeValue, Item};

use crate::error::{Answered, Refusal};

pub(crate) use condition::{Bound, Condition, key_range};
pub(crate) use path::Path;
pub(crate) use update::Update;

/// How many parsed expressions are kept: many more than the product has. Those of an update name the fields of a record.
const KEPT: usize = 1000;

/// What the placeholders of a request's expressions stand for.
#[derive(Clone, Copy)]
pub(crate) struct Placeholders<'a> {
    pub(crate) names: Option<&'a HashMap<String, String>>,
    pub(crate) values: Option<&'a Item>,
}

impl<'a> Placeholders<'a> {
    /// The attribute's name that is written as `name` or `#name`.
    fn name<'b>(&self, name: &'b str) -> Answered<&'b str>
    where
        'a: 'b,
    {
        if !name.starts_with('#') {
            return Ok(name);
        }
        let found = self.names.and_then(|names| names.get(name));
        found
            .map(String::as_str)
            .ok_or_else(|| invalid(format!("the expression's name {name} is not defined")))
    }

    fn value(&self, name: &str) -> Answered<&'a AttributeValue> {
        let found = self.values.and_then(|values| values.get(name));
        found.ok_or_else(|| invalid(format!("the expression's value {name} is not defined")))
    }
}

pub(crate) fn invalid(message: impl Into<String>) -> Refusal {
    Refusal::Invalid(message.into())
}

/// Parsed expressions by their text.
#[derive(Debug)]
pub(crate) struct Cache<T>(Mutex<HashMap<String, Arc<T>>>);

impl<T> Default for Cache<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T> Cache<T> {
    /// The expression with this text.
    pub(crate) fn get(&self, text: &str, parse: impl FnOnce(&str) -> Answered<T>) -> Answered<Arc<T>> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = kept.get(text) {
            return Ok(Arc::clone(found));
        }
        let parsed = Arc::new(parse(text)?);
        if kept.len() >= KEPT {
            kept.clear();
        }
        kept.insert(text.to_owned(), Arc::clone(&parsed));
        Ok(parsed)
    }
}
