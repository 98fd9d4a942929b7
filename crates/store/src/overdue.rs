//! Taking up an event whose attempt is overdue.

use hookstep_contract::{EventRecord, Restarts, Status, Timestamp};

use crate::error::unless_forbidden;
use crate::events::item_key;
use crate::item::{n, s, to_attribute};
use crate::{Events, StoreError};

impl Events {
    /// Claims an event whose next attempt is overdue, which is due `now` from then on. Returns `false` if the event is no
    /// longer as `seen`: it went on, ended or was cancelled, or somebody else claimed it.
    ///
    /// # Errors
    /// If the table cannot be written.
    pub async fn claim_overdue(&self, seen: &EventRecord, now: Timestamp) -> Result<bool, StoreError> {
        let restarts = Restarts { number: seen.attempt_count + 1, count: seen.restart_count() + 1 };
        let unchanged = match seen.next_attempt_at {
            Some(_) => "next_attempt_at = :seen",
            None => "attribute_not_exists(next_attempt_at)",
        };
        let update = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(item_key(&seen.org_id, seen.config_id, seen.event_id)))
            .update_expression("SET next_attempt_at = :now, restarts = :restarts")
            .condition_expression(format!(
                "#status IN (:scheduled, :in_progress) AND attempt_count = :count AND \
                 attribute_not_exists(cancelled) AND {unchanged}"
            ))
            .expression_attribute_values(":scheduled", s(Status::Scheduled.as_str()))
            .expression_attribute_names("#status", "status")
            .expression_attribute_values(":now", s(now))
            .expression_attribute_values(":restarts", to_attribute(&restarts)?)
            .expression_attribute_values(":in_progress", s(Status::InProgress.as_str()))
            .expression_attribute_values(":count", n(seen.attempt_count));
        let update = match seen.next_attempt_at {
            Some(at) => update.expression_attribute_values(":seen", s(at)),
            None => update,
        };
        unless_forbidden(update.send().await, "claim an overdue event")
    }
}
