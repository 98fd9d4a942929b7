//! Triggering a webhook.

use std::collections::BTreeMap;
use std::future::IntoFuture;
use std::pin::Pin;
use std::time::Duration;

use hookstep_api_types::{Accepted, Delivered};
use hookstep_contract::{ConfigId, Delay, Timestamp};
use reqwest::header::{HeaderMap, HeaderValue};
use reqwest::{Method, StatusCode};
use serde::Serialize;

use crate::body::Source;
use crate::events::with_query;
use crate::retry::Repeatable;
use crate::send::{HOOKSTEP, Response};
use crate::{Body, Client, Error, INLINE_BODY_BYTES};

/// The answer to a sync trigger.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum SyncAnswer {
    /// The delivery has ended. Its status tells whether it succeeded.
    Ended(Delivered),
    /// The delivery has not ended within 27 s. It goes on, so do not trigger it again: read the event to see how it ends.
    StillInProgress(Accepted),
}

impl SyncAnswer {
    pub(crate) fn read(response: &Response) -> Result<Self, Error> {
        if response.status == StatusCode::ACCEPTED {
            return response.json().map(Self::StillInProgress);
        }
        response.json().map(Self::Ended)
    }
}

/// A trigger that is not sent yet: `.await` it, or call [`sync`](Self::sync) first.
#[derive(Clone, Debug)]
#[must_use = "nothing is sent until it is awaited"]
pub struct Trigger {
    client: Client,
    config_id: ConfigId,
    body: Body,
    /// By header name. Whether a text can be a header's value is checked when it is sent.
    headers: BTreeMap<&'static str, String>,
    /// The parameter that says when to send the event, if not at once.
    when: Option<(&'static str, String)>,
    event_type: Option<String>,
}

/// A [`Trigger`] whose caller waits for the receiver's answer.
#[derive(Clone, Debug)]
#[must_use = "nothing is sent until it is awaited"]
pub struct SyncTrigger(Trigger);

const IDEMPOTENCY_KEY: &str = "idempotency-key";

impl Client {
    /// Sends an event to a webhook, with this body, byte for byte.
    ///
    /// It has a random idempotency key, so that retries never create a second event.
    ///
    /// # Errors
    /// When awaited, [`Error::Refused`] with 401 or 403 for the token, 404 for the webhook, 409 for an idempotency key that was
    /// used for another body, 413 for an upload that is too large; or [`Error::Unreachable`].
    pub fn trigger(&self, config_id: ConfigId, body: impl Into<Body>) -> Trigger {
        let key = format!("{:032x}", rand::random::<u128>());
        let headers = BTreeMap::from([(IDEMPOTENCY_KEY, key)]);
        Trigger { client: self.clone(), config_id, body: body.into(), headers, when: None, event_type: None }
    }
}

impl Trigger {
    /// Sets the `Content-Type` that the receiver sees.
    pub fn content_type(self, value: impl Into<String>) -> Self {
        self.header("content-type", value)
    }

    /// Sets the `Content-Encoding` of a body that is already encoded, for example `gzip`; the receiver gets it, too.
    pub fn content_encoding(self, value: impl Into<String>) -> Self {
        self.header("content-encoding", value)
    }

    /// Sets your own id for the event, to find it by: 1 to 255 visible ASCII characters.
    pub fn correlation_id(self, value: impl Into<String>) -> Self {
        self.header("x-correlation-id", value)
    }

    /// Names the type of the event, which is kept with it. If the catalogue of the org has the type, the body is checked as it says.
    pub fn event_type(self, name: impl Into<String>) -> Self {
        Self { event_type: Some(name.into()), ..self }
    }

    /// Sets an idempotency key of your own, for example so that another process can send the same event again: for 24 hours, the
    /// same key with the same body is the same event. 1 to 255 visible ASCII characters.
    pub fn idempotency_key(self, value: impl Into<String>) -> Self {
        self.header(IDEMPOTENCY_KEY, value)
    }

    /// Sets your trace (W3C Trace Context), which the receiver gets.
    pub fn traceparent(self, value: impl Into<String>) -> Self {
        self.header("traceparent", value)
    }

    /// Schedules the event for this time, at most 30 days ahead; it is sent at once if the time has passed.
    ///
    /// Replaces [`delay`](Self::delay), and excludes [`sync`](Self::sync).
    pub fn deliver_at(self, at: Timestamp) -> Self {
        Self { when: Some((Delay::DELIVER_AT, at.to_string())), ..self }
    }

    /// Schedules the event so long after its acceptance, in whole seconds and at most 30 days.
    ///
    /// Replaces [`deliver_at`](Self::deliver_at), and excludes [`sync`](Self::sync).
    pub fn delay(self, delay: Duration) -> Self {
        Self { when: Some((Delay::DELAY_SECONDS, delay.as_secs().to_string())), ..self }
    }

    /// Makes the trigger wait for the receiver's answer, at most 27 s.
    ///
    /// An event that is scheduled cannot be waited for: the
    /// answer is [`Error::Refused`] with 400.
    pub fn sync(self) -> SyncTrigger {
        SyncTrigger(self)
    }

    fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.insert(name, value.into());
        self
    }

    async fn send(self, sync: bool) -> Result<Response, Error> {
        let Self { client, config_id, body: Body(source), .. } = &self;
        if source.size().await? <= INLINE_BODY_BYTES {
            match self.send_source(source, sync).await {
                Err(error) if error.status() == Some(413) => {}
                result => return result,
            }
        }
        let Body(claim) = client.upload_source(*config_id, source).await?;
        self.send_source(&claim, sync).await
    }

    async fn send_source(&self, source: &Source, sync: bool) -> Result<Response, Error> {
        let mut query = vec![("sync", sync.to_string())];
        if let Source::Claim(key) = source {
            query.push(("claim_check", key.clone()));
        }
        query.extend(self.when.clone());
        query.extend(self.event_type.clone().map(|name| ("event_type", name)));
        let path = with_query(&format!("/webhook/{}/trigger", self.config_id), &query);
        let mut headers = HeaderMap::new();
        for (name, value) in &self.headers {
            let value = HeaderValue::try_from(value).map_err(|_| Error::Header(name))?;
            headers.insert(*name, value);
        }
        let build = || self.client.request(Method::POST, &path).headers(headers.clone());
        self.client.exchange(HOOKSTEP, Repeatable::Always, build, source).await
    }
}

type Sending<T> = Pin<Box<dyn Future<Output = Result<T, Error>> + Send>>;

impl IntoFuture for Trigger {
    type Output = Result<Accepted, Error>;
    type IntoFuture = Sending<Accepted>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move { self.send(false).await?.json() })
    }
}

impl IntoFuture for SyncTrigger {
    type Output = Result<SyncAnswer, Error>;
    type IntoFuture = Sending<SyncAnswer>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move { SyncAnswer::read(&self.0.send(true).await?) })
    }
}
