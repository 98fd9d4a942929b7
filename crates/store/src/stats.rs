//! What was counted of a webhook's events, in the events table under a partition of its own: pk `{org_id}#{config_id}#stats`,
//! sk the day, an item for all its hours. It can be counted again from the events, as long as those are there.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::AttributeValue;
use hookstep_contract::limits::days;
use hookstep_contract::{ConfigId, EventId, OrgId, Outcome, Status, Tally, Timestamp};
use serde::{Deserialize, Serialize};

use crate::events::{bound, item_key};
use crate::item::{from_item, n, s, to_item};
use crate::{Events, StoreError};

/// How many events are read at once at most; DynamoDB itself ends a page at 1 MB.
const PAGE: i32 = 1000;

/// The events of an hour, as they were when they were counted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CountedHour {
    /// What they were.
    pub tally: Tally,
    /// When that was, in seconds since 1970.
    pub counted_at: i64,
    /// Events before this one are still to be counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rest: Option<EventId>,
}

/// The hours of a day that were counted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CountedDay {
    /// When it begins.
    #[serde(rename = "sk")]
    pub day: Timestamp,
    /// By the hour of the day, from 0.
    pub hours: BTreeMap<u8, CountedHour>,
}

/// As much of an event as is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub struct EventSketch {
    /// Which one.
    #[serde(rename = "sk")]
    pub event_id: EventId,
    /// Where it stands.
    pub status: Status,
    /// How its last attempt ended.
    pub outcome: Option<Outcome>,
    /// How long that took, in milliseconds.
    pub duration_ms: Option<u64>,
}

impl Events {
    /// What was counted of the days that begin in `from..=to`, oldest first.
    ///
    /// # Errors
    /// If the table cannot be read.
    pub async fn counted(
        &self,
        org_id: &OrgId,
        config_id: ConfigId,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Vec<CountedDay>, StoreError> {
        let mut items = self
            .client
            .query()
            .table_name(&self.table)
            .key_condition_expression("pk = :pk AND sk BETWEEN :from AND :to")
            .expression_attribute_values(":pk", partition(org_id, config_id))
            .expression_attribute_values(":from", s(from))
            .expression_attribute_values(":to", s(to))
            .into_paginator()
            .items()
            .send();
        let mut days = Vec::new();
        while let Some(item) = items.next().await {
            days.push(from_item(item.map_err(StoreError::during("read what was counted"))?)?);
        }
        Ok(days)
    }

    /// Keeps what was counted of a day for as long as its events are kept.
    ///
    /// # Errors
    /// If the table cannot be written.
    pub async fn keep_counted(
        &self,
        org_id: &OrgId,
        config_id: ConfigId,
        counted: &CountedDay,
    ) -> Result<(), StoreError> {
        self.client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(to_item(counted)?))
            .item("pk", partition(org_id, config_id))
            .item("expires_at", n(counted.day.plus(days(1) + self.retention).unix_seconds()))
            .send()
            .await
            .map_err(StoreError::during("keep what was counted"))?;
        Ok(())
    }

    /// A page of the events that were accepted at or after `from` and before `to`, newest first and older than `before`; with
    /// it, where the next page starts when there may be one.
    ///
    /// # Errors
    /// If the table cannot be read.
    pub async fn sketches(
        &self,
        org_id: &OrgId,
        config_id: ConfigId,
        from: Timestamp,
        to: Timestamp,
        before: Option<EventId>,
    ) -> Result<(Vec<EventSketch>, Option<EventId>), StoreError> {
        let page = self
            .client
            .query()
            .table_name(&self.table)
            .key_condition_expression("pk = :pk AND sk BETWEEN :from AND :to")
            .projection_expression("sk, #status, outcome, duration_ms")
            .expression_attribute_names("#status", "status")
            .expression_attribute_values(":pk", s(format!("{org_id}#{config_id}")))
            // No event has the least id of a millisecond: the version of a UUID is 7.
            .expression_attribute_values(":from", s(bound(Some(from), 0)))
            .expression_attribute_values(":to", s(bound(Some(to), 0)))
            .set_exclusive_start_key(before.map(|id| item_key(org_id, config_id, id)))
            .scan_index_forward(false)
            .limit(PAGE)
            .send()
            .await
            .map_err(StoreError::during("count events"))?;
        let last = page.last_evaluated_key.as_ref().and_then(|key| key.get("sk")?.as_s().ok()?.parse().ok());
        let events = page.items.unwrap_or_default().into_iter().map(from_item);
        Ok((events.collect::<Result<_, _>>()?, last))
    }
}

fn partition(org_id: &OrgId, config_id: ConfigId) -> AttributeValue {
    s(format!("{org_id}#{config_id}#stats"))
}
