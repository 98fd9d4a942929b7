//! What became of events.

use std::collections::BTreeMap;

use hookstep_contract::{ConfigId, EventId, OrgId, Origin, Outcome, Status, Timestamp, Timings};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use url::form_urlencoded::Serializer;

use crate::{Client, Error};

/// A page of a list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Page<T> {
    /// The entries.
    pub data: Vec<T>,
    /// What to ask the next page with; `None` on the last.
    pub next_cursor: Option<String>,
}

/// An event.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// The event.
    pub event_id: EventId,
    /// Its tenant.
    pub org_id: OrgId,
    /// The webhook it is for.
    pub config_id: ConfigId,
    /// Where it stands.
    pub status: Status,
    /// How it came in.
    pub origin: Origin,
    /// When it was accepted.
    pub created_at: Timestamp,
    /// When its status last changed.
    pub updated_at: Timestamp,
    /// When it will be sent again.
    pub next_attempt_at: Option<Timestamp>,
    /// The body's size in bytes, where it is known.
    pub size: Option<u64>,
    /// The body's `Content-Type`.
    pub content_type: Option<String>,
    /// The producer's own id for it.
    pub correlation_id: Option<String>,
    /// What kind of event it is, where it came by a subscription.
    pub event_type: Option<String>,
    /// The event it sends again.
    pub replay_of: Option<EventId>,
    /// What the receiver knows it by: the first event of a chain of replays.
    pub webhook_id: EventId,
    /// How the last attempt ended.
    pub outcome: Option<Outcome>,
    /// The status code of the last attempt.
    pub status_code: Option<u16>,
    /// How long the last attempt took, in milliseconds.
    pub duration_ms: Option<u64>,
    /// How many attempts were made.
    pub attempt_count: u32,
    /// Why it was skipped or failed.
    pub reason: Option<String>,
    /// What was sent in the place of its body, where a transform made something else of it.
    pub sent: Option<Sent>,
    /// Its attempts, oldest first; only when one event is asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attempts: Option<Vec<Attempt>>,
    /// What a newer Hookstep says beyond that.
    #[serde(flatten)]
    pub more: Map<String, Value>,
}

/// What was sent in the place of a body.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sent {
    /// Its `Content-Type`.
    pub content_type: String,
    /// Its size in bytes.
    pub size: u64,
}

/// One attempt to deliver an event.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Attempt {
    /// 1 for the first.
    pub number: u32,
    /// When it began.
    pub started_at: Timestamp,
    /// How long it took, in milliseconds.
    pub duration_ms: u64,
    /// How it ended.
    pub outcome: Outcome,
    /// The receiver's status, when it gave one.
    pub status_code: Option<u16>,
    /// The headers that were sent, the values of secret ones masked.
    pub request_headers: BTreeMap<String, String>,
    /// The headers that came back; bounded to 8 KiB.
    pub response_headers: BTreeMap<String, String>,
    /// The first 64 KiB of the body that came back.
    pub response_body: Option<String>,
    /// `base64` when the body is not text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub response_body_encoding: Option<String>,
    /// Whether there was more of it.
    pub response_truncated: bool,
    /// The address that was called.
    pub remote_ip: Option<String>,
    /// Where the time went.
    pub timings: Timings,
    /// Why it failed, for the one who owns the receiver.
    pub error: Option<String>,
    /// What a newer Hookstep says beyond that.
    #[serde(flatten)]
    pub more: Map<String, Value>,
}

/// Which events a list has. All may be combined.
#[derive(Clone, Debug, Default)]
pub struct EventQuery {
    /// Only events that stand there.
    pub status: Option<Status>,
    /// Only events that were accepted then or later.
    pub from: Option<Timestamp>,
    /// Only events that were accepted then or earlier.
    pub to: Option<Timestamp>,
    /// Only events with this correlation id.
    pub correlation_id: Option<String>,
    /// The most entries of a page, 1 to 100; 50 unless it is said.
    pub limit: Option<u32>,
    /// The `next_cursor` of the page before.
    pub cursor: Option<String>,
}

impl Client {
    /// A page of the events of a webhook, newest first.
    ///
    /// # Errors
    /// As for every call.
    pub async fn events(&self, config_id: ConfigId, query: &EventQuery) -> Result<Page<Event>, Error> {
        let EventQuery { status, from, to, correlation_id, limit, cursor } = query;
        let pairs = [
            ("status", status.map(|status| status.as_str().to_owned())),
            ("from", from.map(|from| from.to_string())),
            ("to", to.map(|to| to.to_string())),
            ("correlation_id", correlation_id.clone()),
            ("limit", limit.map(|limit| limit.to_string())),
            ("cursor", cursor.clone()),
        ];
        let pairs: Vec<_> = pairs.into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
        self.get(&with_query(&format!("/webhook/{config_id}/events"), &pairs)).await
    }

    /// An event with its attempts. It is there a moment after its trigger was answered.
    ///
    /// # Errors
    /// As for every call; 404 while it is not there.
    pub async fn event(&self, config_id: ConfigId, event_id: EventId) -> Result<Event, Error> {
        self.get(&format!("/webhook/{config_id}/events/{event_id}")).await
    }
}

/// A path with a query.
pub(crate) fn with_query(path: &str, pairs: &[(&str, String)]) -> String {
    if pairs.is_empty() {
        return path.to_owned();
    }
    let query = Serializer::new(String::new()).extend_pairs(pairs).finish();
    format!("{path}?{query}")
}
