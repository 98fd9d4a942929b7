//! The bodies of events, stored so that they can be viewed and redelivered. They are in the events table,
//! each in a separate partition (pk `{org_id}#{config_id}#{event_id}`, sk `body`, and `sent` for the output
//! of a transform), so reading a status or listing events never touches them. The body of a publication is stored once for all
//! its deliveries (`published_bodies`). Claim checks are not here, because they are already in the bucket.

use std::sync::Arc;
use std::time::Duration;

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use bytes::Bytes;
use hookstep_contract::limits::RETENTION;
use hookstep_contract::{ConfigId, Content, EventId, EventMetadata, EventRecord, OrgId};
use hookstep_tables::Client;
use hookstep_tables::PutItem;
use miniz_oxide::deflate::compress_to_vec;
use miniz_oxide::inflate::decompress_to_vec_with_limit;

use crate::error::unless_forbidden;
use crate::item::{Item, find, n, s};
use crate::recent_bodies::RecentBodies;
use crate::redacted_bodies::IS_REDACTED;
use crate::{StoreError, published_bodies};

/// The usual compromise between time and size. It halves a JSON body of 1 KB and its DynamoDB cost.
const LEVEL: u8 = 6;

/// The maximum size of a decompressed body: more than any state can carry.
const MAX_BYTES: usize = 1024 * 1024;

/// The raw bytes, if compression does not make them shorter.
pub(crate) const BYTES: &str = "bytes";
/// The bytes compressed with raw deflate (RFC 1951).
pub(crate) const DEFLATED: &str = "deflated";

/// The sort key of the accepted body.
pub(crate) const BODY: &str = "body";
/// The sort key of the body that was sent instead.
pub(crate) const SENT: &str = "sent";

/// The stored bodies in the events table.
#[derive(Clone, Debug)]
pub struct Bodies {
    pub(crate) client: Client,
    pub(crate) table: String,
    pub(crate) retention: Duration,
    /// Whether bodies are compressed.
    deflates: bool,
    pub(crate) recent: Arc<RecentBodies>,
}

impl Bodies {
    /// The bodies in the events table with this name.
    pub fn new(client: impl Into<Client>, table: impl Into<String>) -> Self {
        Self {
            client: client.into(),
            table: table.into(),
            retention: RETENTION,
            deflates: true,
            recent: Arc::default(),
        }
    }

    /// The same bodies, with a retention of `retention` for new ones.
    #[must_use]
    pub fn kept_for(self, retention: Duration) -> Self {
        Self { retention, ..self }
    }

    /// The same bodies, read and written with this client.
    #[must_use]
    pub fn through(&self, client: impl Into<Client>) -> Self {
        Self { client: client.into(), ..self.clone() }
    }

    /// The same bodies, which are not compressed: on one machine, the time for that is worth more than the room.
    #[must_use]
    pub fn uncompressed(self) -> Self {
        Self { deflates: false, ..self }
    }

    /// The item with the accepted body of an event, for a writer of its own.
    ///
    /// The body is also kept in memory until it is read for the first time, if there is room and the event is sent at once.
    pub fn accepted_item(&self, event: &EventMetadata, body: Bytes) -> Item {
        let item = self.item(event, BODY, &body);
        if event.deliver_at.is_none() {
            self.recent.keep(partition(&event.org_id, event.config_id, event.event_id), body);
        }
        item
    }

    /// Stores the body of an event for as long as the event itself.
    ///
    /// # Errors
    /// If the table cannot be written.
    pub async fn keep(&self, event: &EventMetadata, body: &[u8]) -> Result<(), StoreError> {
        self.put(event, BODY, body).send().await.map_err(StoreError::during("keep a body"))?;
        Ok(())
    }

    /// Stores the body that is sent instead of the accepted one. If one is already stored, it is kept and
    /// returned.
    ///
    /// # Errors
    /// If the table cannot be written.
    pub async fn keep_sent(&self, event: &EventMetadata, body: &[u8]) -> Result<Option<Content>, StoreError> {
        let put = self.put(event, SENT, body).condition_expression("attribute_not_exists(sk)").send().await;
        if unless_forbidden(put, "keep a transformed body")? {
            return Ok(None);
        }
        self.read_sent(&event.org_id, event.config_id, event.event_id).await
    }

    /// Deletes the bodies of an event.
    ///
    /// # Errors
    /// If the table cannot be written.
    pub async fn delete(&self, event: &EventMetadata) -> Result<(), StoreError> {
        self.delete_of(&event.org_id, event.config_id, event.event_id).await
    }

    /// Deletes the bodies of the event with this id.
    ///
    /// # Errors
    /// If the table cannot be written.
    pub async fn delete_of(
        &self,
        org_id: &OrgId,
        config_id: ConfigId,
        event_id: EventId,
    ) -> Result<(), StoreError> {
        self.recent.forget(&partition(org_id, config_id, event_id));
        for part in [BODY, SENT] {
            self.client
                .delete_item()
                .table_name(&self.table)
                .set_key(Some(key(org_id, config_id, event_id, part)))
                .send()
                .await
                .map_err(StoreError::during("delete a body"))?;
        }
        Ok(())
    }

    fn put(&self, event: &EventMetadata, part: &str, body: &[u8]) -> PutItem {
        self.client.put_item().table_name(&self.table).set_item(Some(self.item(event, part, body)))
    }

    fn item(&self, event: &EventMetadata, part: &str, body: &[u8]) -> Item {
        let key = key(&event.org_id, event.config_id, event.event_id, part);
        self.item_with(key, body, event.expires_at(self.retention))
    }

    /// An item with this key and body, which expires at this time, in seconds since 1970.
    pub(crate) fn item_with(&self, key: Item, body: &[u8], expires_at: i64) -> Item {
        let (name, bytes) = match self.deflated(body) {
            Some(deflated) => (DEFLATED, deflated),
            None => (BYTES, body.to_vec()),
        };
        let mut item = key;
        item.insert(name.to_owned(), AttributeValue::B(Blob::new(bytes)));
        item.insert("expires_at".to_owned(), n(expires_at));
        item
    }

    /// The body compressed, if that makes it shorter and the time is spent on it.
    pub(crate) fn deflated(&self, body: &[u8]) -> Option<Vec<u8>> {
        let deflated = self.deflates.then(|| compress_to_vec(body, LEVEL))?;
        (deflated.len() < body.len()).then_some(deflated)
    }

    /// Whether the accepted body of an event is stored.
    ///
    /// # Errors
    /// If the table cannot be read.
    pub async fn has(&self, event: &EventRecord) -> Result<bool, StoreError> {
        self.has_accepted(event).await
    }

    /// Whether the body that was sent is still available.
    ///
    /// # Errors
    /// If the table cannot be read.
    pub async fn has_what_was_sent(&self, event: &EventRecord) -> Result<bool, StoreError> {
        match &event.sent {
            Some(sent) => Ok(sent.claim.is_some() || self.has_part(event, SENT).await?),
            None => Ok(event.claim.is_some() || self.has_accepted(event).await?),
        }
    }

    async fn has_accepted(&self, event: &EventRecord) -> Result<bool, StoreError> {
        match event.publication_id {
            Some(publication_id) => self.has_key(published_bodies::key(&event.org_id, publication_id)).await,
            None => self.has_part(event, BODY).await,
        }
    }

    async fn has_part(&self, event: &EventRecord, part: &str) -> Result<bool, StoreError> {
        self.has_key(key(&event.org_id, event.config_id, event.event_id, part)).await
    }

    async fn has_key(&self, key: Item) -> Result<bool, StoreError> {
        let found = self
            .client
            .get_item()
            .table_name(&self.table)
            .set_key(Some(key))
            // It may have been stored, or redacted, a moment ago.
            .consistent_read(true)
            .projection_expression(format!("sk, {IS_REDACTED}"))
            .send()
            .await
            .map_err(StoreError::during("look for a body"))?;
        Ok(found.item.is_some_and(|item| !item.contains_key(IS_REDACTED)))
    }

    /// The accepted body of an event; `None` if it was not stored or has expired.
    ///
    /// # Errors
    /// If the table cannot be read or the item is not a body.
    pub async fn read(
        &self,
        org_id: &OrgId,
        config_id: ConfigId,
        event_id: EventId,
    ) -> Result<Option<Content>, StoreError> {
        let bytes = self.read_part(org_id, config_id, event_id, BODY).await?;
        Ok(bytes.map(|bytes| Content::new(&bytes)))
    }

    /// The bytes of the accepted body of an event; `None` if it was not stored or has expired.
    ///
    /// # Errors
    /// If the table cannot be read or the item is not a body.
    pub async fn bytes(
        &self,
        org_id: &OrgId,
        config_id: ConfigId,
        event_id: EventId,
    ) -> Result<Option<Bytes>, StoreError> {
        match self.recent.take(&partition(org_id, config_id, event_id)) {
            Some(body) => Ok(Some(body)),
            None => self.read_part(org_id, config_id, event_id, BODY).await,
        }
    }

    /// The body that was sent instead of the accepted one; `None` if it was not stored or has expired.
    ///
    /// # Errors
    /// If the table cannot be read or the item is not a body.
    pub async fn read_sent(
        &self,
        org_id: &OrgId,
        config_id: ConfigId,
        event_id: EventId,
    ) -> Result<Option<Content>, StoreError> {
        Ok(self.sent_bytes(org_id, config_id, event_id).await?.map(|bytes| Content::new(&bytes)))
    }

    /// The bytes of the body that was sent instead of the accepted one; `None` if it was not stored or has expired.
    ///
    /// # Errors
    /// If the table cannot be read or the item is not a body.
    pub async fn sent_bytes(
        &self,
        org_id: &OrgId,
        config_id: ConfigId,
        event_id: EventId,
    ) -> Result<Option<Bytes>, StoreError> {
        self.read_part(org_id, config_id, event_id, SENT).await
    }

    async fn read_part(
        &self,
        org_id: &OrgId,
        config_id: ConfigId,
        event_id: EventId,
        part: &str,
    ) -> Result<Option<Bytes>, StoreError> {
        self.read_key(key(org_id, config_id, event_id, part)).await
    }

    /// The body in the item with this key.
    pub(crate) async fn read_key(&self, key: Item) -> Result<Option<Bytes>, StoreError> {
        let request = self.client.get_item().table_name(&self.table).set_key(Some(key));
        find(request, "read a body").await?.map_or(Ok(None), bytes_of)
    }
}

/// The body in an item, as it was before it was compressed.
pub(crate) fn bytes_of(mut item: Item) -> Result<Option<Bytes>, StoreError> {
    if let Some(AttributeValue::B(bytes)) = item.remove(BYTES) {
        return Ok(Some(bytes.into_inner().into()));
    }
    let Some(AttributeValue::B(deflated)) = item.remove(DEFLATED) else { return Ok(None) };
    inflated(deflated.as_ref()).map(Some)
}

pub(crate) fn inflated(deflated: &[u8]) -> Result<Bytes, StoreError> {
    let bytes = decompress_to_vec_with_limit(deflated, MAX_BYTES)
        .map_err(|error| StoreError::during("inflate a body")(error.to_string()))?;
    Ok(bytes.into())
}

pub(crate) fn key(org_id: &OrgId, config_id: ConfigId, event_id: EventId, part: &str) -> Item {
    let pk = partition(org_id, config_id, event_id);
    Item::from([("pk".to_owned(), s(pk)), ("sk".to_owned(), s(part))])
}

pub(crate) fn partition(org_id: &OrgId, config_id: ConfigId, event_id: EventId) -> String {
    format!("{org_id}#{config_id}#{event_id}")
}
