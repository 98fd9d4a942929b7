//! Publishing events by their type.

use std::time::Duration;

use hookstep_api_types::{Publication, Published, PublishedBatch};
use hookstep_contract::{EventId, Timestamp};
use reqwest::Method;
use reqwest::header::CONTENT_TYPE;
use serde::Serialize;
use serde_json::value::RawValue;

use crate::body::Source;
use crate::events::with_query;
use crate::retry::Repeatable;
use crate::send::HOOKSTEP;
use crate::{Client, Error};

/// An event for every webhook that subscribes to its type.
///
/// It has a random idempotency key, so that retries never publish it twice.
#[derive(Clone, Debug, Serialize)]
pub struct NewEvent {
    event_type: String,
    payload: Box<RawValue>,
    idempotency_key: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    correlation_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    deliver_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    delay_seconds: Option<u64>,
}

impl NewEvent {
    /// An event of this type, with a JSON text as its payload, which the receivers get byte for byte.
    ///
    /// # Errors
    /// [`Error::Payload`] if the payload is not JSON.
    pub fn new(event_type: impl Into<String>, payload: impl Into<String>) -> Result<Self, Error> {
        Ok(Self {
            event_type: event_type.into(),
            payload: RawValue::from_string(payload.into()).map_err(Error::Payload)?,
            idempotency_key: format!("{:032x}", rand::random::<u128>()),
            correlation_id: None,
            deliver_at: None,
            delay_seconds: None,
        })
    }

    /// Sets an idempotency key of your own: for 24 hours, the same key with the same type and payload is the same event. 1 to 255
    /// visible ASCII characters.
    #[must_use]
    pub fn idempotency_key(self, key: impl Into<String>) -> Self {
        Self { idempotency_key: key.into(), ..self }
    }

    /// Sets your own id for the event, to find it by: 1 to 255 visible ASCII characters.
    #[must_use]
    pub fn correlation_id(self, id: impl Into<String>) -> Self {
        Self { correlation_id: Some(id.into()), ..self }
    }

    /// Schedules the event for this time, at most 30 days ahead; it is sent at once if the time has passed. Replaces
    /// [`delay`](Self::delay).
    #[must_use]
    pub fn deliver_at(self, at: Timestamp) -> Self {
        Self { deliver_at: Some(at), delay_seconds: None, ..self }
    }

    /// Schedules the event so long after its acceptance, in whole seconds and at most 30 days. Replaces
    /// [`deliver_at`](Self::deliver_at).
    #[must_use]
    pub fn delay(self, delay: Duration) -> Self {
        Self { deliver_at: None, delay_seconds: Some(delay.as_secs()), ..self }
    }
}

impl Client {
    /// Publishes an event: it goes to every enabled webhook of the org that subscribes to its type.
    ///
    /// # Errors
    /// [`Error::Refused`] with 401 or 403 for the token, 409 for an idempotency key that was used for another event; see
    /// [`Error`] for others.
    pub async fn publish(&self, event: &NewEvent) -> Result<Published, Error> {
        self.post_repeatable("/events", event).await
    }

    /// Publishes up to 100 events. Each is accepted or refused for itself: the answer has an entry for each, in the same order.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn publish_batch(&self, events: &[NewEvent]) -> Result<PublishedBatch, Error> {
        #[derive(Serialize)]
        struct Batch<'a> {
            events: &'a [NewEvent],
        }

        self.post_repeatable("/events/batch", &Batch { events }).await
    }

    /// Reads a publication with a page of its deliveries. `cursor` is the `next_cursor` of the previous page.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn publication(
        &self,
        publication_id: EventId,
        cursor: Option<&str>,
    ) -> Result<Publication, Error> {
        let pairs: Vec<_> = cursor.into_iter().map(|cursor| ("cursor", cursor.to_owned())).collect();
        self.get(&with_query(&format!("/events/{publication_id}"), &pairs)).await
    }

    /// Sends events, whose keys make it harmless to send them again.
    async fn post_repeatable<T: serde::de::DeserializeOwned>(
        &self,
        path: &str,
        events: &impl Serialize,
    ) -> Result<T, Error> {
        let body = serde_json::to_vec(events).map_err(|error| Error::Build(error.into()))?;
        let build = || self.request(Method::POST, path).header(CONTENT_TYPE, "application/json");
        self.exchange(HOOKSTEP, Repeatable::Always, build, &Source::Bytes(body.into())).await?.json()
    }
}
