//! Sending events again: individually or in bulk.

use std::ops::Not;

use serde::{Deserialize, Serialize};

use crate::{
    ConfigId, EventId, EventMetadata, EventRecord, Mode, OrgId, Origin, Reason, Source, Status, Timestamp,
    WorkflowInput,
};

impl WorkflowInput {
    /// The input that replays an event as it was sent: with the same bytes and `webhook-id`, under a new
    /// event id.
    pub fn replay(record: &EventRecord, event_id: EventId, now: Timestamp) -> Self {
        let mut input = Self::from_the_start(record, record, event_id, now);
        input.event.as_sent = true;
        if let Some(sent) = &record.sent {
            input.event.content_type = Some(sent.content_type.clone());
            input.event.content_encoding = None;
            input.event.size = Some(sent.size);
            input.payload = match &sent.claim {
                Some(key) => Source::Claim(record.claim_of(key)),
                None => Source::SentBodyOf(record.event_id),
            };
        }
        input
    }

    /// The input that replays an event from its accepted body, to which the current filter and transform are
    /// applied. That body is stored with the first event of a chain of replays.
    pub fn from_the_start(
        record: &EventRecord,
        first: &EventRecord,
        event_id: EventId,
        now: Timestamp,
    ) -> Self {
        Self {
            event: EventMetadata {
                content_type: first.content_type.clone(),
                content_encoding: first.content_encoding.clone(),
                size: first.size,
                correlation_id: record.correlation_id.clone(),
                event_type: record.event_type.clone(),
                retention_days: record.retention_days,
                body_retention_hours: record.body_retention_hours,
                redacts: record.redaction.is_some(),
                replay_of: Some(record.event_id),
                webhook_id: Some(record.webhook_id.unwrap_or(record.event_id)),
                ..EventMetadata::new(
                    record.org_id.clone(),
                    record.config_id,
                    event_id,
                    Origin::Replay,
                    Mode::Async,
                    now,
                )
            },
            payload: first.accepted_body(),
        }
    }
}

/// Which events of a webhook to replay.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Selection {
    /// The given events, in this order.
    EventIds(Vec<EventId>),
    /// All events in a period, oldest first.
    Filter {
        /// Accepted at or after this time.
        since: Timestamp,
        /// Accepted at or before this time.
        until: Timestamp,
        /// With this status.
        status: Status,
    },
}

/// The status of a bulk replay.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReplayStatus {
    /// More events are to be started.
    InProgress,
    /// All events have been started.
    Done,
    /// No more events will be started, because of an internal error.
    Failed,
}

impl ReplayStatus {
    /// The name used in JSON and in tables.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::InProgress => "in_progress",
            Self::Done => "done",
            Self::Failed => "failed",
        }
    }
}

/// A bulk replay and its progress.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReplayJob {
    /// The replay's id.
    pub replay_id: EventId,
    /// The tenant.
    pub org_id: OrgId,
    /// The webhook whose events are replayed.
    pub config_id: ConfigId,
    /// The replay's status.
    pub status: ReplayStatus,
    /// When the replay was requested.
    pub created_at: Timestamp,
    /// When the replay last progressed.
    pub updated_at: Timestamp,
    /// How many events were examined.
    pub found: u32,
    /// How many of those events were started again.
    pub started: u32,
    /// How many of those events were skipped: they do not exist, are being delivered, or their bodies are no
    /// longer stored.
    pub skipped: u32,
    /// Over how many partitions the events of the webhook were spread when the replay was requested. The new events
    /// are spread over as many, so that a batch that is repeated makes the same ids.
    #[serde(default = "one_shard", skip_serializing_if = "is_one_shard")]
    pub shards: u16,
    /// Whether the current filter and transform are applied to the accepted bodies.
    #[serde(default, skip_serializing_if = "<&bool>::not")]
    pub reapply: bool,
    /// Whether the replay ended at the maximum number of events: there may be more.
    #[serde(default, skip_serializing_if = "<&bool>::not")]
    pub limit_reached: bool,
    /// Why the replay failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// The last event that was examined: the next batch continues after it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<EventId>,
}

fn one_shard() -> u16 {
    1
}

fn is_one_shard(shards: &u16) -> bool {
    *shards == 1
}

/// Identifies a bulk replay; the input of the state machine in `replay.asl.json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReplayKey {
    /// The tenant.
    pub org_id: OrgId,
    /// The webhook.
    pub config_id: ConfigId,
    /// The bulk replay.
    pub replay_id: EventId,
}

/// The input of `replay`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ReplayInput {
    /// State `Replay`: start the next batch of events.
    NextBatch {
        /// The bulk replay.
        replay: ReplayKey,
    },
    /// State `StopReplay`: record that the replay failed.
    GiveUp {
        /// The bulk replay.
        replay: ReplayKey,
        /// The name of the error that stopped the replay.
        error: String,
    },
}

/// The output of `replay`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReplayOutput {
    /// Whether all events have been started.
    pub done: bool,
}
