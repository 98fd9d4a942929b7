//! Sending events again: one, or many.

use std::ops::Not;

use serde::{Deserialize, Serialize};

use crate::{
    Claim, ConfigId, EventId, EventMetadata, EventRecord, Mode, OrgId, Origin, Reason, Source, Status,
    Timestamp, WorkflowInput,
};

impl WorkflowInput {
    /// The input that sends an event again as it was sent: the same bytes and the same `webhook-id`, under a new event id.
    pub fn replay(record: &EventRecord, event_id: EventId, now: Timestamp) -> Self {
        let mut input = Self::from_the_start(record, record, event_id, now);
        input.event.as_sent = true;
        if let Some(sent) = &record.sent {
            input.event.content_type = Some(sent.content_type.clone());
            input.event.size = Some(sent.size);
            input.payload = match &sent.claim {
                Some(key) => Source::Claim(Claim { key: key.clone(), sha256: None }),
                None => Source::SentBodyOf(record.event_id),
            };
        }
        input
    }

    /// The input that sends an event again from its accepted body, to which today's filter and transform are applied. That body
    /// is stored with the first event of a chain of replays.
    pub fn from_the_start(
        record: &EventRecord,
        first: &EventRecord,
        event_id: EventId,
        now: Timestamp,
    ) -> Self {
        Self {
            event: EventMetadata {
                content_type: first.content_type.clone(),
                size: first.size,
                correlation_id: record.correlation_id.clone(),
                event_type: record.event_type.clone(),
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
            payload: match &first.claim {
                Some(key) => Source::Claim(Claim { key: key.clone(), sha256: None }),
                None => Source::AcceptedBodyOf(first.event_id),
            },
        }
    }
}

/// Which events of a webhook to send again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Selection {
    /// These, in this order.
    EventIds(Vec<EventId>),
    /// All of a period, oldest first.
    Filter {
        /// Accepted at or after this moment.
        since: Timestamp,
        /// Accepted before or at this moment.
        until: Timestamp,
        /// With this status.
        status: Status,
    },
}

/// Where a bulk replay stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReplayStatus {
    /// More are to be started.
    InProgress,
    /// All are started.
    Done,
    /// No more will be started, for a reason of ours.
    Failed,
}

impl ReplayStatus {
    /// The name as JSON and tables have it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::InProgress => "in_progress",
            Self::Done => "done",
            Self::Failed => "failed",
        }
    }
}

/// A bulk replay and how far it has come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReplayJob {
    /// The replay.
    pub replay_id: EventId,
    /// Its tenant.
    pub org_id: OrgId,
    /// The webhook whose events are sent again.
    pub config_id: ConfigId,
    /// Where it stands.
    pub status: ReplayStatus,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When it last came further.
    pub updated_at: Timestamp,
    /// How many events were looked at.
    pub found: u32,
    /// How many of them were started again.
    pub started: u32,
    /// How many were not: they are not there, are being delivered, or their bodies are not kept.
    pub skipped: u32,
    /// Whether today's filter and transform are applied to the accepted bodies.
    #[serde(default, skip_serializing_if = "<&bool>::not")]
    pub reapply: bool,
    /// Whether it ended at the most events that one replay takes: there may be more.
    #[serde(default, skip_serializing_if = "<&bool>::not")]
    pub limit_reached: bool,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// The last event that was looked at: the next batch goes on behind it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<EventId>,
}

/// Which bulk replay; the input of the machine of `replay.asl.json`.
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
    /// State `Replay`: start the next batch of its events.
    NextBatch {
        /// The bulk replay.
        replay: ReplayKey,
    },
    /// State `StopReplay`: record that it failed.
    GiveUp {
        /// The bulk replay.
        replay: ReplayKey,
        /// The name of the error that stopped it.
        error: String,
    },
}

/// The output of `replay`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReplayOutput {
    /// Whether no event is left to be started.
    pub done: bool,
}
