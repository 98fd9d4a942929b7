//! How many steps a check may take.
//!
//! A schema of a few lines can ask for more steps than there are atoms: a definition that refers twice to the next one, forty times
//! over. So each part of a schema says how much work it is, and once the work of a check is used up, every further part fails at
//! once.

use std::cell::Cell;

use jsonschema::paths::Location;
use jsonschema::{Keyword, ValidationError};
use serde_json::{Map, Value, json};

use crate::flatten::count;

/// The work that a check may be: a step is a keyword applied to a value, or to 64 bytes of a text. An estimate, not measured.
const MAX_WORK: u64 = 1_000_000;

/// The bytes of a text that are one step.
const TEXT_STEP: usize = 64;

/// The bytes of a text or of a name that are one step where patterns are looked for. The largest pattern needs some hundred
/// nanoseconds for each.
const MATCH_STEP: usize = 8;

/// The keyword that says how much work a part of a schema is.
pub(crate) const KEYWORD: &str = "hookstep-work";

thread_local! {
    /// The work that is left of the check that this thread is making.
    static LEFT: Cell<u64> = const { Cell::new(0) };
}

/// Whether a check came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    /// It did.
    Yes,
    /// It took too many steps, and says nothing.
    GivenUp,
}

/// Makes a check, which does not wait for anything, and says whether it came to its end.
pub(crate) fn bounded<T>(check: impl FnOnce() -> T) -> (T, Ended) {
    LEFT.set(MAX_WORK);
    let result = check();
    (result, if LEFT.get() == 0 { Ended::GivenUp } else { Ended::Yes })
}

/// How much work it is to apply the keywords of a part to a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Work {
    /// Steps whatever the value.
    pub(crate) once: u64,
    /// Steps for each part of the value.
    pub(crate) each: u64,
    /// Whether patterns are looked for in the value or in its names.
    pub(crate) matches: bool,
    /// Whether all that is in the value is compared.
    pub(crate) compares: bool,
}

impl Work {
    /// As the value of the keyword.
    pub(crate) fn to_value(self) -> Value {
        json!([self.once, self.each, self.matches, self.compares])
    }

    /// Whatever cannot be read is as much work as there may be.
    fn of_value(value: &Value) -> Self {
        let steps = |at: usize| value[at].as_u64().unwrap_or(MAX_WORK);
        let is = |at: usize| value[at].as_bool().unwrap_or(true);
        Self { once: steps(0), each: steps(1), matches: is(2), compares: is(3) }
    }

    /// Whether there is work left for applying this part of the schema to `value`.
    fn take(&self, value: &Value) -> bool {
        let text_step = if self.matches { MATCH_STEP } else { TEXT_STEP };
        let size = match value {
            Value::String(text) => text.len() / text_step,
            Value::Array(_) if self.compares => count(value),
            Value::Array(items) => items.len(),
            Value::Object(fields) if self.matches => {
                fields.len() + fields.keys().map(String::len).sum::<usize>() / MATCH_STEP
            }
            Value::Object(fields) => fields.len(),
            _ => 0,
        };
        let work = self.once.saturating_add(self.each.saturating_mul(1 + size as u64));
        let left = LEFT.get().saturating_sub(work);
        LEFT.set(left);
        left > 0
    }
}

impl<'i> Keyword<'i> for Work {
    fn validate(&self, instance: &'i Value) -> Result<(), ValidationError<'i>> {
        if self.take(instance) { Ok(()) } else { Err(ValidationError::custom("takes too many steps")) }
    }

    fn is_valid(&self, instance: &'i Value) -> bool {
        self.take(instance)
    }
}

/// Makes the keyword, whose value is the work.
#[expect(clippy::unnecessary_wraps, reason = "the signature is that of jsonschema")]
pub(crate) fn keyword<'a>(
    _: &'a Map<String, Value>,
    work: &'a Value,
    _: Location,
) -> Result<Box<dyn for<'i> Keyword<'i>>, ValidationError<'a>> {
    Ok(Box::new(Work::of_value(work)))
}
