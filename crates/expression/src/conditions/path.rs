//! Field paths: `a.1.b`, equivalent to `a[1].b`.

use serde_json::value::RawValue;

use super::value::{Level, read};

/// How many lists within lists a name reaches through: each level is read anew, which a hostile body must not
/// turn into work without end.
const MAX_LISTS: usize = 128;

/// A step of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// A field, or a list item by its number.
    Name(String),
    /// A list item.
    Index(usize),
}

/// Parses a path.
pub(crate) fn parse(text: &str) -> Result<Vec<Step>, &'static str> {
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
    Ok(steps)
}

/// The values that a path leads to: none, one, or one for each item of the lists on the path from which the
/// path selects no item.
pub(crate) fn follow<'a>(path: &[Step], body: &'a RawValue) -> Result<Vec<&'a RawValue>, serde_json::Error> {
    let mut here = vec![body];
    for step in path {
        let mut next = Vec::new();
        for value in here {
            take(step, value, MAX_LISTS, &mut next)?;
        }
        here = next;
    }
    Ok(here)
}

fn take<'a>(
    step: &Step,
    value: &'a RawValue,
    lists: usize,
    taken: &mut Vec<&'a RawValue>,
) -> Result<(), serde_json::Error> {
    match (step, read(value)?) {
        (Step::Index(index), Level::List(items)) => taken.extend(items.get(*index)),
        (Step::Name(name), Level::List(items)) => match name.parse::<usize>() {
            Ok(index) => taken.extend(items.get(index)),
            Err(_) if lists == 0 => {}
            Err(_) => {
                for item in items {
                    take(step, item, lists - 1, taken)?;
                }
            }
        },
        (Step::Name(name), Level::Object(fields)) => taken.extend(fields.get(name)),
        (Step::Index(index), Level::Object(fields)) => taken.extend(fields.get(&index.to_string())),
        _ => {}
    }
    Ok(())
}
