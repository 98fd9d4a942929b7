//! The local DynamoDB: the items of the storage, behind a gate for tests, with a trace of what DynamoDB would charge.

mod definitions;
mod operations;

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use aws_sdk_dynamodb::types::TransactWriteItem;
use hookstep_items::{ItemTables, JsonRequest, Refusal};
use hookstep_storage::{Beside, Settings, Snapshot, Storage};
use hookstep_tables::Item;
use serde::Deserializer;
use serde_json::Value;

use crate::{ServiceError, StandInError, trace};
use definitions::TABLES;
pub use definitions::{CONFIGS, EVENTS, TOKENS};
pub(crate) use definitions::{CONNECTIONS, LANES, SCHEDULES};

/// A request to the tables.
#[derive(Clone, Copy, Debug)]
pub struct TableCall<'a> {
    /// The operation, such as `PutItem`.
    pub operation: &'static str,
    /// The table; empty if there are several.
    pub table: &'a str,
    /// The key, or the item that is put.
    pub item: Option<&'a Item>,
    /// The values of the expressions.
    pub values: Option<&'a Item>,
    /// The writes of a transaction.
    pub writes: &'a [TransactWriteItem],
    /// Whether it is a read that does not ask to see every write that was answered before.
    pub is_eventual: bool,
}

/// Decides which calls reach the tables. Tests refuse some, as a throttled or broken DynamoDB would.
pub trait TableGate: fmt::Debug + Send + Sync {
    /// The error of a call that is refused, with DynamoDB's name; `None` lets the call through.
    fn refuse(&self, call: &TableCall<'_>) -> Option<ServiceError>;

    /// The error of a call that is carried out and whose answer is lost; `None` hands the answer on.
    fn lose(&self, _: &TableCall<'_>) -> Option<ServiceError> {
        None
    }

    /// Whether a call is not carried out and answered as if it had been, by an answer in which there is nothing.
    fn swallow(&self, _: &TableCall<'_>) -> bool {
        false
    }

    /// What a read sees that does not ask for consistency, if not what is visible now.
    fn past(&self, _: &TableCall<'_>) -> Option<Arc<Snapshot>> {
        None
    }

    /// Whether every read has to reach the tables, so that nothing is answered from memory while they have not changed.
    fn sees_all_reads(&self) -> bool {
        true
    }
}

/// The tables.
#[derive(Clone, Debug)]
pub struct Tables {
    items: ItemTables,
    gate: Option<Arc<dyn TableGate>>,
}

impl Tables {
    /// The statements that make what the tables need in a storage.
    pub const SCHEMA: &'static str = hookstep_items::SCHEMA;

    /// The tables in a storage that has the [`SCHEMA`](Self::SCHEMA).
    pub fn new(storage: Storage) -> Self {
        Self { items: ItemTables::new(storage, &TABLES), gate: None }
    }

    /// The tables alone, in a storage of their own.
    ///
    /// # Errors
    /// If the storage cannot be opened.
    pub fn open(file: &Path) -> Result<Self, StandInError> {
        let settings = Settings { schema: vec![Self::SCHEMA], ..Settings::new(file) };
        Storage::open(settings).map(Self::new).map_err(StandInError::during("open the tables"))
    }

    /// The same tables behind a gate, if there is one.
    #[must_use]
    pub fn behind(self, gate: Option<Arc<dyn TableGate>>) -> Self {
        Self { gate, ..self }
    }

    /// The same tables, whose writes are answered when they are visible, before they are durable: for steps that an
    /// execution repeats if it is started again.
    #[must_use]
    pub fn for_repeatable_steps(&self) -> Self {
        Self { items: self.items.answering_when_visible(), ..self.clone() }
    }

    /// Puts an item in the transaction of another change.
    ///
    /// # Errors
    /// DynamoDB's, if the table does not exist or the item has no key.
    pub fn putting(&self, table: &str, item: Item) -> Result<Beside, ServiceError> {
        self.items.putting(table, item).map_err(|refusal| error(&refusal))
    }

    /// Deletes items that expired before `now`, in seconds since 1970.
    pub async fn expire(&self, now: i64) {
        if let Err(error) = self.items.expire(now).await {
            tracing::warn!(%error, "expired items could not be removed");
        }
    }

    /// Runs one operation (`PutItem`, …) in DynamoDB's JSON protocol, for a state machine.
    ///
    /// # Errors
    /// DynamoDB's.
    pub async fn call<'de, R: Deserializer<'de>>(
        &self,
        operation: &'static str,
        request: R,
    ) -> Result<Value, ServiceError> {
        let answer = self.run(operation, request, trace::on()).await;
        if trace::on() {
            let units =
                answer.as_ref().ok().and_then(|answer| answer["ConsumedCapacity"]["CapacityUnits"].as_f64());
            trace::tables(operation, units, answer.as_ref().err().map(|error| error.name));
        }
        answer
    }

    /// Like [`Tables::call`], but for this host's own use: a deployment
    /// would not send this request to AWS, so it is not traced.
    pub(crate) async fn submit(
        &self,
        operation: &'static str,
        request: Value,
    ) -> Result<Value, ServiceError> {
        self.run(operation, request, false).await
    }

    async fn run<'de, R: Deserializer<'de>>(
        &self,
        operation: &'static str,
        request: R,
        charged: bool,
    ) -> Result<Value, ServiceError> {
        let request = JsonRequest::read(request).map_err(|refusal| error(&refusal))?;
        let (mut lost, mut past) = (None, None);
        if let Some(gate) = &self.gate {
            let (table, item, values) = (request.table(), request.item_or_key(), request.values());
            let is_eventual = matches!(operation, "GetItem" | "Scan") && !request.is_consistent();
            let call = TableCall { operation, table, item, values, writes: &[], is_eventual };
            if let Some(error) = gate.refuse(&call) {
                return Err(error);
            }
            if gate.swallow(&call) {
                return Ok(Value::Object(serde_json::Map::new()));
            }
            lost = gate.lose(&call);
            past = gate.past(&call).filter(|_| is_eventual);
        }
        let past = past.map(|past| self.items.as_of(past));
        let items = past.as_ref().unwrap_or(&self.items);
        let answer = items.call(operation, request, charged).await.map_err(|refusal| error(&refusal));
        lost.map_or(answer, Err)
    }
}

fn error(refusal: &Refusal) -> ServiceError {
    if refusal.status() == 500 {
        tracing::error!(error.chain = hookstep_contract::error_chain(refusal), "the tables could not answer");
    }
    ServiceError::new(refusal.name(), refusal.to_string())
}

#[cfg(test)]
mod tests {
    use aws_sdk_dynamodb::types::{AttributeValue, Put};
    use hookstep_tables::Client;

    use super::*;

    /// Puts an item that must not exist yet.
    fn put(table: &str, key: &[&str]) -> TransactWriteItem {
        let put = key.iter().fold(Put::builder().table_name(table), |put, name| {
            put.item(*name, AttributeValue::S("a".to_owned()))
        });
        let put = put.condition_expression(format!("attribute_not_exists({})", key[0]));
        TransactWriteItem::builder().put(put.build().unwrap()).build()
    }

    #[tokio::test]
    async fn every_write_that_was_answered_changes_the_version_of_its_table_and_of_no_other() {
        let dir = tempfile::tempdir().unwrap();
        let tables = Tables::open(&dir.path().join("tables.sqlite")).unwrap();
        let client = Client::new(tables.clone());
        let versions = || [CONFIGS, EVENTS, TOKENS].map(|table| client.version(table).unwrap());
        let s = |text: &str| AttributeValue::S(text.to_owned());
        let before = versions();
        client.put_item().table_name(TOKENS).item("token_hash", s("a")).send().await.unwrap();
        let put = versions();
        assert_eq!((put[0], put[1]), (before[0], before[1]));
        assert_ne!(put[2], before[2]);
        let update = client.update_item().table_name(TOKENS).key("token_hash", s("a"));
        let update = update.update_expression("SET x = :x").expression_attribute_values(":x", s("b"));
        update.send().await.unwrap();
        let updated = versions();
        assert_ne!(updated[2], put[2]);
        client.delete_item().table_name(TOKENS).key("token_hash", s("a")).send().await.unwrap();
        let deleted = versions();
        assert_ne!(deleted[2], updated[2]);
        let write = client.transact_write_items();
        write.transact_items(put_of(CONFIGS)).transact_items(put_of(EVENTS)).send().await.unwrap();
        let written = versions();
        assert!(written[0] != deleted[0] && written[1] != deleted[1] && written[2] == deleted[2]);
        client.get_item().table_name(TOKENS).key("token_hash", s("a")).send().await.unwrap();
        assert_eq!(versions(), written);
        tables.expire(0).await;
        assert!(versions().into_iter().zip(written).all(|(after, before)| after != before));
        assert_eq!(client.version("unknown"), None);
    }

    #[tokio::test]
    async fn whoever_refuses_reads_sees_all_of_them() {
        #[derive(Debug)]
        struct Open;

        impl TableGate for Open {
            fn refuse(&self, _: &TableCall<'_>) -> Option<ServiceError> {
                None
            }
        }

        let dir = tempfile::tempdir().unwrap();
        let tables = Tables::open(&dir.path().join("tables.sqlite")).unwrap();
        assert_eq!(Client::new(tables.behind(Some(Arc::new(Open)))).version(TOKENS), None);
    }

    fn put_of(table: &str) -> TransactWriteItem {
        put(table, if table == CONFIGS { &["org_id", "config_id"] } else { &["pk", "sk"] })
    }

    #[tokio::test]
    async fn a_transaction_is_written_whole_or_not_at_all() {
        let dir = tempfile::tempdir().unwrap();
        let client = Client::new(Tables::open(&dir.path().join("tables.sqlite")).unwrap());
        let (config, token) = (put(CONFIGS, &["org_id", "config_id"]), put(TOKENS, &["token_hash"]));
        let both = || client.transact_write_items().transact_items(config.clone());
        both().transact_items(put(EVENTS, &["pk", "sk"])).send().await.unwrap();
        let error = both().transact_items(token).send().await.unwrap_err().into_service_error();
        assert!(error.is_transaction_canceled_exception(), "{error:?}");
        let count = async |table: &str| client.scan().table_name(table).send().await.unwrap().count();
        assert_eq!((count(CONFIGS).await, count(EVENTS).await, count(TOKENS).await), (1, 1, 0));
    }
}
