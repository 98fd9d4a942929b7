//! Deletes what the events table has of an event, and finds the events that are to be deleted.

use aws_sdk_dynamodb::types::AttributeValue;
use hookstep_contract::{ConfigId, EventId, EventRecord, OrgId, RecordKey};

use crate::events::{item_key, to_record};
use crate::item::{Item, s};
use crate::partitions::Order;
use crate::{Events, Partitions, StoreError};

impl Events {
    /// The events of a webhook with this correlation id, all of them. One that was recorded a moment ago may not be found.
    ///
    /// # Errors
    /// If the table or its index cannot be read.
    pub async fn all_correlated(
        &self,
        webhook: &Partitions,
        correlation_id: &str,
    ) -> Result<Vec<EventRecord>, StoreError> {
        let mut ids = Vec::new();
        for pk in webhook.keys() {
            ids.extend(self.all_correlated_ids(&pk, correlation_id).await?);
        }
        self.batch(webhook.org_id(), webhook.config_id(), &ids).await
    }

    /// The ids of what is in one partition with this correlation id.
    pub(crate) async fn all_correlated_ids(
        &self,
        pk: &str,
        correlation_id: &str,
    ) -> Result<Vec<EventId>, StoreError> {
        let mut items = self
            .client
            .query()
            .table_name(&self.table)
            .index_name(Self::BY_CORRELATION_ID)
            .key_condition_expression("pk = :pk AND correlation_id = :id")
            .expression_attribute_values(":pk", s(pk))
            .expression_attribute_values(":id", s(correlation_id))
            .into_items();
        let mut ids = Vec::new();
        while let Some(item) = items.next().await {
            let item = item.map_err(StoreError::during("look for events to erase"))?;
            ids.extend(item.get("sk").and_then(|key| key.as_s().ok()?.parse::<EventId>().ok()));
        }
        Ok(ids)
    }

    /// An event with all its replays. If the chain has forgotten some of them, the whole webhook is gone through.
    ///
    /// # Errors
    /// If the table cannot be read.
    pub async fn all_of_chain(
        &self,
        webhook: &Partitions,
        webhook_id: EventId,
    ) -> Result<Vec<EventRecord>, StoreError> {
        let (org_id, config_id) = (webhook.org_id(), webhook.config_id());
        let chain = self.chain(org_id, config_id, webhook_id).await?;
        let (named, number) = chain.map(|chain| (chain.ids, chain.number)).unwrap_or_default();
        if named.len() as u64 >= u64::from(number) {
            let ids: Vec<_> = [webhook_id].into_iter().chain(named).collect();
            return self.batch(org_id, config_id, &ids).await;
        }
        let query = self
            .between(None, None)
            // A filter may not name a part of the key.
            .filter_expression("webhook_id = :first")
            .expression_attribute_values(":first", s(webhook_id));
        let (mut found, mut after) = (self.batch(org_id, config_id, &[webhook_id]).await?, None);
        loop {
            let page = self.merged(webhook, &query, Order::OldestFirst, after, None).await?;
            for item in page.items {
                let record = to_record(item)?;
                if record.event_id != webhook_id {
                    found.push(record);
                }
            }
            after = page.next;
            if after.is_none() {
                return Ok(found);
            }
        }
    }

    /// Deletes the attempts of an event that have items of their own.
    ///
    /// # Errors
    /// If the table cannot be read or written.
    pub async fn delete_attempts(&self, event: &EventRecord) -> Result<(), StoreError> {
        let EventRecord { org_id, config_id, event_id, .. } = event;
        let pk = RecordKey::of(org_id, *config_id, *event_id).pk;
        let mut items = self
            .client
            .query()
            .table_name(&self.table)
            .key_condition_expression("pk = :pk AND begins_with(sk, :tries)")
            .expression_attribute_values(":pk", s(&pk))
            .expression_attribute_values(":tries", s(format!("try#{event_id}#")))
            .projection_expression("sk")
            .into_items();
        let mut keys = Vec::new();
        while let Some(item) = items.next().await {
            let mut item = item.map_err(StoreError::during("read attempts"))?;
            keys.extend(item.remove("sk"));
        }
        for sk in keys {
            self.delete_key(Item::from([("pk".to_owned(), s(&pk)), ("sk".to_owned(), sk)])).await?;
        }
        Ok(())
    }

    /// Deletes the record of an event.
    ///
    /// # Errors
    /// If the table cannot be written.
    pub async fn delete_record(&self, event: &EventRecord) -> Result<(), StoreError> {
        let EventRecord { org_id, config_id, event_id, .. } = event;
        self.delete_key(item_key(org_id, *config_id, *event_id)).await
    }

    /// Deletes which events an event was replayed by, once none of them is left: the replays are found by it.
    ///
    /// # Errors
    /// If the table cannot be written.
    pub async fn delete_chain(
        &self,
        org_id: &OrgId,
        config_id: ConfigId,
        webhook_id: EventId,
    ) -> Result<(), StoreError> {
        self.delete_key(Item::from(crate::chains::key(org_id, config_id, webhook_id))).await
    }

    async fn delete_key(
        &self,
        key: std::collections::HashMap<String, AttributeValue>,
    ) -> Result<(), StoreError> {
        let delete = self.client.delete_item().table_name(&self.table).set_key(Some(key)).send().await;
        delete.map(drop).map_err(StoreError::during("erase an event"))
    }
}
