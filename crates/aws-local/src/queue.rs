//! The local SQS, as far as the product uses it: one queue of events that could not even be recorded.
//!
//! The queue is a file of its own, one message in each line, because the tables may be what is broken. It is small: what is
//! in it waits for a person.

use std::fs::{File, OpenOptions};
use std::io::{Result, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use hookstep_ambient::Sources;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::wire::{Answer, Reply, ServiceError, read};
use crate::{StandInError, private, trace};

/// The queue's file in the data directory.
pub const QUEUE_FILE: &str = "lost-events.jsonl";

/// How long a received message is hidden from the next receiver, unless the request says otherwise.
const VISIBILITY: Duration = Duration::from_secs(30);

/// The most messages of one request.
const MAX_MESSAGES: usize = 10;

/// The queue of lost events.
#[derive(Clone, Debug)]
pub struct Queue {
    state: Arc<Mutex<State>>,
    sources: Sources,
}

#[derive(Debug)]
struct State {
    path: PathBuf,
    messages: Vec<Message>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Message {
    id: String,
    /// In milliseconds since 1970.
    sent_at: i64,
    body: String,
    /// Until when the message is hidden, in milliseconds since 1970.
    #[serde(skip)]
    hidden_until: i64,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct SendRequest {
    message_body: Value,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ReceiveRequest {
    max_number_of_messages: Option<usize>,
    visibility_timeout: Option<u64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct DeleteRequest {
    receipt_handle: String,
}

impl Queue {
    /// Opens the queue of a data directory, which is empty if it has no file.
    ///
    /// # Errors
    /// If the file cannot be read, or has something else in it.
    pub fn open(data_dir: &Path, sources: Sources) -> std::result::Result<Self, StandInError> {
        let path = data_dir.join(QUEUE_FILE);
        let text = match std::fs::read_to_string(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
            read => read.map_err(StandInError::during("read the queue of lost events"))?,
        };
        // A line that a crash cut off was not acknowledged. It must not become the start of the next one.
        let whole = text.rfind('\n').map_or("", |end| &text[..=end]);
        if whole.len() < text.len() {
            private::write(&path, whole).map_err(StandInError::during("mend the queue of lost events"))?;
        }
        let messages = whole
            .lines()
            .map(serde_json::from_str)
            .collect::<std::result::Result<_, _>>()
            .map_err(StandInError::during("read the queue of lost events"))?;
        Ok(Self { state: Arc::new(Mutex::new(State { path, messages })), sources })
    }

    /// Runs one operation (`SendMessage`, …) in the service's JSON protocol.
    pub async fn call(&self, operation: &str, request: &[u8]) -> Reply {
        let answer = match operation {
            "SendMessage" => self.send(request),
            "ReceiveMessage" => self.receive(request),
            "DeleteMessage" => self.delete(request),
            "GetQueueAttributes" => self.attributes(),
            _ => Err(ServiceError::unsupported("InvalidAction", operation)),
        };
        trace::service("sqs", operation, answer.into())
    }

    fn send(&self, request: &[u8]) -> Answer {
        let SendRequest { message_body } = read(request)?;
        // Step Functions sends an object as its JSON.
        let body = match message_body {
            Value::String(text) => text,
            other => other.to_string(),
        };
        let id = (self.sources.new_id)().to_string();
        let message = Message { id, sent_at: self.now(), body, hidden_until: 0 };
        let mut state = self.state();
        state.append(&message).map_err(unwritten)?;
        state.messages.push(message.clone());
        Ok(json!({"MessageId": message.id}))
    }

    fn receive(&self, request: &[u8]) -> Answer {
        let ReceiveRequest { max_number_of_messages, visibility_timeout } = read(request)?;
        let now = self.now();
        let hidden = visibility_timeout.map_or(VISIBILITY, Duration::from_secs).as_millis() as i64;
        let most = max_number_of_messages.unwrap_or(1).clamp(1, MAX_MESSAGES);
        let mut state = self.state();
        let visible = state.messages.iter_mut().filter(|message| message.hidden_until <= now).take(most);
        let messages: Vec<Value> = visible
            .map(|message| {
                message.hidden_until = now + hidden;
                json!({
                    "MessageId": message.id, "ReceiptHandle": message.id, "Body": message.body,
                    "Attributes": {"SentTimestamp": message.sent_at.to_string()},
                })
            })
            .collect();
        Ok(json!({"Messages": messages}))
    }

    fn delete(&self, request: &[u8]) -> Answer {
        let DeleteRequest { receipt_handle } = read(request)?;
        let mut state = self.state();
        let left: Vec<Message> =
            state.messages.iter().filter(|message| message.id != receipt_handle).cloned().collect();
        state.rewrite(&left).map_err(unwritten)?;
        state.messages = left;
        Ok(json!({}))
    }

    fn attributes(&self) -> Answer {
        let (now, state) = (self.now(), self.state());
        let visible = state.messages.iter().filter(|message| message.hidden_until <= now).count();
        let hidden = state.messages.len() - visible;
        Ok(json!({"Attributes": {
            "ApproximateNumberOfMessages": visible.to_string(),
            "ApproximateNumberOfMessagesNotVisible": hidden.to_string(),
        }}))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> i64 {
        self.sources.now().unix_millis()
    }
}

impl State {
    /// Writes a message to the disk before it is acknowledged.
    fn append(&self, message: &Message) -> Result<()> {
        let mut options = OpenOptions::new();
        options.append(true).create(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file: File = options.open(&self.path)?;
        let length = file.metadata()?.len();
        let mut line = serde_json::to_string(message)?;
        line.push('\n');
        let written = file.write_all(line.as_bytes()).and_then(|()| file.sync_all());
        if written.is_err() {
            // On a full disk, a part of the line may be there.
            file.set_len(length)?;
        }
        written
    }

    fn rewrite(&self, messages: &[Message]) -> Result<()> {
        let mut text = String::new();
        for message in messages {
            text.push_str(&serde_json::to_string(message)?);
            text.push('\n');
        }
        private::write(&self.path, &text)
    }
}

fn unwritten(error: std::io::Error) -> ServiceError {
    ServiceError::new("InternalError", format!("the queue of lost events cannot be written: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn ask(queue: &Queue, operation: &str, request: Value) -> Value {
        let reply = queue.call(operation, request.to_string().as_bytes()).await;
        assert_eq!(reply.status, 200, "{}", String::from_utf8_lossy(&reply.body));
        serde_json::from_slice(&reply.body).unwrap()
    }

    #[tokio::test]
    async fn a_message_is_kept_until_it_is_deleted_and_a_broken_line_harms_no_other() {
        let dir = tempfile::tempdir().unwrap();
        let open = || Queue::open(dir.path(), Sources::system()).unwrap();
        ask(&open(), "SendMessage", json!({"MessageBody": {"n": 1}})).await;
        // A crash cut off the line of a message that was not acknowledged.
        let file = dir.path().join(QUEUE_FILE);
        let whole = std::fs::read_to_string(&file).unwrap();
        std::fs::write(&file, format!("{whole}{{\"id\": ")).unwrap();

        ask(&open(), "SendMessage", json!({"MessageBody": "2"})).await;
        let queue = open();
        let received = ask(&queue, "ReceiveMessage", json!({"MaxNumberOfMessages": 10})).await;
        let bodies: Vec<_> =
            received["Messages"].as_array().unwrap().iter().map(|message| &message["Body"]).collect();
        assert_eq!(bodies, ["{\"n\":1}", "2"]);
        assert_eq!(
            ask(&queue, "ReceiveMessage", json!({})).await,
            json!({"Messages": []}),
            "they are hidden"
        );
        ask(&queue, "DeleteMessage", json!({"ReceiptHandle": received["Messages"][0]["ReceiptHandle"]}))
            .await;
        let left = ask(&open(), "ReceiveMessage", json!({})).await;
        assert_eq!(left["Messages"][0]["Body"], "2", "what was not deleted is there after a restart");
    }
}
