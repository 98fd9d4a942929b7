//! Sending events again.

use hookstep_contract::{ConfigId, EventId, Reason, ReplayJob, ReplayStatus, Status, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::schema;

/// The event that sends another one again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Replayed {
    /// The new event.
    #[schema(value_type = schema::EventId)]
    pub event_id: EventId,
    /// The event that is sent again.
    #[schema(value_type = schema::EventId)]
    pub replay_of: EventId,
    /// Always `in_progress`.
    #[schema(value_type = schema::Status)]
    pub status: Status,
}

/// How to send it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReplayOptions {
    /// Whether to begin with the body that came, and let today's filter and transform have their say. Otherwise what was sent
    /// is sent again, to the byte; of an event that was never sent, filter and transform are asked in any case.
    #[serde(default)]
    pub reapply: bool,
}

/// Which events: either these, or those of a time.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReplayRequest {
    /// These events, and no more fields then.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<schema::EventId>>, min_items = 1, max_items = 10_000)]
    pub event_ids: Option<Vec<EventId>>,
    /// Events that were accepted then or later.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<schema::Timestamp>)]
    pub since: Option<Timestamp>,
    /// Events that were accepted then or earlier; now, unless it is said.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<schema::Timestamp>)]
    pub until: Option<Timestamp>,
    /// Events with this status; `failed`, unless it is said. Not `in_progress`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<schema::Status>)]
    pub status: Option<Status>,
    /// Whether to begin with the bodies that came, and let today's filter and transform have their say. Otherwise what was sent
    /// is sent again.
    #[serde(default)]
    pub reapply: bool,
}

/// A bulk replay, and how far it has come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Replay {
    /// The replay.
    #[schema(value_type = schema::EventId)]
    pub replay_id: EventId,
    /// The webhook whose events are sent again.
    #[schema(value_type = schema::ConfigId)]
    pub config_id: ConfigId,
    /// Where it stands.
    #[schema(value_type = schema::ReplayStatus)]
    pub status: ReplayStatus,
    /// When it was asked for.
    #[schema(value_type = schema::Timestamp)]
    pub created_at: Timestamp,
    /// When it last came further.
    #[schema(value_type = schema::Timestamp)]
    pub updated_at: Timestamp,
    /// How many events were looked at.
    pub found: u32,
    /// How many of them were started again.
    pub started: u32,
    /// How many were not: they are not there, are being delivered, or their bodies are not kept.
    pub skipped: u32,
    /// Whether today's filter and transform have their say again.
    #[serde(default)]
    #[schema(required = true)]
    pub reapply: bool,
    /// Whether it ended at the most events that one replay takes: there may be more.
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
