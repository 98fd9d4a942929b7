//! The local DynamoDB: dynoxide on SQLite, called with DynamoDB's own JSON.
//!
//! One thread does all the work. SQLite writes one commit at a time anyway,
//! and a separate thread keeps disk waits off the runtime's workers.

use std::fmt;
use std::path::Path;
use std::sync::{Arc, mpsc};
use std::thread;

use bytes::Bytes;
use dynoxide::{Database, DynoxideError};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::json;
use tokio::sync::oneshot;

use crate::transport::JsonService;
use crate::wire::Reply;
use crate::{StandInError, durability, schema, trace};

/// The tables' file name in the data directory.
pub const TABLES_FILE: &str = "tables.sqlite";

/// The table of webhooks.
pub const CONFIGS: &str = "configs";
/// The table of events and their attempts.
pub const EVENTS: &str = "events";
/// The table of API tokens.
pub const TOKENS: &str = "tokens";
/// This host's store of EventBridge connections, which is not a table of the product.
pub(crate) const CONNECTIONS: &str = "connections";

/// This host's schedules, which are not a table of the product.
pub(crate) const SCHEDULES: &str = "schedules";

/// This host's own table for [`Tables::probe`], which is not a table of the product.
pub(crate) const PROBES: &str = "probes";

enum Job {
    Call { operation: String, request: Bytes, reply: oneshot::Sender<Reply> },
    Expire,
}

/// Decides which calls reach the tables. Tests refuse some, as a throttled or broken DynamoDB would.
pub trait TableGate: fmt::Debug + Send + Sync {
    /// The response of a call that is refused; `None` lets the call through.
    fn refuse(&self, operation: &str, request: &[u8]) -> Option<Reply>;
}

/// The tables.
#[derive(Clone, Debug)]
pub struct Tables {
    jobs: mpsc::Sender<Job>,
    gate: Option<Arc<dyn TableGate>>,
}

impl Tables {
    /// Opens the database, creating the tables if necessary.
    ///
    /// # Errors
    /// If the database cannot be opened or its tables cannot be created.
    pub fn open(file: &Path) -> Result<Self, StandInError> {
        let path = file.to_str().ok_or(StandInError::Path)?;
        let database = Database::new(path).map_err(StandInError::during("open the tables"))?;
        schema::make(&database)?;
        durability::report(file)?;
        let (jobs, queue) = mpsc::channel::<Job>();
        thread::Builder::new()
            .name("tables".to_owned())
            .spawn(move || {
                for job in queue {
                    work(&database, job);
                }
            })
            .map_err(StandInError::during("start the tables' thread"))?;
        Ok(Self { jobs, gate: None })
    }

    /// The same tables behind a gate, if there is one.
    #[must_use]
    pub fn behind(self, gate: Option<Arc<dyn TableGate>>) -> Self {
        Self { gate, ..self }
    }

    /// Deletes items that are past their `expires_at`.
    pub fn expire(&self) {
        let _ = self.jobs.send(Job::Expire);
    }

    /// Whether the tables can be written right now: writes an item that means nothing, and waits for the commit.
    pub async fn probe(&self) -> Reply {
        let request = json!({"TableName": PROBES, "Item": {"name": {"S": "probe"}}}).to_string();
        self.submit("PutItem", request.into()).await
    }

    /// Runs one operation (`PutItem`, …) in DynamoDB's JSON protocol.
    pub async fn call(&self, operation: &str, request: Bytes) -> Reply {
        if !trace::on() {
            return self.submit(operation, request).await;
        }
        let request = trace::with_capacity(&request).unwrap_or(request);
        let reply = self.submit(operation, request).await;
        trace::tables(operation, &reply);
        reply
    }

    /// Like [`Tables::call`], but for this host's own use: a deployment
    /// would not send this request to AWS, so it is not traced.
    pub(crate) async fn submit(&self, operation: &str, request: Bytes) -> Reply {
        if let Some(refusal) = self.gate.as_ref().and_then(|gate| gate.refuse(operation, &request)) {
            return refusal;
        }
        let (reply, answer) = oneshot::channel();
        let sent = self.jobs.send(Job::Call { operation: operation.to_owned(), request, reply });
        match (sent, answer.await) {
            (Ok(()), Ok(reply)) => reply,
            _ => failure(&DynoxideError::InternalServerError("the tables' thread has stopped".to_owned())),
        }
    }
}

impl JsonService for Tables {
    async fn call(&self, operation: &str, request: Bytes) -> Reply {
        Tables::call(self, operation, request).await
    }
}

fn work(database: &Database, job: Job) {
    match job {
        Job::Call { operation, request, reply } => {
            // The caller may have gone away.
            let _ = reply.send(dispatch(database, &operation, &request));
        }
        Job::Expire => {
            if let Err(error) = database.sweep_ttl() {
                tracing::warn!(%error, "expired items could not be removed");
            }
        }
    }
}

fn dispatch(database: &Database, operation: &str, request: &[u8]) -> Reply {
    match operation {
        "GetItem" => run(request, |request| database.get_item(request)),
        "PutItem" => run(request, |request| database.put_item(request)),
        "UpdateItem" => run(request, |request| database.update_item(request)),
        "DeleteItem" => run(request, |request| database.delete_item(request)),
        "Query" => run(request, |request| database.query(request)),
        "BatchGetItem" => run(request, |request| database.batch_get_item(request)),
        "Scan" => run(request, |request| database.scan(request)),
        "TransactWriteItems" => run(request, |request| database.transact_write_items(request)),
        _ => {
            failure(&DynoxideError::ValidationException(format!("the embedded host does not do {operation}")))
        }
    }
}

fn run<I, O>(request: &[u8], call: impl FnOnce(I) -> dynoxide::Result<O>) -> Reply
where
    I: DeserializeOwned,
    O: Serialize,
{
    let answer = serde_json::from_slice(request)
        .map_err(|error| DynoxideError::SerializationException(error.to_string()))
        .and_then(call)
        .and_then(|answer| {
            serde_json::to_vec(&answer).map_err(|error| DynoxideError::InternalServerError(error.to_string()))
        });
    match answer {
        Ok(body) => Reply { status: 200, body },
        Err(error) => failure(&error),
    }
}

fn failure(error: &DynoxideError) -> Reply {
    Reply { status: error.status_code(), body: error.to_json().into_bytes() }
}

#[cfg(test)]
mod tests {
    use aws_sdk_dynamodb::types::{AttributeValue, Put, TransactWriteItem};

    use super::*;
    use crate::clients;

    /// Puts an item that must not exist yet.
    fn put(table: &str, key: &[&str]) -> TransactWriteItem {
        let put = key.iter().fold(Put::builder().table_name(table), |put, name| {
            put.item(*name, AttributeValue::S("a".to_owned()))
        });
        let put = put.condition_expression(format!("attribute_not_exists({})", key[0]));
        TransactWriteItem::builder().put(put.build().unwrap()).build()
    }

    #[tokio::test]
    async fn a_transaction_is_written_whole_or_not_at_all() {
        let dir = tempfile::tempdir().unwrap();
        let client = clients::dynamodb(Tables::open(&dir.path().join(TABLES_FILE)).unwrap());
        let (config, token) = (put(CONFIGS, &["org_id", "config_id"]), put(TOKENS, &["token_hash"]));
        let both = || client.transact_write_items().transact_items(config.clone());
        both().transact_items(put(EVENTS, &["pk", "sk"])).send().await.unwrap();
        let error = both().transact_items(token).send().await.unwrap_err().into_service_error();
        assert!(error.is_transaction_canceled_exception(), "{error:?}");
        let count = async |table: &str| client.scan().table_name(table).send().await.unwrap().count();
        assert_eq!((count(CONFIGS).await, count(EVENTS).await, count(TOKENS).await), (1, 1, 0));
    }
}
