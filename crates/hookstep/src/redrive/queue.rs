//! A queue of SQS.

use std::time::Duration;

use hookstep_contract::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::aws::Aws;
use super::run::{Queue, Received};
use crate::settings::BoxError;

/// How many messages SQS returns at once at most.
const BATCH: u32 = 10;

/// How long SQS waits for a message, which makes it look at all of its servers.
const WAIT_SECONDS: u32 = 5;

/// How long hidden messages are waited for: longer than a dry run hides them, so that a run that follows finds them.
const WAIT_TIMEOUT: Duration = Duration::from_secs(15);

/// The pause between two looks at a queue whose messages are all hidden.
const POLL_INTERVAL: Duration = Duration::from_millis(500);

/// A queue of SQS.
#[derive(Debug)]
pub(super) struct SqsQueue<'a> {
    pub(super) aws: &'a Aws,
    pub(super) url: &'a str,
}

/// A message as SQS returns it.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct SqsMessage {
    message_id: String,
    receipt_handle: String,
    body: String,
    #[serde(default)]
    attributes: Value,
    #[serde(default)]
    message_attributes: Value,
}

impl Queue for SqsQueue<'_> {
    async fn receive(&self, seen: usize, hidden_for: Duration) -> Result<Vec<Received>, BoxError> {
        let begun_at = Instant::now();
        while self.length().await? > seen {
            let messages = self.visible(hidden_for).await?;
            if !messages.is_empty() || begun_at.elapsed() > WAIT_TIMEOUT {
                return Ok(messages);
            }
            tokio::time::sleep(POLL_INTERVAL).await;
        }
        Ok(Vec::new())
    }

    async fn delete(&self, message: &Received) -> Result<(), BoxError> {
        let input = json!({"QueueUrl": self.url, "ReceiptHandle": message.receipt});
        self.aws.sqs("DeleteMessage", input).await.map(drop)
    }
}

impl SqsQueue<'_> {
    /// Some of the messages that are not hidden.
    async fn visible(&self, hidden_for: Duration) -> Result<Vec<Received>, BoxError> {
        let input = json!({
            "QueueUrl": self.url,
            "MaxNumberOfMessages": BATCH,
            "VisibilityTimeout": hidden_for.as_secs(),
            "WaitTimeSeconds": WAIT_SECONDS,
            "MessageSystemAttributeNames": ["SentTimestamp"],
            "MessageAttributeNames": ["All"],
        });
        let mut answer = self.aws.sqs("ReceiveMessage", input).await?;
        let messages = match answer["Messages"].take() {
            Value::Null => Vec::new(),
            messages => serde_json::from_value::<Vec<SqsMessage>>(messages)?,
        };
        Ok(messages.into_iter().map(received).collect())
    }

    /// About how many messages there are.
    async fn length(&self) -> Result<usize, BoxError> {
        let names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"];
        let input = json!({"QueueUrl": self.url, "AttributeNames": names});
        let answer = self.aws.sqs("GetQueueAttributes", input).await?;
        let number = |name: &str| -> usize {
            answer["Attributes"][name].as_str().and_then(|number| number.parse().ok()).unwrap_or_default()
        };
        Ok(names.into_iter().map(number).sum())
    }
}

fn received(message: SqsMessage) -> Received {
    let sent_at = message.attributes["SentTimestamp"].as_str().and_then(|millis| {
        let millis: i64 = millis.parse().ok()?;
        Timestamp::from_unix_seconds(millis / 1000)
    });
    // What EventBridge and its schedules say about a dead letter.
    let cause = message.message_attributes["ERROR_CODE"]["StringValue"].as_str().map(str::to_owned);
    Received { id: message.message_id, receipt: message.receipt_handle, body: message.body, sent_at, cause }
}
