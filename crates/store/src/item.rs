//! Conversion between our types and DynamoDB items.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use hookstep_tables::GetItem;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::StoreError;

pub(crate) type Item = HashMap<String, AttributeValue>;

/// The item that a request reads. If there is none it is read again, consistently: what another process has written a moment ago may be
/// missing from a read that does not ask for it, and costs half as much.
pub(crate) async fn find(request: GetItem, doing: &'static str) -> Result<Option<Item>, StoreError> {
    let again = request.clone().consistent_read(true);
    match request.send().await.map_err(StoreError::during(doing))?.item {
        Some(item) => Ok(Some(item)),
        None => Ok(again.send().await.map_err(StoreError::during(doing))?.item),
    }
}

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

/// Converts a value within a record.
pub(crate) fn to_attribute<T: Serialize>(value: &T) -> Result<AttributeValue, StoreError> {
    serde_dynamo::to_attribute_value(value).map_err(StoreError::during("write a value as an attribute"))
}

pub(crate) fn from_item<T: DeserializeOwned>(item: Item) -> Result<T, StoreError> {
    serde_dynamo::from_item(item).map_err(StoreError::during("read an item as a record"))
}
