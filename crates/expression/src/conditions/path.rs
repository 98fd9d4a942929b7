//! Field paths: `a.1.b`, equivalent to `a[1].b`.

use serde_json::Value;

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
pub(crate) fn follow<'a>(path: &[Step], body: &'a Value) -> Vec<&'a Value> {
    let mut here = vec![body];
    for step in path {
        here = here.into_iter().flat_map(|value| take(step, value)).collect();
    }
    here
}

fn take<'a>(step: &Step, value: &'a Value) -> Vec<&'a Value> {
    match (step, value) {
        (Step::Index(index), Value::Array(items)) => items.get(*index).into_iter().collect(),
        (Step::Name(name), Value::Array(items)) => match name.parse::<usize>() {
            Ok(index) => items.get(index).into_iter().collect(),
            Err(_) => items.iter().flat_map(|item| take(step, item)).collect(),
        },
        (Step::Name(name), Value::Object(fields)) => fields.get(name).into_iter().collect(),
        (Step::Index(index), Value::Object(fields)) => fields.get(&index.to_string()).into_iter().collect(),
        _ => Vec::new(),
    }
}

/// The number of values: the length of a list, 1 for a single value, 0 for nothing and for null.
pub(crate) fn count(found: &[&Value]) -> usize {
    let of = |value: &Value| match value {
        Value::Null => 0,
        Value::Array(items) => items.len(),
        _ => 1,
    };
    found.iter().map(|value| of(value)).sum()
}
