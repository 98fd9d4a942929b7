//! The attempts of an event.
//!
//! Every attempt is a separate item, with one exception: the attempt that ends its event is stored in the
//! event's item if it is small. DynamoDB charges per write and per kilobyte, and most events end at their
//! first attempt, so this saves a third of their writes.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{self, AttributeValue, ReturnValuesOnConditionCheckFailure, TransactWriteItem};
use hookstep_contract::{
    Attempt, EventMetadata, EventRecord, Next, Outcome, PinnedObject, RecordKey, Status, Timestamp,
};
use hookstep_tables::size;
use serde::Deserialize;

use crate::events::item_key;
use crate::item::{Item, from_item, n, s, to_attribute};
use crate::{Events, StoreError, attempt_item};

/// The attribute of an event's item that holds the event's last attempt.
pub(crate) const LAST: &str = "last_attempt";

/// The maximum size of an attempt that is stored in its event's item, in bytes, so that a page of events stays quick to
/// read. One combined item never costs more than two separate ones.
const SMALL_BYTES: usize = 2048;

/// The effect of recording an attempt on its event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recorded {
    /// The event now has the status that resulted from this attempt.
    Decisive,
    /// The event keeps its status, because it was already delivered or cancelled, or a later attempt is
    /// recorded. An execution that is restarted after a crash may lag behind the execution that it handed
    /// over to.
    Superseded {
        /// The status that the event keeps; `None` if the event's record has expired.
        status: Option<Status>,
    },
}

impl Events {
    /// The attempts of an event, in order.
    ///
    /// # Errors
    /// If the table cannot be read.
    pub async fn attempts(&self, event: &EventRecord) -> Result<Vec<Attempt>, StoreError> {
        let (last, others) = tokio::try_join!(self.last_attempt(event), self.other_attempts(event))?;
        // An attempt that was repeated after a crash has its own item, and is the later of the two.
        let attempts: BTreeMap<u32, Attempt> =
            last.into_iter().chain(others).map(|attempt| (attempt.number, attempt)).collect();
        Ok(attempts.into_values().collect())
    }

    pub(crate) async fn last_attempt(&self, event: &EventRecord) -> Result<Option<Attempt>, StoreError> {
        let found = self
            .client
            .get_item()
            .table_name(&self.table)
            .set_key(Some(item_key(&event.org_id, event.config_id, event.event_id)))
            .projection_expression(LAST)
            .send()
            .await
            .map_err(StoreError::during("read the last attempt"))?;
        match found.item.and_then(|mut item| item.remove(LAST)) {
            Some(AttributeValue::M(item)) => attempt_item::from_item(item, event).map(Some),
            _ => Ok(None),
        }
    }

    pub(crate) async fn other_attempts(&self, event: &EventRecord) -> Result<Vec<Attempt>, StoreError> {
        let EventRecord { org_id, config_id, event_id, .. } = event;
        let mut pages = self
            .client
            .query()
            .table_name(&self.table)
            .key_condition_expression("pk = :pk AND begins_with(sk, :tries)")
            .expression_attribute_values(":pk", s(RecordKey::of(org_id, *config_id, *event_id).pk))
            .expression_attribute_values(":tries", s(format!("try#{event_id}#")))
            .into_items();
        let mut attempts = Vec::new();
        while let Some(item) = pages.next().await {
            let item = item.map_err(StoreError::during("read attempts"))?;
            attempts.push(attempt_item::from_item(item, event)?);
        }
        Ok(attempts)
    }

    /// Records an attempt, the object that it sent if there was one, and the event's status after it. Recording the same
    /// attempt twice is harmless.
    ///
    /// # Errors
    /// If the table cannot be written.
    pub async fn record_attempt(
        &self,
        event: &EventMetadata,
        attempt: &Attempt,
        object: Option<&PinnedObject>,
        next: &Next,
        now: Timestamp,
    ) -> Result<Recorded, StoreError> {
        let update = Update { attempt, object, next, now };
        let item = attempt_item::to_item(attempt)?;
        if attempt.outcome == Outcome::FailedPlatform {
            return self.record_missed(event, update, item).await;
        }
        if next.retry_at.is_none() && size(&item) <= SMALL_BYTES {
            let recorded = self.set_status(event, update, Some(item)).await?;
            if recorded != Recorded::Decisive {
                self.put_attempt(event, attempt.number, attempt_item::to_item(attempt)?).await?;
            }
            return Ok(recorded);
        }
        // If one of these writes fails, both are repeated unchanged, so their order does not matter.
        let (written, recorded) =
            tokio::join!(self.put_attempt(event, attempt.number, item), self.set_status(event, update, None));
        written?;
        recorded
    }

    /// Records an attempt that a fault has prevented, or whose result it has hidden. If the event has ended, or a later attempt is
    /// recorded, that record stays: the fault has met a repetition, which does not know what was sent. If this very attempt is recorded
    /// and the event goes on, whoever has recorded it may never have come to the next one.
    async fn record_missed(
        &self,
        event: &EventMetadata,
        update: Update<'_>,
        item: Item,
    ) -> Result<Recorded, StoreError> {
        let (org_id, config_id, event_id) = (&event.org_id, event.config_id, event.event_id);
        let number = update.attempt.number;
        let (expression, values) = status_update(update, None)?;
        let status = types::Update::builder()
            .table_name(&self.table)
            .set_key(Some(item_key(org_id, config_id, event_id)))
            .update_expression(expression)
            .condition_expression(
                "attribute_exists(sk) AND attempt_count <= :count AND #status IN (:open, :waiting) \
                 AND attribute_not_exists(cancelled)",
            )
            .expression_attribute_names("#status", "status")
            .set_expression_attribute_values(Some(values))
            .expression_attribute_values(":open", s(Status::InProgress.as_str()))
            .expression_attribute_values(":waiting", s(Status::Scheduled.as_str()))
            .build();
        let attempt = types::Put::builder()
            .table_name(&self.table)
            .set_item(Some(item))
            .item("pk", s(RecordKey::of(org_id, config_id, event_id).pk))
            .item("sk", s(format!("try#{event_id}#{number:04}")))
            .item("expires_at", n(event.expires_at(self.retention)))
            .build();
        let status = status.map_err(StoreError::during("describe a write"))?;
        let attempt = attempt.map_err(StoreError::during("describe a write"))?;
        let write = self.client.transact_write_items();
        let write = write.transact_items(TransactWriteItem::builder().update(status).build());
        match write.transact_items(TransactWriteItem::builder().put(attempt).build()).send().await {
            Ok(_) => Ok(Recorded::Decisive),
            Err(error) if crate::configs::is_canceled(&error, "ConditionalCheckFailed") => {
                let standing = self.latest(org_id, config_id, event_id).await?;
                // The same fault was recorded before, and the answer was lost.
                let is_same = standing.as_ref().is_some_and(|standing| {
                    let is_fault = standing.outcome == Some(Outcome::FailedPlatform);
                    is_fault && standing.attempt_count == number && standing.status == update.next.status
                });
                let status = standing.map(|standing| standing.status);
                Ok(if is_same { Recorded::Decisive } else { Recorded::Superseded { status } })
            }
            Err(error) => Err(StoreError::during("record an attempt that was not made")(error)),
        }
    }

    async fn put_attempt(&self, event: &EventMetadata, number: u32, item: Item) -> Result<(), StoreError> {
        let (org_id, config_id, event_id) = (&event.org_id, event.config_id, event.event_id);
        self.client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(item))
            .item("pk", s(RecordKey::of(org_id, config_id, event_id).pk))
            .item("sk", s(format!("try#{event_id}#{number:04}")))
            .item("expires_at", n(event.expires_at(self.retention)))
            .send()
            .await
            .map_err(StoreError::during("record an attempt"))?;
        Ok(())
    }

    /// Writes the event's status after an attempt, together with `last`.
    async fn set_status(
        &self,
        event: &EventMetadata,
        update: Update<'_>,
        last: Option<Item>,
    ) -> Result<Recorded, StoreError> {
        let next = update.next;
        let (expression, values) = status_update(update, last)?;
        let update = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(item_key(&event.org_id, event.config_id, event.event_id)))
            .update_expression(expression)
            .condition_expression(
                "attribute_exists(sk) AND attempt_count <= :count AND NOT #status IN (:succeeded, :recovered) \
                 AND attribute_not_exists(cancelled)",
            )
            .expression_attribute_names("#status", "status")
            .set_expression_attribute_values(Some(values))
            .expression_attribute_values(":succeeded", s(Status::Succeeded.as_str()))
            .expression_attribute_values(":recovered", s(Status::Recovered.as_str()))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .send()
            .await;
        match update.map_err(SdkError::into_service_error) {
            Ok(_) => Ok(Recorded::Decisive),
            Err(UpdateItemError::ConditionalCheckFailedException(forbidden)) => {
                let standing: Option<Standing> = forbidden.item.map(from_item).transpose()?;
                Ok(match standing {
                    // The same success: if the attempt could not be written the first time, both writes are
                    // repeated.
                    Some(Standing { status: Status::Succeeded }) if next.status == Status::Succeeded => {
                        Recorded::Decisive
                    }
                    other => Recorded::Superseded { status: other.map(|standing| standing.status) },
                })
            }
            Err(error) => Err(StoreError::during("write the status of an event")(error)),
        }
    }
}

/// What an attempt changes in the item of its event.
#[derive(Clone, Copy)]
struct Update<'a> {
    attempt: &'a Attempt,
    /// The object that was sent.
    object: Option<&'a PinnedObject>,
    next: &'a Next,
    now: Timestamp,
}

/// The update expression for an event's item after an attempt, and its values.
fn status_update(update: Update<'_>, last: Option<Item>) -> Result<(String, Item), StoreError> {
    let Update { attempt, object, next, now } = update;
    let mut set =
        "SET #status = :status, updated_at = :now, outcome = :outcome, duration_ms = :duration_ms, \
         attempt_count = :count"
            .to_owned();
    let mut remove = Vec::new();
    let mut values: Item = HashMap::from([
        (":status".to_owned(), s(next.status.as_str())),
        (":now".to_owned(), s(now)),
        (":outcome".to_owned(), s(attempt.outcome.as_str())),
        (":duration_ms".to_owned(), n(attempt.duration_ms)),
        (":count".to_owned(), n(attempt.number)),
    ]);
    for (name, value) in [
        ("status_code", attempt.status_code.map(n)),
        ("next_attempt_at", next.retry_at.map(s)),
        ("reason", attempt.reason.as_ref().map(to_attribute).transpose()?),
        (LAST, last.map(AttributeValue::M)),
    ] {
        match value {
            Some(value) => {
                set.push_str(&format!(", {name} = :{name}"));
                values.insert(format!(":{name}"), value);
            }
            None => remove.push(name),
        }
    }
    // The first object stays: a later attempt sends it or none.
    if let Some(object) = object {
        set.push_str(", pinned = if_not_exists(pinned, :pinned)");
        values.insert(":pinned".to_owned(), to_attribute(object)?);
    }
    if next.status == Status::Succeeded {
        // The event is not recorded again, and storage is charged every month (see `RecordEvent`).
        remove.push("execution");
    }
    let expression = if remove.is_empty() { set } else { format!("{set} REMOVE {}", remove.join(", ")) };
    Ok((expression, values))
}

/// The status of an event, read from its item.
#[derive(Deserialize)]
struct Standing {
    status: Status,
}
