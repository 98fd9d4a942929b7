//! One table in both implementations.
#![expect(clippy::unwrap_used, reason = "an unexpected answer fails the test")]

use std::collections::HashMap;

use dynoxide::{Database, DynoxideError};
use hookstep_items::{IndexDefinition, ItemTables, SCHEMA, TableDefinition, item_of, json_of};
use hookstep_storage::{Settings, Storage};
use hookstep_tables::Client;
use proptest::prelude::*;
use serde_json::{Map, Value, json};
use tempfile::TempDir;
use tokio::runtime::Runtime;

static TABLES: [TableDefinition; 1] = [TableDefinition {
    name: "things",
    number: 1,
    partition_key: "pk",
    sort_key: Some("sk"),
    indexes: &[IndexDefinition {
        name: "by-a",
        number: 1,
        partition_key: "pk",
        sort_key: "a",
        keys_only: true,
    }],
    views: &[],
}];

pub(crate) struct Both {
    ours: Client,
    theirs: Database,
    runtime: Runtime,
    _dir: TempDir,
}

pub(crate) type Answer = Result<Value, String>;

pub(crate) fn key() -> impl Strategy<Value = Value> {
    ("[a-c]{1,2}", "[a-c]{1,2}").prop_map(|(pk, sk)| json!({"pk": {"S": pk}, "sk": {"S": sk}}))
}

pub(crate) fn attributes() -> impl Strategy<Value = Map<String, Value>> {
    let a = prop::option::of("[a-c]{1,2}".prop_map(|text| json!({"S": text})));
    let number = prop::option::of(any::<i8>().prop_map(|number| json!({"N": number.to_string()})));
    let m = prop::option::of(
        "[a-c]{1,2}".prop_map(|text| json!({"M": {"deep": {"S": text}, "flag": {"BOOL": true}}})),
    );
    (a, number, m).prop_map(|(a, number, m)| {
        [("a", a), ("number", number), ("m", m)]
            .into_iter()
            .filter_map(|(name, value)| Some((name.to_owned(), value?)))
            .collect()
    })
}

impl Both {
    pub(crate) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let settings = Settings {
            schema: vec![SCHEMA],
            durability: hookstep_storage::Durability::Process,
            floor_bytes: 0,
            reserve_bytes: 0,
            ..Settings::new(dir.path().join("items.sqlite"))
        };
        let ours = Client::new(ItemTables::new(Storage::open(settings).unwrap(), &TABLES));
        let theirs = Database::memory().unwrap();
        let types: Vec<Value> = ["pk", "sk", "a"]
            .iter()
            .map(|name| json!({"AttributeName": name, "AttributeType": "S"}))
            .collect();
        let create = json!({
            "TableName": "things", "BillingMode": "PAY_PER_REQUEST", "AttributeDefinitions": types,
            "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
            "GlobalSecondaryIndexes": [{
                "IndexName": "by-a", "Projection": {"ProjectionType": "KEYS_ONLY"},
                "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "a", "KeyType": "RANGE"}],
            }],
        });
        theirs.create_table(serde_json::from_value(create).unwrap()).unwrap();
        Self { ours, theirs, runtime: Runtime::new().unwrap(), _dir: dir }
    }

    pub(crate) fn theirs(&self, operation: &str, request: Value) -> Answer {
        fn told<T: serde::Serialize>(answer: Result<T, DynoxideError>) -> Answer {
            match answer {
                Ok(answer) => Ok(told_parts(serde_json::to_value(answer).unwrap())),
                Err(error) => {
                    let error: Value = serde_json::from_str(&error.to_json()).unwrap();
                    Err(error["__type"].as_str().unwrap().rsplit('#').next().unwrap().to_owned())
                }
            }
        }
        let db = &self.theirs;
        match operation {
            "PutItem" => told(db.put_item(serde_json::from_value(request).unwrap())),
            "UpdateItem" => told(db.update_item(serde_json::from_value(request).unwrap())),
            "DeleteItem" => told(db.delete_item(serde_json::from_value(request).unwrap())),
            "GetItem" => told(db.get_item(serde_json::from_value(request).unwrap())),
            "Query" => told(db.query(serde_json::from_value(request).unwrap())),
            other => panic!("{other}"),
        }
    }

    pub(crate) fn ours(&self, operation: &str, request: Value) -> Answer {
        self.runtime.block_on(self.sent(operation, &request))
    }

    async fn sent(&self, operation: &str, request: &Value) -> Answer {
        let text = |name: &str| request[name].as_str().map(str::to_owned);
        let item = |name: &str| request.get(name).map(|item| item_of(item.clone()).unwrap());
        let (table, values) =
            (text("TableName").unwrap(), item("ExpressionAttributeValues").unwrap_or_default());
        let names: HashMap<String, String> = request
            .get("ExpressionAttributeNames")
            .map(|names| serde_json::from_value(names.clone()).unwrap())
            .unwrap_or_default();
        /// Adds the expressions that all writes have.
        macro_rules! expressed {
            ($request:expr) => {{
                let mut request = $request;
                for (name, value) in &values {
                    request = request.expression_attribute_values(name, value.clone());
                }
                for (name, value) in &names {
                    request = request.expression_attribute_names(name, value);
                }
                request
            }};
        }
        macro_rules! conditional {
            ($request:expr) => {
                match text("ConditionExpression") {
                    Some(condition) => expressed!($request).condition_expression(condition),
                    None => expressed!($request),
                }
            };
        }
        macro_rules! answered {
            ($request:expr) => {
                $request.send().await.map_err(|error| crate::name(&error))?
            };
        }
        Ok(match operation {
            "PutItem" => {
                answered!(conditional!(self.ours.put_item()).table_name(table).set_item(item("Item")));
                json!({})
            }
            "UpdateItem" => {
                let update = conditional!(self.ours.update_item()).table_name(table).set_key(item("Key"));
                let update = update.update_expression(text("UpdateExpression").unwrap());
                let updated = answered!(update.return_values(aws_sdk_dynamodb::types::ReturnValue::AllNew));
                json!({"Attributes": updated.attributes.as_ref().map(json_of)})
            }
            "DeleteItem" => {
                let delete = conditional!(self.ours.delete_item()).table_name(table).set_key(item("Key"));
                // The product asks for what was deleted in JSON alone.
                answered!(delete);
                json!({})
            }
            "GetItem" => {
                let found = answered!(self.ours.get_item().table_name(table).set_key(item("Key")));
                found.item.as_ref().map_or(json!({}), |item| json!({"Item": json_of(item)}))
            }
            "Query" => {
                let mut query = expressed!(self.ours.query()).table_name(table);
                query = query.key_condition_expression(text("KeyConditionExpression").unwrap());
                if let Some(index) = text("IndexName") {
                    query = query.index_name(index);
                }
                if let Some(filter) = text("FilterExpression") {
                    query = query.filter_expression(filter);
                }
                if let Some(projection) = text("ProjectionExpression") {
                    query = query.projection_expression(projection);
                }
                let limit = request["Limit"].as_i64().map(|limit| limit as i32);
                let query = query.set_limit(limit).scan_index_forward(request["ScanIndexForward"] != false);
                let page = answered!(query);
                let mut answer = json!({
                    "Items": page.items().iter().map(json_of).collect::<Vec<_>>(),
                    "Count": page.count, "ScannedCount": page.scanned_count,
                });
                if let Some(next) = page.last_evaluated_key() {
                    answer["LastEvaluatedKey"] = json_of(next);
                }
                answer
            }
            other => panic!("{other}"),
        })
    }
}

/// The parts of an answer that are compared.
fn told_parts(answer: Value) -> Value {
    let Value::Object(fields) = answer else { panic!("{answer}") };
    let is_compared = |name: &str| {
        matches!(name, "Item" | "Items" | "Count" | "ScannedCount" | "LastEvaluatedKey" | "Attributes")
    };
    Value::Object(fields.into_iter().filter(|(name, value)| is_compared(name) && !value.is_null()).collect())
}
