//! Sending events again.

use hookstep_api_types::{Replay, ReplayForecast, ReplayOptions, ReplayRequest, Replayed};
use hookstep_contract::{ConfigId, EventId, Status, Timestamp};
use reqwest::Method;

use crate::{Client, Error};

/// Which body a replay sends. It makes a difference only if the webhook has, or had, a filter or a transform.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Redelivery {
    /// The body as it was sent.
    #[default]
    AsSent,
    /// The body as the producer sent it, put through the current filter and transform of the webhook.
    Reapplied,
}

/// Which events to send again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReplayQuery {
    /// These events.
    Events {
        /// At most 10,000 ids.
        event_ids: Vec<EventId>,
    },
    /// All events of a period, at most 10,000.
    Since {
        /// The period begins at this time, by when an event was accepted.
        since: Timestamp,
        /// The period ends at this time; by default now.
        until: Option<Timestamp>,
        /// Only events with this status; by default `failed`.
        status: Option<Status>,
    },
}

impl ReplayQuery {
    fn request(&self, redelivery: Redelivery) -> ReplayRequest {
        let reapply = redelivery == Redelivery::Reapplied;
        match self {
            Self::Events { event_ids } => {
                ReplayRequest { event_ids: Some(event_ids.clone()), reapply, ..ReplayRequest::default() }
            }
            Self::Since { since, until, status } => ReplayRequest {
                event_ids: None,
                since: Some(*since),
                until: *until,
                status: *status,
                reapply,
                dry_run: false,
            },
        }
    }
}

impl Client {
    /// Sends an event that has ended again. The replay is an event with an id of its own; the receiver sees the same
    /// `webhook-id` as before.
    ///
    /// # Errors
    /// See [`Error`]; the status is 409 while the event is being delivered, or when its body was not kept.
    pub async fn replay(
        &self,
        config_id: ConfigId,
        event_id: EventId,
        redelivery: Redelivery,
    ) -> Result<Replayed, Error> {
        let path = format!("/webhook/{config_id}/events/{event_id}/replay");
        self.send(Method::POST, &path, &ReplayOptions { reapply: redelivery == Redelivery::Reapplied }).await
    }

    /// Starts to send many events again. [`Client::replay_progress`] reports how far it has come.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn replay_many(
        &self,
        config_id: ConfigId,
        events: &ReplayQuery,
        redelivery: Redelivery,
    ) -> Result<Replay, Error> {
        let request = events.request(redelivery);
        self.send(Method::POST, &format!("/webhook/{config_id}/events/replay"), &request).await
    }

    /// Counts the events that [`Client::replay_many`] would send.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn replay_forecast(
        &self,
        config_id: ConfigId,
        events: &ReplayQuery,
    ) -> Result<ReplayForecast, Error> {
        let request = ReplayRequest { dry_run: true, ..events.request(Redelivery::AsSent) };
        self.send(Method::POST, &format!("/webhook/{config_id}/events/replay"), &request).await
    }

    /// Reads how far a bulk replay has come.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn replay_progress(&self, config_id: ConfigId, replay_id: EventId) -> Result<Replay, Error> {
        self.get(&format!("/webhook/{config_id}/replays/{replay_id}")).await
    }
}
