//! The bodies of publications, in the events table: pk `{org_id}#publication#{publication_id}`, sk `body`. All deliveries of a
//! publication share one, so that an event that goes to a thousand webhooks is stored once.

use bytes::Bytes;
use hookstep_contract::{Content, EventId, EventRecord, OrgId, Publication};

use crate::item::{Item, s};
use crate::{Bodies, StoreError};

/// The sort key of the body.
const BODY: &str = "body";

impl Bodies {
    /// Stores the body of a publication for as long as its events.
    ///
    /// # Errors
    /// If the table cannot be written.
    pub async fn publish(&self, publication: &Publication, body: &[u8]) -> Result<(), StoreError> {
        let item = self.published(publication, body);
        let put = self.client.put_item().table_name(&self.table).set_item(Some(item)).send().await;
        put.map(drop).map_err(StoreError::during("keep the body of a publication"))
    }

    /// The item with the body of a publication, for a writer of its own.
    ///
    /// The body is also kept in memory for its deliveries, if there is room and they are made at once.
    pub fn published_item(&self, publication: &Publication, body: Bytes) -> Item {
        let item = self.published(publication, &body);
        if publication.deliver_at.is_none() {
            let partition = partition(&publication.org_id, publication.publication_id);
            self.recent.keep_for(partition, body, publication.deliveries.len());
        }
        item
    }

    fn published(&self, publication: &Publication, body: &[u8]) -> Item {
        let key = key(&publication.org_id, publication.publication_id);
        self.item_with(key, body, publication.expires_at(self.retention))
    }

    /// The bytes of the body of a publication, for one of its deliveries; `None` if it has expired.
    ///
    /// # Errors
    /// If the table cannot be read or the item is not a body.
    pub async fn published_bytes(
        &self,
        org_id: &OrgId,
        publication_id: EventId,
    ) -> Result<Option<Bytes>, StoreError> {
        if let Some(body) = self.recent.take(&partition(org_id, publication_id)) {
            return Ok(Some(body));
        }
        self.read_key(key(org_id, publication_id)).await
    }

    /// Deletes the body of a publication.
    ///
    /// # Errors
    /// If the table cannot be written.
    pub async fn delete_published(&self, org_id: &OrgId, publication_id: EventId) -> Result<(), StoreError> {
        self.recent.forget(&partition(org_id, publication_id));
        let delete = self.client.delete_item().table_name(&self.table);
        let deleted = delete.set_key(Some(key(org_id, publication_id))).send().await;
        deleted.map(drop).map_err(StoreError::during("delete the body of a publication"))
    }

    /// The accepted body of an event, be it its own or that of its publication; `None` if it was not stored or has expired.
    ///
    /// # Errors
    /// If the table cannot be read or the item is not a body.
    pub async fn accepted(&self, event: &EventRecord) -> Result<Option<Content>, StoreError> {
        let EventRecord { org_id, config_id, event_id, publication_id, .. } = event;
        match publication_id {
            Some(id) => Ok(self.read_key(key(org_id, *id)).await?.map(|bytes| Content::new(&bytes))),
            None => self.read(org_id, *config_id, *event_id).await,
        }
    }
}

pub(crate) fn key(org_id: &OrgId, publication_id: EventId) -> Item {
    let pk = partition(org_id, publication_id);
    Item::from([("pk".to_owned(), s(pk)), ("sk".to_owned(), s(BODY))])
}

pub(crate) fn partition(org_id: &OrgId, publication_id: EventId) -> String {
    format!("{org_id}#publication#{publication_id}")
}
