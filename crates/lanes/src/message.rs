//! A message of the queue of lanes.

use hookstep_contract::{ResumeInput, Resumed};

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

impl From<hookstep_contract::Message> for Message {
    fn from(message: hookstep_contract::Message) -> Self {
        let hookstep_contract::Message { message_id, receipt_handle, body, .. } = message;
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
