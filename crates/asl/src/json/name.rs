//! The names of an object's fields.

use std::collections::HashMap;
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use super::Json;

/// The name of a field. The names of a type's fields need no memory of their own.
#[derive(Clone)]
pub enum Name {
    /// A name in the program.
    Static(&'static str),
    /// A name in the data.
    Shared(Arc<str>),
}

impl Deref for Name {
    type Target = str;

    fn deref(&self) -> &str {
        match self {
            Name::Static(name) => name,
            Name::Shared(name) => name,
        }
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self)
    }
}

impl From<&'static str> for Name {
    fn from(name: &'static str) -> Name {
        Name::Static(name)
    }
}

impl From<String> for Name {
    fn from(name: String) -> Name {
        Name::Shared(name.into())
    }
}

/// Up to this many fields, a comparison of all of them is quicker than a hash table.
const FEW: usize = 16;

/// Keeps one field of each name, as `serde_json` does: in the first's place, with the last's value.
pub(super) fn without_repetitions(fields: Vec<(Name, Json)>) -> Vec<(Name, Json)> {
    if fields.len() > FEW {
        return without_repetitions_among_many(fields);
    }
    let mut kept: Vec<(Name, Json)> = Vec::with_capacity(fields.len());
    for (name, field) in fields {
        match kept.iter_mut().find(|(known, _)| **known == *name) {
            Some((_, earlier)) => *earlier = field,
            None => kept.push((name, field)),
        }
    }
    kept
}

fn without_repetitions_among_many(fields: Vec<(Name, Json)>) -> Vec<(Name, Json)> {
    let mut places: HashMap<Arc<str>, usize> = HashMap::with_capacity(fields.len());
    let mut kept: Vec<(Name, Json)> = Vec::with_capacity(fields.len());
    for (name, field) in fields {
        match places.get(&*name) {
            Some(&place) => kept[place].1 = field,
            None => {
                let shared = match &name {
                    Name::Static(name) => Arc::from(*name),
                    Name::Shared(name) => Arc::clone(name),
                };
                places.insert(shared, kept.len());
                kept.push((name, field));
            }
        }
    }
    kept
}
