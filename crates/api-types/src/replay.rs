//! Sending events again.

use std::ops::Not;

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
    /// Whether only to count what would be sent, and send nothing.
    #[serde(default, skip_serializing_if = "<&bool>::not")]
    pub dry_run: bool,
}

/// What a bulk replay would send.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReplayForecast {
    /// How many events it would send, one for each `webhook-id`. It may be fewer: those whose bodies are no longer stored, and
    /// those that somebody else replays meanwhile, are left out.
    pub events: u32,
    /// Whether everything was counted. If not, there are more.
    pub complete: bool,
}

/// How the events of a bulk replay went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReplayResults {
    /// How many were delivered.
    pub succeeded: u32,
    /// How many failed.
    pub failed: u32,
    /// How many were skipped, because the webhook is disabled or its filter rejected them.
    pub skipped: u32,
    /// How many are being sent, or wait for their next attempt.
    pub in_progress: u32,
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
    /// How many events were examined, one for each `webhook-id`.
    pub found: u32,
    /// How many of them are sent again.
    pub started: u32,
    /// How many of them are not: they do not exist, are still being delivered, were delivered by another replay, or their
    /// bodies were not kept.
    pub skipped: u32,
    /// How those that are sent again went so far.
    #[serde(default)]
    #[schema(required = true)]
    pub results: ReplayResults,
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

impl Replay {
    /// A bulk replay whose events went like this.
    pub fn new(job: ReplayJob, results: ReplayResults) -> Self {
        Self {
            replay_id: job.replay_id,
            config_id: job.config_id,
            status: job.status,
            created_at: job.created_at,
            updated_at: job.updated_at,
            found: job.found,
            started: job.started,
            skipped: job.skipped,
            results,
            reapply: job.reapply,
            limit_reached: job.limit_reached,
            error: job.reason.as_ref().map(|reason| reason.detail.clone()),
            reason: job.reason,
        }
    }
}
