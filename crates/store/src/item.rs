//! Our types as DynamoDB items.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::StoreError;

pub(crate) type Item = HashMap<String, AttributeValue>;

/// The string attribute `text`.
pub(crate) fn s(text: impl ToString) -> AttributeValue {
    AttributeValue::S(text.to_string())
}

/// The number attribute `number`.
pub(crate) fn n(number: impl ToString) -> AttributeValue {
    AttributeValue::N(number.to_string())
}

pub(crate) fn to_item<T: Serialize>(value: &T) -> Result<Item, StoreError> {
    serde_dynamo::to_item(value).map_err(StoreError::during("write a record as an item"))
}

pub(crate) fn from_item<T: DeserializeOwned>(item: Item) -> Result<T, StoreError> {
    serde_dynamo::from_item(item).map_err(StoreError::during("read an item as a record"))
}

/// A record as the JSON of a DynamoDB item.
pub(crate) fn to_dynamodb_json(
    key: impl IntoIterator<Item = (&'static str, String)>,
    record: &impl Serialize,
) -> Result<serde_json::Value, StoreError> {
    let mut item: HashMap<String, serde_dynamo::AttributeValue> =
        serde_dynamo::to_item(record).map_err(StoreError::during("write a record as an item"))?;
    for (name, value) in key {
        item.insert(name.to_owned(), serde_dynamo::AttributeValue::S(value));
    }
    serde_json::to_value(item).map_err(StoreError::during("write an item as JSON"))
}
