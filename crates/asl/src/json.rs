//! A value's JSON text, serialised once for both the size check and the history.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use serde::{Serialize, Serializer};
use serde_json::Value;

use crate::error::TaskError;

/// Step Functions' limit on the data passed between states and
/// on the value of a variable, in bytes of serialised JSON.
pub const DATA_LIMIT_BYTES: usize = 262_144;

/// Whether this input is small enough to start an execution with.
pub fn within_data_limit(value: &Value) -> bool {
    Json::of(value).len() <= DATA_LIMIT_BYTES
}

/// Serialised JSON, cheap to clone: the output of one state is the input of the next.
#[derive(Clone, PartialEq, Eq)]
pub struct Json(Arc<str>);

impl Json {
    pub(crate) fn of(value: &Value) -> Json {
        Json(value.to_string().into())
    }

    /// The text of `value`, or a `States.DataLimitExceeded` error that names the value and the state.
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

/// Serialised as a JSON string, as in AWS's history.
impl Serialize for Json {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}
