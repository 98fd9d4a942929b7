//! Payloads: the receiver gets the producer's bytes unchanged, whatever they are.
#![expect(clippy::unwrap_used, reason = "an unexpected result in a helper fails the test")]

use std::collections::BTreeMap;

use futures_util::future::join_all;
use hookstep_contract::limits::{INLINE_BYTES, TRIGGER_BODY_BYTES};
use http::Method;
use serde_json::json;

use crate::world::{Answer, Api, Receiver, Reply, Seen, World, accepted};

const KIB: usize = 1024;

/// A body and its `Content-Type`.
struct Sent<'a> {
    content_type: Option<&'a str>,
    body: Vec<u8>,
}

/// Triggers an event with every body and checks that each arrived unchanged on every attempt.
async fn assert_exact(api: &Api, config_id: &str, receiver: &Receiver, all: Vec<Sent<'_>>, attempts: usize) {
    let mut sent_as = BTreeMap::new();
    for sent in all {
        let mut request =
            api.request(Method::POST, &format!("/webhook/{config_id}/trigger")).body(sent.body.clone());
        if let Some(content_type) = sent.content_type {
            request = request.header("content-type", content_type);
        }
        sent_as.insert(accepted(&Answer::to(request).await), sent);
    }
    for (event_id, sent) in &sent_as {
        let event = api.ended(config_id, event_id).await;
        assert_eq!(
            (&event["status"], &event["size"]),
            (&json!("succeeded"), &json!(sent.body.len())),
            "{event}"
        );
    }
    let seen = receiver.seen();
    assert_eq!(seen.len(), sent_as.len() * attempts);
    for request in seen {
        assert_same(&request, &sent_as[request.header("webhook-id").unwrap()]);
    }
}

fn assert_same(request: &Seen, sent: &Sent<'_>) {
    let shown = String::from_utf8_lossy(&sent.body[..sent.body.len().min(100)]);
    // Not `assert_eq!`: a megabyte of diff is useless.
    assert!(request.body == sent.body, "{} of {} bytes: {shown}", request.body.len(), sent.body.len());
    assert_eq!(request.header("content-type"), sent.content_type, "{shown}");
    assert_eq!(request.header("content-length"), Some(sent.body.len().to_string().as_str()), "{shown}");
    assert_eq!(request.header("transfer-encoding"), None, "{shown}");
    assert_eq!(request.header("content-encoding"), None, "{shown}");
}

fn sent(content_type: &str, body: impl Into<Vec<u8>>) -> Sent<'_> {
    Sent { content_type: Some(content_type), body: body.into() }
}

/// A world with one webhook, whose receiver accepts everything.
async fn one_webhook() -> (World, String, Receiver) {
    let (world, receiver) = (World::start().await, Receiver::ok().await);
    let id = world.api.create_webhook(&receiver.url, json!({})).await;
    (world, id, receiver)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_arrives_to_the_byte() {
    let (world, id, receiver) = one_webhook().await;
    let json = |text: &str| sent("application/json", text);
    let all = vec![
        json(r#"{"price": 1.0, "huge": 1e400, "tiny": 1E-400, "id": 9223372036854775809, "minus": -0.0}"#),
        json("123456789012345678901234567890.123456789012345678901234567890"),
        json(r#"{"b": 1, "a": 2, "b": 3, "": {}}"#),
        json(" {\t\"a\" :\r\n1 , \n \"b\":[ ] }\n\n"),
        json(r#"{"escaped": "\u00e4\/\ud83d\ude00\ud800", "plain": "ä😀"}"#),
        json(r#"{"a": "#),
        json("\u{feff}{\"bom\": true}"),
        json("{% $states.input %}"),
        json("null"),
        sent("application/x-www-form-urlencoded", "a=1&b=%20+&a=2"),
        sent("text/plain; charset=utf-8", "Zeile 1\r\nZeile 2\rZeile 3\n\u{2028}\u{2029}日本語 \u{10ffff}"),
        sent("text/plain", "\u{0}\u{1}\u{1f}\u{7f}\u{80}\u{9f}\\\"'\u{8}\u{c}"),
        sent("application/octet-stream", (0..=255).collect::<Vec<u8>>()),
        sent("application/octet-stream", (0..=255).rev().cycle().take(100_000).collect::<Vec<u8>>()),
        sent("text/plain; charset=iso-8859-1", b"gr\xfc\xdfe".to_vec()),
        sent("application/cloudevents+json; charset=\"utf-8\"", "{}"),
        sent("application/json", ""),
        Sent { content_type: None, body: b"of no type".to_vec() },
        Sent { content_type: None, body: Vec::new() },
    ];
    assert_exact(&world.api, &id, &receiver, all, 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn random_bytes_arrive_to_the_byte() {
    let (world, id, receiver) = one_webhook().await;
    let sources = hookstep_ambient::Sources::system();
    let random = |below: usize| ((sources.random)() * below as f64) as usize;
    let all = (0..40).map(|number| {
        // Half of the bodies consist of a few bytes that escape, quote or break lines.
        let pick =
            |_| if number % 2 == 0 { random(256) as u8 } else { b"\"\\\n\r\t\0\x1f\x7fa{%}"[random(12)] };
        sent("application/octet-stream", (0..random(5000)).map(pick).collect::<Vec<u8>>())
    });
    assert_exact(&world.api, &id, &receiver, all.collect(), 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_large_body_arrives_on_every_attempt() {
    let world = World::start().await;
    let bodies = [
        ("199 KiB", vec![b'x'; 199 * KIB]),
        ("the most that stays in the state", vec![b'x'; INLINE_BYTES]),
        ("a byte more", vec![b'x'; INLINE_BYTES + 1]),
        ("201 KiB", vec![b'x'; 201 * KIB]),
        ("escapes that grow sixfold", vec![1; 150 * KIB]),
        ("escapes that grow sixfold in one half", [vec![1; 75 * KIB], vec![b'"'; 75 * KIB]].concat()),
        ("deletes", vec![0x7f; 150 * KIB]),
        ("binary", vec![0xff; 150 * KIB]),
        ("1 MB", (0..1_000_000).map(|i: u32| i as u8).collect()),
    ];
    // One receiver per body, all concurrently, because each waits a second for its retry.
    join_all(bodies.map(|(name, body)| {
        let api = &world.api;
        async move {
            let receiver = Receiver::answering([500, 200].map(Reply::status)).await;
            let id = api
                .create_webhook(&receiver.url, json!({"name": name, "retry": {"schedule_seconds": [1]}}))
                .await;
            assert_exact(api, &id, &receiver, vec![sent("text/plain", body)], 2).await;
        }
    }))
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_fullest_plan_fits_into_the_state() {
    // Headers in which every byte is escaped once in the state, a long URL, and the largest inline body.
    let headers: BTreeMap<String, String> = (0..8).map(|i| (format!("x-{i}"), "\"".repeat(1000))).collect();
    let fields = json!({"headers": headers, "retry": {"schedule_seconds": vec![1; 20]}});
    let (world, receiver) = (World::start().await, Receiver::answering([500, 200].map(Reply::status)).await);
    let url = format!("{}?{}", receiver.url, "x".repeat(2000));
    let id = world.api.create_webhook(&url, fields).await;
    assert_exact(&world.api, &id, &receiver, vec![sent("text/plain", vec![b'x'; INLINE_BYTES])], 2).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn six_megabytes_arrive_and_a_byte_more_is_told_the_way() {
    let (world, id, receiver) = one_webhook().await;
    let largest: Vec<u8> = (0..TRIGGER_BODY_BYTES).map(|i| (i / 7) as u8).collect();
    assert_exact(&world.api, &id, &receiver, vec![sent("application/octet-stream", largest)], 1).await;

    let answer = Answer::to(world.api.triggering(&id, "", vec![0; TRIGGER_BODY_BYTES + 1])).await;
    let detail = answer.problem(413)["detail"].take();
    assert!(detail.as_str().unwrap().contains("/uploads"), "{detail}");
    assert_eq!(world.api.events(&id, "").await["data"].as_array().unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_producer_may_send_in_chunks() {
    let (world, id, receiver) = one_webhook().await;
    let parts = (0..10).map(|part: u8| Ok::<_, std::io::Error>(vec![part; 1000]));
    let body = reqwest::Body::wrap_stream(futures_util::stream::iter(parts));
    let event_id = world.api.trigger(&id, body).await;
    world.api.ended(&id, &event_id).await;
    let whole: Vec<u8> = (0..10).flat_map(|part| vec![part; 1000]).collect();
    assert_same(&receiver.only(), &sent("application/json", whole));
}
