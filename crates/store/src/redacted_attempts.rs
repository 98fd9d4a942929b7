//! Attempts of which some values are not kept (ADR 0067).

use aws_sdk_dynamodb::types::AttributeValue;
use hookstep_contract::{Attempt, EventRecord, RecordKey, RedactedValues, Redaction, Redactor};

use crate::attempts::LAST;
use crate::error::unless_forbidden;
use crate::events::item_key;
use crate::item::{Item, s, to_attribute};
use crate::{Events, StoreError, attempt_item};

/// What of an attempt may repeat a body.
const REDACTED_PARTS: [&str; 4] = ["request_headers", "response_headers", "response_body", "reason"];

impl Events {
    /// Replaces in the attempts and the reason of an event what is not kept, if something is not, where these values were replaced in
    /// its body; then notes what became of its bodies. Doing it twice is harmless.
    ///
    /// # Errors
    /// If the table cannot be read or written.
    pub async fn redact(
        &self,
        event: &EventRecord,
        not_kept: Option<(&Redactor, &RedactedValues)>,
        redaction: Redaction,
    ) -> Result<(), StoreError> {
        let EventRecord { org_id, config_id, event_id, .. } = event;
        let mut set = "SET redaction = :redaction".to_owned();
        let mut attributes = Item::from([(":redaction".to_owned(), to_attribute(&redaction)?)]);
        let mut update = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(item_key(org_id, *config_id, *event_id)));
        if let Some((redactor, values)) = not_kept {
            self.redact_others(event, redactor, values).await?;
            if let Some(last) = self.last_attempt(event).await? {
                let last = attempt_item::to_item(&redactor.attempt(last, values))?;
                set = format!("{set}, {LAST} = :last");
                attributes.insert(":last".to_owned(), AttributeValue::M(last));
            }
            if let Some(reason) = event.reason.clone() {
                set.push_str(", #reason = :reason");
                attributes.insert(":reason".to_owned(), to_attribute(&values.reason(reason))?);
                update = update.expression_attribute_names("#reason", "reason");
            }
        }
        let update = update
            .update_expression(set)
            .condition_expression("attribute_exists(sk)")
            .set_expression_attribute_values(Some(attributes));
        unless_forbidden(update.send().await, "note that an event is redacted").map(drop)
    }

    /// Replaces it in the attempts that have items of their own.
    async fn redact_others(
        &self,
        event: &EventRecord,
        redactor: &Redactor,
        values: &RedactedValues,
    ) -> Result<(), StoreError> {
        let EventRecord { org_id, config_id, event_id, .. } = event;
        for attempt in self.other_attempts(event).await? {
            let left = redactor.attempt(attempt.clone(), values);
            if left != attempt {
                let key = Item::from([
                    ("pk".to_owned(), s(RecordKey::of(org_id, *config_id, *event_id).pk)),
                    ("sk".to_owned(), s(format!("try#{event_id}#{:04}", left.number))),
                ]);
                self.replace_parts(key, &left).await?;
            }
        }
        Ok(())
    }

    async fn replace_parts(&self, key: Item, left: &Attempt) -> Result<(), StoreError> {
        let mut item = attempt_item::to_item(left)?;
        let parts = REDACTED_PARTS.iter().filter_map(|part| Some((*part, item.remove(*part)?)));
        let parts: Vec<_> = parts.collect();
        let set: Vec<_> = parts.iter().map(|(part, _)| format!("#{part} = :{part}")).collect();
        let mut update = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(key))
            .update_expression(format!("SET {}", set.join(", ")))
            .condition_expression("attribute_exists(sk)");
        for (part, value) in parts {
            update = update
                .expression_attribute_names(format!("#{part}"), part)
                .expression_attribute_values(format!(":{part}"), value);
        }
        unless_forbidden(update.send().await, "redact what a receiver has answered").map(drop)
    }
}
