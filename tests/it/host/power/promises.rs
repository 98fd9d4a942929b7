//! What the host has promised: the events and the webhooks that it has answered for.
#![expect(clippy::unwrap_used, reason = "a poisoned list fails the test")]

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use futures_util::{StreamExt, stream};
use hookstep_signing::{Key, Received, verify};
use serde_json::{Value, json};

use super::receiver::{Arrival, Memory, sha256};
use crate::world::{Answer, Api};

/// How many questions are asked at once.
const CONCURRENCY: usize = 16;

/// How long the last events may take, and how often they are looked at.
const END_TIMEOUT: Duration = Duration::from_secs(60);
const POLL_INTERVAL: Duration = Duration::from_millis(50);

/// An event that was answered with 202.
pub(super) struct Event {
    pub(super) round: u64,
    pub(super) config_id: String,
    pub(super) event_id: String,
    pub(super) body_sha256: [u8; 32],
}

/// A webhook that was asked for. Its version is in a header and in its credential, which no version shares.
#[derive(Clone, Default)]
pub(super) struct Webhook {
    /// The answer to its creation, if there was one.
    pub(super) created: Option<Value>,
    /// The last version that was answered.
    pub(super) saved: u64,
    /// The version of a change that was not answered; the host may have saved it.
    pub(super) attempted: Option<u64>,
}

#[derive(Default)]
pub(super) struct Promises {
    pub(super) events: Mutex<Vec<Event>>,
    /// By name.
    pub(super) webhooks: Mutex<BTreeMap<String, Webhook>>,
}

/// The fields of a version of a webhook.
pub(super) fn fields(name: &str, version: u64) -> Value {
    json!({"headers": {"X-Version": version.to_string()},
           "auth": {"type": "api_key", "name": "x-key", "value": key(name, version)}})
}

fn key(name: &str, version: u64) -> String {
    format!("{name}, version {version}")
}

/// What became of the promises.
#[derive(Debug)]
pub(super) struct Account {
    /// How many there were, and how many records are lost.
    pub(super) summary: String,
    /// Every broken promise, one a line.
    pub(super) broken: Vec<String>,
}

pub(super) async fn account(api: &Api, receiver: &Memory, promises: &Promises) -> Account {
    let events = std::mem::take(&mut *promises.events.lock().unwrap());
    let webhooks = promises.webhooks.lock().unwrap().clone();
    let of_events = events_account(api, receiver, &events).await;
    let of_webhooks = webhooks_account(api, receiver, &webhooks).await;
    Account {
        summary: format!("{}; {}", of_events.summary, of_webhooks.summary),
        broken: [of_events.broken, of_webhooks.broken].concat(),
    }
}

async fn events_account(api: &Api, receiver: &Memory, events: &[Event]) -> Account {
    let looked_up = stream::iter(events).map(async |event: &Event| {
        let path = format!("/webhook/{}/events/{}", event.config_id, event.event_id);
        (event, api.get(&path).await.status)
    });
    let looked_up: Vec<_> = looked_up.buffer_unordered(CONCURRENCY).collect().await;
    let (kept, lost): (Vec<_>, Vec<_>) = looked_up.into_iter().partition(|(_, status)| *status == 200);
    let has_arrived = |event: &Event| receiver.arrival(&event.event_id).is_some();
    let start = Instant::now();
    while start.elapsed() < END_TIMEOUT
        && !(kept.iter().all(|(event, _)| has_arrived(event)) && all_have_ended(api, &kept).await)
    {
        tokio::time::sleep(POLL_INTERVAL).await;
    }
    let unsent = kept.iter().filter(|(event, _)| !has_arrived(event));
    let changed = kept.iter().filter(|(event, _)| {
        receiver.arrival(&event.event_id).is_some_and(|arrival| arrival.sha256 != event.body_sha256)
    });
    let told = |(event, status): &(&Event, u16), what: &str| {
        format!("{} of round {} {what} (HTTP {status})", event.event_id, event.round)
    };
    let mut broken: Vec<_> = lost.iter().map(|event| told(event, "is lost")).collect();
    broken.extend(unsent.map(|event| told(event, "has not arrived")));
    broken.extend(changed.map(|event| told(event, "has arrived with another body")));
    broken.extend((!all_have_ended(api, &kept).await).then(|| "events are in progress for ever".to_owned()));
    let summary = format!("{} events were accepted, of which {} are lost", events.len(), lost.len());
    Account { summary, broken }
}

/// Whether no event of the webhook of these events is in progress.
async fn all_have_ended(api: &Api, events: &[(&Event, u16)]) -> bool {
    let Some((event, _)) = events.first() else { return true };
    let list = api.events(&event.config_id, "?limit=1&status=in_progress").await;
    list["data"].as_array().unwrap().is_empty()
}

async fn webhooks_account(api: &Api, receiver: &Memory, webhooks: &BTreeMap<String, Webhook>) -> Account {
    let mut listed = listed(api).await;
    let mut broken = Vec::new();
    // The webhook of the events.
    broken.extend(listed.remove("test").is_none().then(|| "the first webhook is lost".to_owned()));
    let (mut lost, mut unanswered) = (0, 0);
    for (name, webhook) in webhooks {
        let shown = listed.remove(name);
        unanswered += usize::from(webhook.created.is_none() && shown.is_some());
        match (shown, &webhook.created) {
            (Some(shown), _) => broken.extend(wrong(api, receiver, name, webhook, &shown).await),
            (None, Some(_)) => lost += 1,
            (None, None) => {}
        }
    }
    let total = webhooks.len();
    let summary = format!(
        "{total} webhooks were asked for, of which {lost} that were answered are lost and {unanswered} that were not are there"
    );
    broken.extend(listed.keys().map(|name| format!("nobody asked for {name}")));
    broken.extend((lost > 0).then(|| format!("{lost} webhooks are lost")));
    Account { summary, broken }
}

/// All webhooks, by name.
async fn listed(api: &Api) -> BTreeMap<String, Value> {
    let (mut found, mut cursor) = (BTreeMap::new(), String::new());
    loop {
        let page = api.get(&format!("/webhook?limit=100{cursor}")).await.json();
        for webhook in page["data"].as_array().unwrap() {
            found.insert(webhook["name"].as_str().unwrap().to_owned(), webhook.clone());
        }
        let Some(next) = page["next_cursor"].as_str() else { return found };
        cursor = format!("&cursor={next}");
    }
}

/// What is wrong with a webhook that is there: it must be of one of the possible versions, whole, and usable.
async fn wrong(api: &Api, receiver: &Memory, name: &str, webhook: &Webhook, shown: &Value) -> Option<String> {
    let id = shown["config_id"].as_str().unwrap();
    let version: u64 = shown["headers"]["X-Version"].as_str().unwrap_or_default().parse().unwrap_or(u64::MAX);
    if version != webhook.saved && Some(version) != webhook.attempted {
        return Some(format!("{name} has version {version}, saved was {}: {shown}", webhook.saved));
    }
    if webhook.created.as_ref().is_some_and(|created| created["config_id"] != id) {
        return Some(format!("{name} has another id: {shown}"));
    }
    if (&shown["auth"]["type"], &shown["auth"]["name"]) != (&json!("api_key"), &json!("x-key")) {
        return Some(format!("{name} has another authentication: {shown}"));
    }
    let answer = Answer::to(api.triggering(id, "?sync=true", BODY)).await;
    if !matches!(answer.status, 200 | 202) {
        return Some(format!("{name} cannot be used: {answer:?}"));
    }
    let event_id = answer.json()["event_id"].as_str().unwrap().to_owned();
    // The change that was cut off holds the webhook for a minute, for which an attempt waits (docs/adr/0024).
    let event = api.ended(id, &event_id).await;
    if event["status"] != "succeeded" {
        return Some(format!("{name} cannot be used: {event}"));
    }
    let arrival = receiver.arrival(&event_id).unwrap();
    let header = |header: &str| arrival.headers.get(header).map(|value| value.to_str().unwrap());
    if header("x-version") != Some(&version.to_string()) {
        return Some(format!("{name}, version {version}, sends {:?}", arrival.headers));
    }
    // A change that was cut off may have saved the credential and not the webhook (ADR 24).
    let possible = [Some(version), webhook.attempted];
    if !possible.into_iter().flatten().any(|version| header("x-key") == Some(&key(name, version))) {
        return Some(format!("{name}, version {version}, sends {:?}", arrival.headers));
    }
    let secret = webhook.created.as_ref().map(|created| created["signing_secret"].as_str().unwrap());
    let is_signed = secret.is_none_or(|secret| is_signed(&arrival, secret));
    (!is_signed).then(|| format!("{name} signs with another secret"))
}

const BODY: &str = r#"{"a": "probe"}"#;

fn is_signed(arrival: &Arrival, secret: &str) -> bool {
    let header = |name: &str| arrival.headers.get(name).unwrap().to_str().unwrap();
    let received = Received {
        id: header("webhook-id"),
        timestamp: header("webhook-timestamp"),
        signature: header("webhook-signature"),
    };
    let now = received.timestamp.parse().unwrap();
    let key = Key::Secret(secret.parse().unwrap());
    arrival.sha256 == sha256(BODY.as_bytes())
        && verify(received, BODY.as_bytes(), &[key], Duration::ZERO, now).is_ok()
}
