//! Which events wait in the lanes of webhooks, in the events table in partitions of their own (ADR 0048).
//!
//! The state `JoinLane` puts the item of an event before the event is sent to the queue of lanes, and `LeaveLane` deletes
//! the item when the event's turn has come, and `KeepPlace` puts it again for an event that keeps its place in an order. pk `lane#{org_id}#{config_id}`, sk the event's id, and `since` when.

use hookstep_contract::{ConfigId, EventId, OrgId, Timestamp};
use hookstep_tables::Client;

use crate::StoreError;
use crate::item::{Item, s};

/// The most events that are counted.
const MAX_COUNTED: usize = 10_000;

/// How many items are read at once: about a megabyte, the most that DynamoDB answers at once.
const PAGE: i32 = 5_000;

/// The events that wait in a webhook's lane.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InLane {
    /// How many, without those that block others; [`Self::is_more`] if there may be more.
    pub waiting: usize,
    /// Whether not all were counted.
    pub is_more: bool,
    /// Since when the oldest of those that were counted waits.
    pub since: Option<Timestamp>,
    /// The first of those that have failed and block the others in their order, up to ten.
    pub blocking: Vec<EventId>,
}

/// How many events that block others are named.
const MAX_BLOCKING: usize = 10;

/// The lanes in the events table.
#[derive(Clone, Debug)]
pub struct Lanes {
    client: Client,
    table: String,
}

impl Lanes {
    /// The lanes in the events table with this name.
    pub fn new(client: impl Into<Client>, table: impl Into<String>) -> Self {
        Self { client: client.into(), table: table.into() }
    }

    /// What waits in the lane of a webhook. Up to 10,000 events are counted.
    ///
    /// # Errors
    /// If the table cannot be read.
    pub async fn waiting(&self, org_id: &OrgId, config_id: ConfigId) -> Result<InLane, StoreError> {
        let mut found = InLane::default();
        let (mut start, mut counted) = (None, 0);
        loop {
            let page = self
                .client
                .query()
                .table_name(&self.table)
                .key_condition_expression("pk = :pk")
                .expression_attribute_values(":pk", s(partition(org_id, config_id)))
                .projection_expression("pk, sk, since, blocks")
                .set_exclusive_start_key(start)
                .limit(PAGE)
                .send()
                .await
                .map_err(StoreError::during("read what waits in a lane"))?;
            found.waiting += page.items().len();
            let blocking: Vec<EventId> = page.items().iter().filter_map(blocking).collect();
            found.waiting -= blocking.len();
            counted += page.items().len();
            let room = MAX_BLOCKING - found.blocking.len();
            found.blocking.extend(blocking.into_iter().take(room));
            found.since = page.items().iter().filter_map(since).chain(found.since).min();
            start = page.last_evaluated_key;
            if start.is_none() || counted >= MAX_COUNTED {
                return Ok(InLane { is_more: start.is_some(), ..found });
            }
        }
    }

    /// The event that was accepted first of those that wait in the lane of a webhook, and since when it waits.
    ///
    /// # Errors
    /// If the table cannot be read.
    pub async fn oldest(
        &self,
        org_id: &OrgId,
        config_id: ConfigId,
    ) -> Result<Option<(EventId, Timestamp)>, StoreError> {
        let page = self
            .client
            .query()
            .table_name(&self.table)
            .key_condition_expression("pk = :pk")
            .expression_attribute_values(":pk", s(partition(org_id, config_id)))
            .projection_expression("sk, since")
            .limit(1)
            .send()
            .await
            .map_err(StoreError::during("read what waits longest in a lane"))?;
        let oldest = page.items().first();
        Ok(oldest.and_then(|item| Some((item.get("sk")?.as_s().ok()?.parse().ok()?, since(item)?))))
    }

    /// Notes that an event waits no longer.
    ///
    /// # Errors
    /// If the table cannot be written.
    pub async fn leave(
        &self,
        org_id: &OrgId,
        config_id: ConfigId,
        event_id: EventId,
    ) -> Result<(), StoreError> {
        self.client
            .delete_item()
            .table_name(&self.table)
            .key("pk", s(partition(org_id, config_id)))
            .key("sk", s(event_id))
            .send()
            .await
            .map_err(StoreError::during("note that an event has left a lane"))?;
        Ok(())
    }

    /// Whether an event waits in its webhook's lane.
    ///
    /// # Errors
    /// If the table cannot be read.
    pub async fn has(
        &self,
        org_id: &OrgId,
        config_id: ConfigId,
        event_id: EventId,
    ) -> Result<bool, StoreError> {
        let found = self
            .client
            .get_item()
            .table_name(&self.table)
            .key("pk", s(partition(org_id, config_id)))
            .key("sk", s(event_id))
            .consistent_read(true)
            .projection_expression("sk")
            .send()
            .await
            .map_err(StoreError::during("read whether an event waits in a lane"))?;
        Ok(found.item.is_some())
    }
}

/// The partition of a webhook's lane. The state `JoinLane` has the same expression.
fn partition(org_id: &OrgId, config_id: ConfigId) -> String {
    format!("lane#{org_id}#{config_id}")
}

/// The event that an item is of, if it blocks others.
fn blocking(item: &Item) -> Option<EventId> {
    item.get("blocks")?.as_bool().ok().filter(|blocks| **blocks)?;
    item.get("sk")?.as_s().ok()?.parse().ok()
}

fn since(item: &Item) -> Option<Timestamp> {
    let text = item.get("since")?.as_s().ok()?;
    serde_json::from_value(text.as_str().into()).ok()
}
