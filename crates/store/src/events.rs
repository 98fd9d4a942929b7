//! The table of events: pk `{org_id}#{config_id}`, sk the event id. UUIDv7 sorts by time, so newest-first is one query.
//! The attempts of an event are items of the same partition, sk `try#{event_id}#{number}`: past every event id, so that a
//! page of events never reads a response body.

use std::collections::HashMap;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use contract::{Attempt, ConfigId, EventHead, EventId, EventRecord, Next, OrgId, Status, Timestamp};
use uuid::Uuid;

use crate::StoreError;
use crate::item::{Item, from_item, n, s, to_item};

/// The most pages read for one page of a filtered list, so that a rare status cannot read a whole partition at once.
const MAX_READS: usize = 10;

/// The table of events and attempts.
#[derive(Clone, Debug)]
pub struct Events {
    client: Client,
    table: String,
}

/// Which events to list.
#[derive(Clone, Copy, Debug, Default)]
pub struct EventFilter {
    /// Only with this status.
    pub status: Option<Status>,
    /// Only accepted at or after this moment.
    pub from: Option<Timestamp>,
    /// Only accepted before or at this moment.
    pub to: Option<Timestamp>,
    /// Only older than this event: where the last page ended.
    pub before: Option<EventId>,
    /// How many at most.
    pub limit: usize,
}

/// A page of events, newest first.
#[derive(Clone, Debug)]
pub struct Page {
    /// The events.
    pub events: Vec<EventRecord>,
    /// Where the next page starts, when there may be one.
    pub next: Option<EventId>,
}

impl Events {
    /// The table of this name.
    pub fn new(client: Client, table: impl Into<String>) -> Self {
        Self { client, table: table.into() }
    }

    /// The key of an event's item.
    pub fn key(org_id: &OrgId, config_id: ConfigId, event_id: EventId) -> [(&'static str, String); 2] {
        [("pk", format!("{org_id}#{config_id}")), ("sk", event_id.to_string())]
    }

    /// One event.
    ///
    /// # Errors
    /// When the table cannot be read.
    pub async fn get(
        &self,
        org_id: &OrgId,
        config_id: ConfigId,
        event_id: EventId,
    ) -> Result<Option<EventRecord>, StoreError> {
        let found = self
            .client
            .get_item()
            .table_name(&self.table)
            .set_key(Some(item_key(Self::key(org_id, config_id, event_id))))
            .send()
            .await
            .map_err(StoreError::during("read an event"))?;
        found.item.map(from_item).transpose()
    }

    /// The attempts of an event, in order.
    ///
    /// # Errors
    /// When the table cannot be read.
    pub async fn attempts(
        &self,
        org_id: &OrgId,
        config_id: ConfigId,
        event_id: EventId,
    ) -> Result<Vec<Attempt>, StoreError> {
        let mut pages = self
            .client
            .query()
            .table_name(&self.table)
            .key_condition_expression("pk = :pk AND begins_with(sk, :tries)")
            .expression_attribute_values(":pk", s(format!("{org_id}#{config_id}")))
            .expression_attribute_values(":tries", s(format!("try#{event_id}#")))
            .into_paginator()
            .items()
            .send();
        let mut attempts = Vec::new();
        while let Some(item) = pages.next().await {
            attempts.push(from_item(item.map_err(StoreError::during("read attempts"))?)?);
        }
        Ok(attempts)
    }

    /// Events of one webhook, newest first.
    ///
    /// # Errors
    /// When the table cannot be read.
    pub async fn list(
        &self,
        org_id: &OrgId,
        config_id: ConfigId,
        filter: EventFilter,
    ) -> Result<Page, StoreError> {
        let mut events = Vec::new();
        let mut before = filter.before;
        for _ in 0..MAX_READS {
            let page = self.query(org_id, config_id, &filter, before).await?;
            let last =
                page.last_evaluated_key.as_ref().and_then(|key| key.get("sk")?.as_s().ok()?.parse().ok());
            for item in page.items.unwrap_or_default() {
                events.push(from_item(item)?);
            }
            before = last;
            if last.is_none() || events.len() > filter.limit {
                break;
            }
        }
        if events.len() > filter.limit {
            events.truncate(filter.limit);
            before = events.last().map(|event: &EventRecord| event.event_id);
        }
        Ok(Page { events, next: before })
    }

    async fn query(
        &self,
        org_id: &OrgId,
        config_id: ConfigId,
        filter: &EventFilter,
        before: Option<EventId>,
    ) -> Result<aws_sdk_dynamodb::operation::query::QueryOutput, StoreError> {
        let start = before.map(|id| item_key(Self::key(org_id, config_id, id)));
        let mut query = self
            .client
            .query()
            .table_name(&self.table)
            .key_condition_expression("pk = :pk AND sk BETWEEN :from AND :to")
            .expression_attribute_values(":pk", s(format!("{org_id}#{config_id}")))
            .expression_attribute_values(":from", s(bound(filter.from, 0)))
            .expression_attribute_values(":to", s(bound(filter.to, u8::MAX)))
            .set_exclusive_start_key(start)
            .scan_index_forward(false)
            // One more than is asked for: the last page knows that it is the last.
            .limit(i32::try_from(filter.limit + 1).unwrap_or(i32::MAX));
        if let Some(status) = filter.status {
            query = query
                .filter_expression("#status = :status")
                .expression_attribute_names("#status", "status")
                .expression_attribute_values(":status", s(status.as_str()));
        }
        query.send().await.map_err(StoreError::during("list events"))
    }

    /// Records an attempt; again, when it is told twice.
    ///
    /// # Errors
    /// When the table cannot be written.
    pub async fn put_attempt(&self, event: &EventHead, attempt: &Attempt) -> Result<(), StoreError> {
        let (org_id, config_id, event_id) = (&event.org_id, event.config_id, event.event_id);
        self.client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(to_item(attempt)?))
            .item("pk", s(format!("{org_id}#{config_id}")))
            .item("sk", s(format!("try#{event_id}#{:04}", attempt.number)))
            .item("expires_at", n(event.expires_at()))
            .send()
            .await
            .map_err(StoreError::during("record an attempt"))?;
        Ok(())
    }

    /// Writes where an event stands after `attempt`; `false`, and nothing written, when it was delivered before or a later
    /// attempt is recorded: an execution that is run again after a crash may come behind the one it handed over to.
    ///
    /// # Errors
    /// When the table cannot be written.
    pub async fn set_status(
        &self,
        event: &EventHead,
        attempt: &Attempt,
        next: &Next,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let mut set =
            "SET #status = :status, updated_at = :now, outcome = :outcome, attempt_count = :count".to_owned();
        let mut remove = Vec::new();
        let mut values: Item = HashMap::from([
            (":status".to_owned(), s(next.status.as_str())),
            (":now".to_owned(), s(now)),
            (":outcome".to_owned(), s(attempt.outcome.as_str())),
            (":count".to_owned(), n(attempt.number)),
            (":succeeded".to_owned(), s(Status::Succeeded.as_str())),
        ]);
        for (name, value) in [
            ("status_code", attempt.status_code.map(n)),
            ("next_attempt_at", next.retry_at.map(s)),
            ("reason", attempt.error.as_ref().map(s)),
        ] {
            match value {
                Some(value) => {
                    set.push_str(&format!(", {name} = :{name}"));
                    values.insert(format!(":{name}"), value);
                }
                None => remove.push(name),
            }
        }
        let expression = if remove.is_empty() { set } else { format!("{set} REMOVE {}", remove.join(", ")) };
        let update = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(item_key(Self::key(&event.org_id, event.config_id, event.event_id))))
            .update_expression(expression)
            .condition_expression(
                "attribute_exists(sk) AND attempt_count <= :count AND #status <> :succeeded",
            )
            .expression_attribute_names("#status", "status")
            .set_expression_attribute_values(Some(values))
            .send()
            .await;
        match update {
            Ok(_) => Ok(true),
            Err(e) if e.as_service_error().is_some_and(|e| e.is_conditional_check_failed_exception()) => {
                Ok(false)
            }
            Err(e) => Err(StoreError::during("write the status of an event")(e)),
        }
    }

    /// Marks an event failed and says why, writing its record first when an exception came before that.
    ///
    /// # Errors
    /// When the table cannot be written.
    pub async fn fail(
        &self,
        event: &EventHead,
        execution: &str,
        reason: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let record = EventRecord::new(event, execution, Status::Failed, Some(reason.to_owned()));
        let mut item = to_item(&record)?;
        for changing in ["status", "updated_at", "reason"] {
            item.remove(changing);
        }
        let mut expression = "SET #status = :status, updated_at = :now, #reason = :reason".to_owned();
        let mut names = HashMap::from([
            ("#status".to_owned(), "status".to_owned()),
            ("#reason".to_owned(), "reason".to_owned()),
        ]);
        let mut values: Item = HashMap::from([
            (":status".to_owned(), s(Status::Failed.as_str())),
            (":now".to_owned(), s(now)),
            (":reason".to_owned(), s(reason)),
        ]);
        for (name, value) in item {
            expression.push_str(&format!(", #{name} = if_not_exists(#{name}, :{name})"));
            names.insert(format!("#{name}"), name.clone());
            values.insert(format!(":{name}"), value);
        }
        expression.push_str(" REMOVE next_attempt_at");
        self.client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(item_key(Self::key(&event.org_id, event.config_id, event.event_id))))
            .update_expression(expression)
            .set_expression_attribute_names(Some(names))
            .set_expression_attribute_values(Some(values))
            .send()
            .await
            .map_err(StoreError::during("mark an event failed"))?;
        Ok(())
    }
}

fn item_key(key: [(&'static str, String); 2]) -> HashMap<String, AttributeValue> {
    key.into_iter().map(|(name, value)| (name.to_owned(), AttributeValue::S(value))).collect()
}

/// The least (`fill` 0) or greatest (`fill` 255) event id of a millisecond; without one, of all time.
fn bound(at: Option<Timestamp>, fill: u8) -> Uuid {
    let mut bytes = [fill; 16];
    if let Some(at) = at {
        let millis = u64::try_from(at.unix_millis()).unwrap_or(0);
        bytes[..6].copy_from_slice(&millis.to_be_bytes()[2..]);
    }
    Uuid::from_bytes(bytes)
}
