//! Events that are erased by request.

use hookstep_contract::{ConfigId, ErasureId, ErasureSubject, EventErasure, EventId, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::schema;

/// Which events are to be erased: exactly one of an event, a publication, and a correlation id.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ErasureFields {
    /// The webhook of `event_id`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<schema::ConfigId>)]
    pub config_id: Option<ConfigId>,
    /// An event, with every event that replays it or that it replays.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<schema::EventId>)]
    pub event_id: Option<EventId>,
    /// A publication, with all its deliveries and their replays.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<schema::EventId>)]
    pub publication_id: Option<EventId>,
    /// All events and publications of the org with this correlation id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 1024)]
    pub correlation_id: Option<String>,
}

/// How far a request to erase events is, and afterwards the record that it was carried out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Erasure {
    /// The id of the request.
    #[schema(value_type = schema::ErasureId)]
    pub erasure_id: ErasureId,
    /// Whether it is carried out, or was.
    pub status: ErasureStatus,
    /// When it was asked for. Who asked is in the audit log.
    #[schema(value_type = schema::Timestamp)]
    pub requested_at: Timestamp,
    /// When everything was gone.
    #[schema(value_type = Option<schema::Timestamp>)]
    pub done_at: Option<Timestamp>,
    /// The webhook, if an event was named.
    #[schema(value_type = Option<schema::ConfigId>)]
    pub config_id: Option<ConfigId>,
    /// The first event of the chain of replays, if an event was named.
    #[schema(value_type = Option<schema::EventId>)]
    pub event_id: Option<EventId>,
    /// The publication, if one was named.
    #[schema(value_type = Option<schema::EventId>)]
    pub publication_id: Option<EventId>,
    /// The SHA-256 of the correlation id in hex, if one was named. The id itself is not kept.
    pub correlation_id_sha256: Option<String>,
    /// How many events were erased, each with its attempts and its bodies.
    pub events_erased: u64,
    /// How many bodies were erased that were too large to be kept with their events.
    pub large_bodies_erased: u64,
}

/// Whether an erasure is carried out, or was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ErasureStatus {
    /// Something is left, or may still be under way.
    InProgress,
    /// Nothing is left.
    Done,
}

impl From<EventErasure> for Erasure {
    fn from(erasure: EventErasure) -> Self {
        let EventErasure { erasure_id, subject, requested_at, done_at, events, large_bodies, .. } = erasure;
        let view = Self {
            erasure_id,
            status: if done_at.is_some() { ErasureStatus::Done } else { ErasureStatus::InProgress },
            requested_at,
            done_at,
            config_id: None,
            event_id: None,
            publication_id: None,
            correlation_id_sha256: None,
            events_erased: events,
            large_bodies_erased: large_bodies,
        };
        match subject {
            ErasureSubject::Event { config_id, webhook_id } => {
                Self { config_id: Some(config_id), event_id: Some(webhook_id), ..view }
            }
            ErasureSubject::Publication { publication_id } => {
                Self { publication_id: Some(publication_id), ..view }
            }
            ErasureSubject::Correlation { sha256, .. } => {
                Self { correlation_id_sha256: Some(sha256), ..view }
            }
        }
    }
}
