//! Receivers that take CloudEvents: what they get is read and validated by the JavaScript SDK of CloudEvents.
//!
//! The SDK needs Node 20 and a package index. Without them, it is not asked, unless the environment variable `CI` is set.
#![expect(clippy::unwrap_used, reason = "an unexpected result in a helper fails the test")]

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hookstep_contract::EventId;
use serde_json::{Value, json};

use crate::security::extra_signatures::ask;
use crate::world::{Answer, Api, Receiver, Reply, Seen, World, accepted};

/// The event as the SDK reads it; null if it cannot be asked.
fn read(seen: &Seen) -> Value {
    let Some(output) = ask("read.mjs", json!({}), seen) else { return Value::Null };
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Sends a body; returns the event.
async fn send(api: &Api, id: &str, content_type: &str, body: impl Into<reqwest::Body>) -> Value {
    let request = api.request(http::Method::POST, &format!("/webhook/{id}/trigger"));
    let event_id = accepted(&Answer::to(request.header("content-type", content_type).body(body)).await);
    api.ended(id, &event_id).await
}

fn attributes(event: &Value, source: &str, content_type: &str) -> Value {
    // The time in the id, which is made after the record has its own.
    let id: EventId = event["webhook_id"].as_str().unwrap().parse().unwrap();
    json!({
        "specversion": "1.0", "id": event["webhook_id"], "source": source, "type": "hookstep.event",
        "time": id.accepted_at().to_string(), "datacontenttype": content_type,
    })
}

fn with(mut attributes: Value, more: Value) -> Value {
    attributes.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    attributes
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_sdk_reads_both_modes() {
    let world = World::start().await;
    let json = "{\"a\":  1.0, \"é\": 12345678901234567890}";
    for mode in ["binary", "structured"] {
        let receiver = Receiver::ok().await;
        let fields = json!({"cloud_events": {"mode": mode}});
        let id = world.api.create_webhook(&receiver.url, fields).await;
        let source = format!("/webhook/{id}");
        let event = send(&world.api, &id, "application/json", json).await;
        assert_eq!(event["status"], "succeeded", "{event}");
        let seen = receiver.only();
        let read_event = read(&seen);
        if !read_event.is_null() {
            let mut expected = attributes(&event, &source, "application/json");
            // JavaScript reads numbers as it can.
            expected["data"] = json!({"a": 1, "é": read_event["data"]["é"]});
            assert_eq!(read_event, expected, "{mode}");
        }
        let text = String::from_utf8(seen.body.clone()).unwrap();
        assert!(text.contains(json), "{mode}: {text}");
        assert!(seen.header("webhook-signature").is_some());

        let bytes = b"\xff\x00 no text";
        let event = send(&world.api, &id, "application/octet-stream", &bytes[..]).await;
        let seen = receiver.seen().pop().unwrap();
        let read_event = read(&seen);
        if !read_event.is_null() {
            assert_eq!(read_event["id"], event["webhook_id"]);
            assert_eq!(read_event["datacontenttype"], "application/octet-stream");
            assert_eq!(read_event["data_base64"], STANDARD.encode(bytes), "{mode}: {read_event}");
        }
        assert_eq!(seen.body == bytes, mode == "binary");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_retry_and_a_replay_are_the_same_event() {
    let world = World::start().await;
    for mode in ["binary", "structured"] {
        let receiver = Receiver::answering([503, 200].map(Reply::status)).await;
        let fields = json!({
            "cloud_events": {"mode": mode, "source": "https://example.com/orders", "type": "com.example.order"},
            "transform": {"jsonata": "{'order': a}"}, "retry": {"schedule_seconds": [1]},
        });
        let id = world.api.create_webhook(&receiver.url, fields).await;
        let event = send(&world.api, &id, "application/json", "{\"a\": 7}").await;
        assert_eq!(event["attempt_count"], 2, "{event}");
        let event_id = event["event_id"].as_str().unwrap();
        let path = format!("/webhook/{id}/events/{event_id}");
        let replay = accepted(&world.api.post(&format!("{path}/replay"), &json!({})).await);
        assert_eq!(world.api.ended(&id, &replay).await["status"], "succeeded");
        let seen = receiver.seen();
        assert_eq!(seen.len(), 3);
        for request in &seen {
            assert_eq!(request.body, seen[0].body, "{mode}");
            let ce = |request: &Seen| {
                let headers = request.headers().into_iter().filter(|(name, _)| name.starts_with("ce-"));
                headers.map(|(name, value)| (name, value.to_owned())).collect::<Vec<_>>()
            };
            assert_eq!(ce(request), ce(&seen[0]), "{mode}");
        }
        let read_event = read(&seen[2]);
        if !read_event.is_null() {
            let expected = with(
                attributes(&event, "https://example.com/orders", "application/json"),
                json!({"type": "com.example.order", "data": {"order": 7}}),
            );
            assert_eq!(read_event, expected, "{mode}");
        }
        // What is stored is the data, not the envelope around it.
        let sent = world.api.get(&format!("{path}/payload?of=sent")).await;
        assert_eq!(sent.json(), json!({"order": 7}));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn type_and_correlation_id_come_from_the_event() {
    let (world, receiver) = (World::start().await, Receiver::ok().await);
    let fields = json!({"cloud_events": {"mode": "binary", "type": "unused"}, "event_types": ["order.*"]});
    let id = world.api.create_webhook(&receiver.url, fields).await;
    let published =
        json!({"event_type": "order.paid", "payload": {"n": 1}, "correlation_id": "order 7: 100%"});
    let answer = world.api.post("/events", &published).await;
    assert_eq!(answer.status, 202, "{answer:?}");
    world.api.until_events_of(&id, 1, "succeeded").await;
    let seen = receiver.only();
    assert_eq!(seen.header("ce-type"), Some("order.paid"));
    assert_eq!(seen.header("ce-correlationid"), Some("order%207:%20100%25"));
    let read_event = read(&seen);
    if !read_event.is_null() {
        assert_eq!((&read_event["type"], &read_event["data"]), (&json!("order.paid"), &json!({"n": 1})));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn large_and_coded_bodies_go_as_far_as_the_mode_takes_them() {
    let world = World::start().await;
    let gzipped = STANDARD.decode("H4sIAAAAAAACA6tWKi5JLCktVrJSKkjMTFGqBQD2jiDFEQAAAA==").unwrap();
    let body = |kib: usize| format!("\"{}\"", "x".repeat(kib * 1024 - 2));
    for (mode, too_large) in [("binary", None), ("structured", Some("body_too_large"))] {
        let receiver = Receiver::ok().await;
        let fields = json!({"cloud_events": {"mode": mode}, "retry": {"schedule_seconds": []}});
        let id = world.api.create_webhook(&receiver.url, fields).await;
        // A claim check that fits.
        let event = send(&world.api, &id, "application/json", body(1024)).await;
        assert_eq!(event["status"], "succeeded", "{mode}: {event}");
        let seen = receiver.only();
        assert!(seen.body.windows(1024 * 1024).any(|part| part == body(1024).as_bytes()), "{mode}");
        let event = send(&world.api, &id, "application/json", body(1025)).await;
        assert_eq!(event["reason"]["code"].as_str(), too_large, "{mode}: {event}");
        // What is inside, because the envelope cannot say that it is coded.
        let request = world.api.request(http::Method::POST, &format!("/webhook/{id}/trigger"));
        let request = request.header("content-type", "application/json").header("content-encoding", "gzip");
        let event_id = accepted(&Answer::to(request.body(gzipped.clone())).await);
        assert_eq!(world.api.ended(&id, &event_id).await["status"], "succeeded");
        let seen = receiver.seen().pop().unwrap();
        assert_eq!(seen.header("content-encoding"), (mode == "binary").then_some("gzip"));
        let text = String::from_utf8_lossy(&seen.body);
        assert!(mode == "binary" || text.ends_with(r#""data":{"status":"paid"}}"#), "{text}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_is_previewed_changed_and_checked() {
    let world = World::start().await;
    let id =
        world.api.create_webhook("https://example.com/", json!({"cloud_events": {"mode": "binary"}})).await;
    let preview = async || {
        let preview = world.api.post(&format!("/webhook/{id}/preview"), &json!({"body": "{\"a\": 1}"})).await;
        preview.json()["request"].clone()
    };
    let request = preview().await;
    assert_eq!(
        (&request["headers"]["ce-id"], &request["headers"]["ce-type"]),
        (&json!("***"), &json!("hookstep.event"))
    );
    let patch = async |changes: Value| {
        let patch = world.api.request(http::Method::PATCH, &format!("/webhook/{id}"));
        Answer::to(patch.header("content-type", "application/json").body(changes.to_string())).await
    };
    let patched = patch(json!({"cloud_events": {"mode": "structured", "source": "/orders"}})).await.json();
    assert_eq!(patched["cloud_events"], json!({"mode": "structured", "source": "/orders"}));
    let request = preview().await;
    let envelope: Value = serde_json::from_str(request["body"].as_str().unwrap()).unwrap();
    assert_eq!((&envelope["source"], &envelope["data"]), (&json!("/orders"), &json!({"a": 1})));
    assert_eq!(request["headers"]["content-type"], "application/cloudevents+json; charset=utf-8");
    for (changes, field) in [
        (json!({"cloud_events": {"mode": "text"}}), "cloud_events.mode"),
        (json!({"cloud_events": {"source": "a b"}}), "cloud_events.source"),
        (json!({"cloud_events": {"type": ""}}), "cloud_events.type"),
        (json!({"headers": {"CE-Id": "1"}}), "headers.CE-Id"),
        (json!({"extra_signature": {"type": "hmac", "header": "ce-id"}}), "extra_signature.header"),
    ] {
        let answer = patch(changes.clone()).await;
        assert_eq!((answer.status, &answer.json()["field"]), (400, &json!(field)), "{changes}: {answer:?}");
    }
    let none = patch(json!({"cloud_events": null, "headers": {"ce-id": "1", "ce-tenant": "t"}})).await;
    assert_eq!((none.status, &none.json()["cloud_events"]), (200, &Value::Null));
}
