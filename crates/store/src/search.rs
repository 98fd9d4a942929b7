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
use crate::{EventFilter, Events, Page, StoreError};

/// The maximum number of keys that DynamoDB accepts in a request.
const BATCH: usize = 100;

impl Events {
    /// The index of events by correlation id.
    pub const BY_CORRELATION_ID: &str = "by-correlation-id";

    /// The events of one webhook with this correlation id, newest first. If there are more than some tens of
    /// thousands, some are not found.
    ///
    /// # Errors
    /// If the table or its index cannot be read.
    pub async fn correlated(
        &self,
        partitions: &Partitions,
        correlation_id: &str,
        filter: EventFilter,
    ) -> Result<Page, StoreError> {
        let (from, to) = (EventId(bound(filter.from, 0)), EventId(bound(filter.to, u8::MAX)));
        let reads: Vec<_> = partitions.keys().map(|pk| self.correlated_ids(pk, correlation_id)).collect();
        let ids: Vec<Vec<EventId>> = stream::iter(reads).buffered(MAX_CONCURRENT_READS).try_collect().await?;
        let mut ids = ids.concat();
        ids.retain(|id| (from..=to).contains(id) && filter.before.is_none_or(|before| *id < before));
        // The index is sorted by correlation id only.
        ids.sort_unstable_by_key(|id| Reverse(*id));
        let (mut events, mut looked_at) = (Vec::new(), 0);
        for ids in ids.chunks(BATCH).take(MAX_READS) {
            looked_at += ids.len();
            let mut found = self.batch(partitions.org_id(), partitions.config_id(), ids).await?;
            found.retain(|event| {
                filter.status.is_none_or(|status| event.status == status)
                    && filter.outcome.is_none_or(|outcome| event.outcome == Some(outcome))
            });
            found.sort_unstable_by_key(|event| Reverse(event.event_id));
            events.append(&mut found);
            if events.len() > filter.limit {
                events.truncate(filter.limit);
                let next = events.last().map(|event: &EventRecord| event.event_id);
                return Ok(Page { events, next, looked_at });
            }
        }
        let next = if ids.len() > looked_at { ids.get(looked_at - 1).copied() } else { None };
        Ok(Page { events, next, looked_at })
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
