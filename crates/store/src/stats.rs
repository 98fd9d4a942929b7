//! Counts of a webhook's events, in the events table in a separate partition: pk
//! `{org_id}#{config_id}#stats`, sk the day; one item holds all hours of a day. The counts can be rebuilt
//! from the events while those are kept.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use hookstep_contract::limits::days;
use hookstep_contract::{ConfigId, EventId, OrgId, Outcome, Status, Tally, Timestamp};
use serde::{Deserialize, Serialize};

use crate::events::bound;
use crate::item::{from_item, n, s, to_item};
use crate::partitions::{Order, Partitions};
use crate::{Events, StoreError};

/// The maximum number of events per page; DynamoDB itself ends a page at 1 MB.
const PAGE: usize = 1000;

/// The attribute that tells the note about an hour from the counts of a day.
const CHANGED_AT: &str = "changed_at";

/// The counts of one hour's events at the time of counting.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CountedHour {
    /// The counts.
    pub tally: Tally,
    /// When the hour was counted, in seconds since 1970.
    pub counted_at: i64,
    /// Events before this one have not been counted yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rest: Option<EventId>,
}

/// The counted hours of a day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CountedDay {
    /// The start of the day.
    #[serde(rename = "sk")]
    pub day: Timestamp,
    /// The counts by hour of the day, from 0.
    pub hours: BTreeMap<u8, CountedHour>,
}

/// The fields of an event that counting needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub struct EventSketch {
    /// The event's id.
    #[serde(rename = "sk")]
    pub event_id: EventId,
    /// The event's status.
    pub status: Status,
    /// The outcome of the last attempt.
    pub outcome: Option<Outcome>,
    /// The duration of the last attempt, in milliseconds.
    pub duration_ms: Option<u64>,
}

/// An hour whose stored count is out of date.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub struct ChangedHour {
    /// When the hour begins.
    pub hour: Timestamp,
    /// When one of its events last changed, in seconds since 1970.
    pub changed_at: i64,
}

impl Events {
    /// The counts of the days that begin in `from..=to`, oldest first, and the hours in them whose count is out of
    /// date.
    ///
    /// # Errors
    /// If the table cannot be read.
    pub async fn counted(
        &self,
        org_id: &OrgId,
        config_id: ConfigId,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<(Vec<CountedDay>, Vec<ChangedHour>), StoreError> {
        let mut items = self
            .client
            .query()
            .table_name(&self.table)
            .key_condition_expression("pk = :pk AND sk BETWEEN :from AND :to")
            .expression_attribute_values(":pk", partition(org_id, config_id))
            .expression_attribute_values(":from", s(from))
            // The notes about the hours of a day follow it.
            .expression_attribute_values(":to", s(format!("{to}#~")))
            .into_items();
        let (mut days, mut changed) = (Vec::new(), Vec::new());
        while let Some(item) = items.next().await {
            let item = item.map_err(StoreError::during("read what was counted"))?;
            if item.contains_key(CHANGED_AT) {
                changed.push(from_item(item)?);
            } else {
                days.push(from_item(item)?);
            }
        }
        Ok((days, changed))
    }

    /// Stores the counts of a day for as long as its events are kept.
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

    /// Notes that the status of an ended event has changed, so that the stored count of its hour is made again.
    ///
    /// # Errors
    /// If the table cannot be written.
    pub(crate) async fn recount(
        &self,
        org_id: &OrgId,
        config_id: ConfigId,
        event_id: EventId,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let accepted_at = event_id.accepted_at();
        let hour = accepted_at.floor(Duration::from_secs(3600));
        self.client
            .put_item()
            .table_name(&self.table)
            .item("pk", partition(org_id, config_id))
            .item("sk", s(format!("{}#{hour}", accepted_at.floor(days(1)))))
            .item("hour", s(hour))
            .item(CHANGED_AT, n(now.unix_seconds()))
            .item("expires_at", n(accepted_at.plus(days(1) + self.retention).unix_seconds()))
            .send()
            .await
            .map_err(StoreError::during("note that an hour is to be counted again"))?;
        Ok(())
    }

    /// A page of the events accepted at or after `from` and before `to`, newest first and older than
    /// `before`, and the start of the next page if there may be one.
    ///
    /// # Errors
    /// If the table cannot be read.
    pub async fn sketches(
        &self,
        partitions: &Partitions,
        from: Timestamp,
        to: Timestamp,
        before: Option<EventId>,
    ) -> Result<(Vec<EventSketch>, Option<EventId>), StoreError> {
        let query = self
            .between(Some(from), None)
            .projection_expression("sk, #status, outcome, duration_ms")
            .expression_attribute_names("#status", "status")
            // No event has the smallest id of a millisecond, because its UUID has a version.
            .expression_attribute_values(":to", s(bound(Some(to), 0)));
        let page = self.merged(partitions, &query, Order::NewestFirst, before, Some(PAGE)).await?;
        let events = page.items.into_iter().map(from_item);
        Ok((events.collect::<Result<_, _>>()?, page.next))
    }
}

fn partition(org_id: &OrgId, config_id: ConfigId) -> AttributeValue {
    s(format!("{org_id}#{config_id}#stats"))
}
