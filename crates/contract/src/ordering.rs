//! The order in which a webhook's events are sent (ADR 0051).

use serde::{Deserialize, Serialize};

use crate::payload_rules::check_expression;
use crate::{
    ConfigFields, EventMetadata, FieldError, Lane, LaneLimits, Origin, Reason, ReasonCode, Timestamp,
};

/// One event is sent after the other: of a webhook, or of those that have the same key.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ordering {
    /// A JSONata expression over the accepted body, which makes a string, a number or a boolean: the key. Events of one key are
    /// sent in order, events for which it makes nothing in none. Null to send all events of the webhook in one order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// What becomes of the events behind one that has failed.
    #[serde(default)]
    pub on_failure: OnFailure,
}

/// What becomes of the events behind one that has failed after all its retries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnFailure {
    /// They are sent.
    #[default]
    Continue,
    /// They wait until a person has cancelled it, or a replay of it has succeeded.
    Block,
}

impl OnFailure {
    /// The name used in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Continue => "continue",
            Self::Block => "block",
        }
    }
}

/// Why an event that keeps its place in an order is not sent now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// Since when nothing has changed about the event.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
    /// When its next attempt is due.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}

/// The order of all events of a webhook.
const ALL: &str = "all";

impl Ordering {
    /// Checks everything except for the syntax of the expression.
    ///
    /// # Errors
    /// If a field is invalid.
    pub fn check(&self) -> Result<(), FieldError> {
        match &self.key {
            Some(key) => check_expression("ordering.key", key),
            None => Ok(()),
        }
    }

    /// Whether `event` may have a place in an order. Replays and tests have none: they are sent because a person wants that now,
    /// often because of the very event that the others wait for.
    pub(crate) fn has_place(event: &EventMetadata) -> bool {
        matches!(event.origin, Origin::Api | Origin::EventBridge)
    }

    /// The order in which `event` has a place; `None` if it has none.
    pub fn of<'a>(&self, event: &'a EventMetadata) -> Option<&'a str> {
        let order = if self.key.is_some() { event.order_key.as_deref() } else { Some(ALL) };
        order.filter(|_| Self::has_place(event))
    }

    /// Where `event` waits for its turn if it has a place in an order, and whether those behind it wait if it fails.
    pub fn place(fields: &ConfigFields, event: &EventMetadata) -> Option<(Lane, bool)> {
        let ordering = fields.ordering.as_ref()?;
        let lane = LaneLimits::of(fields).unwrap_or_default().lane_in_order(event, ordering.of(event)?);
        Some((lane, ordering.is_blocked_by(None)))
    }

    /// Whether an event that failed for this reason blocks those behind it. It does not if a person cancelled it, or did not want
    /// it to be sent.
    pub fn is_blocked_by(&self, reason: Option<&Reason>) -> bool {
        let is_given_up = |reason: &Reason| {
            !matches!(
                reason.code,
                ReasonCode::Cancelled
                    | ReasonCode::WebhookDisabled
                    | ReasonCode::OrgSuspended
                    | ReasonCode::WebhookDeleted
            )
        };
        self.on_failure == OnFailure::Block && reason.is_none_or(is_given_up)
    }
}
