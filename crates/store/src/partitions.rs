//! The partitions of a webhook's events, read as one list.
//!
//! An event's partition follows from its id ([`EventId::shard`]). A webhook whose events are spread keeps those from
//! before in the partition without a number, so that one is read, too (docs/adr/0036).

use std::cmp::Reverse;

use aws_sdk_dynamodb::operation::query::QueryOutput;
use futures_util::{StreamExt, TryStreamExt, stream};
use hookstep_contract::limits::MAX_SHARDS;
use hookstep_contract::{ConfigId, EventId, OrgId, RecordKey, ReplayJob, WebhookConfig};
use hookstep_tables::Query;

use crate::item::{Item, s};
use crate::{Events, StoreError};

/// How many events more than its share are read from each of several partitions, since they are not spread quite
/// evenly. DynamoDB charges at least 4 KB for a query, which is about as many.
const EXTRA: usize = 8;

/// How many events are read from all of several partitions if the caller sets no limit.
const UNLIMITED: usize = 1000;

/// How many partitions are read at once.
pub(crate) const MAX_CONCURRENT_READS: usize = 16;

/// The partitions that hold the events of one webhook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Partitions {
    org_id: OrgId,
    config_id: ConfigId,
    /// `None` if there is no webhook that could say it.
    shards: Option<u16>,
}

/// In which order events are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    NewestFirst,
    OldestFirst,
}

/// Events of several partitions, in order.
pub(crate) struct Merged {
    pub(crate) items: Vec<Item>,
    /// The start of the next page, if there may be one.
    pub(crate) next: Option<EventId>,
    /// How many events were looked at.
    pub(crate) looked_at: usize,
}

impl Partitions {
    /// Those of a webhook.
    pub fn of(config: &WebhookConfig) -> Self {
        let (org_id, config_id) = (config.org_id.clone(), config.config_id);
        Self { org_id, config_id, shards: Some(config.fields.shards()) }
    }

    /// Those of a webhook that exists and has so many shards.
    pub(crate) fn of_shards(org_id: OrgId, config_id: ConfigId, shards: u16) -> Self {
        Self { org_id, config_id, shards: Some(shards) }
    }

    /// Those of a webhook that is or may be deleted: every partition that it can have had.
    pub fn of_deleted(org_id: OrgId, config_id: ConfigId) -> Self {
        Self { org_id, config_id, shards: None }
    }

    /// Those of the webhook of a bulk replay when the replay was requested.
    pub fn of_replay(job: &ReplayJob) -> Self {
        Self { org_id: job.org_id.clone(), config_id: job.config_id, shards: Some(job.shards) }
    }

    /// Whether the webhook exists.
    pub fn is_of_existing(&self) -> bool {
        self.shards.is_some()
    }

    /// The org of the webhook.
    pub fn org_id(&self) -> &OrgId {
        &self.org_id
    }

    /// The webhook.
    pub fn config_id(&self) -> ConfigId {
        self.config_id
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        match self.shards.unwrap_or(MAX_SHARDS) {
            0 | 1 => 1,
            shards => usize::from(shards) + 1,
        }
    }

    /// Their keys.
    pub(crate) fn keys(&self) -> impl Iterator<Item = String> {
        let numbered = (0..).take(self.count() - 1).map(Some);
        [None]
            .into_iter()
            .chain(numbered)
            .map(|shard| RecordKey::partition(&self.org_id, self.config_id, shard))
    }

    /// How many events [`Events::merged`] may look at beyond its limit.
    pub(crate) fn surplus(&self) -> usize {
        if self.count() == 1 { 0 } else { self.count() * (EXTRA + 1) }
    }

    /// The limit for each partition.
    fn share(&self, limit: Option<usize>) -> Option<i32> {
        let share = match (self.count(), limit) {
            (1, limit) => limit?,
            (count, limit) => {
                let limit = limit.unwrap_or(UNLIMITED);
                limit.min(limit.div_ceil(count) + EXTRA)
            }
        };
        Some(i32::try_from(share).unwrap_or(i32::MAX))
    }
}

impl Order {
    /// The one of two events that comes first.
    fn first(self, one: EventId, other: EventId) -> EventId {
        match self {
            Self::NewestFirst => one.max(other),
            Self::OldestFirst => one.min(other),
        }
    }
}

impl Events {
    /// About `limit` events that `query` finds in `partitions`, after `after`. There may be fewer although there is a
    /// next page. `query` names the partition `:pk`, and its result has the attribute `sk`.
    ///
    /// Of several partitions, each is read as far as its share. One of them got least far; what the others have beyond
    /// that is left out, and read again with the next page.
    pub(crate) async fn merged(
        &self,
        partitions: &Partitions,
        query: &Query,
        order: Order,
        after: Option<EventId>,
        limit: Option<usize>,
    ) -> Result<Merged, StoreError> {
        let reads: Vec<_> = partitions
            .keys()
            .map(|pk| {
                let start = after.map(|id| Item::from([("pk".to_owned(), s(&pk)), ("sk".to_owned(), s(id))]));
                query
                    .clone()
                    .expression_attribute_values(":pk", s(pk))
                    .set_exclusive_start_key(start)
                    .scan_index_forward(order == Order::OldestFirst)
                    .set_limit(partitions.share(limit))
                    .send()
            })
            .collect();
        let pages: Vec<QueryOutput> = stream::iter(reads)
            .buffered(MAX_CONCURRENT_READS)
            .try_collect()
            .await
            .map_err(StoreError::during("read the events of a webhook"))?;
        let next = pages
            .iter()
            .filter_map(|page| sort_key(page.last_evaluated_key.as_ref()?))
            .reduce(|one, other| order.first(one, other));
        let looked_at = pages.iter().map(|page| usize::try_from(page.scanned_count).unwrap_or(0)).sum();
        let mut found: Vec<(EventId, Item)> = pages
            .into_iter()
            .flat_map(|page| page.items.unwrap_or_default())
            .filter_map(|item| Some((sort_key(&item)?, item)))
            .filter(|(id, _)| next.is_none_or(|next| *id == next || order.first(*id, next) == *id))
            .collect();
        match order {
            Order::NewestFirst => found.sort_by_key(|(id, _)| Reverse(*id)),
            Order::OldestFirst => found.sort_by_key(|(id, _)| *id),
        }
        Ok(Merged { items: found.into_iter().map(|(_, item)| item).collect(), next, looked_at })
    }
}

/// The id of the event in an item, or in a key.
pub(crate) fn sort_key(item: &Item) -> Option<EventId> {
    item.get("sk")?.as_s().ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn partitions(shards: Option<u16>) -> Partitions {
        let config_id = "0190a000-0000-7000-8000-00000000000a".parse().unwrap();
        Partitions { org_id: "acme".parse().unwrap(), config_id, shards }
    }

    #[test]
    fn a_webhook_with_one_shard_has_one_partition_and_every_other_one_more_than_shards() {
        let keys = |shards| partitions(shards).keys().collect::<Vec<_>>();
        let unnumbered = "acme#0190a000-0000-7000-8000-00000000000a";
        assert_eq!(keys(Some(1)), [unnumbered]);
        let numbered = [0, 1].map(|shard| format!("{unnumbered}/{shard}"));
        assert_eq!(keys(Some(2)), [unnumbered, &numbered[0], &numbered[1]]);
        assert_eq!((keys(None).len(), keys(Some(64))), (65, keys(None)));
    }

    #[test]
    fn no_more_is_read_than_the_limit_and_the_surplus_and_one_partition_alone_can_fill_a_small_page() {
        for shards in 1..=MAX_SHARDS {
            let partitions = partitions(Some(shards));
            for limit in [1, 2, 8, 26, 101, 500, 1000] {
                let share = usize::try_from(partitions.share(Some(limit)).unwrap()).unwrap();
                assert!(share * partitions.count() <= limit + partitions.surplus(), "{shards} {limit}");
                assert!(share >= limit.min(EXTRA), "{shards} {limit}");
            }
        }
        assert_eq!(partitions(Some(1)).share(None), None);
        assert_eq!(partitions(Some(1)).surplus(), 0);
    }
}
