//! How many steps a check may take.
//!
//! A schema of a few lines can ask for more steps than there are atoms: a definition that refers twice to the next one, forty times
//! over. So each part of a schema says how much work it is, and once the work of a check is used up, every further part fails at
//! once.

use std::cell::Cell;

use jsonschema::paths::Location;
use jsonschema::{Keyword, ValidationError};
use serde_json::{Map, Value};

/// The work that a check may be: a step is a keyword applied to a value, or to 64 bytes of a text. An estimate, not measured.
const MAX_WORK: u64 = 1_000_000;

/// The bytes of a text that are one step.
const TEXT_STEP: usize = 64;

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

struct Work(u64);

impl Work {
    /// Whether there is work left for applying this part of the schema to `value`.
    fn take(&self, value: &Value) -> bool {
        let size = match value {
            Value::String(text) => text.len() / TEXT_STEP,
            Value::Array(items) => items.len(),
            Value::Object(fields) => fields.len(),
            _ => 0,
        };
        let left = LEFT.get().saturating_sub(self.0.saturating_mul(1 + size as u64));
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
    Ok(Box::new(Work(work.as_u64().unwrap_or(MAX_WORK))))
}
