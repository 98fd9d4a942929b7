//! Triggering a webhook.

use std::collections::BTreeMap;
use std::future::IntoFuture;
use std::pin::Pin;

use hookstep_contract::{ConfigId, EventId, Outcome, Status};
use reqwest::header::{HeaderMap, HeaderValue};
use reqwest::{Method, StatusCode};
use serde::{Deserialize, Serialize};

use crate::body::Source;
use crate::events::with_query;
use crate::retry::Twice;
use crate::send::{Answer, HOOKSTEP};
use crate::{Body, Client, Error, INLINE_BODY_BYTES};

/// The answer to an event that is on its way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Accepted {
    /// The event.
    pub event_id: EventId,
    /// `in_progress`.
    pub status: Status,
}

/// How a delivery has ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Delivered {
    /// The event.
    pub event_id: EventId,
    /// Whether the receiver took it.
    pub status: Status,
    /// How the last attempt ended; `None` when none was made.
    pub outcome: Option<Outcome>,
    /// The receiver's status, when it gave one.
    pub status_code: Option<u16>,
    /// The receiver's headers.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// The first 64 KiB of the receiver's body.
    pub body: Option<String>,
    /// `base64` when the body is not text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body_encoding: Option<String>,
    /// Whether there was more of it.
    #[serde(default)]
    pub body_truncated: bool,
    /// How many attempts were made.
    #[serde(default)]
    pub attempts: u32,
    /// How long the last one took, in milliseconds.
    #[serde(default)]
    pub duration_ms: u64,
    /// Why it failed, for the one who owns the receiver.
    pub error: Option<String>,
}

/// The answer to a sync trigger.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum SyncAnswer {
    /// The delivery has ended: well or not, its status says.
    Ended(Delivered),
    /// It has not, within 27 s. It goes on, and is not to be sent again: read the event to see how it ends.
    StillInProgress(Accepted),
}

/// An event that is about to be triggered: `.await` it, or [`sync`](Self::sync) it first.
#[derive(Clone, Debug)]
#[must_use = "nothing is sent until it is awaited"]
pub struct Trigger {
    client: Client,
    config_id: ConfigId,
    body: Body,
    /// By header; texts, for that they can be headers shows when they are sent.
    headers: BTreeMap<&'static str, String>,
}

/// A [`Trigger`] whose caller waits for the receiver.
#[derive(Clone, Debug)]
#[must_use = "nothing is sent until it is awaited"]
pub struct SyncTrigger(Trigger);

const IDEMPOTENCY_KEY: &str = "idempotency-key";

impl Client {
    /// An event for a webhook, with this body, byte for byte.
    ///
    /// It has an idempotency key of its own, so that it is one event however often it has to be sent.
    ///
    /// # Errors
    /// Awaited: [`Error::Refused`] with 401 or 403 for the token, 404 for the webhook, 409 for an idempotency key that was used
    /// for something else, 413 for an upload that is too large; or that Hookstep cannot be reached.
    pub fn trigger(&self, config_id: ConfigId, body: impl Into<Body>) -> Trigger {
        let key = format!("{:032x}", rand::random::<u128>());
        let headers = BTreeMap::from([(IDEMPOTENCY_KEY, key)]);
        Trigger { client: self.clone(), config_id, body: body.into(), headers }
    }
}

impl Trigger {
    /// The `Content-Type` that the receiver sees.
    pub fn content_type(self, value: impl Into<String>) -> Self {
        self.header("content-type", value)
    }

    /// Your own id for the event, to find it by: 1 to 255 visible ASCII characters.
    pub fn correlation_id(self, value: impl Into<String>) -> Self {
        self.header("x-correlation-id", value)
    }

    /// A key of your own in place of a random one, to be used again by another process, say: for 24 hours, the same key with
    /// the same body is the same event. 1 to 255 visible ASCII characters.
    pub fn idempotency_key(self, value: impl Into<String>) -> Self {
        self.header(IDEMPOTENCY_KEY, value)
    }

    /// Your trace (W3C Trace Context), passed on to the receiver.
    pub fn traceparent(self, value: impl Into<String>) -> Self {
        self.header("traceparent", value)
    }

    /// Waits for the receiver's answer, at most 27 s.
    pub fn sync(self) -> SyncTrigger {
        SyncTrigger(self)
    }

    fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.insert(name, value.into());
        self
    }

    async fn send(self, sync: bool) -> Result<Answer, Error> {
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

    async fn send_source(&self, source: &Source, sync: bool) -> Result<Answer, Error> {
        let mut query = vec![("sync", sync.to_string())];
        if let Source::Claim(key) = source {
            query.push(("claim_check", key.clone()));
        }
        let path = with_query(&format!("/webhook/{}/trigger", self.config_id), &query);
        let mut headers = HeaderMap::new();
        for (name, value) in &self.headers {
            let value = HeaderValue::try_from(value).map_err(|_| Error::Header(name))?;
            headers.insert(*name, value);
        }
        let build = || self.client.request(Method::POST, &path).headers(headers.clone());
        self.client.exchange(HOOKSTEP, Twice::Harmless, build, source).await
    }
}

type Answering<T> = Pin<Box<dyn Future<Output = Result<T, Error>> + Send>>;

impl IntoFuture for Trigger {
    type Output = Result<Accepted, Error>;
    type IntoFuture = Answering<Accepted>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move { self.send(false).await?.json() })
    }
}

impl IntoFuture for SyncTrigger {
    type Output = Result<SyncAnswer, Error>;
    type IntoFuture = Answering<SyncAnswer>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let answer = self.0.send(true).await?;
            if answer.status == StatusCode::ACCEPTED {
                return answer.json().map(SyncAnswer::StillInProgress);
            }
            answer.json().map(SyncAnswer::Ended)
        })
    }
}
