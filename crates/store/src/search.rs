//! Events by the producer's own id for them. The index `by-correlation-id` (pk `pk`, sk `correlation_id`,
//! keys only) contains only the events that have such an id, so only they cost a second write, and only when
//! they are recorded.

use std::cmp::Reverse;
use std::collections::HashMap;

use aws_sdk_dynamodb::types::KeysAndAttributes;
use futures_util::{StreamExt, TryStreamExt, stream};
use hookstep_contract::{ConfigId, EventId, EventRecord, OrgId, PublishedDelivery};

use crate::events::{MAX_READS, bound, item_key, to_record};
use crate::item::{Item, s};
use crate::partitions::{MAX_CONCURRENT_READS, Partitions};
use crate::{EventSearch, Events, Page, StoreError};

/// The maximum number of keys that DynamoDB accepts in a request.
const BATCH: usize = 100;

impl Events {
    /// The index of events by correlation id.
    pub const BY_CORRELATION_ID: &str = "by-correlation-id";

    /// The events of these webhooks with this correlation id that `search` wants, newest first. If there are more than some
    /// tens of thousands of a webhook, some are not found.
    ///
    /// # Errors
    /// If the table or its index cannot be read.
    pub async fn correlated(
        &self,
        webhooks: &[Partitions],
        correlation_id: &str,
        search: &EventSearch,
    ) -> Result<Page, StoreError> {
        let filter = &search.filter;
        let (from, to) = (EventId(bound(filter.from, 0)), EventId(bound(filter.to, u8::MAX)));
        let is_on_page =
            |id: EventId| (from..=to).contains(&id) && filter.before.is_none_or(|before| id < before);
        let reads: Vec<_> =
            webhooks.iter().flat_map(|webhook| webhook.keys().map(move |pk| (webhook, pk))).collect();
        let reads: Vec<_> = reads
            .into_iter()
            .map(|(webhook, pk)| async move {
                let ids = self.correlated_ids(pk, correlation_id).await?;
                Ok::<_, StoreError>(ids.into_iter().map(|id| (id, webhook)).collect::<Vec<_>>())
            })
            .collect();
        let ids: Vec<Vec<_>> = stream::iter(reads).buffered(MAX_CONCURRENT_READS).try_collect().await?;
        let mut ids: Vec<_> = ids.concat();
        ids.retain(|(id, _)| is_on_page(*id));
        // The index is sorted by correlation id only.
        ids.sort_unstable_by_key(|(id, _)| Reverse(*id));
        let (mut events, mut looked_at) = (Vec::new(), 0);
        for ids in ids.chunks(BATCH).take(MAX_READS) {
            looked_at += ids.len();
            let key =
                |(id, webhook): &(EventId, &Partitions)| item_key(webhook.org_id(), webhook.config_id(), *id);
            let mut found = self.with_keys(&ids.iter().map(key).collect::<Vec<_>>()).await?;
            found.retain(|event| search.admits(event));
            found.sort_unstable_by_key(|event| Reverse(event.event_id));
            events.append(&mut found);
            if events.len() > filter.limit {
                events.truncate(filter.limit);
                let next = events.last().map(|event: &EventRecord| event.event_id);
                return Ok(Page { events, next, looked_at });
            }
        }
        let next = if ids.len() > looked_at { ids.get(looked_at - 1).map(|(id, _)| *id) } else { None };
        Ok(Page { events, next, looked_at })
    }

    /// The event of one of these webhooks that has this id, wherever it is.
    ///
    /// # Errors
    /// If the table cannot be read.
    pub async fn with_id(
        &self,
        webhooks: &[Partitions],
        id: EventId,
    ) -> Result<Vec<EventRecord>, StoreError> {
        let key = |webhook: &Partitions| item_key(webhook.org_id(), webhook.config_id(), id);
        self.with_keys(&webhooks.iter().map(key).collect::<Vec<_>>()).await
    }

    /// The ids of the events in one partition with this correlation id.
    async fn correlated_ids(&self, pk: String, correlation_id: &str) -> Result<Vec<EventId>, StoreError> {
        let mut pages = self
            .client
            .query()
            .table_name(&self.table)
            .index_name(Self::BY_CORRELATION_ID)
            .key_condition_expression("pk = :pk AND correlation_id = :id")
            .expression_attribute_values(":pk", s(pk))
            .expression_attribute_values(":id", s(correlation_id))
            .into_pages();
        let mut ids = Vec::new();
        for _ in 0..MAX_READS {
            let Some(page) = pages.next().await else { break };
            let page = page.map_err(StoreError::during("search events"))?;
            ids.extend(
                page.items().iter().filter_map(|item| item.get("sk")?.as_s().ok()?.parse::<EventId>().ok()),
            );
        }
        Ok(ids)
    }

    /// Reads these events, in no particular order, without those that no longer exist.
    ///
    /// # Errors
    /// If the table cannot be read.
    pub async fn batch(
        &self,
        org_id: &OrgId,
        config_id: ConfigId,
        ids: &[EventId],
    ) -> Result<Vec<EventRecord>, StoreError> {
        self.with_keys(&ids.iter().map(|id| item_key(org_id, config_id, *id)).collect::<Vec<_>>()).await
    }

    /// Reads the events of these deliveries of a publication, in no particular order, without those that do not exist yet or
    /// no longer.
    ///
    /// # Errors
    /// If the table cannot be read.
    pub async fn delivered(
        &self,
        org_id: &OrgId,
        deliveries: &[PublishedDelivery],
    ) -> Result<Vec<EventRecord>, StoreError> {
        let key = |delivery: &PublishedDelivery| item_key(org_id, delivery.config_id, delivery.event_id);
        self.with_keys(&deliveries.iter().map(key).collect::<Vec<_>>()).await
    }

    async fn with_keys(&self, keys: &[Item]) -> Result<Vec<EventRecord>, StoreError> {
        let mut events = Vec::new();
        for keys in keys.chunks(BATCH) {
            let keys = KeysAndAttributes::builder().set_keys(Some(keys.to_vec())).build();
            let mut left = Some(keys.map_err(StoreError::during("read events"))?);
            while let Some(keys) = left {
                let request = HashMap::from([(self.table.clone(), keys)]);
                let answer = self.client.batch_get_item().set_request_items(Some(request)).send().await;
                let answer = answer.map_err(StoreError::during("read events"))?;
                for item in answer.responses.unwrap_or_default().into_values().flatten() {
                    events.push(to_record(item)?);
                }
                // Keys that exceed the limits of one response go into another request; if no key could be
                // processed, DynamoDB returns an error instead.
                left = answer.unprocessed_keys.unwrap_or_default().remove(&self.table);
            }
        }
        Ok(events)
    }
}
