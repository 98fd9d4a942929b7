//! The local queue of lanes: a FIFO queue of SQS, as far as the product uses it.
//!
//! Messages are items in the tables' database. In memory are only their ids, so what waits takes no room there. A message
//! is deleted when its execution has ended. So a process that ends before that receives it again, and the execution of the
//! process before is forgotten: what was in flight waits for its turn with all others.

use std::collections::HashSet;
use std::fmt;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use hookstep_ambient::Sources;
use hookstep_contract::{ConfigId, OrgId, ResumeInput, Timestamp};
use hookstep_storage::Priority;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::mpsc;

use crate::states::{StartRequest, States, SyncResult};
use crate::tables::{LANES, Tables};
use crate::trace;
use crate::wire::{Answer, Reply, ServiceError, read};

/// The queue of lanes.
#[derive(Clone)]
pub struct LaneQueue {
    tables: Tables,
    /// The same, whose writes are answered when they are durable.
    durable: Tables,
    sources: Sources,
    /// Counts messages, so that those of the same millisecond stay in order.
    count: Arc<AtomicU64>,
    /// How many messages wait for their turn.
    waiting: Arc<AtomicUsize>,
    sent: mpsc::UnboundedSender<LaneMessage>,
    /// The messages that are sent, though it is not known whether they were stored, up to their turn.
    unsure: Arc<Mutex<HashSet<String>>>,
}

/// The messages that were sent and not received yet, in order.
pub type SentMessages = mpsc::UnboundedReceiver<LaneMessage>;

/// A message without its body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LaneMessage {
    /// The id by which duplicates are known.
    pub id: String,
    /// The tenant of the event.
    pub org_id: OrgId,
    /// The webhook of the event.
    pub config_id: ConfigId,
    /// When the event was to be sent first.
    pub due_at: Timestamp,
    /// The order in which the event has its place, if it has one.
    pub order: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct SendRequest {
    message_body: ResumeInput,
    message_deduplication_id: String,
}

impl fmt::Debug for LaneQueue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LaneQueue")
    }
}

impl LaneQueue {
    /// The queue in `tables`, and what is sent to it from now on.
    pub fn new(tables: Tables, sources: Sources) -> (Self, SentMessages) {
        let (sent, messages) = mpsc::unbounded_channel();
        // Whoever sends repeats that after a crash, because it has not recorded that it was done. But several senders that repeat it
        // would not keep the order of their events.
        let durable = tables;
        let tables = durable.for_repeatable_steps();
        let (count, waiting, unsure) = Default::default();
        (Self { tables, durable, sources, count, waiting, sent, unsure }, messages)
    }

    /// Runs `SendMessage` in the service's JSON protocol. A message with the id of one that waits is not sent again.
    pub async fn send(&self, request: &[u8]) -> Reply {
        trace::service("sqs", "SendMessage", self.put(request).await.into())
    }

    async fn put(&self, request: &[u8]) -> Answer {
        let SendRequest { message_body, message_deduplication_id: id } = read(request)?;
        let body = serde_json::to_string(&message_body).map_err(|error| internal(error.to_string()))?;
        let order = message_body.resume.lane.and_then(|lane| lane.order);
        let count = self.count.fetch_add(1, Ordering::Relaxed);
        let put = json!({
            "TableName": LANES,
            "Item": {
                "id": {"S": id},
                "sent_at": {"N": self.sources.now().unix_millis().to_string()},
                "count": {"N": count.to_string()},
                "org_id": {"S": message_body.resume.event.org_id.to_string()},
                "config_id": {"S": message_body.resume.event.config_id.to_string()},
                "due_at": {"S": message_body.resume.event.due_at()},
                "order": order.as_ref().map_or(json!({"NULL": true}), |order| json!({"S": order})),
                "body": {"S": body},
            },
            "ConditionExpression": "attribute_not_exists(id)",
        });
        let tables = if order.is_some() { &self.durable } else { &self.tables };
        let put = tables.submit("PutItem", put).await;
        if put.as_ref().is_err_and(|error| error.name == "ConditionalCheckFailedException") {
            return Ok(json!({"MessageId": id}));
        }
        // Even a write that has failed may have been carried out, and whoever repeats it finds that the message exists. One that does not
        // exist when its turn comes is passed over.
        let is_sent = match &put {
            Ok(_) => self.unsure().contains(&id),
            Err(_) => !self.unsure().insert(id.clone()),
        };
        if !is_sent {
            let event = message_body.resume.event;
            // After the host has stopped, nobody receives. The next start does.
            let _ = self.sent.send(LaneMessage {
                id: id.clone(),
                due_at: event.due_at(),
                org_id: event.org_id,
                config_id: event.config_id,
                order,
            });
        }
        answered(put)?;
        Ok(json!({"MessageId": id}))
    }

    /// How many messages wait for their turn, as [`Self::tell_waiting`] was told.
    pub fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }

    /// Is told by who receives how many messages wait.
    pub fn tell_waiting(&self, waiting: usize) {
        self.waiting.store(waiting, Ordering::Relaxed);
    }

    /// The messages of an earlier process, in the order in which they were sent.
    ///
    /// # Errors
    /// If they cannot be read.
    pub async fn left(&self) -> Result<Vec<LaneMessage>, ServiceError> {
        let mut found = Vec::new();
        let mut start = Value::Null;
        loop {
            let mut scan = json!({"TableName": LANES});
            if !start.is_null() {
                scan["ExclusiveStartKey"] = start;
            }
            let mut page = answered(self.tables.submit("Scan", scan).await)?;
            for item in page["Items"].as_array().into_iter().flatten() {
                match message_of(item) {
                    Some(message) => found.push((sent_at(item), message)),
                    None => {
                        tracing::error!(item = %item["id"], "a message of the queue of lanes cannot be read");
                    }
                }
            }
            start = page["LastEvaluatedKey"].take();
            if start.is_null() {
                found.sort_by_key(|(sent, _)| *sent);
                return Ok(found.into_iter().map(|(_, message)| message).collect());
            }
        }
    }

    /// Runs the execution of a message on this machine; returns `None` if the message is gone.
    ///
    /// # Errors
    /// If the execution is not started, or the host stops before its end. The message is still there.
    pub async fn run(
        &self,
        id: &str,
        machine_arn: &str,
        states: &States,
    ) -> Result<Option<SyncResult>, ServiceError> {
        self.unsure().remove(id);
        let key = json!({"TableName": LANES, "Key": {"id": {"S": id}}});
        let found = answered(self.tables.submit("GetItem", key).await)?;
        let Some(input) = found["Item"]["body"]["S"].as_str() else { return Ok(None) };
        let start = StartRequest {
            state_machine_arn: machine_arn.to_owned(),
            name: Some(id.to_owned()),
            input: Some(input.to_owned()),
            priority: Priority::Accepted,
            beside: None,
            accepted: None,
        };
        states.ran(start).await.map(Some)
    }

    fn unsure(&self) -> MutexGuard<'_, HashSet<String>> {
        self.unsure.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Deletes a message.
    ///
    /// # Errors
    /// If the tables do not answer.
    pub async fn delete(&self, id: &str) -> Result<(), ServiceError> {
        let key = json!({"TableName": LANES, "Key": {"id": {"S": id}}});
        answered(self.tables.submit("DeleteItem", key).await).map(drop)
    }
}

/// The message of an item.
fn message_of(item: &Value) -> Option<LaneMessage> {
    let text = |name: &str| item[name]["S"].as_str();
    let (org_id, config_id) = (text("org_id")?.parse().ok()?, text("config_id")?.parse().ok()?);
    // An earlier version has not written when the event was due.
    let sent_at = || Timestamp::from_unix_seconds(i64::try_from(sent_at(item).0? / 1000).ok()?);
    let due_at = text("due_at").and_then(|text| text.parse().ok()).or_else(sent_at)?;
    let order = text("order").map(ToOwned::to_owned);
    Some(LaneMessage { id: text("id")?.to_owned(), org_id, config_id, due_at, order })
}

/// When the message of an item was sent, to be compared.
fn sent_at(item: &Value) -> (Option<u64>, Option<u64>) {
    let number = |name: &str| item[name]["N"].as_str().and_then(|text| text.parse().ok());
    (number("sent_at"), number("count"))
}

fn internal(message: String) -> ServiceError {
    ServiceError::new("InternalError", message)
}

/// The tables' answer; their errors are internal ones of the queue.
fn answered(answer: Answer) -> Answer {
    answer.map_err(|error| internal(format!("the tables answered {}: {}", error.name, error.message)))
}
