//! Requests in DynamoDB's JSON: those of state machines and of this host's own services.

use std::collections::HashMap;

use aws_sdk_dynamodb::operation::delete_item::DeleteItemInput;
use aws_sdk_dynamodb::operation::get_item::GetItemInput;
use aws_sdk_dynamodb::operation::put_item::PutItemInput;
use aws_sdk_dynamodb::operation::scan::ScanInput;
use aws_sdk_dynamodb::types::{ConsumedCapacity, ReturnConsumedCapacity, ReturnValue};
use hookstep_tables::Item;
use serde_json::{Value, json};

use super::ItemTables;
use crate::error::Answered;
use crate::expression::invalid;
use crate::{item_of, json_of};

impl ItemTables {
    /// Carries out `PutItem`, `GetItem`, `DeleteItem` or `Scan`, and adds up what it costs if `charged`.
    ///
    /// # Errors
    /// DynamoDB's, and `ValidationException` for other operations.
    pub async fn call(&self, operation: &str, request: Value, charged: bool) -> Answered<Value> {
        let mut request = Request(request);
        let capacity = charged.then_some(ReturnConsumedCapacity::Total);
        let build = |error: aws_sdk_dynamodb::error::BuildError| invalid(error.to_string());
        let (mut answer, capacity) = match operation {
            "PutItem" => {
                let put = PutItemInput::builder()
                    .set_table_name(request.text("TableName"))
                    .set_item(request.item("Item")?)
                    .set_condition_expression(request.text("ConditionExpression"))
                    .set_expression_attribute_names(request.names())
                    .set_expression_attribute_values(request.item("ExpressionAttributeValues")?)
                    .set_return_consumed_capacity(capacity);
                (json!({}), self.put(put.build().map_err(build)?).await?.consumed_capacity)
            }
            "GetItem" => {
                let get = GetItemInput::builder()
                    .set_table_name(request.text("TableName"))
                    .set_key(request.item("Key")?)
                    .set_consistent_read(request.0["ConsistentRead"].as_bool())
                    .set_return_consumed_capacity(capacity);
                let found = self.get(&get.build().map_err(build)?)?;
                (
                    found.item.map_or(json!({}), |item| json!({"Item": json_of(&item)})),
                    found.consumed_capacity,
                )
            }
            "DeleteItem" => {
                let wants_old = request.0["ReturnValues"] == "ALL_OLD";
                let delete = DeleteItemInput::builder()
                    .set_table_name(request.text("TableName"))
                    .set_key(request.item("Key")?)
                    .set_return_values(wants_old.then_some(ReturnValue::AllOld))
                    .set_return_consumed_capacity(capacity);
                let old = self.delete(delete.build().map_err(build)?).await?;
                let answer = old.attributes.map_or(json!({}), |old| json!({"Attributes": json_of(&old)}));
                (answer, old.consumed_capacity)
            }
            "Scan" => self.scan_json(&mut request, capacity)?,
            _ => return Err(invalid(format!("this host does not do {operation}"))),
        };
        if let Some(capacity) = capacity {
            answer["ConsumedCapacity"] = json!({"CapacityUnits": capacity.capacity_units});
        }
        Ok(answer)
    }

    fn scan_json(
        &self,
        request: &mut Request,
        capacity: Option<ReturnConsumedCapacity>,
    ) -> Answered<(Value, Option<ConsumedCapacity>)> {
        let scan = ScanInput::builder()
            .set_table_name(request.text("TableName"))
            .set_filter_expression(request.text("FilterExpression"))
            .set_projection_expression(request.text("ProjectionExpression"))
            .set_expression_attribute_names(request.names())
            .set_expression_attribute_values(request.item("ExpressionAttributeValues")?)
            .set_exclusive_start_key(request.item("ExclusiveStartKey")?)
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

/// The fields of a request, each of which is taken once.
struct Request(Value);

impl Request {
    fn text(&mut self, name: &str) -> Option<String> {
        match self.0.get_mut(name).map(Value::take) {
            Some(Value::String(text)) => Some(text),
            _ => None,
        }
    }

    fn item(&mut self, name: &str) -> Answered<Option<Item>> {
        self.0.get_mut(name).map(|value| item_of(value.take())).transpose()
    }

    fn names(&mut self) -> Option<HashMap<String, String>> {
        let names = self.0.get("ExpressionAttributeNames")?.as_object()?;
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        Some(names.iter().map(|(name, value)| (name.clone(), text(value))).collect())
    }
}
