//! Single and bulk replays, cancelled retries, stored bodies, test sends.
#![expect(clippy::unwrap_used, reason = "an unexpected result in a helper fails the test")]

use std::iter::repeat_n;
use std::time::Duration;

use http::Method;
use serde_json::{Value, json};

use crate::world::{Answer, Api, NOBODY, Receiver, Reply, World, accepted, until};
use hookstep_contract::MachineKind;

/// A body that does not survive a JSON parser unchanged, and one that is not even text.
const BODY: &str = "{ \"b\": 1.0,\n \"a\": 1e2 }";
const BYTES: &[u8] = b"\xff\x00\x01not text";

fn event_path(id: &str, event_id: &str, action: &str) -> String {
    format!("/webhook/{id}/events/{event_id}{action}")
}

/// Replays an event and waits for the end; returns the new event.
async fn replay(api: &Api, id: &str, event_id: &str) -> Value {
    let answer = api.post(&event_path(id, event_id, "/replay"), &json!({})).await;
    assert_eq!(answer.json()["replay_of"], event_id, "{answer:?}");
    api.ended(id, &accepted(&answer)).await
}

/// Starts a bulk replay; returns its URL.
async fn start_bulk(api: &Api, id: &str, what: &Value) -> String {
    let started = api.post(&format!("/webhook/{id}/events/replay"), what).await;
    assert_eq!(started.status, 202, "{started:?}");
    format!("/webhook/{id}/replays/{}", started.json()["replay_id"].as_str().unwrap())
}

/// A bulk replay that has ended.
async fn bulk(api: &Api, id: &str, what: &Value) -> Value {
    let path = start_bulk(api, id, what).await;
    ended(api, &path).await
}

async fn ended(api: &Api, path: &str) -> Value {
    for _ in 0..3000 {
        let job = api.get(path).await.json();
        if job["status"] != "in_progress" {
            return job;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    panic!("the bulk replay did not end");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replay_sends_the_same_bytes_under_the_same_webhook_id() {
    let (world, receiver) = (World::start().await, Receiver::answering([500, 200].map(Reply::status)).await);
    let api = &world.api;
    let id = api.create_webhook(&receiver.url, json!({"retry": {"schedule_seconds": []}})).await;
    let request = api.triggering(&id, "", BODY).header("x-correlation-id", "order-7");
    let event_id = accepted(&Answer::to(request).await);
    assert_eq!(api.ended(&id, &event_id).await["status"], "failed");

    let second = replay(api, &id, &event_id).await;
    let second_id = second["event_id"].as_str().unwrap();
    let third = replay(api, &id, second_id).await;
    for (event, of) in [(&second, event_id.as_str()), (&third, second_id)] {
        assert_eq!(event["status"], "succeeded");
        assert_eq!((&event["origin"], &event["replay_of"]), (&json!("replay"), &json!(of)));
        assert_eq!((&event["webhook_id"], &event["correlation_id"]), (&json!(event_id), &json!("order-7")));
        assert_eq!(event["size"], BODY.len());
    }
    let seen = receiver.seen();
    assert_eq!(seen.len(), 3);
    for request in seen {
        assert_eq!(
            (&*request.body, request.header("content-type")),
            (BODY.as_bytes(), Some("application/json"))
        );
        assert_eq!(request.header("webhook-id"), Some(event_id.as_str()));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bodies_are_kept_to_the_byte_and_can_be_read_back() {
    let (world, receiver) = (World::start().await, Receiver::ok().await);
    let api = &world.api;
    let id = api.create_webhook(&receiver.url, json!({})).await;
    let large = vec![b'x'; 300_000];
    for (body, kind) in [
        (BODY.as_bytes(), "application/json"),
        (BYTES, "application/octet-stream"),
        (b"<script>alert(1)</script>", "text/html"),
        (b"", "text/plain"),
        (&large, "text/plain"),
    ] {
        let request = api.request(Method::POST, &format!("/webhook/{id}/trigger"));
        let request = request.header("content-type", kind).body(body.to_vec());
        let event_id = accepted(&Answer::to(request).await);
        api.ended(&id, &event_id).await;
        let response =
            api.request(Method::GET, &event_path(&id, &event_id, "/payload")).send().await.unwrap();
        assert_eq!(response.status(), 200);
        let csp = response.headers()["content-security-policy"].to_str().unwrap().to_owned();
        assert!(csp.contains("sandbox"), "{csp}");
        // A claim check is a download, whatever content type its producer gave.
        let expected = if body.len() > 200_000 { "application/octet-stream" } else { kind };
        assert_eq!(response.headers()["content-type"], expected);
        assert_eq!(response.bytes().await.unwrap(), body);
        replay(api, &id, &event_id).await;
    }
    let bodies: Vec<_> = receiver.seen().into_iter().map(|seen| seen.body).collect();
    assert_eq!(bodies.len(), 10);
    assert!(bodies.chunks(2).all(|pair| pair[0] == pair[1]));
    let reader = world.with_scopes(&[hookstep_contract::Scope::Trigger]).await;
    reader.get(&event_path(&id, NOBODY, "/payload")).await.problem(403);
    api.get(&event_path(&id, NOBODY, "/payload")).await.problem(404);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_that_is_not_kept_cannot_be_sent_again() {
    let world = World::with_options(|options| options.keep_bodies = false).await;
    let (api, receiver) = (&world.api, Receiver::ok().await);
    let id = api.create_webhook(&receiver.url, json!({})).await;
    let event = api.deliver(&id, BODY).await;
    let event_id = event["event_id"].as_str().unwrap();
    api.get(&event_path(&id, event_id, "/payload")).await.problem(404);
    api.post(&event_path(&id, event_id, "/replay"), &json!({})).await.problem(409);
    let job = bulk(api, &id, &json!({"event_ids": [event_id]})).await;
    assert_eq!((&job["found"], &job["started"], &job["skipped"]), (&json!(1), &json!(0), &json!(1)));
    receiver.only();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_of_a_webhook_that_was_off_is_sent_once_it_is_on() {
    let (world, receiver) = (World::start().await, Receiver::ok().await);
    let api = &world.api;
    let id = api.create_webhook(&receiver.url, json!({"enabled": false})).await;
    let event = api.deliver(&id, BODY).await;
    assert_eq!(event["status"], "skipped");
    api.put(&format!("/webhook/{id}"), &json!({"name": "on", "url": receiver.url})).await;
    replay(api, &id, event["event_id"].as_str().unwrap()).await;
    assert_eq!(receiver.only().body, BODY.as_bytes());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_are_sent_again_oldest_first() {
    let failing = vec![Reply::status(500); 5];
    let receiver = Receiver::answering(failing.into_iter().chain([Reply::status(200)])).await;
    let world = World::start().await;
    let api = &world.api;
    let id = api.create_webhook(&receiver.url, json!({"retry": {"schedule_seconds": []}})).await;
    let mut failed = Vec::new();
    for number in 0..5 {
        failed.push(api.deliver(&id, number.to_string()).await["event_id"].clone());
    }
    let delivered = api.deliver(&id, "\"delivered\"").await;
    let since = "2026-01-01T00:00:00Z";

    let job = bulk(api, &id, &json!({"since": since})).await;
    assert_eq!(
        (&job["status"], &job["found"], &job["started"], &job["skipped"], &job["limit_reached"]),
        (&json!("done"), &json!(5), &json!(5), &json!(0), &json!(false))
    );
    let events = api.until_events(&id, |events| {
        events.len() == 11 && events.iter().all(|event| event["status"] != "in_progress")
    });
    let mut replayed: Vec<Value> =
        events.await.into_iter().filter(|event| event["origin"] == "replay").collect();
    replayed.sort_by_key(|event| event["replay_of"].to_string());
    let of: Vec<Value> = replayed.iter().map(|event| event["replay_of"].clone()).collect();
    assert_eq!(of, failed);
    assert!(replayed.iter().all(|event| event["status"] == "succeeded"));

    // The successful events: one at first, five replays since.
    let job = bulk(api, &id, &json!({"since": since, "status": "succeeded"})).await;
    assert_eq!(job["started"], 6);
    api.until_events_of(&id, 12, "succeeded").await;
    // The first of these has recovered, and is left out.
    let twice = json!({"event_ids": [failed[0], failed[0], NOBODY, delivered["event_id"]]});
    let job = bulk(api, &id, &twice).await;
    assert_eq!((&job["found"], &job["started"], &job["skipped"]), (&json!(3), &json!(1), &json!(2)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bulk_replay_goes_through_many_batches() {
    let (world, receiver) = (World::start().await, Receiver::ok().await);
    let api = &world.api;
    let id = api.create_webhook(&receiver.url, json!({})).await;
    for _ in 0..230 {
        api.trigger(&id, "{}").await;
    }
    api.until_events_of(&id, 230, "succeeded").await;
    let job = bulk(api, &id, &json!({"since": "2026-01-01T00:00:00Z", "status": "succeeded"})).await;
    assert_eq!((&job["status"], &job["started"]), (&json!("done"), &json!(230)));
    api.until_events_of(&id, 460, "succeeded").await;
    assert_eq!(receiver.calls(), 460);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bulk_replay_outlives_a_restart_and_sends_nothing_twice() {
    let (world, receiver) = (World::start().await, Receiver::ok().await);
    let id = world.api.create_webhook(&receiver.url, json!({})).await;
    for _ in 0..250 {
        world.api.trigger(&id, "{}").await;
    }
    world.api.until_events_of(&id, 250, "succeeded").await;
    let all = json!({"since": "2026-01-01T00:00:00Z", "status": "succeeded"});
    let path = start_bulk(&world.api, &id, &all).await;
    let world = world.reopen(|_| ()).await;
    let job = ended(&world.api, &path).await;
    assert_eq!((&job["status"], &job["started"]), (&json!("done"), &json!(250)));
    world.api.until_events_of(&id, 500, "succeeded").await;
    assert_eq!(receiver.calls(), 500);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_selected_is_named() {
    let (world, receiver) = (World::start().await, Receiver::ok().await);
    let id = world.api.create_webhook(&receiver.url, json!({})).await;
    let path = format!("/webhook/{id}/events/replay");
    for (asked, field) in [
        (json!({}), "since"),
        (json!({"event_ids": []}), "event_ids"),
        (json!({"event_ids": [NOBODY], "status": "failed"}), "event_ids"),
        (json!({"event_ids": ["x"]}), "event_ids[0]"),
        (json!({"since": "2026-01-02T00:00:00Z", "until": "2026-01-01T00:00:00Z"}), "since"),
        (json!({"since": "2026-01-02T00:00:00Z", "status": "in_progress"}), "status"),
        (json!({"since": "yesterday"}), "since"),
        (json!({"since": "2026-01-02T00:00:00Z", "state": "failed"}), "state"),
    ] {
        assert_eq!(world.api.post(&path, &asked).await.wrong_field(), field, "{asked}");
    }
    let ids: Vec<&str> = vec![NOBODY; 10_001];
    assert_eq!(world.api.post(&path, &json!({"event_ids": ids})).await.wrong_field(), "event_ids");
    let nowhere = format!("/webhook/{NOBODY}/events/replay");
    world.api.post(&nowhere, &json!({"event_ids": [NOBODY]})).await.problem(404);
    world.api.get(&format!("/webhook/{id}/replays/{NOBODY}")).await.problem(404);
    world.api.post(&event_path(&id, NOBODY, "/replay"), &json!({})).await.problem(404);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cancelled_retry_is_never_sent() {
    for machine in [MachineKind::Express, MachineKind::Standard] {
        let world = World::with_options(|options| options.async_workflow = machine).await;
        let receiver = Receiver::answering([500, 200].map(Reply::status)).await;
        let api = &world.api;
        let id = api.create_webhook(&receiver.url, json!({"retry": {"schedule_seconds": [3600]}})).await;
        let event_id = api.trigger(&id, "{}").await;
        let waits = |event: &Value| event["next_attempt_at"].is_string();
        api.until(&id, &event_id, waits).await;
        api.post(&event_path(&id, &event_id, "/replay"), &json!({})).await.problem(409);
        for _ in 0..2 {
            let event = api.post(&event_path(&id, &event_id, "/cancel"), &json!({})).await.json();
            assert_eq!((&event["status"], &event["next_attempt_at"]), (&json!("failed"), &json!(null)));
            assert_eq!(event["reason"]["code"], "cancelled", "{event}");
        }
        // Its execution has ended as well.
        world.settled(&event_id).await;
        let world = world.reopen(|_| ()).await;
        world.settled(&event_id).await;
        assert_eq!(receiver.calls(), 1);
        replay(&world.api, &id, &event_id).await;
        assert_eq!(receiver.calls(), 2);
        let done = world.api.deliver(&id, "{}").await;
        let path = event_path(&id, done["event_id"].as_str().unwrap(), "/cancel");
        world.api.post(&path, &json!({})).await.problem(409);
        world.api.post(&event_path(&id, NOBODY, "/cancel"), &json!({})).await.problem(404);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_test_tells_what_the_receiver_says_and_is_recorded() {
    let receiver = Receiver::answering([Reply::status(201).body("thanks"), Reply::status(500)]).await;
    let world = World::start().await;
    let api = &world.api;
    let id = api.create_webhook(&receiver.url, json!({"timeout_seconds": 5})).await;
    let path = format!("/webhook/{id}/test");
    let request = api.request(Method::POST, &path).header("content-type", "text/plain").body("try this");
    let answer = Answer::to(request).await.json();
    assert_eq!(
        (&answer["status"], &answer["status_code"], &answer["body"]),
        (&json!("succeeded"), &json!(201), &json!("thanks"))
    );
    let answer = Answer::to(api.request(Method::POST, &path)).await.json();
    assert_eq!((&answer["status"], &answer["status_code"]), (&json!("failed"), &json!(500)));
    let event = api.event(&id, answer["event_id"].as_str().unwrap()).await;
    assert_eq!((&event["origin"], &event["content_type"]), (&json!("test"), &json!("application/json")));
    let seen = receiver.seen();
    assert_eq!((&*seen[0].body, seen[0].header("content-type")), (&b"try this"[..], Some("text/plain")));
    let sample: Value = serde_json::from_slice(&seen[1].body).unwrap();
    assert_eq!(sample["type"], "webhook.test");
    api.post(&format!("/webhook/{NOBODY}/test"), &json!({})).await.problem(404);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bulk_replay_does_not_flood_its_receiver_and_new_events_pass_it() {
    let world = World::start().await;
    let (refused, slow) = (Reply::status(400), Reply::status(200).after(Duration::from_millis(100)));
    let receiver = Receiver::answering(repeat_n(refused, 40).chain([slow])).await;
    let id = world.api.create_webhook(&receiver.url, json!({"retry": {"schedule_seconds": []}})).await;
    for _ in 0..40 {
        world.api.trigger(&id, "x").await;
    }
    world.api.until_events_of(&id, 40, "failed").await;
    let job = start_bulk(&world.api, &id, &json!({"since": "2026-01-01T00:00:00Z"})).await;
    until("the first are sent", async || receiver.calls() > 40).await;
    assert_eq!(world.api.deliver(&id, "new").await["status"], "succeeded");
    assert!(receiver.seen().len() < 40 + 40, "the new event does not wait for the replay");
    assert_eq!(ended(&world.api, &job).await["status"], "done");
    world.api.until_events_of(&id, 40, "recovered").await;
    // Ten at once, and the new event beside them.
    let arrivals: Vec<_> = receiver.seen().iter().skip(40).map(|request| request.at).collect();
    for (number, later) in arrivals.iter().enumerate().skip(11) {
        let between = *later - arrivals[number - 11];
        assert!(between >= Duration::from_millis(100), "{number}: {between:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_that_is_stored_nowhere_is_sent_whatever_the_timeout() {
    let world = World::with_options(|options| options.keep_bodies = false).await;
    for timeout in [30, 120, 121, 230] {
        let receiver = Receiver::ok().await;
        let id = world.api.create_webhook(&receiver.url, json!({"timeout_seconds": timeout})).await;
        let event = world.api.deliver(&id, BODY).await;
        assert_eq!((&event["status"], &event["attempt_count"]), (&json!("succeeded"), &json!(1)), "{event}");
        assert_eq!(receiver.only().body, BODY.as_bytes(), "{timeout}");
    }
}
