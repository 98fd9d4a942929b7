//! An attempt as an item. What the item of its event says, and what is usual, is left out: every byte of a million
//! attempts is kept and backed up for weeks.

use aws_sdk_dynamodb::types::AttributeValue;
use hookstep_contract::{Attempt, EventRecord};

use crate::StoreError;
use crate::item::{self, Item};

/// The header with the id of the event.
const ID_HEADER: &str = "webhook-id";

/// The method of nearly every webhook.
const USUAL_METHOD: &str = "POST";

/// The attributes with the method and the headers of the request.
const METHOD: &str = "method";
const REQUEST_HEADERS: &str = "request_headers";

pub(crate) fn to_item(attempt: &Attempt) -> Result<Item, StoreError> {
    let mut item = item::to_item(attempt)?;
    // Attempts of earlier versions, which have no URL, are read as they are.
    if attempt.url.is_some() {
        if let Some(AttributeValue::M(headers)) = item.get_mut(REQUEST_HEADERS) {
            headers.remove(ID_HEADER);
        }
        if attempt.method.as_deref() == Some(USUAL_METHOD) {
            item.remove(METHOD);
        }
    }
    Ok(item)
}

pub(crate) fn from_item(item: Item, event: &EventRecord) -> Result<Attempt, StoreError> {
    let mut attempt: Attempt = item::from_item(item)?;
    if attempt.url.is_some() {
        attempt.method.get_or_insert_with(|| USUAL_METHOD.to_owned());
        // A request that was refused before it was made has no headers at all.
        if !attempt.request_headers.is_empty() {
            let id = event.webhook_id().to_string();
            attempt.request_headers.entry(ID_HEADER.to_owned()).or_insert(id);
        }
    }
    Ok(attempt)
}
