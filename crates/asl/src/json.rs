//! A value's text, written once: for its size and for the history.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use serde::{Serialize, Serializer};
use serde_json::Value;

use crate::error::TaskError;

/// What Step Functions passes at most between states, and holds in one variable: bytes of serialised JSON.
pub const DATA_LIMIT_BYTES: usize = 262_144;

/// Whether an execution may start with this input.
pub fn within_data_limit(value: &Value) -> bool {
    Json::of(value).len() <= DATA_LIMIT_BYTES
}

/// Serialised JSON, cheap to clone: what leaves one state enters the next.
#[derive(Clone, PartialEq, Eq)]
pub struct Json(Arc<str>);

impl Json {
    pub(crate) fn of(value: &Value) -> Json {
        Json(value.to_string().into())
    }

    /// The text of `value`, or `States.DataLimitExceeded` that says which value of which state it was.
    pub(crate) fn limited(value: &Value, what: &str, state: &str) -> Result<Json, TaskError> {
        Json::of(value).within_limit(what, state)
    }

    pub(crate) fn within_limit(self, what: &str, state: &str) -> Result<Json, TaskError> {
        if self.len() <= DATA_LIMIT_BYTES {
            return Ok(self);
        }
        let cause = format!(
            "The state '{state}': {what} is {} bytes; at most {DATA_LIMIT_BYTES} are allowed.",
            self.len()
        );
        Err(TaskError::new(TaskError::DATA_LIMIT_EXCEEDED, cause))
    }
}

impl Deref for Json {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// As a string of JSON, like the history of AWS has it.
impl Serialize for Json {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}
