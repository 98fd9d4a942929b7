//! Step Functions' limit on the size of data.

use std::io;

use super::Json;
use crate::error::TaskError;

/// Step Functions' limit on the data passed between states and
/// on the value of a variable, in bytes of serialised JSON.
pub const DATA_LIMIT_BYTES: usize = 262_144;

/// Whether this input is small enough to start an execution with.
pub fn within_data_limit(value: &Json) -> bool {
    excess(value).is_none()
}

impl Json {
    /// The value, or a `States.DataLimitExceeded` error that names it and the state.
    pub(crate) fn within_limit(self, what: impl FnOnce() -> String, state: &str) -> Result<Json, TaskError> {
        match excess(&self) {
            None => Ok(self),
            Some(bytes) => {
                let cause = format!(
                    "The state '{state}': {} is {bytes} bytes; at most {DATA_LIMIT_BYTES} are allowed.",
                    what()
                );
                Err(TaskError::new(TaskError::DATA_LIMIT_EXCEEDED, cause))
            }
        }
    }
}

/// The value's size, if it is above the limit. Most values are far below it, and need not be measured.
fn excess(value: &Json) -> Option<usize> {
    if value.traits().max_bytes <= DATA_LIMIT_BYTES {
        return None;
    }
    let mut bytes = Counter(0);
    // Neither the counter nor the value can fail.
    serde_json::to_writer(&mut bytes, value).ok()?;
    Some(bytes.0).filter(|&bytes| bytes > DATA_LIMIT_BYTES)
}

/// At least the length of this string in JSON: the longest escape, `\u0000`, has six bytes.
pub(super) fn max_text_bytes(text: &str) -> usize {
    text.len().saturating_mul(6).saturating_add(2)
}

/// Counts what is written.
struct Counter(usize);

impl io::Write for Counter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
