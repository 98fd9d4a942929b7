//! What a function gets from a queue and answers: the part of an SQS event that matters here, and which of its messages are to
//! be received again (Lambda developer guide, "Handling errors for an SQS event source").

use serde::{Deserialize, Serialize};

/// A batch of messages.
#[derive(Clone, Debug, Deserialize)]
pub struct Batch {
    /// The messages.
    #[serde(rename = "Records")]
    pub messages: Vec<Message>,
}

/// A message.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Message {
    /// Its id.
    pub message_id: String,
    /// What names this receipt of the message.
    pub receipt_handle: String,
    /// What was sent.
    pub body: String,
    /// What SQS knows about it.
    pub attributes: MessageAttributes,
}

/// What SQS knows about a message.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct MessageAttributes {
    /// The group that it belongs to; empty for none.
    #[serde(default)]
    pub message_group_id: String,
}

/// The answer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BatchResponse {
    /// The messages that stay in the queue.
    pub batch_item_failures: Vec<BatchFailure>,
}

/// A message that stays in the queue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BatchFailure {
    /// Its id.
    pub item_identifier: String,
}
