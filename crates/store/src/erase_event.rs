//! Deletes what the events table has of an event, and finds the events that are to be deleted.

use aws_sdk_dynamodb::types::AttributeValue;
use hookstep_contract::{ConfigId, EventId, EventRecord, OrgId, RecordKey, Timestamp};

use crate::attempts::LAST;
use crate::error::unless_forbidden;
use crate::events::{item_key, to_record};
use crate::item::{Item, s};
use crate::partitions::Order;
use crate::{Events, Partitions, StoreError, attempt_item};

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
            // What was recorded a moment ago goes, too.
            .consistent_read(true)
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

    /// Deletes from the attempts of an event what may repeat its bodies, and notes in its record that they are deleted. Doing it
    /// twice is harmless.
    ///
    /// # Errors
    /// If the table cannot be read or written.
    pub async fn delete_answers(&self, event: &EventRecord, now: Timestamp) -> Result<(), StoreError> {
        let EventRecord { org_id, config_id, event_id, .. } = event;
        let (last, others) = tokio::try_join!(self.last_attempt(event), self.other_attempts(event))?;
        for attempt in others {
            let number = attempt.number;
            let mut item = attempt_item::to_item(&attempt.without_bodies())?;
            let headers = item.remove("request_headers").unwrap_or(AttributeValue::M(Item::new()));
            let key = Item::from([
                ("pk".to_owned(), s(RecordKey::of(org_id, *config_id, *event_id).pk)),
                ("sk".to_owned(), s(format!("try#{event_id}#{number:04}"))),
            ]);
            let update = self.client.update_item().table_name(&self.table).set_key(Some(key));
            let update = update
                .update_expression(
                    "SET request_headers = :headers \
                     REMOVE response_headers, response_body, response_decoded, response_truncated",
                )
                .condition_expression("attribute_exists(sk)")
                .expression_attribute_values(":headers", headers);
            unless_forbidden(update.send().await, "delete what a receiver has answered")?;
        }
        let last = last.map(|attempt| attempt_item::to_item(&attempt.without_bodies())).transpose()?;
        let set = if last.is_some() { format!(", {LAST} = :last") } else { String::new() };
        let mut update = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(item_key(org_id, *config_id, *event_id)))
            .update_expression(format!("SET bodies_deleted_at = if_not_exists(bodies_deleted_at, :now){set}"))
            .condition_expression("attribute_exists(sk)")
            .expression_attribute_values(":now", s(now));
        if let Some(last) = last {
            update = update.expression_attribute_values(":last", AttributeValue::M(last));
        }
        unless_forbidden(update.send().await, "note that bodies are deleted").map(drop)
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
