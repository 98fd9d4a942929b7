//! Bodies of which some values are not kept (ADR 0067). What is left takes the place of the body in its item, under names of its own:
//! whatever sends bodies finds none there.

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use bytes::Bytes;
use hookstep_contract::EventRecord;

use crate::bodies::{BODY, BYTES, DEFLATED, SENT, bytes_of, inflated, key, partition};
use crate::error::unless_forbidden;
use crate::item::Item;
use crate::{Bodies, StoreError, published_bodies};

/// Whether the item has what is left of a body.
pub(crate) const IS_REDACTED: &str = "is_redacted";

/// What is left, if compression does not make it shorter.
const REDACTED_BYTES: &str = "redacted_bytes";
/// What is left, compressed with raw deflate (RFC 1951).
const REDACTED_DEFLATED: &str = "redacted_deflated";

/// A body as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeptBody {
    /// As it was accepted or sent.
    Whole(Bytes),
    /// Without the values that are not kept.
    Redacted(Bytes),
}

impl KeptBody {
    /// Its length, in bytes.
    #[expect(clippy::len_without_is_empty, reason = "whether a body is empty matters to nobody")]
    pub fn len(&self) -> usize {
        let (Self::Whole(bytes) | Self::Redacted(bytes)) = self;
        bytes.len()
    }
}

impl Bodies {
    /// What is stored of the accepted body of an event, be it its own or that of its publication.
    ///
    /// # Errors
    /// If the table cannot be read or the item is not a body.
    pub async fn kept_accepted(&self, event: &EventRecord) -> Result<Option<KeptBody>, StoreError> {
        self.kept(accepted_key(event)).await
    }

    /// What is stored of the body that was sent instead of the accepted one.
    ///
    /// # Errors
    /// If the table cannot be read or the item is not a body.
    pub async fn kept_sent(&self, event: &EventRecord) -> Result<Option<KeptBody>, StoreError> {
        self.kept(key(&event.org_id, event.config_id, event.event_id, SENT)).await
    }

    async fn kept(&self, key: Item) -> Result<Option<KeptBody>, StoreError> {
        let request = self.client.get_item().table_name(&self.table).set_key(Some(key)).consistent_read(true);
        let found = request.send().await.map_err(StoreError::during("read a body"))?;
        found.item.map_or(Ok(None), kept_of)
    }

    /// Stores what is left of the accepted body of an event in its place. The body of a publication is needed by other events until
    /// the last one of them has ended.
    ///
    /// # Errors
    /// If the table cannot be written.
    pub async fn redact_accepted(&self, event: &EventRecord, left: &str) -> Result<(), StoreError> {
        let recent = match event.publication_id {
            Some(publication_id) => published_bodies::partition(&event.org_id, publication_id),
            None => partition(&event.org_id, event.config_id, event.event_id),
        };
        self.recent.forget(&recent);
        self.redact(accepted_key(event), left).await
    }

    /// Stores what is left of the body that was sent in its place.
    ///
    /// # Errors
    /// If the table cannot be written.
    pub async fn redact_sent(&self, event: &EventRecord, left: &str) -> Result<(), StoreError> {
        self.redact(key(&event.org_id, event.config_id, event.event_id, SENT), left).await
    }

    async fn redact(&self, key: Item, left: &str) -> Result<(), StoreError> {
        let (name, bytes) = match self.deflated(left.as_bytes()) {
            Some(deflated) => (REDACTED_DEFLATED, deflated),
            None => (REDACTED_BYTES, left.as_bytes().to_vec()),
        };
        let update = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(key))
            .update_expression(format!("SET {name} = :left, {IS_REDACTED} = :true REMOVE #bytes, #deflated"))
            .condition_expression("attribute_exists(sk)")
            .expression_attribute_names("#bytes", BYTES)
            .expression_attribute_names("#deflated", DEFLATED)
            .expression_attribute_values(":left", AttributeValue::B(Blob::new(bytes)))
            .expression_attribute_values(":true", AttributeValue::Bool(true));
        // Without an item there is nothing to redact: it has expired, or was erased.
        unless_forbidden(update.send().await, "redact a body").map(drop)
    }
}

/// What is stored of the body in an item.
pub(crate) fn kept_of(mut item: Item) -> Result<Option<KeptBody>, StoreError> {
    if let Some(AttributeValue::B(bytes)) = item.remove(REDACTED_BYTES) {
        return Ok(Some(KeptBody::Redacted(bytes.into_inner().into())));
    }
    if let Some(AttributeValue::B(deflated)) = item.remove(REDACTED_DEFLATED) {
        return Ok(Some(KeptBody::Redacted(inflated(deflated.as_ref())?)));
    }
    Ok(bytes_of(item)?.map(KeptBody::Whole))
}

fn accepted_key(event: &EventRecord) -> Item {
    match event.publication_id {
        Some(publication_id) => published_bodies::key(&event.org_id, publication_id),
        None => key(&event.org_id, event.config_id, event.event_id, BODY),
    }
}
