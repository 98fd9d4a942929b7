//! Publications, in the events table: pk `{org_id}#publications/{spread}`, sk `{publication_id}`. An item says who gets the
//! publication; its body is another item (`published_bodies`).
//!
//! Where its deliveries cannot be started together with the item, it is *open* until all are: whoever finds it so on the watch
//! list starts them again, which starts none of them twice (ADR 0055).

use std::time::Duration;

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use hookstep_contract::limits::RETENTION;
use hookstep_contract::{ConfigId, EventId, OrgId, Publication, PublishedDelivery};
use hookstep_tables::Client;
use uuid::Uuid;

use crate::error::unless_forbidden;
use crate::item::{Item, from_item, n, s, to_item};
use crate::{Events, StoreError};

/// Over how many partitions the publications of an org are spread: DynamoDB takes 1,000 write units a second for each.
const SPREAD: u8 = 16;

/// The attribute with the deliveries: the ids of webhook and event of each, one after the other.
const DELIVERIES: &str = "deliveries";
/// The attribute of a publication that is open.
const IS_OPEN: &str = "is_open";
/// The bytes of an id.
const ID: usize = 16;

/// The publications in the events table.
#[derive(Clone, Debug)]
pub struct Publications {
    client: Client,
    table: String,
    retention: Duration,
}

/// Whether all deliveries of a publication are started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Open {
    /// Some may not be.
    Yes,
    /// All are.
    No,
}

impl Publications {
    /// The publications in the events table with this name.
    pub fn new(client: impl Into<Client>, table: impl Into<String>) -> Self {
        Self { client: client.into(), table: table.into(), retention: RETENTION }
    }

    /// The same publications, with a retention of `retention` for new ones.
    #[must_use]
    pub fn kept_for(self, retention: Duration) -> Self {
        Self { retention, ..self }
    }

    /// The item of a publication, for a writer of its own.
    ///
    /// # Errors
    /// If it cannot be written as an item.
    pub fn item(&self, publication: &Publication, open: Open) -> Result<Item, StoreError> {
        let ids = publication.deliveries.iter();
        let ids = ids.flat_map(|delivery| [delivery.config_id.0, delivery.event_id.0]);
        let ids: Vec<u8> = ids.flat_map(Uuid::into_bytes).collect();
        let mut item = to_item(publication)?;
        item.extend(key(&publication.org_id, publication.publication_id));
        item.insert(DELIVERIES.to_owned(), AttributeValue::B(Blob::new(ids)));
        item.insert("expires_at".to_owned(), n(publication.expires_at(self.retention)));
        if open == Open::Yes {
            item.insert(IS_OPEN.to_owned(), AttributeValue::Bool(true));
        }
        Ok(item)
    }

    /// Writes a publication unless there is one with its id; returns whether it did.
    ///
    /// # Errors
    /// If the table cannot be written.
    pub async fn create(&self, publication: &Publication, open: Open) -> Result<bool, StoreError> {
        let item = self.item(publication, open)?;
        let put = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(item))
            .condition_expression("attribute_not_exists(pk)")
            .send()
            .await;
        unless_forbidden(put, "write a publication")
    }

    /// Writes a publication over what there is.
    ///
    /// # Errors
    /// If the table cannot be written.
    pub async fn put(&self, publication: &Publication, open: Open) -> Result<(), StoreError> {
        let item = self.item(publication, open)?;
        let put = self.client.put_item().table_name(&self.table).set_item(Some(item)).send().await;
        put.map(drop).map_err(StoreError::during("write a publication"))
    }

    /// The publications of an org with this correlation id, all of them. One that was made a moment ago may not be found.
    ///
    /// # Errors
    /// If the table or its index cannot be read.
    pub async fn correlated(
        &self,
        org_id: &OrgId,
        correlation_id: &str,
        events: &Events,
    ) -> Result<Vec<EventId>, StoreError> {
        let mut ids = Vec::new();
        for spread in 0..SPREAD {
            ids.extend(events.all_correlated_ids(&partition(org_id, spread), correlation_id).await?);
        }
        Ok(ids)
    }

    /// Deletes the item of a publication.
    ///
    /// # Errors
    /// If the table cannot be written.
    pub async fn delete(&self, org_id: &OrgId, publication_id: EventId) -> Result<(), StoreError> {
        let delete = self.client.delete_item().table_name(&self.table);
        let deleted = delete.set_key(Some(key(org_id, publication_id))).send().await;
        deleted.map(drop).map_err(StoreError::during("delete a publication"))
    }

    /// A publication of `org_id`, and whether it is open; `None` if there is none with this id, or it has expired.
    ///
    /// # Errors
    /// If the table cannot be read.
    pub async fn get(
        &self,
        org_id: &OrgId,
        publication_id: EventId,
    ) -> Result<Option<(Publication, Open)>, StoreError> {
        let found = self
            .client
            .get_item()
            .table_name(&self.table)
            .set_key(Some(key(org_id, publication_id)))
            // A producer may ask right after the answer, and whoever repeats a request asks whether there was a first.
            .consistent_read(true)
            .send()
            .await
            .map_err(StoreError::during("read a publication"))?;
        let Some(mut item) = found.item else { return Ok(None) };
        let deliveries = match item.remove(DELIVERIES) {
            Some(AttributeValue::B(ids)) => deliveries(ids.as_ref()),
            _ => Vec::new(),
        };
        let open = if item.contains_key(IS_OPEN) { Open::Yes } else { Open::No };
        Ok(Some((Publication { deliveries, ..from_item(item)? }, open)))
    }
}

fn deliveries(ids: &[u8]) -> Vec<PublishedDelivery> {
    let (ids, _) = ids.as_chunks::<ID>();
    let (pairs, _) = ids.as_chunks::<2>();
    let delivery = |[config_id, event_id]: &[[u8; ID]; 2]| PublishedDelivery {
        config_id: ConfigId(Uuid::from_bytes(*config_id)),
        event_id: EventId(Uuid::from_bytes(*event_id)),
    };
    pairs.iter().map(delivery).collect()
}

fn partition(org_id: &OrgId, spread: u8) -> String {
    format!("{org_id}#publications/{spread}")
}

fn key(org_id: &OrgId, publication_id: EventId) -> Item {
    let [.., last] = publication_id.0.into_bytes();
    let pk = partition(org_id, last % SPREAD);
    Item::from([("pk".to_owned(), s(pk)), ("sk".to_owned(), s(publication_id))])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_deliveries_of_an_item_are_read_as_they_were_written() {
        let id = "0190a000-0000-7000-8000-00000000000a";
        let deliveries_of = |count: u128| -> Vec<PublishedDelivery> {
            let of = |number| PublishedDelivery {
                config_id: ConfigId(Uuid::from_u128(number)),
                event_id: EventId(Uuid::from_u128(number << 64)),
            };
            (0..count).map(of).collect()
        };
        let client = aws_sdk_dynamodb::Client::from_conf(
            aws_sdk_dynamodb::Config::builder().behavior_version_latest().build(),
        );
        let publications = Publications::new(client, "events");
        for count in [0, 1, 1000] {
            let publication = Publication {
                publication_id: id.parse().unwrap(),
                org_id: "acme".parse().unwrap(),
                event_type: "t".to_owned(),
                created_at: "2026-01-02T03:04:05Z".parse().unwrap(),
                deliver_at: None,
                size: 1,
                correlation_id: None,
                traceparent: None,
                retention_days: None,
                body_retention_hours: None,
                redacts: false,
                claim: None,
                mismatch: None,
                deliveries: deliveries_of(count),
            };
            let item = publications.item(&publication, Open::No).unwrap();
            let AttributeValue::B(ids) = &item[DELIVERIES] else { panic!("{item:?}") };
            assert_eq!(deliveries(ids.as_ref()), publication.deliveries);
        }
    }
}
