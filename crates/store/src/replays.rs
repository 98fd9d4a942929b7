//! Bulk replays, in the events table: pk `{org_id}#{config_id}#replays`, sk the replay's id. The selection is
//! a separate item, sk `{replay_id}#selection`, so progress can be written without it.

use std::time::Duration;

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use hookstep_contract::limits::RETENTION;
use hookstep_contract::{
    ConfigId, EventId, EventRecord, OrgId, Reason, ReasonCode, ReplayJob, Selection, Status, Timestamp,
};
use hookstep_tables::Client;
use hookstep_tables::Query;
use uuid::Uuid;

use crate::error::unless_forbidden;
use crate::events::{item_key, to_record};
use crate::item::{Item, from_item, n, s, to_attribute, to_item};
use crate::partitions::{Order, Partitions};
use crate::{Events, StoreError};

/// The ids of a selection, 16 bytes each: 10,000 of them fit into one item, but not as text.
const EVENT_IDS: &str = "event_ids";

/// Any other selection.
const FILTER: &str = "filter";

/// The maximum number of events per page of the table, and of pages per call, so that a rare status does not
/// read a whole partition at once.
const PAGE: usize = 500;
const MAX_READS: usize = 4;

/// The bulk replays in the events table.
#[derive(Clone, Debug)]
pub struct Replays {
    client: Client,
    table: String,
    retention: Duration,
}

impl Replays {
    /// The replays in the events table with this name.
    pub fn new(client: impl Into<Client>, table: impl Into<String>) -> Self {
        Self { client: client.into(), table: table.into(), retention: RETENTION }
    }

    /// The same replays, with a retention of `retention` for new ones.
    #[must_use]
    pub fn kept_for(self, retention: Duration) -> Self {
        Self { retention, ..self }
    }

    /// Writes the selection of a new replay, then the replay itself.
    ///
    /// # Errors
    /// If the table cannot be written.
    pub async fn create(&self, job: &ReplayJob, selection: &Selection) -> Result<(), StoreError> {
        let mut item = match selection {
            Selection::EventIds(ids) => {
                let bytes: Vec<u8> = ids.iter().flat_map(|id| *id.0.as_bytes()).collect();
                Item::from([(EVENT_IDS.to_owned(), AttributeValue::B(Blob::new(bytes)))])
            }
            Selection::Filter { .. } => to_item(selection)?,
        };
        item.insert("expires_at".to_owned(), self.expiry(job));
        let key = key(&job.org_id, job.config_id, format!("{}#selection", job.replay_id));
        self.client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(item.into_iter().chain(key).collect()))
            .send()
            .await
            .map_err(StoreError::during("write what a replay selects"))?;
        self.put(job).send().await.map_err(StoreError::during("write a replay"))?;
        Ok(())
    }

    /// A replay.
    ///
    /// # Errors
    /// If the table cannot be read.
    pub async fn get(
        &self,
        org_id: &OrgId,
        config_id: ConfigId,
        replay_id: EventId,
    ) -> Result<Option<ReplayJob>, StoreError> {
        self.read(key(org_id, config_id, replay_id.to_string())).await?.map(from_item).transpose()
    }

    /// The selection of a replay.
    ///
    /// # Errors
    /// If the table cannot be read.
    pub async fn selection(&self, job: &ReplayJob) -> Result<Option<Selection>, StoreError> {
        let key = key(&job.org_id, job.config_id, format!("{}#selection", job.replay_id));
        let Some(mut item) = self.read(key).await? else { return Ok(None) };
        let Some(AttributeValue::B(bytes)) = item.get(EVENT_IDS) else {
            item.retain(|name, _| name == FILTER);
            return from_item(item).map(Some);
        };
        let ids = bytes.as_ref().chunks_exact(16).filter_map(|id| Uuid::from_slice(id).ok());
        Ok(Some(Selection::EventIds(ids.map(EventId).collect())))
    }

    /// Writes the progress of a replay from `before` to `job`; returns `false` if somebody else has advanced
    /// it meanwhile.
    ///
    /// # Errors
    /// If the table cannot be written.
    pub async fn advance(&self, before: &ReplayJob, job: &ReplayJob) -> Result<bool, StoreError> {
        let put = self
            .put(job)
            .condition_expression("#found = :found AND #status = :status")
            .expression_attribute_names("#found", "found")
            .expression_attribute_names("#status", "status")
            .expression_attribute_values(":found", n(before.found))
            .expression_attribute_values(":status", s(before.status.as_str()))
            .send()
            .await;
        unless_forbidden(put, "write how far a replay has come")
    }

    fn put(&self, job: &ReplayJob) -> hookstep_tables::PutItem {
        // A job consists of names and numbers, so the conversion cannot fail.
        let item = to_item(job).unwrap_or_default();
        let key = key(&job.org_id, job.config_id, job.replay_id.to_string());
        let put = self.client.put_item().table_name(&self.table);
        put.set_item(Some(item.into_iter().chain(key).collect())).item("expires_at", self.expiry(job))
    }

    async fn read(&self, key: Item) -> Result<Option<Item>, StoreError> {
        let read = self.client.get_item().table_name(&self.table).set_key(Some(key)).consistent_read(true);
        Ok(read.send().await.map_err(StoreError::during("read a replay"))?.item)
    }

    fn expiry(&self, job: &ReplayJob) -> AttributeValue {
        n(job.created_at.plus(self.retention).unix_seconds())
    }
}

fn key(org_id: &OrgId, config_id: ConfigId, sk: String) -> Item {
    Item::from([("pk".to_owned(), s(format!("{org_id}#{config_id}#replays"))), ("sk".to_owned(), s(sk))])
}

/// Which events to go through.
#[derive(Clone, Copy, Debug)]
pub struct Span {
    /// Only events accepted at or after this time.
    pub since: Timestamp,
    /// Only events accepted at or before this time.
    pub until: Timestamp,
    /// Only events with this status.
    pub status: Status,
}

impl Events {
    /// The query for the events in `span`.
    pub(crate) fn in_span(&self, span: Span) -> Query {
        self.between(Some(span.since), Some(span.until))
            .filter_expression("#status = :status")
            .expression_attribute_names("#status", "status")
            .expression_attribute_values(":status", s(span.status.as_str()))
    }

    /// Up to `limit` events of one webhook after `after`, oldest first, and where to continue if there are
    /// more.
    ///
    /// # Errors
    /// If the table cannot be read.
    pub async fn oldest(
        &self,
        partitions: &Partitions,
        span: Span,
        after: Option<EventId>,
        limit: usize,
    ) -> Result<(Vec<EventRecord>, Option<EventId>), StoreError> {
        let (mut events, mut after) = (Vec::new(), after);
        let query = self.in_span(span);
        for _ in 0..MAX_READS {
            let page = self.merged(partitions, &query, Order::OldestFirst, after, Some(PAGE)).await?;
            after = page.next;
            for item in page.items {
                events.push(to_record(item)?);
            }
            if events.len() > limit {
                events.truncate(limit);
                after = events.last().map(|event: &EventRecord| event.event_id);
                break;
            }
            if after.is_none() {
                break;
            }
        }
        Ok((events, after))
    }

    /// Marks an event that is scheduled or in progress as cancelled, so that no attempt changes it any more; marking it
    /// again is harmless. So it does with one that has failed, if that `blocks` the events behind it in its order. Returns `false`
    /// if the event has ended otherwise.
    ///
    /// # Errors
    /// If the table cannot be written.
    pub async fn cancel(
        &self,
        event: &EventRecord,
        blocks: bool,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let cancelled = Reason::new(ReasonCode::Cancelled, "cancelled before its next attempt");
        let update = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(item_key(&event.org_id, event.config_id, event.event_id)))
            .update_expression(
                "SET #status = :failed, reason = :reason, updated_at = :now, cancelled = :yes REMOVE next_attempt_at",
            )
            .condition_expression(
                if blocks {
                    "#status IN (:scheduled, :in_progress, :failed)"
                } else {
                    "#status IN (:scheduled, :in_progress) OR (cancelled = :yes AND #status = :failed)"
                },
            )
            .expression_attribute_values(":scheduled", s(Status::Scheduled.as_str()))
            .expression_attribute_names("#status", "status")
            .expression_attribute_values(":failed", s(Status::Failed.as_str()))
            .expression_attribute_values(":in_progress", s(Status::InProgress.as_str()))
            .expression_attribute_values(":reason", to_attribute(&cancelled)?)
            .expression_attribute_values(":now", s(now))
            .expression_attribute_values(":yes", AttributeValue::Bool(true))
            .send()
            .await;
        unless_forbidden(update, "cancel an event")
    }
}
