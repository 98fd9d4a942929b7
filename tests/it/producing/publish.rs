//! Events that are published by their type: who gets them, once each, and what the producer is told.
#![expect(clippy::unwrap_used, reason = "an unexpected answer in a helper fails the test")]

use std::collections::BTreeSet;
use std::time::Duration;

use futures_util::future::join_all;
use http::Method;
use serde_json::{Value, json};

use super::subscriptions::subscriber;
use crate::world::process::{FREE_PORT, Hookstep};
use crate::world::{Answer, Api, Dir, NOBODY, Receiver, Reply, World, moment, until};

/// Publishes an event that is accepted.
async fn published(api: &Api, event: &Value) -> Value {
    let answer = api.post("/events", event).await;
    assert_eq!(answer.status, 202, "{answer:?}");
    answer.json()
}

/// The webhook and the event of each delivery.
fn deliveries(published: &Value) -> Vec<(String, String)> {
    let text = |delivery: &Value, field: &str| delivery[field].as_str().unwrap().to_owned();
    let deliveries = published["deliveries"].as_array().unwrap().iter();
    deliveries.map(|delivery| (text(delivery, "config_id"), text(delivery, "event_id"))).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_goes_to_the_webhooks_of_its_org_that_subscribe_to_its_type() {
    let world = World::start().await;
    let other = world.admin_of("globex").await;
    let (exact, by_name) = subscriber(&world.api, &["invoice.paid", "order.created"]).await;
    let (prefix, by_prefix) = subscriber(&world.api, &["order.*"]).await;
    let (all, by_anything) = subscriber(&world.api, &["*"]).await;
    let (_, of_another_type) = subscriber(&world.api, &["order"]).await;
    let (_, of_no_type) = subscriber(&world.api, &[]).await;
    let (_, of_another_org) = subscriber(&other, &["*"]).await;
    let (disabled_id, disabled) = subscriber(&world.api, &["order.created"]).await;
    let off = world.api.patch(&disabled_id, &json!({"enabled": false})).await;
    assert_eq!(off.status, 200, "{off:?}");

    let event = json!({"event_type": "order.created", "payload": {"order": 7}, "correlation_id": "order 7"});
    let answer = published(&world.api, &event).await;
    let deliveries = deliveries(&answer);
    let webhooks: Vec<&String> = deliveries.iter().map(|(config_id, _)| config_id).collect();
    assert_eq!(webhooks, [&exact, &prefix, &all], "in the order of their ids");
    for ((config_id, event_id), receiver) in deliveries.iter().zip([&by_name, &by_prefix, &by_anything]) {
        let event = world.api.ended(config_id, event_id).await;
        assert_eq!((&event["status"], &event["origin"]), (&json!("succeeded"), &json!("api")));
        assert_eq!((&event["event_type"], &event["size"]), (&json!("order.created"), &json!(11)));
        assert_eq!(event["correlation_id"], "order 7");
        assert_eq!(event["publication_id"], answer["publication_id"]);
        let seen = receiver.only();
        assert_eq!(seen.body, br#"{"order":7}"#);
        assert_eq!(seen.header("content-type"), Some("application/json"));
        assert_eq!(seen.header("webhook-id"), Some(event_id.as_str()));
        let payload = world.api.get(&format!("/webhook/{config_id}/events/{event_id}/payload")).await;
        assert_eq!((payload.status, &payload.body[..]), (200, &br#"{"order":7}"#[..]));
    }
    for receiver in [of_another_type, of_no_type, of_another_org, disabled] {
        assert_eq!(receiver.calls(), 0);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_payload_is_any_json_and_arrives_byte_for_byte() {
    let world = World::start().await;
    let (_, receiver) = subscriber(&world.api, &["reading"]).await;
    for (number, payload) in
        ["{ \"reading\": 1.0,\n \"id\": 12345678901234567890 }", "\"text\"", "null", "[1, 2e0]"]
            .iter()
            .enumerate()
    {
        let body = format!("{{\"payload\":{payload}, \"event_type\": \"reading\"}}");
        let answer = Answer::to(world.api.request(Method::POST, "/events").body(body)).await;
        assert_eq!(answer.status, 202, "{answer:?}");
        until("it arrives", async || receiver.calls() == number + 1).await;
        assert_eq!(String::from_utf8_lossy(&receiver.seen()[number].body), *payload);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_published_is_refused_with_the_field() {
    let world = World::start().await;
    for (event, field) in [
        (json!({"payload": 1}), "event_type"),
        (json!({"event_type": "order.*", "payload": 1}), "event_type"),
        (json!({"event_type": "Webhook Delivery Failed", "payload": 1}), "event_type"),
        (json!({"event_type": "t"}), "payload"),
        (json!({"event_type": "t", "payload": 1, "config_id": NOBODY}), "config_id"),
        (json!({"event_type": "t", "payload": 1, "deliver_at": "tomorrow"}), "deliver_at"),
        (json!({"event_type": "t", "payload": 1, "deliver_at": "2126-01-02T03:04:05Z"}), "deliver_at"),
        (json!({"event_type": "t", "payload": 1, "idempotency_key": ""}), "idempotency_key"),
    ] {
        let problem = world.api.post("/events", &event).await.problem(400);
        assert_eq!(problem["field"], field, "{event}");
    }
    // A type that nobody knows is no mistake.
    let nobody = published(&world.api, &json!({"event_type": "unknown", "payload": {}})).await;
    assert_eq!(nobody["deliveries"], json!([]));
    let path = format!("/events/{}", nobody["publication_id"].as_str().unwrap());
    let read = world.api.get(&path).await.json();
    assert_eq!((&read["event_type"], &read["delivery_count"]), (&json!("unknown"), &json!(0)), "{read}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_repeated_event_is_the_first_one_also_if_webhooks_were_added_meanwhile() {
    let world = World::start().await;
    let (_, first) = subscriber(&world.api, &["order.*"]).await;
    let event =
        |number: u32| json!({"event_type": "order.created", "payload": number, "idempotency_key": "k"});
    let answer = published(&world.api, &event(1)).await;
    let (_, late) = subscriber(&world.api, &["order.*"]).await;
    let again = world.api.post("/events", &event(1)).await;
    assert_eq!((again.status, &again.json()), (202, &answer));
    assert_eq!(again.headers["idempotent-replayed"], "true");
    // The header says the same as the field.
    let in_header = json!({"event_type": "order.created", "payload": 1});
    let in_header = world.api.request(Method::POST, "/events").body(in_header.to_string());
    let in_header = Answer::to(in_header.header("idempotency-key", "k")).await;
    assert_eq!(in_header.json(), answer);

    world.api.post("/events", &event(2)).await.problem(409);
    // A key is the org's own, and none of a trigger's.
    let other = world.admin_of("globex").await;
    assert_ne!(published(&other, &event(2)).await["publication_id"], answer["publication_id"]);
    for (config_id, event_id) in deliveries(&answer) {
        world.api.ended(&config_id, &event_id).await;
        world.settled(&event_id).await;
    }
    assert_eq!((first.calls(), late.calls()), (1, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_with_one_key_at_once_get_one_answer_though_subscriptions_change_meanwhile() {
    let world = World::start().await;
    let receiver = Receiver::ok().await;
    for round in 0..12 {
        let event_type = format!("round.{round}");
        let fields = json!({"event_types": [event_type], "shards": 1});
        let config_id = world.api.create_webhook(&receiver.url, fields).await;
        let event = json!({"event_type": event_type, "payload": round, "idempotency_key": event_type});
        let requests = join_all((0..8).map(|_| published(&world.api, &event)));
        let (least, change) = match round % 2 {
            0 => (1, json!({"shards": 64})),
            _ => (0, json!({"event_types": []})),
        };
        let (answers, patched) = tokio::join!(requests, world.api.patch(&config_id, &change));
        assert_eq!(patched.status, 200, "{patched:?}");
        let read =
            world.api.get(&format!("/events/{}", answers[0]["publication_id"].as_str().unwrap())).await;
        assert!(read.json()["delivery_count"].as_u64().unwrap() >= least, "{read:?}");
        for answer in &answers {
            assert_eq!(answer, &answers[0]);
            assert_eq!(deliveries(answer), deliveries(&read.json()));
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_publication_says_how_its_deliveries_stand_page_by_page() {
    let world = World::start().await;
    let (_, _good) = subscriber(&world.api, &["t"]).await;
    let bad = Receiver::answering([Reply::status(400)]).await;
    for _ in 0..2 {
        world.api.create_webhook(&bad.url, json!({"event_types": ["t"]})).await;
    }
    let answer = published(&world.api, &json!({"event_type": "t", "payload": {}})).await;
    let all = deliveries(&answer);
    for (config_id, event_id) in &all {
        world.api.ended(config_id, event_id).await;
    }
    let path = format!("/events/{}", answer["publication_id"].as_str().unwrap());
    let (mut found, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = world.api.get(&format!("{path}?limit=2{cursor}")).await;
        assert_eq!(page.status, 200, "{page:?}");
        let page = page.json();
        assert_eq!(page["delivery_count"], 3);
        found.extend(page["deliveries"].as_array().unwrap().clone());
        let Some(next) = page["next_cursor"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    let ids: Vec<_> = deliveries(&json!({"deliveries": found}));
    assert_eq!(ids, all);
    let states: Vec<_> = found.iter().map(|state| (&state["status"], &state["status_code"])).collect();
    let (good, failed) = ((&json!("succeeded"), &json!(200)), (&json!("failed"), &json!(400)));
    assert_eq!(states, [good, failed, failed]);
    assert!(found.iter().all(|state| state["attempt_count"] == 1), "{found:?}");
    world.admin_of("globex").await.get(&path).await.problem(404);
    world.api.get(&format!("/events/{NOBODY}")).await.problem(404);
    assert_eq!(world.api.get(&format!("{path}?limit=0")).await.problem(400)["field"], "limit");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_delayed_event_is_sent_when_its_time_comes() {
    let world = World::start().await;
    let (_, receiver) = subscriber(&world.api, &["t"]).await;
    let event = json!({"event_type": "t", "payload": {"late": true}, "delay_seconds": 2});
    let answer = published(&world.api, &event).await;
    let path = format!("/events/{}", answer["publication_id"].as_str().unwrap());
    let read = world.api.get(&path).await.json();
    assert_eq!(read["deliveries"][0]["status"], "scheduled", "{read}");
    let (config_id, event_id) = deliveries(&answer).remove(0);
    let event = world.api.ended(&config_id, &event_id).await;
    assert_eq!((&event["status"], &event["deliver_at"]), (&json!("succeeded"), &read["deliver_at"]));
    assert_eq!(receiver.only().body, br#"{"late":true}"#);
    let waited = moment(&event["attempts"][0]["started_at"]) - moment(&event["created_at"]);
    assert!(waited >= Duration::from_secs(2), "{waited}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_published_is_filtered_transformed_retried_and_replayed_like_any_event() {
    let world = World::start().await;
    let receiver = Receiver::answering([Reply::status(503), Reply::status(200)]).await;
    let shaped = json!({"event_types": ["t"], "retry": {"schedule_seconds": [1]},
        "transform": {"jsonata": "{'n': n + 1}"}});
    let shaped = world.api.create_webhook(&receiver.url, shaped).await;
    let missed = json!({"event_types": ["t"], "filter": {"jsonata": "n = 2"}});
    let missed = world.api.create_webhook(&receiver.url, missed).await;
    let (plain, as_is) = subscriber(&world.api, &["t"]).await;
    let answer = published(&world.api, &json!({"event_type": "t", "payload": {"n": 1}})).await;
    let events = deliveries(&answer);
    for ((config_id, event_id), (expected, status)) in
        events.iter().zip([(&shaped, "succeeded"), (&missed, "skipped"), (&plain, "succeeded")])
    {
        assert_eq!(config_id, expected);
        assert_eq!(world.api.ended(config_id, event_id).await["status"], status);
    }
    let bodies: Vec<_> = receiver.seen().into_iter().map(|seen| seen.body).collect();
    assert_eq!(bodies, [br#"{"n":2}"#, br#"{"n":2}"#]);
    // A replay has a body of its own, which outlives that of the publication.
    let (config_id, event_id) = &events[2];
    let replay = world.api.post(&format!("/webhook/{config_id}/events/{event_id}/replay"), &json!({})).await;
    let replay_id = crate::world::accepted(&replay);
    let replay = world.api.ended(config_id, &replay_id).await;
    assert_eq!((&replay["status"], &replay["publication_id"]), (&json!("succeeded"), &Value::Null));
    let sent = as_is.seen().pop().unwrap();
    assert_eq!((&sent.body[..], sent.header("webhook-id")), (&br#"{"n":1}"#[..], Some(event_id.as_str())));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_event_of_a_batch_is_answered_for_itself() {
    let world = World::start().await;
    let (config_id, receiver) = subscriber(&world.api, &["order.*"]).await;
    let event = |event_type: &str, payload: u32| json!({"event_type": event_type, "payload": payload});
    let events =
        json!([event("order.created", 1), {"event_type": 7}, event("other", 2), event("order.paid", 3)]);
    let answer = world.api.post("/events/batch", &json!({"events": events})).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let entries = answer.json()["events"].as_array().unwrap().clone();
    assert_eq!(entries.len(), 4);
    let problem = &entries[1]["problem"];
    assert_eq!((&problem["status"], &problem["field"]), (&json!(400), &json!("event_type")), "{problem}");
    assert_eq!(entries[2]["deliveries"], json!([]));
    for (entry, payload) in [(&entries[0], "1"), (&entries[3], "3")] {
        let (to, event_id) = deliveries(entry).remove(0);
        assert_eq!(to, config_id);
        assert_eq!(world.api.ended(&to, &event_id).await["status"], "succeeded");
        let seen = receiver.seen().into_iter().find(|seen| seen.header("webhook-id") == Some(&event_id));
        assert_eq!(String::from_utf8_lossy(&seen.unwrap().body), payload);
    }
    assert_eq!(receiver.calls(), 2);
    let too_many = json!({"events": vec![event("t", 1); 101]});
    assert_eq!(world.api.post("/events/batch", &too_many).await.problem(400)["field"], "events");
}

/// How many webhooks subscribe, beyond what is started at once anywhere.
const MANY: usize = 1000;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_for_a_thousand_webhooks_is_stored_once_and_survives_kill_9_right_after_its_answer() {
    let dir = Dir::new();
    let receiver = Receiver::ok().await;
    let host = Hookstep::start(dir.path(), FREE_PORT).await;
    let created = futures_util::future::join_all(
        (0..MANY).map(|_| host.api.create_webhook(&receiver.url, json!({"event_types": ["order.*"]}))),
    )
    .await;
    // It does not compress, so that it is easy to find.
    let payload: String = (0..50_000_u64).map(|number| format!("{:x}", number * 0x9e37_79b9 % 16)).collect();
    let event = json!({"event_type": "order.created", "payload": payload});
    let answer = published(&host.api, &event).await;
    host.process.kill().await;
    let all = deliveries(&answer);
    assert_eq!(all.len(), MANY);
    let webhooks: BTreeSet<&String> = all.iter().map(|(config_id, _)| config_id).collect();
    assert_eq!(webhooks, created.iter().collect());

    let host = Hookstep::start(dir.path(), FREE_PORT).await;
    let path = format!("/events/{}?limit=100", answer["publication_id"].as_str().unwrap());
    until("all deliveries have ended", async || {
        let mut cursor = String::new();
        loop {
            let page = host.api.get(&format!("{path}{cursor}")).await.json();
            let states = page["deliveries"].as_array().unwrap();
            if !states.iter().all(|state| state["status"] == "succeeded") {
                return false;
            }
            match page["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return true,
            }
        }
    })
    .await;
    let ids: BTreeSet<_> = all.into_iter().map(|(_, event_id)| event_id).collect();
    let seen = receiver.seen();
    let got: BTreeSet<_> = seen.iter().map(|seen| seen.header("webhook-id").unwrap().to_owned()).collect();
    assert_eq!(got, ids);
    assert!(seen.iter().all(|seen| seen.length == payload.len() as u64 + 2));
    host.stop().await;
    let tables = rusqlite::Connection::open(dir.path().join("hookstep.sqlite")).unwrap();
    let copies = "SELECT count(*) FROM items WHERE length(item) > 40000";
    let copies: u32 = tables.query_row(copies, [], |row| row.get(0)).unwrap();
    assert_eq!(copies, 1, "the body is stored once");
}
