//! Deletes what an org has in the tables of events and of tokens.
//!
//! The events table is gone through from its beginning to its end: an org's webhooks may have been deleted long before it, and
//! then nothing else says in which partitions their events are.

use futures_util::{StreamExt, TryStreamExt, stream};
use hookstep_contract::{ConfigId, EventId, EventRecord, OrgId, Owner};

use crate::event_erasures::RUNNING;
use crate::events::to_record;
use crate::expiring_bodies::PARTITIONS;
use crate::item::{Item, s};
use crate::tokens::Tokens;
use crate::{Events, StoreError};

/// How many items are looked at with one request.
const PAGE: i32 = 1000;

/// How many items are deleted concurrently.
const MAX_CONCURRENT: usize = 32;

/// What a part of the events table has of an org.
#[derive(Debug, Default)]
pub struct Found {
    /// The keys of all items.
    keys: Vec<Item>,
    /// The events among them that have not ended.
    pub open: Vec<EventRecord>,
    /// How many of the items are events.
    pub events: u64,
    /// The key after which the next part begins, if there is one.
    pub next: Option<(String, String)>,
}

impl Found {
    /// Whether the org has nothing in this part.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }
}

impl Events {
    /// What an org has in the part of the table that begins after `after`: events, attempts, bodies, counts, places in lanes, and
    /// what is to be looked at.
    ///
    /// # Errors
    /// If the table cannot be read.
    pub async fn find_all_of(
        &self,
        org_id: &OrgId,
        after: Option<(String, String)>,
    ) -> Result<Found, StoreError> {
        let start = after.map(|(pk, sk)| Item::from([("pk".to_owned(), s(pk)), ("sk".to_owned(), s(sk))]));
        let page = self
            .client
            .scan()
            .table_name(&self.table)
            .filter_expression(
                "begins_with(pk, :org) OR begins_with(pk, :lane) OR (begins_with(pk, :watch) AND begins_with(sk, :org)) \
                 OR (pk = :erasures AND begins_with(sk, :org)) OR (begins_with(pk, :expiring) AND org_id = :org_id)",
            )
            .expression_attribute_values(":expiring", s(PARTITIONS))
            .expression_attribute_values(":org_id", s(org_id))
            .expression_attribute_values(":erasures", s(RUNNING))
            .expression_attribute_values(":org", s(format!("{org_id}#")))
            .expression_attribute_values(":lane", s(format!("lane#{org_id}#")))
            .expression_attribute_values(":watch", s("watch#"))
            .set_exclusive_start_key(start)
            .limit(PAGE)
            .send()
            .await
            .map_err(StoreError::during("look for what an org has"))?;
        let text = |item: &Item, name: &str| item.get(name).and_then(|key| key.as_s().ok()).cloned();
        let next = page.last_evaluated_key.and_then(|key| Some((text(&key, "pk")?, text(&key, "sk")?)));
        let mut found = Found { next, ..Found::default() };
        for item in page.items.unwrap_or_default() {
            let (Some(pk), Some(sk)) = (text(&item, "pk"), text(&item, "sk")) else { continue };
            found.keys.push(Item::from([("pk".to_owned(), s(&pk)), ("sk".to_owned(), s(&sk))]));
            if is_of_webhook(&pk) && sk.parse::<EventId>().is_ok() {
                found.events += 1;
                // One that cannot be read waits for nothing that is known.
                found.open.extend(to_record(item).ok().filter(|event| event.status.is_open()));
            }
        }
        Ok(found)
    }

    /// Deletes what was found.
    ///
    /// # Errors
    /// If the table cannot be written.
    pub async fn delete_all(&self, found: &Found) -> Result<(), StoreError> {
        let deletions = found
            .keys
            .iter()
            .map(|key| self.client.delete_item().table_name(&self.table).set_key(Some(key.clone())).send());
        // Collected first, for the compiler cannot prove the lifetimes of a lazy iterator.
        let deletions: Vec<_> = deletions.collect();
        let deleted = stream::iter(deletions).buffer_unordered(MAX_CONCURRENT).map_ok(drop);
        deleted.try_collect::<()>().await.map_err(StoreError::during("delete what an org has"))
    }
}

/// Whether the events of a webhook are in this partition: `{org_id}#{config_id}`, or one of its shards.
fn is_of_webhook(pk: &str) -> bool {
    let webhook = pk.split_once('#').and_then(|(_, webhook)| webhook.split('/').next());
    webhook.is_some_and(|webhook| webhook.parse::<ConfigId>().is_ok())
}

impl Tokens {
    /// Deletes the tokens of an org, and its sessions in the console; returns how many there were. Other processes may accept a
    /// token for up to ten more seconds.
    ///
    /// # Errors
    /// If the table cannot be read or written.
    pub async fn delete_all_of(&self, org_id: &OrgId) -> Result<u64, StoreError> {
        let mut items = self
            .client
            .query()
            .table_name(&self.table)
            .index_name(Self::BY_ORG)
            .key_condition_expression("org_id = :org_id")
            .expression_attribute_values(":org_id", s(Owner::Org(org_id.clone())))
            .into_items();
        let mut count = 0;
        while let Some(item) = items.next().await {
            let item = item.map_err(StoreError::during("list what an org has"))?;
            let Some(hash) = item.get("token_hash").cloned() else { continue };
            let delete = self.client.delete_item().table_name(&self.table).key("token_hash", hash.clone());
            delete.send().await.map_err(StoreError::during("delete a token"))?;
            if let Ok(hash) = hash.as_s() {
                self.forget(hash);
            }
            count += 1;
        }
        Ok(count)
    }
}
