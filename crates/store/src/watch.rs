//! The watch list, in the events table in partitions of its own: which events to look at after a while, so that none
//! stays in progress for ever (ADR 0038).
//!
//! An item belongs to a slot of five minutes and means that something was due in that slot: the first attempts of a
//! webhook's events, an attempt of one event, or the deliveries of a publication. pk `watch#{slot}#{spread}`, sk
//! `{org_id}#{config_id}`, `{org_id}#{config_id}#{event_id}`, or `{org_id}#publication#{publication_id}`. The item
//! `watch`, `cursor` says how far the list was gone through.

use std::time::Duration;

use hookstep_contract::limits::{WATCH_SLOT, days};
use hookstep_contract::{ConfigId, EventId, OrgId, Timestamp};
use hookstep_tables::Client;
use serde::{Deserialize, Serialize};

use crate::StoreError;
use crate::error::unless_forbidden;
use crate::item::{Item, from_item, n, s, to_item};

/// Over how many partitions the items of a slot are spread: DynamoDB takes 1,000 writes a second of each.
pub const WATCH_SPREAD: u8 = 8;

/// How long an item is kept after its slot: longer than a list that nobody goes through is likely to stay unnoticed.
const LIFETIME: Duration = days(7);

/// How many items are read at once.
const PAGE: i32 = 200;

/// What is to be looked at.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Watched {
    /// The tenant.
    pub org_id: OrgId,
    /// The webhook.
    pub config_id: ConfigId,
    /// The event; `None` for all events of the webhook that were accepted in the slot.
    pub event_id: Option<EventId>,
}

impl Watched {
    /// The sort key of the item.
    pub fn key(&self) -> String {
        let Self { org_id, config_id, event_id } = self;
        match event_id {
            Some(event_id) => format!("{org_id}#{config_id}#{event_id}"),
            None => format!("{org_id}#{config_id}"),
        }
    }

    /// What the item with this sort key says; `None` if it is none of this list.
    pub fn of(key: &str) -> Option<Self> {
        let mut parts = key.split('#');
        let (org_id, config_id) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
        let event_id = parts.next().map(str::parse).transpose().ok()?;
        Some(Self { org_id, config_id, event_id })
    }
}

/// A publication on the list, whose deliveries may not all be started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WatchedPublication {
    /// The tenant.
    pub org_id: OrgId,
    /// The publication.
    pub publication_id: EventId,
}

impl WatchedPublication {
    /// What stands in the sort key where others have their webhook.
    const MARK: &str = "publication";

    fn key(&self) -> String {
        format!("{}#{}#{}", self.org_id, Self::MARK, self.publication_id)
    }

    /// What the item with this sort key says; `None` if it is none of a publication.
    pub fn of(key: &str) -> Option<Self> {
        let (org_id, rest) = key.split_once('#')?;
        let (mark, publication_id) = rest.split_once('#')?;
        let is_one = mark == Self::MARK;
        is_one.then_some(Self { org_id: org_id.parse().ok()?, publication_id: publication_id.parse().ok()? })
    }
}

/// How far the watch list was gone through.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WatchCursor {
    /// The first slot that was not gone through entirely.
    pub slot: Timestamp,
    /// The last item of that slot that was looked at, if one was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<LastWatched>,
}

/// The last item of a slot that was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastWatched {
    /// Its partition of the slot.
    pub spread: u8,
    /// Its sort key.
    pub key: String,
    /// If the webhook's events were not all looked at: those before this one are still to be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<EventId>,
}

/// The watch list in the events table.
#[derive(Clone, Debug)]
pub struct WatchList {
    client: Client,
    table: String,
}

impl WatchList {
    /// The watch list in the events table with this name.
    pub fn new(client: impl Into<Client>, table: impl Into<String>) -> Self {
        Self { client: client.into(), table: table.into() }
    }

    /// Puts something on the list, in the slot of `due`. Doing it twice is harmless.
    ///
    /// # Errors
    /// If the table cannot be written.
    pub async fn watch(&self, watched: &Watched, due: Timestamp) -> Result<(), StoreError> {
        self.put(watched.key(), due).await
    }

    /// Puts a publication on the list that is started at `now`. Doing it twice is harmless.
    ///
    /// # Errors
    /// If the table cannot be written.
    pub async fn watch_publication(
        &self,
        publication: &WatchedPublication,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.put(publication.key(), now).await
    }

    async fn put(&self, key: String, due: Timestamp) -> Result<(), StoreError> {
        let slot = due.floor(WATCH_SLOT);
        self.client
            .put_item()
            .table_name(&self.table)
            .item("pk", s(partition(slot, spread_of(&key))))
            .item("sk", s(key))
            .item("expires_at", n(slot.plus(LIFETIME).unix_seconds()))
            .send()
            .await
            .map_err(StoreError::during("write the watch list"))?;
        Ok(())
    }

    /// The sort keys of items of a slot, in order, starting after `after`, and the start of the next page if there may be
    /// one.
    ///
    /// # Errors
    /// If the table cannot be read.
    pub async fn page(
        &self,
        slot: Timestamp,
        spread: u8,
        after: Option<String>,
    ) -> Result<(Vec<String>, Option<String>), StoreError> {
        let pk = partition(slot, spread);
        let start = after.map(|key| Item::from([("pk".to_owned(), s(&pk)), ("sk".to_owned(), s(key))]));
        let page = self
            .client
            .query()
            .table_name(&self.table)
            .key_condition_expression("pk = :pk")
            .expression_attribute_values(":pk", s(&pk))
            .set_exclusive_start_key(start)
            .projection_expression("sk")
            .limit(PAGE)
            .send()
            .await
            .map_err(StoreError::during("read the watch list"))?;
        let key = |item: &Item| item.get("sk").and_then(|key| key.as_s().ok()).cloned();
        let next = page.last_evaluated_key.as_ref().and_then(key);
        Ok((page.items().iter().filter_map(key).collect(), next))
    }

    /// How far the list was gone through; `None` if it never was.
    ///
    /// # Errors
    /// If the table cannot be read.
    pub async fn cursor(&self) -> Result<Option<WatchCursor>, StoreError> {
        let found = self
            .client
            .get_item()
            .table_name(&self.table)
            .set_key(Some(cursor_key()))
            .consistent_read(true)
            .send()
            .await
            .map_err(StoreError::during("read the cursor of the watch list"))?;
        found.item.map(from_item).transpose()
    }

    /// Writes how far the list was gone through, unless somebody else was a slot further already.
    ///
    /// # Errors
    /// If the table cannot be written.
    pub async fn advance(&self, cursor: &WatchCursor) -> Result<(), StoreError> {
        let mut item = to_item(cursor)?;
        item.extend(cursor_key());
        let put = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(item))
            .condition_expression("attribute_not_exists(pk) OR slot <= :slot")
            .expression_attribute_values(":slot", s(cursor.slot))
            .send()
            .await;
        unless_forbidden(put, "write the cursor of the watch list").map(drop)
    }
}

fn cursor_key() -> Item {
    Item::from([("pk".to_owned(), s("watch")), ("sk".to_owned(), s("cursor"))])
}

fn partition(slot: Timestamp, spread: u8) -> String {
    format!("watch#{slot}#{spread}")
}

/// The partition of a slot for an item: always the same one, so that an item that is written twice is one item.
fn spread_of(key: &str) -> u8 {
    key.bytes().fold(0_u8, |hash, byte| hash.wrapping_mul(31).wrapping_add(byte)) % WATCH_SPREAD
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "0190a000-0000-7000-8000-00000000000a";

    #[test]
    fn an_item_says_by_its_key_what_to_look_at() {
        for (key, has_event) in [(format!("acme#{ID}"), false), (format!("acme#{ID}#{ID}"), true)] {
            let watched = Watched::of(&key).unwrap();
            assert_eq!((watched.key(), watched.event_id.is_some()), (key, has_event));
        }
        let publication = format!("acme#publication#{ID}");
        assert_eq!(WatchedPublication::of(&publication).unwrap().key(), publication);
        for other in ["", "cursor", "acme", "acme#x", &format!("acme#{ID}#x"), &publication] {
            assert_eq!(Watched::of(other), None, "{other}");
        }
        for other in ["", "acme#publication", "acme#publication#x", &format!("acme#{ID}#{ID}")] {
            assert_eq!(WatchedPublication::of(other), None, "{other}");
        }
    }

    #[test]
    fn the_items_of_a_slot_are_spread() {
        let mut counts = [0; WATCH_SPREAD as usize];
        for number in 0..800 {
            counts[usize::from(spread_of(&format!("acme#0190a000-0000-7000-8000-{number:012x}")))] += 1;
        }
        assert!(counts.iter().all(|count| (50..150).contains(count)), "{counts:?}");
    }
}
