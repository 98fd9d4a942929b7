//! Events that are sent again.

use hookstep_contract::{ConfigId, EventId, ReplayStatus, Status, Timestamp};
use reqwest::Method;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{Client, Error};

/// The event that sends another one again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Replayed {
    /// The new event.
    pub event_id: EventId,
    /// The event that is sent again.
    pub replay_of: EventId,
    /// `in_progress`.
    pub status: Status,
}

/// What an event is sent again as, where its webhook has or had a filter or a transform.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Again {
    /// As it was sent.
    #[default]
    AsSent,
    /// As it came, through the filter and the transform that the webhook has now.
    Reapplied,
}

/// Which events to send again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum ReplayQuery {
    /// These.
    Events {
        /// At most 10,000.
        event_ids: Vec<EventId>,
    },
    /// All of a time, at most 10,000.
    Since {
        /// Accepted then or later.
        since: Timestamp,
        /// Accepted then or earlier; now, unless it is said.
        #[serde(skip_serializing_if = "Option::is_none")]
        until: Option<Timestamp>,
        /// With this status; `failed`, unless it is said.
        #[serde(skip_serializing_if = "Option::is_none")]
        status: Option<Status>,
    },
}

#[derive(Serialize)]
struct ReplayRequest<'a> {
    #[serde(flatten)]
    events: &'a ReplayQuery,
    reapply: bool,
}

/// A bulk replay, and how far it has come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Replay {
    /// The replay.
    pub replay_id: EventId,
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
    /// Whether it ended at the most events that one replay takes: there may be more.
    pub limit_reached: bool,
    /// Why it failed.
    pub reason: Option<String>,
}

impl Client {
    /// Sends an event that has ended again, under a new event id and the same `webhook-id`.
    ///
    /// # Errors
    /// As for every call; 409 while it is being delivered, or when its body is not kept.
    pub async fn replay(
        &self,
        config_id: ConfigId,
        event_id: EventId,
        again: Again,
    ) -> Result<Replayed, Error> {
        let path = format!("/webhook/{config_id}/events/{event_id}/replay");
        self.send(Method::POST, &path, &json!({"reapply": again == Again::Reapplied})).await
    }

    /// Begins to send many events again; [`Client::replay_progress`] tells how far it has come.
    ///
    /// # Errors
    /// As for every call.
    pub async fn replay_many(
        &self,
        config_id: ConfigId,
        events: &ReplayQuery,
        again: Again,
    ) -> Result<Replay, Error> {
        let asked = ReplayRequest { events, reapply: again == Again::Reapplied };
        self.send(Method::POST, &format!("/webhook/{config_id}/events/replay"), &asked).await
    }

    /// How far a bulk replay has come.
    ///
    /// # Errors
    /// As for every call.
    pub async fn replay_progress(&self, config_id: ConfigId, replay_id: EventId) -> Result<Replay, Error> {
        self.get(&format!("/webhook/{config_id}/replays/{replay_id}")).await
    }
}
