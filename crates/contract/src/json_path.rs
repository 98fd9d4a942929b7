//! Paths to the fields of a JSON body: `a.1.b`, equivalent to `a[1].b`. A body is read only as far as a path leads, so that numbers
//! keep every digit that the producer wrote.

use std::collections::HashMap;
use std::rc::Rc;

use serde_json::value::RawValue;

/// How many lists within lists a name reaches through: each level is read anew, which a hostile body must not
/// turn into work without end.
const MAX_LISTS: usize = 128;

/// How many steps a path has at most: for each, a body is read once more.
const MAX_STEPS: usize = 32;

/// The path of a field, or of several: a list from which it selects no item stands for each of its items.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JsonPath(Vec<Step>);

/// A step of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Step {
    /// A field, or a list item by its number.
    Name(String),
    /// A list item.
    Index(usize),
}

/// One level of a JSON value.
#[derive(Debug)]
pub enum JsonLevel<'a> {
    /// `null`.
    Null,
    /// A boolean or a number, which is best taken as it is written.
    Plain,
    /// A string, decoded.
    Text(String),
    /// A list.
    List(Vec<&'a RawValue>),
    /// An object. Of several fields with the same name, the last one.
    Object(HashMap<String, &'a RawValue>),
}

impl<'a> JsonLevel<'a> {
    /// Reads one level of a value.
    ///
    /// # Errors
    /// If a string in it is none, such as half of a surrogate pair.
    pub fn of(raw: &'a RawValue) -> Result<Self, serde_json::Error> {
        let text = raw.get();
        Ok(match text.as_bytes().first() {
            Some(b'{') => Self::Object(serde_json::from_str(text)?),
            Some(b'[') => Self::List(serde_json::from_str(text)?),
            Some(b'"') => Self::Text(serde_json::from_str(text)?),
            Some(b'n') => Self::Null,
            _ => Self::Plain,
        })
    }
}

/// The levels of one body that were read already, so that many paths through it read each only once.
#[derive(Debug, Default)]
pub struct JsonLevels<'a>(HashMap<usize, Rc<JsonLevel<'a>>>);

impl<'a> JsonLevels<'a> {
    /// The level of a value in the body. Two values never begin at the same place.
    fn of(&mut self, raw: &'a RawValue) -> Result<Rc<JsonLevel<'a>>, serde_json::Error> {
        let place = raw.get().as_ptr().addr();
        if let Some(known) = self.0.get(&place) {
            return Ok(Rc::clone(known));
        }
        let level = Rc::new(JsonLevel::of(raw)?);
        self.0.insert(place, Rc::clone(&level));
        Ok(level)
    }
}

impl JsonPath {
    /// Parses a path.
    ///
    /// # Errors
    /// If it is none: what is wrong, phrased to follow the name of its field.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let mut steps = Vec::new();
        for part in text.trim().split('.') {
            let (name, mut rest) = part.split_at(part.find('[').unwrap_or(part.len()));
            if name.is_empty() && (rest.is_empty() || !steps.is_empty()) {
                return Err("must have a name between its dots");
            }
            if !name.is_empty() {
                steps.push(Step::Name(name.to_owned()));
            }
            while !rest.is_empty() {
                let index = rest.strip_prefix('[').and_then(|rest| rest.split_once(']'));
                let Some((Ok(index), after)) = index.map(|(index, after)| (index.parse(), after)) else {
                    return Err("must have a number between its brackets");
                };
                steps.push(Step::Index(index));
                rest = after;
            }
        }
        if steps.len() > MAX_STEPS {
            return Err("must have at most 32 steps");
        }
        Ok(Self(steps))
    }

    /// The values that the path leads to: none, one, or one for each item of the lists on the path from which the
    /// path selects no item. `levels` are those of this body.
    ///
    /// # Errors
    /// If a string on the way is none, such as half of a surrogate pair.
    pub fn follow<'a>(
        &self,
        body: &'a RawValue,
        levels: &mut JsonLevels<'a>,
    ) -> Result<Vec<&'a RawValue>, serde_json::Error> {
        let mut here = vec![body];
        for step in &self.0 {
            let mut next = Vec::new();
            for value in here {
                take(step, value, MAX_LISTS, levels, &mut next)?;
            }
            here = next;
        }
        Ok(here)
    }
}

fn take<'a>(
    step: &Step,
    value: &'a RawValue,
    lists: usize,
    levels: &mut JsonLevels<'a>,
    taken: &mut Vec<&'a RawValue>,
) -> Result<(), serde_json::Error> {
    match (step, &*levels.of(value)?) {
        (Step::Index(index), JsonLevel::List(items)) => taken.extend(items.get(*index)),
        (Step::Name(name), JsonLevel::List(items)) => match name.parse::<usize>() {
            Ok(index) => taken.extend(items.get(index)),
            Err(_) if lists == 0 => {}
            Err(_) => {
                for item in items {
                    take(step, item, lists - 1, levels, taken)?;
                }
            }
        },
        (Step::Name(name), JsonLevel::Object(fields)) => taken.extend(fields.get(name)),
        (Step::Index(index), JsonLevel::Object(fields)) => taken.extend(fields.get(&index.to_string())),
        _ => {}
    }
    Ok(())
}
