//! An event that a producer publishes by its type, for every webhook that subscribes to it (ADR 0055).

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::limits::EVENT_TYPE_CHARS;
use crate::org::kept_for;
use crate::{
    Claim, ConfigId, EventId, EventMetadata, FieldError, Mode, OrgId, Origin, SchemaMismatch, Source,
    Timestamp, WorkflowInput, is_ours,
};

/// The `Content-Type` of every publication: its payload is JSON.
const CONTENT_TYPE: &str = "application/json";

/// What is known about a publication, without its body.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Publication {
    /// The publication's id, a UUIDv7.
    pub publication_id: EventId,
    /// The tenant.
    pub org_id: OrgId,
    /// The type, to which webhooks subscribe.
    pub event_type: String,
    /// When it was accepted.
    pub created_at: Timestamp,
    /// When it is to be sent, if not at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deliver_at: Option<Timestamp>,
    /// The body's size in bytes.
    pub size: u64,
    /// The producer's own id for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub correlation_id: Option<String>,
    /// The producer's trace context, which is forwarded to the receivers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub traceparent: Option<String>,
    /// How many days it is kept, if its org says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retention_days: Option<u32>,
    /// How many hours its bodies are kept after its deliveries have ended, if its org says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body_retention_hours: Option<u32>,
    /// Whether its org has values in bodies that are not kept.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub redacts: bool,
    /// The object that holds the body, if it is large.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claim: Option<Claim>,
    /// Why the payload does not satisfy the schema of its type, if it was checked and does not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mismatch: Option<SchemaMismatch>,
    /// Who gets it, in the order of the webhooks' ids. Not part of its JSON, because there may be thousands.
    #[serde(skip)]
    pub deliveries: Vec<PublishedDelivery>,
}

/// One delivery of a publication.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PublishedDelivery {
    /// The webhook.
    pub config_id: ConfigId,
    /// The event that is sent to it.
    pub event_id: EventId,
}

impl PublishedDelivery {
    /// The delivery of a publication to a webhook whose events are spread over `shards` partitions. It is the same each time, so
    /// that a delivery that is started again is made once.
    pub fn of(publication_id: EventId, config_id: ConfigId, shards: u16) -> Self {
        let parts = [publication_id.0.as_bytes().as_slice(), config_id.0.as_bytes().as_slice()];
        let event_id = EventId::derived(publication_id.accepted_at(), &parts).spread_over(shards);
        Self { config_id, event_id }
    }
}

impl Publication {
    /// The `Content-Type` of the body.
    pub fn content_type(&self) -> &'static str {
        CONTENT_TYPE
    }

    /// When something of it may be deleted, in seconds since 1970 (DynamoDB TTL), which the deployment keeps for `retention`.
    pub fn expires_at(&self, retention: Duration) -> i64 {
        let due_at = self.deliver_at.unwrap_or(self.created_at);
        due_at.plus(kept_for(self.retention_days, retention)).unix_seconds()
    }

    /// The input of the execution that makes a delivery. It refers to the body, which is stored once for all of them.
    pub fn input(&self, delivery: PublishedDelivery) -> WorkflowInput {
        let PublishedDelivery { config_id, event_id } = delivery;
        let payload = match &self.claim {
            Some(claim) => Source::Claim(claim.clone()),
            None => Source::Published(self.publication_id),
        };
        let org_id = self.org_id.clone();
        let new = EventMetadata::new(org_id, config_id, event_id, Origin::Api, Mode::Async, self.created_at);
        let event = EventMetadata {
            deliver_at: self.deliver_at,
            content_type: Some(CONTENT_TYPE.to_owned()),
            size: Some(self.size),
            correlation_id: self.correlation_id.clone(),
            traceparent: self.traceparent.clone(),
            event_type: Some(self.event_type.clone()),
            publication_id: Some(self.publication_id),
            retention_days: self.retention_days,
            body_retention_hours: self.body_retention_hours,
            redacts: self.redacts,
            mismatch: self.mismatch.clone().map(Box::new),
            ..new
        };
        WorkflowInput { event, payload }
    }
}

/// Checks the type of a publication. Every type that a webhook can subscribe to by its name can be published, but for those of
/// Hookstep's own events.
///
/// # Errors
/// The field `event_type`.
pub fn check_event_type(event_type: &str) -> Result<(), FieldError> {
    is_event_type(event_type).map_err(|reason| FieldError::new("event_type", reason))
}

/// What is wrong with a text as an event type that can be published, if something is.
pub(crate) fn is_event_type(event_type: &str) -> Result<(), &'static str> {
    if !(1..=EVENT_TYPE_CHARS).contains(&event_type.chars().count())
        || event_type.chars().any(char::is_control)
    {
        return Err("must be 1 to 128 characters, without control characters");
    }
    if event_type.trim() != event_type {
        return Err("must not begin or end with a space");
    }
    if event_type.contains('*') {
        return Err("must be one type, without a *");
    }
    if is_ours(event_type) {
        return Err("must not be the type of one of Hookstep's own events");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "0190a000-0000-7000-8000-00000000000a";

    #[test]
    fn a_delivery_is_the_same_each_time_and_another_for_each_webhook_and_publication() {
        let [id, other]: [EventId; 2] =
            [ID, "0190a000-0000-7000-8000-00000000000b"].map(|id| id.parse().unwrap());
        let [webhook, another] = [id, other].map(|id| ConfigId(id.0));
        let first = PublishedDelivery::of(id, webhook, 1);
        assert_eq!(first, PublishedDelivery::of(id, webhook, 1));
        assert_eq!(first.event_id.accepted_at(), id.accepted_at());
        assert_eq!(first.event_id.shard(), None);
        assert!(PublishedDelivery::of(id, webhook, 8).event_id.shard().is_some());
        for changed in [PublishedDelivery::of(other, webhook, 1), PublishedDelivery::of(id, another, 1)] {
            assert_ne!(changed.event_id, first.event_id);
        }
    }

    #[test]
    fn a_type_is_one_that_webhooks_can_subscribe_to() {
        for fine in ["order.created", "Order Created", "x", "ä"] {
            assert!(check_event_type(fine).is_ok(), "{fine}");
        }
        for wrong in ["", " a", "a\n", "order.*", "*", "Webhook Delivery Failed", &"x".repeat(129)] {
            assert_eq!(check_event_type(wrong).unwrap_err().field, "event_type", "{wrong}");
        }
    }
}
