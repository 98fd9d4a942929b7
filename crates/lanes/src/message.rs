//! A message of the queue of lanes.

use hookstep_contract::{ResumeInput, Resumed};

use crate::batch::Record;

/// A message: an event whose turn has come.
#[derive(Clone, Debug)]
pub(crate) struct Message {
    pub(crate) id: String,
    /// What names this receipt of the message.
    pub(crate) receipt: String,
    /// The input of its execution, passed on unchanged: a later version may have written it.
    pub(crate) body: String,
    /// What is in it; `None` if it is not the input of an execution.
    pub(crate) resumed: Option<Resumed>,
}

impl From<Record> for Message {
    fn from(record: Record) -> Self {
        let Record { message_id, receipt_handle, body, .. } = record;
        let resumed = match serde_json::from_str::<ResumeInput>(&body) {
            Ok(input) => Some(input.resume),
            // Not what it says, which may be anything.
            Err(error) => {
                let (line, column) = (error.line(), error.column());
                tracing::error!(
                    message = message_id,
                    line,
                    column,
                    "a message of the queue of lanes cannot be read"
                );
                None
            }
        };
        Self { id: message_id, receipt: receipt_handle, body, resumed }
    }
}
