//! Requests in DynamoDB's JSON: those of state machines and of this host's own services.

use std::collections::HashMap;

use aws_sdk_dynamodb::operation::delete_item::DeleteItemInput;
use aws_sdk_dynamodb::operation::get_item::GetItemInput;
use aws_sdk_dynamodb::operation::put_item::PutItemInput;
use aws_sdk_dynamodb::operation::scan::ScanInput;
use aws_sdk_dynamodb::types::{ConsumedCapacity, ReturnConsumedCapacity, ReturnValue};
use hookstep_tables::Item;
use serde::{Deserialize, Deserializer};
use serde_json::{Value, json};

use super::ItemTables;
use crate::error::Answered;
use crate::expression::invalid;
use crate::json::JsonItem;
use crate::json_of;

/// A request in DynamoDB's JSON: the fields of those operations that [`ItemTables::call`] carries out.
#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct JsonRequest {
    table_name: Option<String>,
    item: Option<JsonItem>,
    key: Option<JsonItem>,
    exclusive_start_key: Option<JsonItem>,
    condition_expression: Option<String>,
    filter_expression: Option<String>,
    projection_expression: Option<String>,
    expression_attribute_names: Option<HashMap<String, String>>,
    expression_attribute_values: Option<JsonItem>,
    consistent_read: Option<bool>,
    return_values: Option<String>,
}

impl JsonRequest {
    /// Reads a request.
    ///
    /// # Errors
    /// If a field is not of DynamoDB's form.
    pub fn read<'de, D: Deserializer<'de>>(request: D) -> Answered<Self> {
        Self::deserialize(request).map_err(|error| invalid(error.to_string()))
    }

    /// The name of the table.
    pub fn table(&self) -> &str {
        self.table_name.as_deref().unwrap_or_default()
    }

    /// The item that is put, or the key.
    pub fn item_or_key(&self) -> Option<&Item> {
        self.item.as_ref().or(self.key.as_ref()).map(|JsonItem(item)| item)
    }

    /// Whether a read asks to see every write that was answered before.
    pub fn is_consistent(&self) -> bool {
        self.consistent_read == Some(true)
    }

    /// The values of the expressions.
    pub fn values(&self) -> Option<&Item> {
        self.expression_attribute_values.as_ref().map(|JsonItem(item)| item)
    }
}

fn item(json: Option<JsonItem>) -> Option<Item> {
    json.map(|JsonItem(item)| item)
}

impl ItemTables {
    /// Carries out `PutItem`, `GetItem`, `DeleteItem` or `Scan`, and adds up what it costs if `charged`.
    ///
    /// # Errors
    /// DynamoDB's, and `ValidationException` for other operations.
    pub async fn call(&self, operation: &str, request: JsonRequest, charged: bool) -> Answered<Value> {
        let capacity = charged.then_some(ReturnConsumedCapacity::Total);
        let build = |error: aws_sdk_dynamodb::error::BuildError| invalid(error.to_string());
        let (mut answer, capacity) = match operation {
            "PutItem" => {
                let put = PutItemInput::builder()
                    .set_table_name(request.table_name)
                    .set_item(item(request.item))
                    .set_condition_expression(request.condition_expression)
                    .set_expression_attribute_names(request.expression_attribute_names)
                    .set_expression_attribute_values(item(request.expression_attribute_values))
                    .set_return_consumed_capacity(capacity);
                (json!({}), self.put(put.build().map_err(build)?).await?.consumed_capacity)
            }
            "GetItem" => {
                let get = GetItemInput::builder()
                    .set_table_name(request.table_name)
                    .set_key(item(request.key))
                    .set_consistent_read(request.consistent_read)
                    .set_return_consumed_capacity(capacity);
                let found = self.get(&get.build().map_err(build)?)?;
                (
                    found.item.map_or(json!({}), |item| json!({"Item": json_of(&item)})),
                    found.consumed_capacity,
                )
            }
            "DeleteItem" => {
                let wants_old = request.return_values.as_deref() == Some("ALL_OLD");
                let delete = DeleteItemInput::builder()
                    .set_table_name(request.table_name)
                    .set_key(item(request.key))
                    .set_return_values(wants_old.then_some(ReturnValue::AllOld))
                    .set_return_consumed_capacity(capacity);
                let old = self.delete(delete.build().map_err(build)?).await?;
                let answer = old.attributes.map_or(json!({}), |old| json!({"Attributes": json_of(&old)}));
                (answer, old.consumed_capacity)
            }
            "Scan" => self.scan_json(request, capacity)?,
            _ => return Err(invalid(format!("this host does not do {operation}"))),
        };
        if let Some(capacity) = capacity {
            answer["ConsumedCapacity"] = json!({"CapacityUnits": capacity.capacity_units});
        }
        Ok(answer)
    }

    fn scan_json(
        &self,
        request: JsonRequest,
        capacity: Option<ReturnConsumedCapacity>,
    ) -> Answered<(Value, Option<ConsumedCapacity>)> {
        let scan = ScanInput::builder()
            .set_table_name(request.table_name)
            .set_filter_expression(request.filter_expression)
            .set_projection_expression(request.projection_expression)
            .set_expression_attribute_names(request.expression_attribute_names)
            .set_expression_attribute_values(item(request.expression_attribute_values))
            .set_exclusive_start_key(item(request.exclusive_start_key))
            .set_return_consumed_capacity(capacity);
        let page = self.all(&scan.build().map_err(|error| invalid(error.to_string()))?)?;
        let items: Vec<Value> = page.items().iter().map(json_of).collect();
        let mut answer = json!({"Items": items, "Count": page.count});
        if let Some(next) = page.last_evaluated_key() {
            answer["LastEvaluatedKey"] = json_of(next);
        }
        Ok((answer, page.consumed_capacity))
    }
}
