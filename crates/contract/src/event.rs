//! The record of an event.

use std::ops::Not;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::limits::{CORRELATION_ID_BYTES, hours};
use crate::{
    Attempt, Claim, ConfigId, EventId, EventMetadata, OrgId, Outcome, PinnedObject, Reason, SchemaMismatch,
    Source, StoredBody, Timestamp,
};

/// The status of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Accepted, to be sent for the first time at a later time: see [`EventRecord::deliver_at`].
    Scheduled,
    /// Accepted; being sent, or waiting for the next attempt.
    InProgress,
    /// A receiver accepted the event.
    Succeeded,
    /// No further attempt will be made.
    Failed,
    /// Failed, but the newest replay was accepted by a receiver.
    Recovered,
    /// Not sent: the webhook is disabled, or its filter rejected the event.
    Skipped,
}

impl Status {
    /// The name used in JSON and in tables.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Scheduled => "scheduled",
            Self::InProgress => "in_progress",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Recovered => "recovered",
            Self::Skipped => "skipped",
        }
    }

    /// Whether the event is still to be sent, now or later.
    pub fn is_open(self) -> bool {
        matches!(self, Self::Scheduled | Self::InProgress)
    }
}

/// How an event came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// By `POST …/trigger`.
    Api,
    /// From the EventBridge bus.
    EventBridge,
    /// A replay of an earlier event.
    Replay,
    /// By `POST …/test`.
    Test,
}

/// An event as stored in the events table, without its payload, so that a status update does not rewrite a
/// body.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EventRecord {
    /// The event's id.
    pub event_id: EventId,
    /// The tenant.
    pub org_id: OrgId,
    /// The webhook that the event is for.
    pub config_id: ConfigId,
    /// The event's status.
    pub status: Status,
    /// How the event came in.
    pub origin: Origin,
    /// When the event was accepted.
    pub created_at: Timestamp,
    /// When the status last changed.
    pub updated_at: Timestamp,
    /// When the event will be sent next.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_attempt_at: Option<Timestamp>,
    /// When the producer wanted the event to be sent, if not at once. It stays after that time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deliver_at: Option<Timestamp>,
    /// The body's size in bytes; unknown for an upload and for an event from the bus.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
    /// The body's `Content-Type`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content_type: Option<String>,
    /// The body's `Content-Encoding`, if it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content_encoding: Option<String>,
    /// The producer's own id for the event.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub correlation_id: Option<String>,
    /// The event type if the event came through a subscription: its `detail-type` on the bus.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event_type: Option<String>,
    /// The publication that this event is a delivery of. Unless a claim check holds it, the body is that of the publication.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub publication_id: Option<EventId>,
    /// The event that this event replays.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replay_of: Option<EventId>,
    /// The bulk replay that made this event.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replay_id: Option<EventId>,
    /// The newest event that sends this one again: see [`crate::ReplayChain`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replayed_by: Option<EventId>,
    /// The id that the receiver sees if it differs from the event's own: see [`EventMetadata::webhook_id`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub webhook_id: Option<EventId>,
    /// The key of the claim check that holds the body; other bodies are in the events table.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claim: Option<String>,
    /// What was sent in place of the body, if a transform changed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sent: Option<Sent>,
    /// The object that was sent, if it was one: a replay sends this object or nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pinned: Option<PinnedObject>,
    /// Where the body is read from, if the event was not filtered and transformed yet: it is scheduled, or a fault of the
    /// platform stopped it. Nothing was sent yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unprepared: Option<Source>,
    /// Whether the body of an event with `unprepared` was filtered and transformed before: see
    /// [`EventMetadata::as_sent`].
    #[serde(default, skip_serializing_if = "<&bool>::not")]
    pub as_sent: bool,
    /// [`EventMetadata::retention_days`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retention_days: Option<u32>,
    /// [`EventMetadata::body_retention_hours`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body_retention_hours: Option<u32>,
    /// When its bodies were deleted because they are kept for less long than the event.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bodies_deleted_at: Option<Timestamp>,
    /// What became of the values in its bodies that its org does not keep, if there may be any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub redaction: Option<Redaction>,
    /// A hash of the key by which the event has its place in an order; see [`Ordering`](crate::Ordering).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order_key: Option<String>,
    /// Why the payload does not satisfy the schema of its type, if it was checked and does not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mismatch: Option<Box<SchemaMismatch>>,
    /// How often the event was overdue, and was started again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restarts: Option<Restarts>,
    /// How the last attempt ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Outcome>,
    /// The status code of the last attempt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status_code: Option<u16>,
    /// How long the last attempt took, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_ms: Option<u64>,
    /// How many attempts were recorded.
    #[serde(default)]
    pub attempt_count: u32,
    /// Why the event was skipped or failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// The execution that owns the record: no other may record the event again. Empty once the event is
    /// delivered.
    #[serde(default)]
    pub execution: String,
    /// When the record may be deleted, in seconds since 1970 (DynamoDB TTL).
    pub expires_at: i64,
}

/// What became of the values in an event's bodies that its org does not keep (ADR 0067).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Redaction {
    /// They are needed until it has ended, and are there; they are not shown.
    Due,
    /// There were none: its bodies are what they were.
    Whole,
    /// They were replaced. Nothing can be sent from what is left.
    Redacted,
}

/// How often an overdue event was started again without effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Restarts {
    /// The number of the attempt that was to be made. Once that is recorded, the count is void.
    pub number: u32,
    /// How often the event was started for it.
    pub count: u32,
}

/// What was sent in place of a body.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sent {
    /// The `Content-Type` of what was sent.
    pub content_type: String,
    /// The size in bytes.
    pub size: u64,
    /// The key of the claim check that holds it; absent if it is stored beside the body.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claim: Option<String>,
}

/// Whether a correlation id can be an index key. DynamoDB would reject the whole record for an id that
/// cannot; only the bus brings such ids.
fn is_key(correlation_id: &str) -> bool {
    (1..=CORRELATION_ID_BYTES).contains(&correlation_id.len())
}

impl EventRecord {
    /// The `webhook-id` of the event's requests: see [`EventMetadata::webhook_id`].
    pub fn webhook_id(&self) -> EventId {
        self.webhook_id.unwrap_or(self.event_id)
    }

    /// Whether the webhook's filter and transform, if any, were applied, so that it is known what was (or
    /// would have been) sent.
    pub fn rules_were_applied(&self) -> bool {
        let was_prepared = self.attempt_count > 0 && self.unprepared.is_none();
        self.sent.is_some() || (was_prepared && self.outcome != Some(Outcome::FailedPayload))
    }

    /// Notes that its body cannot be sent as it is prepared. Should a fault of the platform stop the attempt that says so, the next
    /// one prepares the body anew, and does not send what was accepted.
    pub fn refuse_body(&mut self) {
        self.unprepared = Some(self.accepted_body());
    }

    /// How often the event was started again for the attempt that is due.
    pub fn restart_count(&self) -> u32 {
        let current = self.restarts.filter(|restarts| restarts.number == self.attempt_count + 1);
        current.map_or(0, |restarts| restarts.count)
    }

    /// The names under which its next attempt may wait, in the queue of lanes or as a schedule: an event that was started again has
    /// another one each time.
    pub fn waiting_names(&self) -> impl Iterator<Item = String> {
        let (event_id, number) = (self.event_id, self.attempt_count + 1);
        let restarts = self.restarts.map_or(0, |restarts| restarts.count);
        let again = (1..=restarts).map(move |restart| format!("{event_id}-{number}-{restart}"));
        [format!("{event_id}-{number}")].into_iter().chain(again)
    }

    /// Until when its bodies are kept, if that is less long than the event, and the event has ended. One that holds up others in
    /// their order keeps them for longer.
    pub fn bodies_kept_until(&self) -> Option<Timestamp> {
        let kept_for = self.body_retention_hours.filter(|_| !self.status.is_open())?;
        Some(self.updated_at.plus(hours(kept_for)))
    }

    /// Whether its bodies are no longer kept at `now`, although the event is: what is there of them is not to be read.
    pub fn has_lost_bodies(&self, now: Timestamp) -> bool {
        // A failed one may hold up others, and then waits for a person with its body.
        let is_over =
            self.status != Status::Failed && self.bodies_kept_until().is_some_and(|until| until <= now);
        self.bodies_deleted_at.is_some() || is_over
    }

    /// Whether its bodies may have values that are not to be shown.
    pub fn may_have_what_is_redacted(&self) -> bool {
        // A redacted event of a publication shares its body with others that may still need it.
        matches!(self.redaction, Some(Redaction::Due | Redaction::Redacted))
    }

    /// Whether values of its bodies were replaced, so that it cannot be sent again.
    pub fn is_redacted(&self) -> bool {
        self.redaction == Some(Redaction::Redacted)
    }

    /// The event's attempts as they may be shown at `now`: without what repeats bodies, if these are no longer kept.
    pub fn shown(&self, attempts: Vec<Attempt>, now: Timestamp) -> Vec<Attempt> {
        match self.has_lost_bodies(now) {
            true => attempts.into_iter().map(Attempt::without_bodies).collect(),
            false => attempts,
        }
    }

    /// Where the body of a further attempt is.
    pub fn stored_body(&self) -> StoredBody {
        if let Some(pinned) = &self.pinned {
            return StoredBody::Object(pinned.clone());
        }
        match (&self.sent, &self.claim) {
            (Some(Sent { claim: Some(key), .. }), _) | (None, Some(key)) => StoredBody::Claim(Claim::of(key)),
            (Some(Sent { claim: None, .. }), _) => StoredBody::SentBodyOf(self.event_id),
            (None, None) => match self.publication_id {
                Some(publication_id) => StoredBody::Published(publication_id),
                None => StoredBody::AcceptedBodyOf(self.event_id),
            },
        }
    }

    /// Where the body is stored that was accepted.
    pub(crate) fn accepted_body(&self) -> Source {
        match (&self.claim, self.publication_id) {
            (Some(key), _) => Source::Claim(self.claim_of(key)),
            (None, Some(publication_id)) => Source::Published(publication_id),
            (None, None) => Source::AcceptedBodyOf(self.event_id),
        }
    }

    /// The claim check with this key, for a replay: it stands for the object that this event sent.
    pub(crate) fn claim_of(&self, key: &str) -> Claim {
        let pinned = self.pinned.clone().filter(|pinned| pinned.key == key);
        Claim { pinned, ..Claim::of(key) }
    }

    /// The first record of an event, to be kept for `retention`.
    pub fn new(
        event: &EventMetadata,
        execution: &str,
        status: Status,
        reason: Option<Reason>,
        retention: Duration,
    ) -> Self {
        Self {
            event_id: event.event_id,
            org_id: event.org_id.clone(),
            config_id: event.config_id,
            status,
            origin: event.origin,
            created_at: event.created_at,
            updated_at: event.created_at,
            next_attempt_at: None,
            deliver_at: event.deliver_at,
            size: event.size,
            content_type: event.content_type.clone(),
            content_encoding: event.content_encoding.clone(),
            correlation_id: event.correlation_id.clone().filter(|id| is_key(id)),
            event_type: event.event_type.clone(),
            publication_id: event.publication_id,
            replay_of: event.replay_of,
            replay_id: event.replay_id,
            replayed_by: None,
            webhook_id: event.webhook_id,
            claim: None,
            sent: None,
            pinned: None,
            unprepared: None,
            as_sent: false,
            retention_days: event.retention_days,
            body_retention_hours: event.body_retention_hours,
            bodies_deleted_at: None,
            redaction: event.redacts.then_some(Redaction::Due),
            order_key: event.order_key.clone(),
            mismatch: event.mismatch.clone(),
            restarts: None,
            outcome: None,
            status_code: None,
            duration_ms: None,
            attempt_count: 0,
            reason,
            execution: execution.to_owned(),
            expires_at: event.expires_at(retention),
        }
    }
}
