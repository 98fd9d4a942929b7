//! The queue from which Lambda has received the messages of a batch. What becomes of them is usually left to Lambda, at the end
//! of the batch; here a function says it sooner.

use std::error::Error;
use std::time::Duration;

use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::{ChangeMessageVisibilityBatchRequestEntry, DeleteMessageBatchRequestEntry};
use hookstep_ambient::OnDemand;
use hookstep_contract::error_chain;

/// A queue of which a function has messages. A request that fails is logged: what it would have done comes later by itself, at
/// the end of the batch or of the queue's visibility time-out.
#[derive(Clone, Debug)]
pub struct ReceivedMessages {
    client: OnDemand<Client>,
    url: String,
}

impl ReceivedMessages {
    /// Messages of the queue with this URL. `client` is called once, for the first request.
    pub fn new(client: impl FnOnce() -> Client + Send + 'static, url: impl Into<String>) -> Self {
        Self { client: OnDemand::new(client), url: url.into() }
    }

    /// Deletes the messages with these receipts: up to ten, as SQS takes at once.
    pub async fn delete(&self, receipts: Vec<String>) {
        if receipts.is_empty() {
            return;
        }
        let entries = (0..).zip(receipts).filter_map(|(id, receipt): (u8, _)| {
            DeleteMessageBatchRequestEntry::builder().id(id.to_string()).receipt_handle(receipt).build().ok()
        });
        let request = self.client.delete_message_batch().queue_url(&self.url);
        let answer = request.set_entries(Some(entries.collect())).send().await;
        tell("deleted", answer.map(|answer| answer.failed.len()));
    }

    /// Lets the messages with these receipts be received again after a time: up to ten, as SQS takes at once.
    pub async fn release(&self, receipts: Vec<String>, after: Duration) {
        if receipts.is_empty() {
            return;
        }
        let seconds = i32::try_from(after.as_millis().div_ceil(1000)).ok();
        let entries = (0..).zip(receipts).filter_map(|(id, receipt): (u8, _)| {
            let entry = ChangeMessageVisibilityBatchRequestEntry::builder().id(id.to_string());
            entry.receipt_handle(receipt).set_visibility_timeout(seconds).build().ok()
        });
        let request = self.client.change_message_visibility_batch().queue_url(&self.url);
        let answer = request.set_entries(Some(entries.collect())).send().await;
        tell("released", answer.map(|answer| answer.failed.len()));
    }
}

/// Logs that a request failed, or for how many messages it did.
fn tell<E: Error + 'static>(what: &str, failed: Result<usize, E>) {
    match failed {
        Ok(0) => {}
        Ok(count) => tracing::warn!(count, "messages could not be {what}"),
        Err(error) => tracing::warn!(error.chain = error_chain(&error), "messages could not be {what}"),
    }
}
