//! What is known about an event when it is accepted.

use std::ops::Not;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::org::kept_for;
use crate::{ConfigId, EventId, EventRecord, OrgId, Origin, SchemaMismatch, Timestamp};

/// Whether the producer waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// The producer does not wait: retries follow the webhook's schedule.
    Async,
    /// The producer waits for the receiver's response: retries happen only while there is time left to
    /// respond.
    Sync,
}

/// What is known about an event when it is accepted. Every step receives it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventMetadata {
    /// The event's id.
    pub event_id: EventId,
    /// The tenant.
    pub org_id: OrgId,
    /// The webhook that the event is for.
    pub config_id: ConfigId,
    /// How the event came in.
    pub origin: Origin,
    /// Whether the producer waits.
    pub mode: Mode,
    /// When the event was accepted.
    pub created_at: Timestamp,
    /// When the event is to be sent for the first time, if not at once: at most [`MAX_DELAY`] after its acceptance.
    ///
    /// [`MAX_DELAY`]: crate::limits::MAX_DELAY
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deliver_at: Option<Timestamp>,
    /// The body's `Content-Type`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content_type: Option<String>,
    /// The body's `Content-Encoding`, if it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content_encoding: Option<String>,
    /// The body's size in bytes; unknown for an upload and for an event from the bus.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
    /// The producer's own id for the event.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub correlation_id: Option<String>,
    /// The producer's trace context (W3C Trace Context), which is forwarded to the receiver.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub traceparent: Option<String>,
    /// The event type if the event came through a subscription: its `detail-type` on the bus.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event_type: Option<String>,
    /// The publication that this event is a delivery of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub publication_id: Option<EventId>,
    /// The event that this event replays.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replay_of: Option<EventId>,
    /// The bulk replay that made this event.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replay_id: Option<EventId>,
    /// The first event of a chain of replays, if this is a later one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub webhook_id: Option<EventId>,
    /// Whether the body was already filtered and transformed, because this event replays what was sent.
    #[serde(default, skip_serializing_if = "<&bool>::not")]
    pub as_sent: bool,
    /// How many days the event is kept, if its org says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retention_days: Option<u32>,
    /// How many hours its bodies are kept after it has ended, if its org says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body_retention_hours: Option<u32>,
    /// Whether its org has values in its bodies that are not kept.
    #[serde(default, skip_serializing_if = "<&bool>::not")]
    pub redacts: bool,
    /// A hash of the key by which the event has its place in an order; see [`Ordering`](crate::Ordering).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order_key: Option<String>,
    /// Why the payload does not satisfy the schema of its type, if it was checked and does not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mismatch: Option<Box<SchemaMismatch>>,
}

impl EventMetadata {
    /// An event with only the given fields. The caller sets any others.
    pub fn new(
        org_id: OrgId,
        config_id: ConfigId,
        event_id: EventId,
        origin: Origin,
        mode: Mode,
        created_at: Timestamp,
    ) -> Self {
        Self {
            event_id,
            org_id,
            config_id,
            origin,
            mode,
            created_at,
            deliver_at: None,
            content_type: None,
            content_encoding: None,
            size: None,
            correlation_id: None,
            traceparent: None,
            event_type: None,
            publication_id: None,
            replay_of: None,
            replay_id: None,
            webhook_id: None,
            as_sent: false,
            retention_days: None,
            body_retention_hours: None,
            redacts: false,
            order_key: None,
            mismatch: None,
        }
    }

    /// The `webhook-id` of the event's requests, by which a receiver recognises duplicates: an event and all
    /// its replays share it.
    pub fn webhook_id(&self) -> EventId {
        self.webhook_id.unwrap_or(self.event_id)
    }

    /// When the event is to be sent first.
    pub fn due_at(&self) -> Timestamp {
        self.deliver_at.unwrap_or(self.created_at)
    }

    /// When the event's records may be deleted, in seconds since 1970 (DynamoDB TTL). `retention` is how long the deployment keeps
    /// events.
    ///
    /// The retention of an event that is sent later begins when it is to be sent, so that its retries have as much time as
    /// those of any other.
    pub fn expires_at(&self, retention: Duration) -> i64 {
        self.due_at().plus(kept_for(self.retention_days, retention)).unix_seconds()
    }
}

/// The event as its steps know it, for an execution that takes it up again without a producer. The producer's trace
/// context is not recorded, so that further requests go without.
impl From<&EventRecord> for EventMetadata {
    fn from(record: &EventRecord) -> Self {
        let (content_type, content_encoding, size) = match &record.sent {
            // A transform's output is not encoded.
            Some(sent) => (Some(sent.content_type.clone()), None, Some(sent.size)),
            None => (record.content_type.clone(), record.content_encoding.clone(), record.size),
        };
        Self {
            event_id: record.event_id,
            org_id: record.org_id.clone(),
            config_id: record.config_id,
            origin: record.origin,
            mode: Mode::Async,
            created_at: record.created_at,
            deliver_at: record.deliver_at,
            content_type,
            content_encoding,
            size,
            correlation_id: record.correlation_id.clone(),
            traceparent: None,
            event_type: record.event_type.clone(),
            publication_id: record.publication_id,
            replay_of: record.replay_of,
            replay_id: record.replay_id,
            webhook_id: record.webhook_id,
            as_sent: record.as_sent,
            retention_days: record.retention_days,
            body_retention_hours: record.body_retention_hours,
            redacts: record.redaction.is_some(),
            order_key: record.order_key.clone(),
            mismatch: record.mismatch.clone(),
        }
    }
}

/// Whether a producer's trace context is valid. W3C Trace Context (§3.2.2) requires invalid ones to be
/// ignored.
pub fn is_traceparent(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let is_hex = |part: &str| part.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    let has_id = |part: &str| part.bytes().any(|byte| byte != b'0');
    match parts[..] {
        ["00", trace, parent, flags] if [trace, parent, flags].map(str::len) == [32, 16, 2] => {
            [trace, parent, flags].into_iter().all(is_hex) && has_id(trace) && has_id(parent)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn a_record_has_all_that_an_event_needs_to_be_taken_up_but_the_trace_context() {
        let id = "0190a000-0000-7000-8000-00000000000a";
        let all = json!({
            "event_id": id, "org_id": "acme", "config_id": id, "origin": "replay", "mode": "async",
            "created_at": "2026-01-02T03:04:05.678Z", "deliver_at": "2026-01-03T03:04:05.678Z", "content_type": "text/plain", "content_encoding": "gzip", "size": 9,
            "correlation_id": "c", "event_type": "t", "publication_id": id, "replay_of": id, "replay_id": id, "webhook_id": id,
            "redacts": true, "order_key": "6a", "mismatch": {"version": "1", "path": "/a", "reason": "r"},
        });
        let merged = |changes: Value| -> Value {
            let mut event = all.clone();
            event.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
            event
        };
        let event: EventMetadata =
            serde_json::from_value(merged(json!({"traceparent": "00-a-b-01"}))).unwrap();
        let new = EventRecord::new(&event, "e", crate::Status::InProgress, None, Duration::ZERO);
        let sent = json!({"content_type": "text/xml", "size": 3});
        for (record, expected) in [
            (new.clone(), merged(json!({}))),
            (EventRecord { as_sent: true, ..new.clone() }, merged(json!({"as_sent": true}))),
            (EventRecord { sent: serde_json::from_value(sent).unwrap(), ..new }, {
                let mut event = merged(json!({"content_type": "text/xml", "size": 3}));
                event.as_object_mut().unwrap().remove("content_encoding");
                event
            }),
        ] {
            assert_eq!(serde_json::to_value(EventMetadata::from(&record)).unwrap(), expected);
        }
    }

    #[test]
    fn an_event_that_is_sent_later_is_kept_for_as_long_after_that_as_any_other() {
        let id = "0190a000-0000-7000-8000-00000000000a";
        let event = json!({
            "event_id": id, "org_id": "acme", "config_id": id, "origin": "api", "mode": "async",
            "created_at": "1970-01-01T00:00:10Z",
        });
        let now: EventMetadata = serde_json::from_value(event).unwrap();
        let later = EventMetadata { deliver_at: Timestamp::from_unix_seconds(1000), ..now.clone() };
        let retention = Duration::from_secs(7);
        assert_eq!((now.expires_at(retention), later.expires_at(retention)), (17, 1007));
    }
}
