//! Orgs that are being deleted, in the table of webhooks: pk `#deleting`, sk the org's id. And what an org has there.

use aws_sdk_dynamodb::types::{Delete, Put, TransactWriteItem};
use hookstep_contract::{ConfigId, Erasure, Org, OrgId};

use crate::error::unless_forbidden;
use crate::item::{Item, from_item, n, s, to_item};
use crate::orgs::{PARTITION as ORGS, to_org_item};
use crate::{Orgs, StoreError};

/// The partition of the orgs that are being deleted.
const PARTITION: &str = "#deleting";

impl Orgs {
    /// Marks an org as being deleted; returns `false` if somebody else has changed it.
    ///
    /// # Errors
    /// If the table cannot be written.
    pub async fn begin_erasure(&self, org: &Org, erasure: &Erasure) -> Result<bool, StoreError> {
        let marked = Put::builder()
            .table_name(&self.table)
            .set_item(Some(to_org_item(org)?))
            .condition_expression("revision = :before")
            .expression_attribute_values(":before", n(org.revision.saturating_sub(1)));
        let begun = Put::builder().table_name(&self.table).set_item(Some(erasure_item(erasure)?));
        let mut writes = Vec::new();
        for put in [marked, begun] {
            let put = put.build().map_err(StoreError::during("describe a write"))?;
            writes.push(TransactWriteItem::builder().put(put).build());
        }
        let sent = self.client.transact_write_items().set_transact_items(Some(writes)).send().await;
        self.forget(&org.org_id);
        match sent {
            Ok(_) => Ok(true),
            Err(error) if crate::configs::is_canceled(&error, "ConditionalCheckFailed") => Ok(false),
            Err(error) => Err(StoreError::during("begin to delete an org")(error)),
        }
    }

    /// The orgs that are being deleted.
    ///
    /// # Errors
    /// If the table cannot be read.
    pub async fn erasures(&self) -> Result<Vec<Erasure>, StoreError> {
        let mut items = self
            .client
            .query()
            .table_name(&self.table)
            .key_condition_expression("org_id = :deleting")
            .expression_attribute_values(":deleting", s(PARTITION))
            .into_items();
        let mut erasures = Vec::new();
        while let Some(item) = items.next().await {
            erasures.push(to_erasure(item.map_err(StoreError::during("list what is being deleted"))?)?);
        }
        Ok(erasures)
    }

    /// How far an org is deleted, if it is being deleted.
    ///
    /// # Errors
    /// If the table cannot be read.
    pub async fn erasure(&self, org_id: &OrgId) -> Result<Option<Erasure>, StoreError> {
        let found = self
            .client
            .get_item()
            .table_name(&self.table)
            .set_key(Some(key(PARTITION, org_id)))
            .consistent_read(true)
            .send()
            .await
            .map_err(StoreError::during("read how far an org is deleted"))?;
        found.item.map(to_erasure).transpose()
    }

    /// Writes how far an org is deleted, unless it is deleted already.
    ///
    /// # Errors
    /// If the table cannot be written.
    pub async fn note_erasure(&self, erasure: &Erasure) -> Result<(), StoreError> {
        let put = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(erasure_item(erasure)?))
            .condition_expression("attribute_exists(org_id)");
        unless_forbidden(put.send().await, "note how far an org is deleted").map(drop)
    }

    /// Deletes the item of an org that has nothing any more.
    ///
    /// # Errors
    /// If the table cannot be written.
    pub async fn end_erasure(&self, org_id: &OrgId) -> Result<(), StoreError> {
        let mut writes = Vec::new();
        for partition in [ORGS, PARTITION] {
            let delete = Delete::builder().table_name(&self.table).set_key(Some(key(partition, org_id)));
            let delete = delete.build().map_err(StoreError::during("describe a deletion"))?;
            writes.push(TransactWriteItem::builder().delete(delete).build());
        }
        let sent = self.client.transact_write_items().set_transact_items(Some(writes)).send().await;
        self.forget(org_id);
        sent.map(drop).map_err(StoreError::during("delete an org"))
    }

    /// What an org has in the table of webhooks, a page of it.
    ///
    /// # Errors
    /// If the table cannot be read.
    pub async fn belongings(&self, org_id: &OrgId) -> Result<Vec<Belonging>, StoreError> {
        let page = self
            .client
            .query()
            .table_name(&self.table)
            .key_condition_expression("org_id = :org")
            .expression_attribute_values(":org", s(org_id))
            .consistent_read(true)
            .limit(PAGE)
            .send()
            .await
            .map_err(StoreError::during("read what an org has"))?;
        Ok(page.items.unwrap_or_default().iter().map(belonging).collect())
    }

    /// Deletes one thing that an org has in the table of webhooks.
    ///
    /// # Errors
    /// If the table cannot be written.
    pub async fn delete_belonging(&self, org_id: &OrgId, belonging: &Belonging) -> Result<(), StoreError> {
        self.client
            .delete_item()
            .table_name(&self.table)
            .key("org_id", s(org_id))
            .key("config_id", s(&belonging.key))
            .send()
            .await
            .map_err(StoreError::during("delete what an org has"))?;
        Ok(())
    }
}

/// How many items are read at once.
const PAGE: i32 = 200;

/// A thing that an org has in the table of webhooks.
#[derive(Clone, Debug)]
pub struct Belonging {
    key: String,
    /// The webhook, if it is one.
    pub webhook: Option<ConfigId>,
}

fn belonging(item: &Item) -> Belonging {
    let key = item.get("config_id").and_then(|key| key.as_s().ok()).cloned().unwrap_or_default();
    Belonging { webhook: key.parse().ok(), key }
}

fn key(partition: &str, org_id: &OrgId) -> Item {
    Item::from([("org_id".to_owned(), s(partition)), ("config_id".to_owned(), s(org_id))])
}

fn erasure_item(erasure: &Erasure) -> Result<Item, StoreError> {
    let mut item = to_item(erasure)?;
    item.extend(key(PARTITION, &erasure.org_id));
    Ok(item)
}

fn to_erasure(mut item: Item) -> Result<Erasure, StoreError> {
    if let Some(org_id) = item.remove("config_id") {
        item.insert("org_id".to_owned(), org_id);
    }
    from_item(item)
}
