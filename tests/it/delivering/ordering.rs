//! Receivers that want events in their order: one is sent when the one before it is over.
#![expect(clippy::unwrap_used, reason = "an unexpected result in a helper fails the test")]

use std::collections::HashMap;
use std::time::Duration;

use serde_json::{Value, json};

use crate::world::process::{FREE_PORT, Hookstep};
use crate::world::{Answer, Api, Dir, Receiver, Reply, World, accepted, until};

/// Triggers a webhook with an event of this key and number.
async fn send(api: &Api, id: &str, key: &str, number: usize) -> String {
    api.trigger(id, json!({"key": key, "n": number}).to_string()).await
}

/// The keys and numbers of the requests, in the order in which they came.
fn seen(receiver: &Receiver) -> Vec<String> {
    let bodies = receiver.seen().into_iter().map(|request| serde_json::from_slice(&request.body).unwrap());
    bodies.map(|body: Value| format!("{}{}", body["key"].as_str().unwrap_or("-"), body["n"])).collect()
}

async fn lane(api: &Api, id: &str) -> Value {
    api.get(&format!("/webhook/{id}")).await.json()["lane"].clone()
}

async fn patch(api: &Api, id: &str, changes: &Value) {
    let request = api.request(http::Method::PATCH, &format!("/webhook/{id}"));
    let answer =
        Answer::to(request.header("content-type", "application/json").body(changes.to_string())).await;
    assert_eq!(answer.status, 200, "{answer:?}");
}

fn by_key(more: Value) -> Value {
    let mut ordering = json!({"key": "key"});
    ordering.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    json!({"ordering": ordering, "retry": {"schedule_seconds": []}})
}

async fn cancel(api: &Api, id: &str, event_id: &str) -> Answer {
    api.post(&format!("/webhook/{id}/events/{event_id}/cancel"), &json!({})).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn events_are_sent_one_after_the_other_in_the_order_in_which_they_were_accepted() {
    let world = World::start().await;
    let slow = Reply::status(200).after(Duration::from_millis(40));
    for (fields, keys) in [(json!({"ordering": {}}), ["a"; 3]), (by_key(json!({})), ["a", "b", "c"])] {
        let receiver = Receiver::answering([slow.clone()]).await;
        let id = world.api.create_webhook(&receiver.url, fields).await;
        let mut events = Vec::new();
        for number in 0..15 {
            events.push(send(&world.api, &id, keys[number % 3], number).await);
        }
        for event_id in &events {
            assert_eq!(world.api.ended(&id, event_id).await["status"], "succeeded");
        }
        for key in keys {
            let seen = receiver.seen().into_iter();
            let seen = seen.map(|seen| (seen.at, serde_json::from_slice::<Value>(&seen.body).unwrap()));
            let of_key: Vec<_> = seen.filter(|(_, body)| body["key"] == key).collect();
            let numbers: Vec<_> = of_key.iter().map(|(_, body)| body["n"].as_u64().unwrap()).collect();
            assert!(numbers.is_sorted() && numbers.len() >= 5, "{key}: {numbers:?}");
            let between = of_key.windows(2).map(|pair| pair[1].0 - pair[0].0).min().unwrap();
            assert!(between >= Duration::from_millis(40), "{key}: {between:?}");
        }
        until("nothing waits", async || lane(&world.api, &id).await["waiting"] == 0).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_retry_keeps_its_place_and_other_keys_do_not_wait_for_it() {
    let world = World::start().await;
    let receiver = Receiver::answering([503, 200].map(Reply::status)).await;
    let fields = json!({"ordering": {"key": "key"}, "retry": {"schedule_seconds": [2]}});
    let id = world.api.create_webhook(&receiver.url, fields).await;
    let first = send(&world.api, &id, "a", 1).await;
    world.api.until(&id, &first, |event| event["attempt_count"] == 1).await;
    let second = send(&world.api, &id, "a", 2).await;
    let other = send(&world.api, &id, "b", 1).await;
    assert_eq!(world.api.ended(&id, &other).await["status"], "succeeded");
    let event = world.api.event(&id, &first).await;
    assert_eq!(event["status"], "in_progress");
    assert!(event["next_attempt_at"].is_string(), "{event}");
    assert_eq!(lane(&world.api, &id).await["waiting"], 2);
    assert_eq!(world.api.ended(&id, &second).await["status"], "succeeded");
    assert_eq!(world.api.ended(&id, &first).await["attempt_count"], 2);
    assert_eq!(seen(&receiver), ["a1", "b1", "a1", "a2"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_that_fails_for_good_gives_up_its_place() {
    let world = World::start().await;
    let receiver = Receiver::answering([400, 200].map(Reply::status)).await;
    let id = world.api.create_webhook(&receiver.url, json!({"ordering": {"on_failure": "continue"}})).await;
    let first = send(&world.api, &id, "a", 1).await;
    let second = send(&world.api, &id, "a", 2).await;
    assert_eq!(world.api.ended(&id, &second).await["status"], "succeeded");
    assert_eq!(world.api.ended(&id, &first).await["status"], "failed");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_that_blocks_its_order_does_so_until_it_is_cancelled_or_recovered() {
    let world = World::start().await;
    let receiver = Receiver::answering([400, 200, 200, 400, 200].map(Reply::status)).await;
    let id = world.api.create_webhook(&receiver.url, by_key(json!({"on_failure": "block"}))).await;
    let first = send(&world.api, &id, "a", 1).await;
    let second = send(&world.api, &id, "a", 2).await;
    until("the first one blocks", async || lane(&world.api, &id).await["blocking"] == json!([first])).await;
    let other = send(&world.api, &id, "b", 1).await;
    assert_eq!(world.api.ended(&id, &other).await["status"], "succeeded");
    assert_eq!(world.api.event(&id, &second).await["status"], "in_progress");
    assert_eq!(lane(&world.api, &id).await["waiting"], 1);
    let cancelled = cancel(&world.api, &id, &first).await;
    assert_eq!(cancelled.json()["reason"]["code"], "cancelled", "{cancelled:?}");
    assert_eq!(world.api.ended(&id, &second).await["status"], "succeeded");
    let third = send(&world.api, &id, "a", 3).await;
    let fourth = send(&world.api, &id, "a", 4).await;
    until("the third one blocks", async || lane(&world.api, &id).await["blocking"] == json!([third])).await;
    let replay = world.api.post(&format!("/webhook/{id}/events/{third}/replay"), &json!({})).await;
    assert_eq!(world.api.ended(&id, &accepted(&replay)).await["status"], "succeeded");
    assert_eq!(world.api.ended(&id, &fourth).await["status"], "succeeded");
    assert_eq!(seen(&receiver), ["a1", "b1", "a2", "a3", "a3", "a4"]);
    until("nothing waits", async || lane(&world.api, &id).await["waiting"] == 0).await;
    assert_eq!(lane(&world.api, &id).await["blocking"], json!([]));
    assert_eq!(cancel(&world.api, &id, &second).await.status, 409);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_blocked_obeys_whoever_changes_the_webhook() {
    let world = World::start().await;
    for (change, status) in [
        (json!({"ordering": {"on_failure": "continue"}}), "succeeded"),
        (json!({"ordering": null}), "succeeded"),
        (json!({"enabled": false}), "failed"),
    ] {
        let receiver = Receiver::answering([400, 200].map(Reply::status)).await;
        let id = world.api.create_webhook(&receiver.url, by_key(json!({"on_failure": "block"}))).await;
        send(&world.api, &id, "a", 1).await;
        let second = send(&world.api, &id, "a", 2).await;
        until("one blocks", async || lane(&world.api, &id).await["blocking"] != json!([])).await;
        patch(&world.api, &id, &change).await;
        assert_eq!(world.api.ended(&id, &second).await["status"], status, "{change}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_cancels_what_waits_lets_the_next_one_go() {
    let world = World::start().await;
    let receiver = Receiver::answering([503, 200].map(Reply::status)).await;
    let fields = json!({"ordering": {}, "retry": {"schedule_seconds": [3600]}});
    let id = world.api.create_webhook(&receiver.url, fields).await;
    let first = send(&world.api, &id, "a", 1).await;
    let second = send(&world.api, &id, "a", 2).await;
    let third = send(&world.api, &id, "a", 3).await;
    world.api.until(&id, &first, |event| event["next_attempt_at"].is_string()).await;
    for event_id in [&second, &first] {
        let cancelled = cancel(&world.api, &id, event_id).await;
        assert_eq!(cancelled.json()["status"], "failed", "{cancelled:?}");
    }
    assert_eq!(world.api.ended(&id, &third).await["status"], "succeeded");
    assert_eq!(seen(&receiver), ["a1", "a3"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_that_is_being_sent_cannot_be_cancelled() {
    let world = World::start().await;
    let receiver = Receiver::answering([Reply::status(200).after(Duration::from_secs(2))]).await;
    let id = world.api.create_webhook(&receiver.url, json!({"ordering": {}})).await;
    let event = send(&world.api, &id, "a", 1).await;
    until("the receiver is called", async || receiver.calls() == 1).await;
    assert_eq!(cancel(&world.api, &id, &event).await.status, 409);
    assert_eq!(world.api.ended(&id, &event).await["status"], "succeeded");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_held_takes_no_turn_from_other_keys() {
    let world = World::start().await;
    // Two attempts may begin in a burst: a third one would not be sent while the test lasts.
    let busy = Reply::status(503).header("retry-after", "3600");
    for (fields, replies) in [
        (
            json!({"rate_limit": {"events": 1, "per": "minute", "burst": 2}}),
            [Reply::status(400), Reply::status(200)],
        ),
        (json!({"retry": {"schedule_seconds": [60]}}), [busy, Reply::status(200)]),
    ] {
        let mut webhook = by_key(json!({"on_failure": "block"}));
        webhook.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        let receiver = Receiver::answering(replies).await;
        let id = world.api.create_webhook(&receiver.url, webhook).await;
        let first = send(&world.api, &id, "a", 1).await;
        world.api.until(&id, &first, |event| event["attempt_count"] == 1).await;
        let behind = send(&world.api, &id, "a", 2).await;
        // Such a change does not concern what is held.
        patch(&world.api, &id, &json!({"name": "another"})).await;
        let other = send(&world.api, &id, "b", 1).await;
        assert_eq!(world.api.ended(&id, &other).await["status"], "succeeded", "{fields}");
        assert_eq!(world.api.event(&id, &behind).await["status"], "in_progress");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_key_of_an_order_comes_from_the_accepted_body() {
    let world = World::start().await;
    let receiver = Receiver::answering([503, 200].map(Reply::status)).await;
    let mut fields = by_key(json!({"key": "items[0].id"}));
    fields["transform"] = json!({"jsonata": "{'n': n}"});
    fields["retry"] = json!({"schedule_seconds": [3600]});
    let id = world.api.create_webhook(&receiver.url, fields).await;
    let body = |n: usize, key: Value| json!({"n": n, "items": [{"id": key}]}).to_string();
    let first = world.api.trigger(&id, body(1, json!(7))).await;
    world.api.until(&id, &first, |event| event["next_attempt_at"].is_string()).await;
    // The same key waits. Other keys do not, nor does an event without a key.
    let waits = world.api.trigger(&id, body(2, json!("7"))).await;
    for key in [json!(8), json!(true), Value::Null] {
        let event = world.api.deliver(&id, body(3, key.clone())).await;
        assert_eq!(event["status"], "succeeded", "{key}: {event}");
    }
    for (body, code) in
        [(body(4, json!({"a": 1})), "order_key_fault"), ("no JSON".to_owned(), "body_not_json")]
    {
        let event = world.api.deliver(&id, body).await;
        assert_eq!((&event["status"], &event["reason"]["code"]), (&json!("failed"), &json!(code)), "{event}");
    }
    assert_eq!(world.api.event(&id, &waits).await["status"], "in_progress");
    let preview = json!({"body": body(5, json!(7)), "filter": null, "transform": null});
    let preview = world.api.post(&format!("/webhook/{id}/preview"), &preview).await.json();
    assert_eq!(preview["order_key"], "7", "{preview}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_wrong_with_an_order_is_named() {
    let (world, receiver) = (World::start().await, Receiver::ok().await);
    for (fields, field) in [
        (json!({"ordering": {"key": ""}}), "ordering.key"),
        (json!({"ordering": {"key": "a +"}}), "ordering.key"),
        (json!({"ordering": {}, "timeout_seconds": 121}), "timeout_seconds"),
    ] {
        let mut webhook = json!({"name": "n", "url": receiver.url});
        webhook.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        let answer = world.api.post("/webhook", &webhook).await;
        assert_eq!((answer.status, &answer.json()["field"]), (400, &json!(field)), "{answer:?}");
    }
    for ordering in [json!({"on_failure": "stop"}), json!({"by": "a"}), json!("webhook")] {
        let webhook = json!({"name": "n", "url": receiver.url, "ordering": ordering});
        assert_eq!(world.api.post("/webhook", &webhook).await.status, 400, "{ordering}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sync_trigger_waits_for_its_turn_in_its_order() {
    let world = World::start().await;
    let slow = Reply::status(200).after(Duration::from_millis(300));
    let receiver = Receiver::answering([slow, Reply::status(201)]).await;
    let id = world.api.create_webhook(&receiver.url, json!({"ordering": {}})).await;
    send(&world.api, &id, "a", 1).await;
    let answer = world.api.trigger_sync(&id, r#"{"key": "a", "n": 2}"#).await;
    assert_eq!((&answer["status"], &answer["status_code"]), (&json!("succeeded"), &json!(201)), "{answer}");
    assert_eq!(seen(&receiver), ["a1", "a2"]);
}

/// However often the host is killed, and whatever the receiver answers, no request comes for an event after one for a later event
/// of the same key.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kill_9_loses_nothing_and_keeps_the_order() {
    const KEYS: [&str; 4] = ["a", "b", "c", "d"];
    let dir = Dir::new();
    let statuses = [200, 503, 200, 200, 500, 200, 200].map(Reply::status);
    let replies = statuses.into_iter().cycle().take(2000);
    let receiver = Receiver::answering(replies.map(|reply| reply.after(Duration::from_millis(5)))).await;
    let mut host = Hookstep::start(dir.path(), FREE_PORT).await;
    let fields = json!({
        "ordering": {"key": "key", "on_failure": "block"}, "retry": {"schedule_seconds": [1, 1, 1, 1, 1, 1, 1, 1]},
    });
    let id = host.api.create_webhook(&receiver.url, fields).await;
    let mut events = Vec::new();
    for round in 0..3 {
        for number in 0..20 {
            events.push(send(&host.api, &id, KEYS[number % 4], round * 20 + number).await);
        }
        host.process.kill().await;
        host = Hookstep::start(dir.path(), FREE_PORT).await;
    }
    for event_id in &events {
        let event = host.api.ended(&id, event_id).await;
        assert_eq!(event["status"], "succeeded", "{event}");
    }
    let mut by_key = HashMap::<String, Vec<u64>>::new();
    for request in receiver.seen() {
        let body: Value = serde_json::from_slice(&request.body).unwrap();
        by_key.entry(body["key"].to_string()).or_default().push(body["n"].as_u64().unwrap());
    }
    assert_eq!(by_key.len(), KEYS.len());
    for (key, mut numbers) in by_key {
        assert!(numbers.is_sorted(), "{key}: {numbers:?}");
        numbers.dedup();
        assert_eq!(numbers.len(), 15, "{key}: {numbers:?}");
    }
    host.stop().await;
}
