//! Filters and transforms: which events are sent and with which body, what is stored, and what a replay
//! sends.
use std::time::Duration;

use serde_json::{Value, json};

use crate::world::{Answer, Api, Receiver, Reply, World};

const ORDER: &str =
    r#"{"id": 12345678901234567890, "status": "paid",  "items": [{"price": 1.5}, {"price": 2}]}"#;

fn paid() -> Value {
    json!({"conditions": [{"field": "status", "operator": "equals", "values": ["paid"]}]})
}

fn summed() -> Value {
    json!({"jsonata": "{\"status\": status, \"total\": $sum(items.price)}"})
}

/// The event of an async trigger, once it has ended.
async fn ended(api: &Api, config_id: &str, body: &str) -> Value {
    let event_id = crate::world::accepted(&Answer::to(api.triggering(config_id, "", body.to_owned())).await);
    api.ended(config_id, &event_id).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_filter_lets_through_what_passes_to_the_byte_and_skips_the_rest() {
    let (world, receiver) = (World::start().await, Receiver::ok().await);
    let config_id = world.api.create_webhook(&receiver.url, json!({"filter": paid()})).await;
    let event = ended(&world.api, &config_id, ORDER).await;
    assert_eq!(event["status"], "succeeded", "{event}");
    assert_eq!(receiver.only().body, ORDER.as_bytes());

    let event = ended(&world.api, &config_id, r#"{"status": "open"}"#).await;
    assert_eq!(event["status"], "skipped", "{event}");
    let detail = "the filter's condition does not hold: status equals paid";
    assert_eq!(event["reason"], json!({"code": "filter_missed", "detail": detail}));
    assert_eq!(receiver.calls(), 1);
    let answer = world.api.trigger_sync(&config_id, r#"{"status": "open"}"#).await;
    assert_eq!((&answer["status"], &answer["attempts"]), (&json!("skipped"), &json!(0)), "{answer}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_transform_replaces_the_body_once_and_retries_send_the_same_bytes() {
    let world = World::start().await;
    let receiver = Receiver::answering([Reply::status(500), Reply::status(200)]).await;
    // The result differs with every evaluation.
    let transform = json!({"jsonata": "{\"total\": $sum(items.price), \"at\": $millis()}"});
    let fields = json!({"transform": transform, "retry": {"schedule_seconds": [1]}});
    let config_id = world.api.create_webhook(&receiver.url, fields).await;
    let request = world.api.triggering(&config_id, "", ORDER).header("content-type", "application/json; v=1");
    let event_id = crate::world::accepted(&Answer::to(request).await);
    let event = world.api.ended(&config_id, &event_id).await;
    assert_eq!((&event["status"], &event["attempt_count"]), (&json!("succeeded"), &json!(2)), "{event}");
    let seen = receiver.seen();
    assert_eq!(seen[0].body, seen[1].body);
    let body: Value = serde_json::from_slice(&seen[0].body).unwrap();
    assert_eq!(body["total"], 3.5);
    assert_eq!(seen[0].header("content-type"), Some("application/json"));

    // Both the received and the sent body are kept.
    let payload = format!("/webhook/{config_id}/events/{event_id}/payload");
    assert_eq!(world.api.get(&payload).await.body, ORDER.as_bytes());
    let sent = world.api.get(&format!("{payload}?of=sent")).await;
    assert_eq!(sent.body, seen[0].body);
    assert_eq!(sent.headers["content-type"], "application/json");
    assert_eq!((&event["size"], &event["sent"]["size"]), (&json!(ORDER.len()), &json!(seen[0].body.len())));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replay_sends_what_was_sent_and_reapply_begins_with_what_came() {
    let (world, receiver) = (World::start().await, Receiver::ok().await);
    let fields = json!({"filter": paid(), "transform": summed()});
    let config_id = world.api.create_webhook(&receiver.url, fields).await;
    let event = ended(&world.api, &config_id, ORDER).await;
    let first = event["event_id"].as_str().unwrap().to_owned();

    // A replay of a replay sends the same body again; the current settings are ignored.
    let changed = json!({"filter": {"jsonata": "false"}, "transform": {"jsonata": "'changed'"}});
    assert_eq!(world.api.patch(&config_id, &changed).await.status, 200);
    let mut replayed = first.clone();
    for _ in 0..2 {
        replayed = again(&world.api, &config_id, &replayed, json!({})).await;
        assert_eq!(world.api.ended(&config_id, &replayed).await["status"], "succeeded");
    }
    let seen = receiver.seen();
    assert_eq!(seen.len(), 3);
    for one in &seen {
        assert_eq!(String::from_utf8_lossy(&one.body), r#"{"status":"paid","total":3.5}"#);
        assert_eq!(one.header("content-type"), Some("application/json"));
        assert_eq!(one.header("webhook-id"), Some(first.as_str()));
    }

    let reapplied = again(&world.api, &config_id, &replayed, json!({"reapply": true})).await;
    assert_eq!(world.api.ended(&config_id, &reapplied).await["status"], "skipped");
    assert_eq!(world.api.patch(&config_id, &json!({"filter": null})).await.status, 200);
    let reapplied = again(&world.api, &config_id, &replayed, json!({"reapply": true})).await;
    let event = world.api.ended(&config_id, &reapplied).await;
    assert_eq!((&event["status"], &event["replay_of"]), (&json!("succeeded"), &json!(replayed)), "{event}");
    let last = receiver.seen().pop().unwrap();
    assert_eq!(
        (last.body.as_slice(), last.header("content-type")),
        (&b"changed"[..], Some("text/plain; charset=utf-8"))
    );
    assert_eq!(last.header("webhook-id"), Some(first.as_str()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_never_sent_is_not_replayed_as_it_came() {
    let (world, receiver) = (World::start().await, Receiver::ok().await);
    let broken = json!({"transform": {"jsonata": "status + 1"}});
    for fields in [broken, json!({"filter": {"jsonata": "false"}}), json!({"enabled": false})] {
        let config_id = world.api.create_webhook(&receiver.url, fields).await;
        let event = ended(&world.api, &config_id, ORDER).await;
        let mended = json!({"enabled": true, "filter": null, "transform": summed()});
        assert_eq!(world.api.patch(&config_id, &mended).await.status, 200);
        let event_id = event["event_id"].as_str().unwrap();
        let sent = world.api.get(&format!("/webhook/{config_id}/events/{event_id}/payload?of=sent")).await;
        assert_eq!(sent.status, 404, "{sent:?}");
        let replayed = again(&world.api, &config_id, event_id, json!({})).await;
        assert_eq!(world.api.ended(&config_id, &replayed).await["status"], "succeeded");
        let body = receiver.seen().pop().unwrap().body;
        assert_eq!(String::from_utf8_lossy(&body), r#"{"status":"paid","total":3.5}"#);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_long_reason_is_the_tenants_and_cut() {
    let (world, receiver) = (World::start().await, Receiver::ok().await);
    let fields = json!({"transform": {"jsonata": "$error($pad('x', 300000, 'y'))"}});
    let config_id = world.api.create_webhook(&receiver.url, fields).await;
    let event = ended(&world.api, &config_id, ORDER).await;
    assert_eq!(event["outcome"], "failed_payload", "{event}");
    assert_eq!(event["reason"]["code"], "transform_fault");
    assert!(event["error"].as_str().unwrap().chars().count() < 1100);
}

async fn again(api: &Api, config_id: &str, event_id: &str, how: Value) -> String {
    crate::world::accepted(&api.post(&format!("/webhook/{config_id}/events/{event_id}/replay"), &how).await)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bulk_replay_can_reapply() {
    let (world, receiver) = (World::start().await, Receiver::ok().await);
    let config_id =
        world.api.create_webhook(&receiver.url, json!({"transform": {"jsonata": "nothing"}})).await;
    let event = ended(&world.api, &config_id, ORDER).await;
    assert_eq!(event["status"], "failed");
    assert_eq!(world.api.patch(&config_id, &json!({"transform": summed()})).await.status, 200);
    let asked = json!({"event_ids": [event["event_id"]], "reapply": true});
    let started = world.api.post(&format!("/webhook/{config_id}/events/replay"), &asked).await;
    assert_eq!(started.status, 202, "{started:?}");
    world.api.until_events_of(&config_id, 1, "succeeded").await;
    assert_eq!(String::from_utf8_lossy(&receiver.only().body), r#"{"status":"paid","total":3.5}"#);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_claim_check_is_filtered_and_transformed_and_a_large_result_is_one() {
    let (world, receiver) = (World::start().await, Receiver::ok().await);
    let fields = json!({"filter": {"jsonata": "$count(items) = 40000"}, "transform": {"jsonata": "items"}});
    let config_id = world.api.create_webhook(&receiver.url, fields).await;
    let items: Vec<u32> = (0..40_000).map(|n| n + 100_000).collect();
    let body = json!({"junk": "x".repeat(300_000), "items": items}).to_string();
    let event = ended(&world.api, &config_id, &body).await;
    assert_eq!(event["status"], "succeeded", "{event}");
    assert_eq!(receiver.only().body, json!(items).to_string().as_bytes());
    let event_id = event["event_id"].as_str().unwrap();
    let replayed = again(&world.api, &config_id, event_id, json!({})).await;
    world.api.ended(&config_id, &replayed).await;
    assert_eq!(receiver.seen()[1].body, receiver.seen()[0].body);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fault_says_where_it_is_and_is_not_retried() {
    let (world, receiver) = (World::start().await, Receiver::ok().await);
    let fields = json!({"transform": {"jsonata": "{\"a\": 1, \"b\": status + 1}"}});
    let config_id = world.api.create_webhook(&receiver.url, fields).await;
    let event = ended(&world.api, &config_id, ORDER).await;
    assert_eq!(
        (&event["status"], &event["outcome"]),
        (&json!("failed"), &json!("failed_payload")),
        "{event}"
    );
    assert_eq!((&event["attempt_count"], &event["next_attempt_at"]), (&json!(1), &Value::Null));
    assert_eq!(event["reason"]["code"], "transform_fault");
    let detail = event["error"].as_str().unwrap();
    assert!(detail.starts_with("transform.jsonata at character 15: T2001"), "{detail}");
    let answer = world.api.trigger_sync(&config_id, "not json").await;
    assert_eq!((&answer["status"], &answer["outcome"]), (&json!("failed"), &json!("failed_payload")));
    assert_eq!(answer["reason"]["code"], "body_not_json", "{answer}");
    assert_eq!(receiver.calls(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_would_eat_the_machine_is_ended_and_the_host_goes_on() {
    let (world, receiver) = (World::start().await, Receiver::ok().await);
    for hostile in [
        // Memory: a text that doubles forty times, and one that is as long from the start.
        "$reduce([1..40], function($text, $n) { $text & $text }, 'x')".to_owned(),
        "$length($pad('x', 2000000000))".to_owned(),
        "$replace($pad('', 100000, 'a'), 'a', $pad('', 100000, 'b'))".to_owned(),
        // CPU time.
        "($f := function($n) { $n > 0 ? $f($n - 1) : $f(9) }; $f(1))".to_owned(),
        "$match($pad('', 30000, 'a'), /(a*)*(a*)*(a*)*b/)".to_owned(),
        // Depth, including the parser's.
        "($f := function($n) { 1 + $f($n) }; $f(1))".to_owned(),
        format!("{}1{}", "(".repeat(7000), ")".repeat(7000)),
    ] {
        let fields = json!({"name": "n", "url": receiver.url, "transform": {"jsonata": hostile}});
        let created = world.api.post("/webhook", &fields).await;
        if created.status == 400 {
            assert_eq!(created.wrong_field(), "transform.jsonata");
            continue;
        }
        assert_eq!(created.status, 201, "{created:?}");
        let config_id = created.json()["config_id"].as_str().unwrap().to_owned();
        let start = std::time::Instant::now();
        let event = ended(&world.api, &config_id, "{}").await;
        assert_eq!(event["outcome"], "failed_payload", "{hostile}: {event}");
        assert!(start.elapsed() < Duration::from_secs(20), "{hostile}: {:?}", start.elapsed());
    }
    assert_eq!(receiver.calls(), 0);
    assert_eq!(world.api.get("/healthz").await.status, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_wrong_is_refused_when_it_is_saved() {
    let world = World::start().await;
    let save = async |fields: Value| {
        let mut asked = json!({"name": "n", "url": "https://example.com/"});
        asked.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        world.api.post("/webhook", &asked).await
    };
    for (fields, field, words) in [
        (json!({"transform": {"jsonata": "{\"a\": }"}}), "transform.jsonata", "at character 7"),
        (json!({"filter": {"jsonata": "a ="}}), "filter.jsonata", "at character 3"),
        (
            json!({"filter": {"conditions": [{"field": "a", "operator": "equals", "values": ["x"], "type": "number"}]}}),
            "filter.conditions[0].values[0]",
            "must be a number",
        ),
        (json!({"filter": {}}), "filter", "needs conditions or jsonata"),
        (
            json!({"filter": {"conditions": [{"field": "a", "operator": "is"}]}}),
            "filter.conditions[0].operator",
            "expected one of",
        ),
        (json!({"transform": "$"}), "transform", "expected an object"),
    ] {
        let refused = save(fields.clone()).await;
        assert_eq!(refused.wrong_field(), field, "{fields}");
        let text = String::from_utf8_lossy(&refused.body).into_owned();
        assert!(text.contains(words), "{fields}: {text}");
    }
    let saved = save(json!({"filter": paid(), "transform": summed()})).await;
    assert_eq!(saved.status, 201, "{saved:?}");
    assert_eq!(saved.json()["transform"], summed());
    let path = saved.json()["config_id"].as_str().unwrap().to_owned();
    let patched = world.api.patch(&path, &json!({"transform": null})).await;
    assert_eq!(patched.json()["transform"], Value::Null, "{patched:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_preview_shows_what_would_be_sent_and_sends_nothing() {
    let (world, receiver) = (World::start().await, Receiver::ok().await);
    let fields = json!({"transform": summed(), "headers": {"X-Team": "blue"},
        "auth": {"type": "basic", "username": "u", "password": "needle"}});
    let config_id = world.api.create_webhook(&receiver.url, fields).await;
    let path = format!("/webhook/{config_id}/test?send=false");
    let saved = Answer::to(world.api.request(http::Method::POST, &path).body(ORDER)).await.json();
    assert_eq!(saved["passes"], true, "{saved}");
    assert_eq!(saved["request"]["body"], r#"{"status":"paid","total":3.5}"#);
    assert_eq!(
        (&saved["request"]["method"], &saved["request"]["url"]),
        (&json!("POST"), &json!(receiver.url))
    );
    let headers = &saved["request"]["headers"];
    assert_eq!((&headers["x-team"], &headers["content-type"]), (&json!("blue"), &json!("application/json")));
    assert!(headers["webhook-signature"].as_str().unwrap().contains("v1,"), "{saved}");
    assert!(!saved.to_string().contains("needle"), "{saved}");

    let path = format!("/webhook/{config_id}/preview");
    let unsaved =
        json!({"filter": {"jsonata": "status = 'open'"}, "transform": {"jsonata": "id"}, "body": ORDER});
    let missed = world.api.post(&path, &unsaved).await.json();
    assert_eq!((&missed["passes"], &missed["request"]), (&json!(false), &Value::Null), "{missed}");
    let broken = json!({"transform": {"jsonata": "1 + status"}, "body": ORDER});
    let broken = world.api.post(&path, &broken).await.json();
    assert_eq!(broken["fault"]["field"], "transform.jsonata", "{broken}");
    assert!(broken["fault"]["position"].is_u64() && broken["request"].is_null(), "{broken}");
    let plain = world.api.post(&path, &json!({"body": "anything"})).await.json();
    assert_eq!(plain["request"]["body"], "anything", "{plain}");
    assert_eq!(world.api.events(&config_id, "").await["data"], json!([]));
    assert_eq!(receiver.calls(), 0);
}
