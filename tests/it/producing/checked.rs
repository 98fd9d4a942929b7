//! Payloads that do not satisfy the schema of their event type: refused, marked, or let through.

use http::Method;
use serde_json::{Value, json};

use super::subscriptions::subscriber;
use crate::aws::cases::put_events;
use crate::managing::catalogue::{added, orders, patched};
use crate::world::{Answer, Api, ORG, World};

/// A payload that is no order; its value is nobody else's business.
fn wrong() -> Value {
    json!({"order": "s3cret"})
}

async fn publish(api: &Api, payload: &Value) -> Answer {
    api.post("/events", &json!({"event_type": "order.created", "payload": payload, "idempotency_key": "k"}))
        .await
}

async fn trigger(api: &Api, config_id: &str, query: &str, body: &str) -> Answer {
    let path = format!("/webhook/{config_id}/trigger?{query}");
    Answer::to(
        api.request(Method::POST, &path).header("content-type", "application/json").body(body.to_owned()),
    )
    .await
}

/// The id of the only delivery of a publication.
fn delivery(answer: &Answer) -> String {
    assert_eq!(answer.status, 202, "{answer:?}");
    answer.json()["deliveries"][0]["event_id"].as_str().unwrap_or_default().to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_type_rejects_is_not_accepted_and_its_place_is_named() {
    let world = World::start().await;
    let api = &world.api;
    let (config_id, receiver) = subscriber(api, &["order.*"]).await;
    added(api, &orders("reject")).await;
    for payload in [wrong(), json!({"order": 1.5})] {
        let refused = publish(api, &payload).await;
        assert_eq!(refused.wrong_field(), "payload.order", "{refused:?}");
        assert!(!String::from_utf8_lossy(&refused.body).contains("s3cret"));
    }
    let refused = trigger(api, &config_id, "event_type=order.created", &wrong().to_string()).await;
    assert_eq!(refused.wrong_field(), "body.order", "{refused:?}");
    for body in ["no JSON", ""] {
        let refused = trigger(api, &config_id, "event_type=order.created", body).await;
        assert_eq!(refused.wrong_field(), "body", "{refused:?}");
    }
    let batch = json!({"events": [
        {"event_type": "order.created", "payload": {}}, {"event_type": "order.created", "payload": {"order": 1}},
        {"event_type": "order.other", "payload": {}},
    ]});
    let batch = api.post("/events/batch", &batch).await.json();
    assert_eq!(batch["events"][0]["problem"]["field"], "payload", "{batch}");
    for accepted in [&batch["events"][1], &batch["events"][2]] {
        let event_id = accepted["deliveries"][0]["event_id"].as_str().unwrap_or_default();
        assert_eq!(api.ended(&config_id, event_id).await["mismatch"], Value::Null);
    }
    // Nothing stands in the way of the right payload with the same key.
    let event_id = delivery(&publish(api, &json!({"order": 7})).await);
    let event = api.ended(&config_id, &event_id).await;
    assert_eq!((&event["status"], &event["mismatch"]), (&json!("succeeded"), &Value::Null));
    assert_eq!(receiver.calls(), 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_type_marks_is_delivered_and_says_why_it_does_not_match() {
    let world = World::start().await;
    let api = &world.api;
    let (config_id, receiver) = subscriber(api, &["order.*"]).await;
    added(api, &orders("mark")).await;
    let mismatch = json!({"version": "1", "path": "/order", "reason": "must be of the type integer"});
    let published = delivery(&publish(api, &wrong()).await);
    let triggered = trigger(api, &config_id, "event_type=order.created", &wrong().to_string()).await;
    let triggered = crate::world::accepted(&triggered);
    for event_id in [&published, &triggered] {
        let event = api.ended(&config_id, event_id).await;
        assert_eq!((&event["status"], &event["event_type"]), (&json!("succeeded"), &json!("order.created")));
        assert_eq!(event["mismatch"], mismatch);
        assert!(!event.to_string().contains("s3cret"), "{event}");
    }
    assert_eq!(receiver.seen()[0].body, wrong().to_string().as_bytes());
    // Without a type, nothing is checked.
    let plain = api.deliver(&config_id, wrong().to_string()).await;
    assert_eq!((&plain["mismatch"], &plain["event_type"]), (&Value::Null, &Value::Null));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_of_the_catalogue_holds_for_the_next_event() {
    let world = World::start().await;
    let api = &world.api;
    let (_, receiver) = subscriber(api, &["order.*"]).await;
    let status = async |payload: Value| {
        api.post("/events", &json!({"event_type": "order.created", "payload": payload})).await.status
    };
    assert_eq!(status(wrong()).await, 202, "no catalogue");
    added(api, &orders("ignore")).await;
    assert_eq!(status(wrong()).await, 202, "ignored");
    assert_eq!(patched(api, "order.created", json!({"on_invalid": "reject"})).await.status, 200);
    assert_eq!(status(wrong()).await, 400, "rejected");
    let texts = json!({"schema": {"properties": {"order": {"type": "string"}}}});
    assert_eq!(api.post("/event-types/order.created/versions", &texts).await.status, 201);
    assert_eq!((status(wrong()).await, status(json!({"order": 1})).await), (202, 400), "another version");
    assert_eq!(api.delete("/event-types/order.created/versions/2").await.status, 204);
    assert_eq!((status(wrong()).await, status(json!({"order": 1})).await), (400, 202), "the one before it");
    assert_eq!(api.delete("/event-types/order.created").await.status, 204);
    assert_eq!(status(wrong()).await, 202, "no such type");
    crate::world::until("all arrive", async || receiver.calls() == 5).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_read_is_not_what_the_schema_says() {
    let world = World::start().await;
    let api = &world.api;
    let (config_id, _receiver) = subscriber(api, &[]).await;
    added(api, &orders("reject")).await;
    let upload = api.post(&format!("/webhook/{config_id}/uploads"), &json!({"size": 2})).await.json();
    let claim = upload["claim_check"].as_str().unwrap_or_default();
    let uploaded =
        trigger(api, &config_id, &format!("event_type=order.created&claim_check={claim}"), "").await;
    let path = format!("/webhook/{config_id}/trigger?event_type=order.created");
    let encoded = api.request(Method::POST, &path).header("content-encoding", "gzip").body("{}");
    let large = trigger(api, &config_id, "event_type=order.created", &" ".repeat(300 * 1024)).await;
    for refused in [uploaded, Answer::to(encoded).await, large] {
        assert_eq!(refused.wrong_field(), "body");
        assert!(
            refused.json()["detail"].as_str().is_some_and(|detail| detail.contains("not checked")),
            "{refused:?}"
        );
    }
    let wrong = trigger(api, &config_id, "event_type=order.*", "{}").await;
    assert_eq!(wrong.wrong_field(), "event_type");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_from_the_bus_that_is_rejected_has_failed_and_says_why() {
    let world = World::start().await;
    let (config_id, receiver) = subscriber(&world.api, &["order.*"]).await;
    let put = async |order: Value| {
        let detail = json!({"org_id": ORG, "order": order}).to_string();
        put_events(&world.host.clients().events, "hookstep", "order.created", &detail).await;
    };
    added(&world.api, &orders("reject")).await;
    put(json!("s3cret")).await;
    world.api.until_events_of(&config_id, 1, "failed").await;
    let event = world.api.first_event(&config_id).await;
    assert_eq!(
        (&event["outcome"], &event["reason"]["code"]),
        (&json!("failed_payload"), &json!("schema_mismatch"))
    );
    assert_eq!(event["mismatch"]["path"], "/order");
    assert!(!event.to_string().contains("s3cret"), "{event}");
    put(json!(7)).await;
    world.api.until_events_of(&config_id, 1, "succeeded").await;
    assert_eq!(receiver.calls(), 1);
    assert_eq!(patched(&world.api, "order.created", json!({"on_invalid": "mark"})).await.status, 200);
    put(json!("s3cret")).await;
    world.api.until_events_of(&config_id, 2, "succeeded").await;
    assert_eq!(world.api.first_event(&config_id).await["mismatch"]["path"], "/order");
}
