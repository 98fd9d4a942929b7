//! The queue of lanes.

use std::time::Duration;

use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::{ChangeMessageVisibilityBatchRequestEntry, DeleteMessageBatchRequestEntry};
use hookstep_ambient::OnDemand;
use hookstep_contract::error_chain;

/// The queue of lanes. What it is not told comes later, by the queue's visibility time-out: errors are logged.
#[derive(Clone, Debug)]
pub struct Queue {
    client: OnDemand<Client>,
    url: String,
}

impl Queue {
    /// The queue with this URL.
    pub fn new(client: OnDemand<Client>, url: String) -> Self {
        Self { client, url }
    }

    /// Deletes messages: up to ten, as are in a batch.
    pub(crate) async fn delete(&self, receipts: Vec<String>) {
        if receipts.is_empty() {
            return;
        }
        let entries = (0..).zip(receipts).filter_map(|(id, receipt): (u8, _)| {
            DeleteMessageBatchRequestEntry::builder().id(id.to_string()).receipt_handle(receipt).build().ok()
        });
        let request = self.client.delete_message_batch().queue_url(&self.url);
        match request.set_entries(Some(entries.collect())).send().await {
            Ok(answer) if answer.failed.is_empty() => {}
            Ok(answer) => tracing::warn!(count = answer.failed.len(), "messages could not be deleted"),
            Err(error) => {
                tracing::warn!(error.chain = error_chain(&error), "messages could not be deleted");
            }
        }
    }

    /// Lets messages be received again after a time: up to ten, as are in a batch.
    pub(crate) async fn release(&self, receipts: Vec<String>, after: Duration) {
        if receipts.is_empty() {
            return;
        }
        let seconds = i32::try_from(after.as_secs()).ok();
        let entries = (0..).zip(receipts).filter_map(|(id, receipt): (u8, _)| {
            let entry = ChangeMessageVisibilityBatchRequestEntry::builder().id(id.to_string());
            entry.receipt_handle(receipt).set_visibility_timeout(seconds).build().ok()
        });
        let request = self.client.change_message_visibility_batch().queue_url(&self.url);
        match request.set_entries(Some(entries.collect())).send().await {
            Ok(answer) if answer.failed.is_empty() => {}
            Ok(answer) => tracing::warn!(count = answer.failed.len(), "messages could not be released"),
            Err(error) => {
                tracing::warn!(error.chain = error_chain(&error), "messages could not be released");
            }
        }
    }
}
