//! The table of events: pk `{org_id}#{config_id}`, sk the event id. Ids sort by time, so listing newest
//! first is one query. The events of a webhook with much traffic are spread over several partitions, pk
//! `{org_id}#{config_id}/{shard}`, and the shard is in the id (see `partitions`). The attempts of an event are
//! items in the same partition, sk `try#{event_id}#{number}`: they sort after every event id, so listing events
//! reads no large response bodies. A small last attempt is stored in the item of its event (see `attempts`).

use std::collections::HashMap;
use std::time::Duration;

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{ReturnValue, ReturnValuesOnConditionCheckFailure};
use hookstep_contract::limits::RETENTION;
use hookstep_contract::{
    ConfigId, EventId, EventMetadata, EventRecord, OrgId, Outcome, Reason, RecordKey, Status, Timestamp,
};
use hookstep_tables::Client;
use hookstep_tables::Query;
use hookstep_tables::UpdateItem;
use uuid::Uuid;

use crate::attempts::Recorded;
use crate::error::unless_forbidden;
use crate::item::{Item, from_item, n, s, to_attribute, to_item};
use crate::partitions::{Order, Partitions};
use crate::{EventSearch, StoreError};

/// The maximum number of events looked at for one page of a filtered list, so that a rare status does not
/// read a whole partition at once. At 1 KB each, that is half a second and 0.0004 USD on AWS.
pub(crate) const MAX_LOOKED_AT: usize = 10_000;

/// The maximum number of requests for that: DynamoDB itself ends a page at 1 MB.
pub(crate) const MAX_READS: usize = 20;

/// How many events a request looks at when the first one, which is no larger than the page, did not find
/// enough.
pub(crate) const PAGE: usize = 1000;

/// The table of events and attempts.
#[derive(Clone, Debug)]
pub struct Events {
    pub(crate) client: Client,
    pub(crate) table: String,
    pub(crate) retention: Duration,
}

/// Which events to list.
#[derive(Clone, Copy, Debug, Default)]
pub struct EventFilter {
    /// Only events with this status.
    pub status: Option<Status>,
    /// Only events whose last attempt ended like this.
    pub outcome: Option<Outcome>,
    /// Only events accepted at or after this time.
    pub from: Option<Timestamp>,
    /// Only events accepted at or before this time.
    pub to: Option<Timestamp>,
    /// Only events older than this one, the last of the previous page.
    pub before: Option<EventId>,
    /// The maximum number of events.
    pub limit: usize,
}

/// On which side of an event another one is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// It was accepted before.
    Before,
    /// It was accepted after.
    After,
}

/// A page of events, newest first.
#[derive(Clone, Debug)]
pub struct Page {
    /// The events.
    pub events: Vec<EventRecord>,
    /// The start of the next page, if there may be one. A page with fewer events than the limit has one only
    /// if the search ended at its bound.
    pub next: Option<EventId>,
    /// How many events were looked at.
    pub looked_at: usize,
}

impl Events {
    /// The table with this name.
    pub fn new(client: impl Into<Client>, table: impl Into<String>) -> Self {
        Self { client: client.into(), table: table.into(), retention: RETENTION }
    }

    /// How long new events are kept.
    pub fn retention(&self) -> Duration {
        self.retention
    }

    /// The same table, with a retention of `retention` for new items.
    #[must_use]
    pub fn kept_for(self, retention: Duration) -> Self {
        Self { retention, ..self }
    }

    /// A number that is another one after each change of the table; `None` if other processes change it.
    pub fn version(&self) -> Option<u64> {
        self.client.version(&self.table)
    }

    /// One event.
    ///
    /// # Errors
    /// If the table cannot be read.
    pub async fn get(
        &self,
        org_id: &OrgId,
        config_id: ConfigId,
        event_id: EventId,
    ) -> Result<Option<EventRecord>, StoreError> {
        self.read(org_id, config_id, event_id, false).await
    }

    /// One event, with everything that was written before the call. Costs twice as much to read.
    ///
    /// # Errors
    /// If the table cannot be read.
    pub async fn latest(
        &self,
        org_id: &OrgId,
        config_id: ConfigId,
        event_id: EventId,
    ) -> Result<Option<EventRecord>, StoreError> {
        self.read(org_id, config_id, event_id, true).await
    }

    async fn read(
        &self,
        org_id: &OrgId,
        config_id: ConfigId,
        event_id: EventId,
        consistently: bool,
    ) -> Result<Option<EventRecord>, StoreError> {
        let found = self
            .client
            .get_item()
            .table_name(&self.table)
            .set_key(Some(item_key(org_id, config_id, event_id)))
            .consistent_read(consistently)
            .send()
            .await
            .map_err(StoreError::during("read an event"))?;
        found.item.map(to_record).transpose()
    }

    /// Events of one webhook, newest first.
    ///
    /// # Errors
    /// If the table cannot be read.
    pub async fn list(&self, partitions: &Partitions, filter: EventFilter) -> Result<Page, StoreError> {
        let search = EventSearch::from(filter);
        let query = search.narrow(self.between(filter.from, filter.to));
        let (mut events, mut looked_at) = (Vec::new(), 0);
        let mut before = filter.before;
        // One more than requested, to know whether there is a next page.
        let mut limit = filter.limit + 1;
        for _ in 0..MAX_READS {
            let page = self.merged(partitions, &query, Order::NewestFirst, before, Some(limit)).await?;
            looked_at += page.looked_at;
            for item in page.items {
                events.push(to_record(item)?);
            }
            before = page.next;
            limit = match search.is_selective() {
                true => PAGE.min(MAX_LOOKED_AT.saturating_sub(looked_at + partitions.surplus())),
                false => (filter.limit + 1).saturating_sub(events.len()),
            };
            if before.is_none() || events.len() > filter.limit || limit == 0 {
                break;
            }
        }
        if events.len() > filter.limit {
            events.truncate(filter.limit);
            before = events.last().map(|event: &EventRecord| event.event_id);
        }
        Ok(Page { events, next: before, looked_at })
    }

    /// The query for the events accepted between two times, both included, or at any time.
    pub(crate) fn between(&self, from: Option<Timestamp>, to: Option<Timestamp>) -> Query {
        self.client
            .query()
            .table_name(&self.table)
            .key_condition_expression("pk = :pk AND sk BETWEEN :from AND :to")
            .expression_attribute_values(":from", s(bound(from, 0)))
            .expression_attribute_values(":to", s(bound(to, u8::MAX)))
    }

    /// The event of the same webhook that was accepted just before or just after this one.
    ///
    /// # Errors
    /// If the table cannot be read.
    pub async fn neighbour(
        &self,
        partitions: &Partitions,
        event_id: EventId,
        side: Side,
    ) -> Result<Option<EventId>, StoreError> {
        let query = self.between(None, None).projection_expression("sk");
        let order = match side {
            Side::Before => Order::NewestFirst,
            Side::After => Order::OldestFirst,
        };
        let found = self.merged(partitions, &query, order, Some(event_id), Some(1)).await?;
        Ok(found.items.first().and_then(|item| item.get("sk")?.as_s().ok()?.parse().ok()))
    }

    /// Writes the record of a new event, unless the event has one.
    ///
    /// # Errors
    /// If the table cannot be written.
    pub async fn create(&self, record: &EventRecord) -> Result<(), StoreError> {
        let mut item = to_item(record)?;
        RecordKey::FIELDS.iter().for_each(|field| drop(item.remove(*field)));
        item.extend(item_key(&record.org_id, record.config_id, record.event_id));
        let put = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(item))
            .condition_expression("attribute_not_exists(sk)");
        unless_forbidden(put.send().await, "record an event").map(drop)
    }

    /// Ends an event that is scheduled, in progress, or not recorded yet, as failed, without the attempt `number`. An event of
    /// which a later attempt is recorded keeps its status. Ending it again is harmless. Returns the event's record as it is afterwards; `None` if it has expired.
    ///
    /// # Errors
    /// If the table cannot be written.
    pub async fn end(
        &self,
        event: &EventMetadata,
        execution: &str,
        number: Option<u32>,
        reason: &Reason,
        now: Timestamp,
    ) -> Result<(Recorded, Option<EventRecord>), StoreError> {
        let update = self
            .failing(event, execution, reason, now)?
            .condition_expression(
                "attribute_not_exists(sk) OR (#status IN (:scheduled, :in_progress) AND \
                 attribute_not_exists(cancelled) AND attempt_count <= :number)",
            )
            .expression_attribute_values(":scheduled", s(Status::Scheduled.as_str()))
            .expression_attribute_values(":in_progress", s(Status::InProgress.as_str()))
            .expression_attribute_values(":number", n(number.unwrap_or(u32::MAX)))
            .return_values(ReturnValue::AllNew)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .send()
            .await;
        match update.map_err(SdkError::into_service_error) {
            Ok(updated) => Ok((Recorded::Decisive, updated.attributes.map(to_record).transpose()?)),
            Err(UpdateItemError::ConditionalCheckFailedException(forbidden)) => {
                let standing = forbidden.item.map(to_record).transpose()?;
                let is_ours = |standing: &EventRecord| standing.reason.as_ref() == Some(reason);
                let recorded = match &standing {
                    // The first write got no response.
                    Some(standing) if standing.status == Status::Failed && is_ours(standing) => {
                        Recorded::Decisive
                    }
                    _ => Recorded::Superseded { status: standing.as_ref().map(|standing| standing.status) },
                };
                Ok((recorded, standing))
            }
            Err(error) => Err(StoreError::during("end an event")(error)),
        }
    }

    /// The update that marks an event as failed, and makes its record if there is none.
    fn failing(
        &self,
        event: &EventMetadata,
        execution: &str,
        reason: &Reason,
        now: Timestamp,
    ) -> Result<UpdateItem, StoreError> {
        let record = EventRecord::new(event, execution, Status::Failed, Some(reason.clone()), self.retention);
        let mut item = to_item(&record)?;
        for name in ["status", "updated_at", "reason"].into_iter().chain(RecordKey::FIELDS) {
            item.remove(name);
        }
        let mut expression = "SET #status = :status, updated_at = :now, #reason = :reason".to_owned();
        let mut names = HashMap::from([
            ("#status".to_owned(), "status".to_owned()),
            ("#reason".to_owned(), "reason".to_owned()),
        ]);
        let mut values: Item = HashMap::from([
            (":status".to_owned(), s(Status::Failed.as_str())),
            (":now".to_owned(), s(now)),
            (":reason".to_owned(), to_attribute(reason)?),
        ]);
        for (name, value) in item {
            expression.push_str(&format!(", #{name} = if_not_exists(#{name}, :{name})"));
            names.insert(format!("#{name}"), name.clone());
            values.insert(format!(":{name}"), value);
        }
        expression.push_str(" REMOVE next_attempt_at");
        Ok(self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(item_key(&event.org_id, event.config_id, event.event_id)))
            .update_expression(expression)
            .set_expression_attribute_names(Some(names))
            .set_expression_attribute_values(Some(values)))
    }
}

/// Converts an item to its record.
pub(crate) fn to_record(mut item: Item) -> Result<EventRecord, StoreError> {
    let part =
        |item: &Item, name| item.get(name).and_then(|part| part.as_s().ok()).cloned().unwrap_or_default();
    let key = RecordKey { pk: part(&item, "pk"), sk: part(&item, "sk") };
    for (name, value) in RecordKey::FIELDS.into_iter().zip(key.values()) {
        item.insert(name.to_owned(), s(value));
    }
    from_item(item)
}

/// The key of an event's item.
pub(crate) fn item_key(org_id: &OrgId, config_id: ConfigId, event_id: EventId) -> Item {
    let RecordKey { pk, sk } = RecordKey::of(org_id, config_id, event_id);
    Item::from([("pk".to_owned(), s(pk)), ("sk".to_owned(), s(sk))])
}

/// The smallest (`fill` 0) or largest (`fill` 255) event id of a millisecond, or of all time without `at`.
pub(crate) fn bound(at: Option<Timestamp>, fill: u8) -> Uuid {
    let mut bytes = [fill; 16];
    if let Some(at) = at {
        let millis = u64::try_from(at.unix_millis()).unwrap_or(0);
        bytes[..6].copy_from_slice(&millis.to_be_bytes()[2..]);
    }
    Uuid::from_bytes(bytes)
}
