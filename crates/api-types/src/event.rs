//! Events and their attempts.

use std::collections::BTreeMap;

use hookstep_contract::{
    ConfigId, Content, EventId, EventRecord, OrgId, Origin, Outcome, Reason, ShownBody, Status, Timestamp,
    Timings,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{SchemaMismatch, schema};

/// An event.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Event {
    /// The id of the event.
    #[schema(value_type = schema::EventId)]
    pub event_id: EventId,
    /// The org that it belongs to.
    #[schema(value_type = schema::OrgId)]
    pub org_id: OrgId,
    /// The webhook that it is sent to.
    #[schema(value_type = schema::ConfigId)]
    pub config_id: ConfigId,
    /// Its status.
    #[schema(value_type = schema::Status)]
    pub status: Status,
    /// How it came in.
    #[schema(value_type = schema::Origin)]
    pub origin: Origin,
    /// When it was accepted.
    #[schema(value_type = schema::Timestamp)]
    pub created_at: Timestamp,
    /// When its status last changed.
    #[schema(value_type = schema::Timestamp)]
    pub updated_at: Timestamp,
    /// When the next attempt is due.
    #[schema(value_type = Option<schema::Timestamp>)]
    pub next_attempt_at: Option<Timestamp>,
    /// When the producer wanted it to be sent, if not at once.
    #[serde(default)]
    #[schema(value_type = Option<schema::Timestamp>, required = true)]
    pub deliver_at: Option<Timestamp>,
    /// The size of the body in bytes; null for an upload and for an event from the bus, where it is not known.
    pub size: Option<u64>,
    /// The body's `Content-Type`.
    pub content_type: Option<String>,
    /// The body's `Content-Encoding`, if it has one.
    #[serde(default)]
    #[schema(required = true)]
    pub content_encoding: Option<String>,
    /// The producer's own id for the event.
    pub correlation_id: Option<String>,
    /// The type of the event, if it was sent because of a subscription, or its producer has named it.
    pub event_type: Option<String>,
    /// Why its payload does not satisfy the schema of its type; null if it does, or was not checked.
    #[serde(default)]
    #[schema(required = true)]
    pub mismatch: Option<SchemaMismatch>,
    /// The publication that it is a delivery of, if it was published by its type.
    #[serde(default)]
    #[schema(value_type = Option<schema::EventId>, required = true)]
    pub publication_id: Option<EventId>,
    /// The event of which this one is a replay.
    #[schema(value_type = Option<schema::EventId>)]
    pub replay_of: Option<EventId>,
    /// The newest replay of this one, or of another event with the same `webhook_id`.
    #[serde(default)]
    #[schema(value_type = Option<schema::EventId>, required = true)]
    pub replayed_by: Option<EventId>,
    /// The bulk replay that sent it.
    #[serde(default)]
    #[schema(value_type = Option<schema::EventId>, required = true)]
    pub replay_id: Option<EventId>,
    /// The `webhook-id` that the receiver gets: the id of the first event of a chain of replays.
    #[schema(value_type = schema::EventId)]
    pub webhook_id: EventId,
    /// What was sent instead of the body, if a transform changed it.
    pub sent: Option<Sent>,
    /// Until when its bodies, and what receivers have answered, are kept, if its org keeps them for less long than the event. Null
    /// while the event is being delivered. Afterwards it cannot be sent again.
    #[serde(default)]
    #[schema(value_type = Option<schema::Timestamp>, required = true)]
    pub bodies_kept_until: Option<Timestamp>,
    /// Whether values of its body were replaced by `[redacted]`, because its org does not keep them. Then it cannot be sent again.
    #[serde(default)]
    #[schema(required = true)]
    pub body_redacted: bool,
    /// How the last attempt ended.
    #[schema(value_type = Option<schema::Outcome>)]
    pub outcome: Option<Outcome>,
    /// The status code of the last attempt.
    pub status_code: Option<u16>,
    /// How long the last attempt took, in milliseconds.
    pub duration_ms: Option<u64>,
    /// How many attempts were made.
    pub attempt_count: u32,
    /// Why it was skipped or failed.
    #[schema(value_type = Option<schema::Reason>)]
    pub reason: Option<Reason>,
    /// The `detail` of the reason.
    #[serde(default)]
    #[schema(required = true)]
    pub error: Option<String>,
    /// Its attempts, oldest first; only when a single event is read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attempts: Option<Vec<Attempt>>,
}

impl From<EventRecord> for Event {
    /// Without its attempts.
    fn from(record: EventRecord) -> Self {
        let bodies_kept_until = record.bodies_deleted_at.or_else(|| record.bodies_kept_until());
        let body_redacted = record.is_redacted();
        Self {
            event_id: record.event_id,
            org_id: record.org_id,
            config_id: record.config_id,
            status: record.status,
            origin: record.origin,
            created_at: record.created_at,
            updated_at: record.updated_at,
            next_attempt_at: record.next_attempt_at,
            deliver_at: record.deliver_at,
            size: record.size,
            content_type: record.content_type,
            content_encoding: record.content_encoding,
            correlation_id: record.correlation_id,
            event_type: record.event_type,
            mismatch: record.mismatch.map(|mismatch| SchemaMismatch::from(*mismatch)),
            publication_id: record.publication_id,
            replay_of: record.replay_of,
            replayed_by: record.replayed_by,
            replay_id: record.replay_id,
            webhook_id: record.webhook_id.unwrap_or(record.event_id),
            bodies_kept_until,
            body_redacted,
            sent: record.sent.map(Sent::from),
            outcome: record.outcome,
            status_code: record.status_code,
            duration_ms: record.duration_ms,
            attempt_count: record.attempt_count,
            error: record.reason.as_ref().map(|reason| reason.detail.clone()),
            reason: record.reason,
            attempts: None,
        }
    }
}

/// What was sent instead of the body.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Sent {
    /// Its `Content-Type`.
    pub content_type: String,
    /// Its size in bytes.
    pub size: u64,
}

impl From<hookstep_contract::Sent> for Sent {
    fn from(sent: hookstep_contract::Sent) -> Self {
        Self { content_type: sent.content_type, size: sent.size }
    }
}

/// One attempt to deliver an event: what was sent, and what came back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Attempt {
    /// 1 for the first.
    pub number: u32,
    /// When it began.
    #[schema(value_type = schema::Timestamp)]
    pub started_at: Timestamp,
    /// How long it took, the body read included, in milliseconds.
    pub duration_ms: u64,
    /// How it ended.
    #[schema(value_type = schema::Outcome)]
    pub outcome: Outcome,
    /// The HTTP status of the receiver's answer.
    pub status_code: Option<u16>,
    /// The method of the request; null for an attempt of an earlier version.
    #[serde(default)]
    #[schema(required = true)]
    pub method: Option<String>,
    /// The URL of the request; null for an attempt of an earlier version.
    #[serde(default)]
    #[schema(required = true)]
    pub url: Option<String>,
    /// The headers that were sent, with secret values masked.
    pub request_headers: BTreeMap<String, String>,
    /// The headers of the receiver's answer, up to 8 KiB.
    pub response_headers: BTreeMap<String, String>,
    /// The body of the receiver's answer, up to 64 KiB.
    pub response_body: Option<String>,
    /// `base64` if the body is not text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub response_body_encoding: Option<String>,
    /// The `Content-Encoding` of the answer, if `response_body` is what was inside: gzip and deflate are decoded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub response_body_decoded: Option<String>,
    /// Whether the body was longer.
    pub response_truncated: bool,
    /// The IP address that was called.
    pub remote_ip: Option<String>,
    /// Where the time went.
    #[schema(value_type = schema::Timings)]
    pub timings: Timings,
    /// Why it failed.
    #[serde(default)]
    #[schema(value_type = Option<schema::Reason>, required = true)]
    pub reason: Option<Reason>,
    /// The `detail` of the reason.
    pub error: Option<String>,
}

impl From<hookstep_contract::Attempt> for Attempt {
    fn from(attempt: hookstep_contract::Attempt) -> Self {
        let shown = attempt.response_body.map(Content::into_shown);
        let (response_body, encoding) = shown.map(|ShownBody { text, encoding }| (text, encoding)).unzip();
        Self {
            number: attempt.number,
            started_at: attempt.started_at,
            duration_ms: attempt.duration_ms,
            outcome: attempt.outcome,
            status_code: attempt.status_code,
            method: attempt.method,
            url: attempt.url,
            request_headers: attempt.request_headers,
            response_headers: attempt.response_headers,
            response_body,
            response_body_encoding: encoding.flatten().map(str::to_owned),
            response_body_decoded: attempt.response_decoded,
            response_truncated: attempt.response_truncated,
            remote_ip: attempt.remote_ip,
            timings: attempt.timings,
            error: attempt.reason.as_ref().map(|reason| reason.detail.clone()),
            reason: attempt.reason,
        }
    }
}
