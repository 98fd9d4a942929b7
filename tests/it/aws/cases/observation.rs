//! What can be observed about a case, without the values that differ between runs.

use hookstep_contract::CloudEvents;
use serde_json::{Map, Value, json};

use super::formats::SIGNATURE_HEADER;
use crate::world::{Answer, Seen};

/// Fields that differ between any two events.
const OF_THIS_EVENT: [&str; 11] = [
    "event_id",
    "config_id",
    "created_at",
    "updated_at",
    "deliver_at",
    "webhook_id",
    "replay_of",
    "replayed_by",
    "replay_id",
    "publication_id",
    "duration_ms",
];
/// Fields that differ between any two attempts.
const OF_THIS_ATTEMPT: [&str; 4] = ["started_at", "duration_ms", "timings", "url"];
const OF_THIS_REQUEST: [&str; 6] =
    ["host", "webhook-id", "webhook-timestamp", "webhook-signature", "ce-id", "ce-time"];

/// Everything that is visible about a case from outside:
/// - `event`: the record, attempts included;
/// - `answer`: the response to a waiting producer, or null;
/// - `enabled`: whether the webhook is still enabled, or null if it has been deleted;
/// - `requests`: what the receiver saw.
pub(super) fn observation(
    event: &Value,
    answer: Value,
    webhook: &Answer,
    seen: &[Seen],
    pause: f64,
) -> Value {
    agree(event, &answer);
    for pair in seen.windows(2) {
        let paused = (pair[1].at - pair[0].at).as_secs_f64();
        assert!(paused >= pause, "the retry came after only {paused} s");
    }
    let requests: Vec<_> = seen.iter().map(|request| sent(event, request)).collect();
    let mut event = without(event, &OF_THIS_EVENT);
    if let Some(attempts) = event["attempts"].as_array_mut() {
        for attempt in attempts {
            *attempt = without(attempt, &OF_THIS_ATTEMPT);
            attempt["request_headers"] = without(&attempt["request_headers"], &OF_THIS_REQUEST);
        }
    }
    json!({
        "event": event,
        "answer": without(&answer, &["event_id", "duration_ms"]),
        "enabled": (webhook.status == 200).then(|| webhook.json()["enabled"].clone()),
        "requests": requests,
    })
}

/// A waiting producer receives exactly what is on record.
fn agree(event: &Value, answer: &Value) {
    // A producer that was told `in_progress` was told nothing else.
    if answer.is_null() || answer["status"] == "in_progress" {
        return;
    }
    for (told, recorded) in [
        ("event_id", "event_id"),
        ("status", "status"),
        ("outcome", "outcome"),
        ("status_code", "status_code"),
        ("attempts", "attempt_count"),
        ("reason", "reason"),
        ("error", "error"),
    ] {
        assert_eq!(answer[told], event[recorded], "{told}: {answer} {event}");
    }
}

/// A request as the receiver saw it. The body is shown as text if it is UTF-8, otherwise as a hash.
fn sent(event: &Value, seen: &Seen) -> Value {
    assert_eq!(seen.header("webhook-id"), event["webhook_id"].as_str(), "the request carries the event's id");
    let headers = seen.headers().into_iter().filter(|(name, _)| !OF_THIS_REQUEST.contains(&name.as_str()));
    let shown = |name: &str, value: &str| match (name, value.split_once('=')) {
        (SIGNATURE_HEADER, Some((prefix, _))) => json!(format!("{prefix}=…")),
        _ => json!(value),
    };
    let headers: Map<_, _> = headers.map(|(name, value)| (name.clone(), shown(&name, value))).collect();
    let is_cloud_event = |headers: &Map<_, _>| {
        headers.get("content-type").is_some_and(|value| *value == CloudEvents::STRUCTURED)
    };
    let body = match String::from_utf8(seen.body.clone()) {
        Ok(text) if is_cloud_event(&headers) => {
            let cloud_event = serde_json::from_str(&text).unwrap_or_default();
            without(&cloud_event, &["id", "time"])
        }
        Ok(text) if text.len() < 1000 => json!(text),
        _ => json!({"sha256": seen.sha256}),
    };
    let signatures = seen.header("webhook-signature").unwrap_or_default().split_whitespace();
    let signatures: Vec<_> = signatures.filter_map(|signature| signature.split(',').next()).collect();
    json!({"line": seen.request_line(), "headers": headers, "signatures": signatures, "body": body})
}

/// The object without these fields.
fn without(value: &Value, fields: &[&str]) -> Value {
    let mut value = value.clone();
    if let Some(object) = value.as_object_mut() {
        object.retain(|name, _| !fields.contains(&name.as_str()));
    }
    value
}

/// Whether the observation contains everything expected: for an object the named fields, for a list every
/// item.
pub(super) fn holds(expected: &Value, seen: &Value) -> Result<(), String> {
    match (expected, seen) {
        (Value::Object(fields), Value::Object(_)) => {
            fields.iter().try_for_each(|(name, value)| at(name, holds(value, &seen[name.as_str()])))
        }
        (Value::Array(items), Value::Array(found)) if items.len() == found.len() => {
            let mut pairs = items.iter().zip(found).enumerate();
            pairs.try_for_each(|(index, (item, found))| at(&index.to_string(), holds(item, found)))
        }
        _ if expected == seen => Ok(()),
        _ => Err(format!(": expected {expected}, not {seen}")),
    }
}

fn at(place: &str, result: Result<(), String>) -> Result<(), String> {
    result.map_err(|difference| format!("/{place}{difference}"))
}
