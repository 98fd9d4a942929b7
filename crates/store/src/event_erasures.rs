//! Requests to erase events, in the events table: pk `#erasures`, sk `{org_id}#{erasure_id}` while they are carried out, and pk
//! `{org_id}#erasures`, sk `{erasure_id}` for the record that they were.

use aws_sdk_dynamodb::types::{Delete, Put, TransactWriteItem};
use hookstep_contract::{AUDIT_LIFETIME, ErasureId, EventErasure, OrgId};
use hookstep_tables::{Client, Query};

use crate::StoreError;
use crate::error::unless_forbidden;
use crate::item::{Item, from_item, n, s, to_item};

/// The partition of the erasures that are carried out. No org has an empty id.
pub(crate) const RUNNING: &str = "#erasures";

/// The erasures in the events table.
#[derive(Clone, Debug)]
pub struct EventErasures {
    client: Client,
    table: String,
}

impl EventErasures {
    /// The erasures in the events table with this name.
    pub fn new(client: impl Into<Client>, table: impl Into<String>) -> Self {
        Self { client: client.into(), table: table.into() }
    }

    /// Writes a new erasure, which is carried out from then on.
    ///
    /// # Errors
    /// If the table cannot be written.
    pub async fn begin(&self, erasure: &EventErasure) -> Result<(), StoreError> {
        let item = running_item(erasure)?;
        let put = self.client.put_item().table_name(&self.table).set_item(Some(item)).send().await;
        put.map(drop).map_err(StoreError::during("begin to erase events"))
    }

    /// Whether `limit` erasures of an org, or more, are carried out.
    ///
    /// # Errors
    /// If the table cannot be read.
    pub async fn are_running(&self, org_id: &OrgId, limit: usize) -> Result<bool, StoreError> {
        let page = self
            .running_of(org_id)
            .projection_expression("sk")
            .limit(i32::try_from(limit).unwrap_or(i32::MAX))
            .consistent_read(true)
            .send()
            .await
            .map_err(StoreError::during("count erasures"))?;
        Ok(page.items().len() >= limit)
    }

    /// The query for the erasures of an org that are carried out.
    fn running_of(&self, org_id: &OrgId) -> Query {
        let query = self.client.query().table_name(&self.table);
        query
            .key_condition_expression("pk = :running AND begins_with(sk, :org)")
            .expression_attribute_values(":running", s(RUNNING))
            .expression_attribute_values(":org", s(format!("{org_id}#")))
    }

    /// All erasures that are carried out.
    ///
    /// # Errors
    /// If the table cannot be read.
    pub async fn running(&self) -> Result<Vec<EventErasure>, StoreError> {
        let query = self.client.query().table_name(&self.table).key_condition_expression("pk = :running");
        let mut items = query.expression_attribute_values(":running", s(RUNNING)).into_items();
        let mut erasures = Vec::new();
        while let Some(item) = items.next().await {
            erasures.push(from_item(item.map_err(StoreError::during("list which events are erased"))?)?);
        }
        Ok(erasures)
    }

    /// Writes how far an erasure came, unless it or its org is gone.
    ///
    /// # Errors
    /// If the table cannot be written.
    pub async fn note(&self, erasure: &EventErasure) -> Result<(), StoreError> {
        let put = self.client.put_item().table_name(&self.table).set_item(Some(running_item(erasure)?));
        let put = put.condition_expression("attribute_exists(pk)").send().await;
        unless_forbidden(put, "note how far events are erased").map(drop)
    }

    /// Writes the record of an erasure that was carried out, in place of what has to be done.
    ///
    /// # Errors
    /// If the table cannot be written.
    pub async fn finish(&self, record: &EventErasure) -> Result<(), StoreError> {
        let kept_until = record.requested_at.plus(AUDIT_LIFETIME).unix_seconds();
        let mut item = to_item(record)?;
        item.extend(done_key(&record.org_id, record.erasure_id));
        item.insert("expires_at".to_owned(), n(kept_until));
        let put = Put::builder().table_name(&self.table).set_item(Some(item)).build();
        let put = put.map_err(StoreError::during("describe a write"))?;
        let key = running_key(&record.org_id, record.erasure_id);
        let delete = Delete::builder()
            .table_name(&self.table)
            .set_key(Some(key))
            // Two processes that carry out the same one write one record.
            .condition_expression("attribute_exists(pk)")
            .build();
        let delete = delete.map_err(StoreError::during("describe a deletion"))?;
        let write = self.client.transact_write_items();
        let write = write.transact_items(TransactWriteItem::builder().put(put).build());
        match write.transact_items(TransactWriteItem::builder().delete(delete).build()).send().await {
            Ok(_) => Ok(()),
            Err(error) if crate::configs::is_canceled(&error, "ConditionalCheckFailed") => Ok(()),
            Err(error) => Err(StoreError::during("note that events are erased")(error)),
        }
    }

    /// An erasure of an org; `None` if there is none with this id.
    ///
    /// # Errors
    /// If the table cannot be read.
    pub async fn get(
        &self,
        org_id: &OrgId,
        erasure_id: ErasureId,
    ) -> Result<Option<EventErasure>, StoreError> {
        for key in [running_key(org_id, erasure_id), done_key(org_id, erasure_id)] {
            let get = self.client.get_item().table_name(&self.table).set_key(Some(key)).consistent_read(true);
            let found = get.send().await.map_err(StoreError::during("read an erasure"))?;
            if let Some(item) = found.item {
                return from_item(item).map(Some);
            }
        }
        Ok(None)
    }

    /// The erasures of an org that are carried out, and up to `limit` of those that were, newest first; the latter before
    /// `before`, if there is one. Says whether there are more.
    ///
    /// # Errors
    /// If the table cannot be read.
    pub async fn list(
        &self,
        org_id: &OrgId,
        before: Option<ErasureId>,
        limit: usize,
    ) -> Result<(Vec<EventErasure>, bool), StoreError> {
        let mut erasures = Vec::new();
        if before.is_none() {
            let mut items = self.running_of(org_id).scan_index_forward(false).into_items();
            while let Some(item) = items.next().await {
                erasures.push(from_item(item.map_err(StoreError::during("list erasures"))?)?);
            }
        }
        let start = before.map(|before| done_key(org_id, before));
        let page = self
            .client
            .query()
            .table_name(&self.table)
            .key_condition_expression("pk = :done")
            .expression_attribute_values(":done", s(format!("{org_id}#erasures")))
            .scan_index_forward(false)
            .set_exclusive_start_key(start)
            .limit(i32::try_from(limit).unwrap_or(i32::MAX))
            .send()
            .await
            .map_err(StoreError::during("list erasures"))?;
        let has_more = page.last_evaluated_key.is_some();
        for item in page.items.unwrap_or_default() {
            erasures.push(from_item(item)?);
        }
        Ok((erasures, has_more))
    }
}

fn running_item(erasure: &EventErasure) -> Result<Item, StoreError> {
    let mut item = to_item(erasure)?;
    item.extend(running_key(&erasure.org_id, erasure.erasure_id));
    Ok(item)
}

fn running_key(org_id: &OrgId, erasure_id: ErasureId) -> Item {
    Item::from([("pk".to_owned(), s(RUNNING)), ("sk".to_owned(), s(format!("{org_id}#{erasure_id}")))])
}

fn done_key(org_id: &OrgId, erasure_id: ErasureId) -> Item {
    Item::from([("pk".to_owned(), s(format!("{org_id}#erasures"))), ("sk".to_owned(), s(erasure_id))])
}
