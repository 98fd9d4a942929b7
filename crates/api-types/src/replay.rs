//! Sending events again.

use hookstep_contract::{ConfigId, EventId, Reason, ReplayJob, ReplayStatus, Status, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::schema;

/// The event that replays another one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Replayed {
    /// The id of the new event.
    #[schema(value_type = schema::EventId)]
    pub event_id: EventId,
    /// The id of the event that is sent again.
    #[schema(value_type = schema::EventId)]
    pub replay_of: EventId,
    /// Always `in_progress`.
    #[schema(value_type = schema::Status)]
    pub status: Status,
}

/// How to send an event again.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReplayOptions {
    /// Whether to put the producer's body through the current filter and transform of the webhook. Otherwise the same bytes are
    /// sent again; for an event that was never sent, the filter and the transform are applied in any case.
    #[serde(default)]
    pub reapply: bool,
}

/// Which events to send again: either those with certain ids, or those of a period.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReplayRequest {
    /// The ids of the events. It excludes `since`, `until` and `status`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<schema::EventId>>, min_items = 1, max_items = 10_000)]
    pub event_ids: Option<Vec<EventId>>,
    /// Events accepted at this time or later.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<schema::Timestamp>)]
    pub since: Option<Timestamp>,
    /// Events accepted at this time or earlier; by default now.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<schema::Timestamp>)]
    pub until: Option<Timestamp>,
    /// Events with this status; by default `failed`. It cannot be `in_progress`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<schema::Status>)]
    pub status: Option<Status>,
    /// Whether to put the producer's bodies through the current filter and transform of the webhook. Otherwise the same bytes are
    /// sent again.
    #[serde(default)]
    pub reapply: bool,
}

/// A bulk replay, and how far it has come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Replay {
    /// The id of the replay.
    #[schema(value_type = schema::EventId)]
    pub replay_id: EventId,
    /// The webhook whose events are sent again.
    #[schema(value_type = schema::ConfigId)]
    pub config_id: ConfigId,
    /// Its status.
    #[schema(value_type = schema::ReplayStatus)]
    pub status: ReplayStatus,
    /// When it was created.
    #[schema(value_type = schema::Timestamp)]
    pub created_at: Timestamp,
    /// When it last made progress.
    #[schema(value_type = schema::Timestamp)]
    pub updated_at: Timestamp,
    /// How many events were examined.
    pub found: u32,
    /// How many of them are being sent again.
    pub started: u32,
    /// How many of them are not: they do not exist, are still being delivered, or their bodies were not kept.
    pub skipped: u32,
    /// Whether the bodies go through the current filter and transform.
    #[serde(default)]
    #[schema(required = true)]
    pub reapply: bool,
    /// Whether it ended at the largest number of events of one replay, so that there may be more.
    pub limit_reached: bool,
    /// Why it failed.
    #[schema(value_type = Option<schema::Reason>)]
    pub reason: Option<Reason>,
    /// The `detail` of the reason.
    #[serde(default)]
    #[schema(required = true)]
    pub error: Option<String>,
}

impl From<ReplayJob> for Replay {
    fn from(job: ReplayJob) -> Self {
        Self {
            replay_id: job.replay_id,
            config_id: job.config_id,
            status: job.status,
            created_at: job.created_at,
            updated_at: job.updated_at,
            found: job.found,
            started: job.started,
            skipped: job.skipped,
            reapply: job.reapply,
            limit_reached: job.limit_reached,
            error: job.reason.as_ref().map(|reason| reason.detail.clone()),
            reason: job.reason,
        }
    }
}
