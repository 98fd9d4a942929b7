//! The events that we publish on the bus: which deliveries cause them, and which do not. Subscriptions to
//! these events are tested in `subscriptions`.
#![expect(clippy::unwrap_used, reason = "a history that cannot be read fails the test")]

use hookstep_contract::Publish;
use hookstep_host::Histories;
use serde_json::{Value, json};

use crate::world::{Answer, NOBODY, ORG, Receiver, Reply, World, accepted};

const EXPRESS: &str = "arn:aws:states:local:000000000000:stateMachine:hookstep-express";

const EVENT: &str = "0190a000-0000-7000-8000-0000000000e0";

#[tokio::test]
async fn a_delivery_that_ends_is_told_without_its_body() {
    let world = telling_all().await;
    let receiver =
        Receiver::answering([Reply::status(503), Reply::status(200).body("thanks for the needle")]).await;
    let fields = json!({"retry": {"schedule_seconds": [1]}, "headers": {"x-haystack": "straw"}});
    let config_id = world.api.create_webhook(&receiver.url, fields).await;
    let triggering = world.api.triggering(&config_id, "", "a needle").header("x-correlation-id", "order 7");
    let event_id = accepted(&Answer::to(triggering).await);
    world.api.ended(&config_id, &event_id).await;

    let [told] = told(&world, &event_id).await.try_into().unwrap();
    assert_eq!(
        (&told["Source"], &told["DetailType"]),
        (&json!("hookstep"), &json!("Webhook Delivery Succeeded"))
    );
    let event = world.api.event(&config_id, &event_id).await;
    let detail = &told["Detail"];
    for (name, value) in [
        ("org_id", json!(ORG)),
        ("config_id", json!(config_id)),
        ("event_id", json!(event_id)),
        ("origin", json!("api")),
        ("correlation_id", json!("order 7")),
        ("attempts", json!(2)),
        ("outcome", json!("succeeded")),
        ("status_code", json!(200)),
        ("created_at", event["created_at"].clone()),
    ] {
        assert_eq!(detail[name], value, "{name}: {told}");
    }
    for secret in ["needle", "straw", &receiver.url] {
        assert!(!told.to_string().contains(secret), "{told}");
    }
}

#[tokio::test]
async fn a_failure_is_told_when_no_attempt_is_left() {
    let world = World::with_histories().await;
    let receiver = Receiver::answering([Reply::status(500)]).await;
    let config_id =
        world.api.create_webhook(&receiver.url, json!({"retry": {"schedule_seconds": [1]}})).await;
    let event = world.api.deliver(&config_id, "x").await;
    let [told] = told(&world, event["event_id"].as_str().unwrap()).await.try_into().unwrap();
    assert_eq!(told["DetailType"], "Webhook Delivery Failed");
    let detail = &told["Detail"];
    assert_eq!((&detail["outcome"], &detail["attempts"]), (&json!("failed_http"), &json!(2)), "{told}");
}

#[tokio::test]
async fn a_producer_who_waits_gets_its_answer_all_the_same() {
    let world = telling_all().await;
    let receiver = Receiver::answering([Reply::status(200).body("thanks")]).await;
    let config_id = world.api.create_webhook(&receiver.url, json!({})).await;
    let answer = world.api.trigger_sync(&config_id, "x").await;
    assert_eq!((&answer["status"], &answer["body"]), (&json!("succeeded"), &json!("thanks")), "{answer}");
    assert_eq!(told(&world, answer["event_id"].as_str().unwrap()).await.len(), 1);
}

#[tokio::test]
async fn a_webhook_that_is_disabled_is_told_once() {
    let world = World::with_histories().await;
    let receiver = Receiver::answering([Reply::status(410)]).await;
    let config_id = world.api.create_webhook(&receiver.url, json!({})).await;
    let event = world.api.deliver(&config_id, "x").await;
    let [failed, disabled] = told(&world, event["event_id"].as_str().unwrap()).await.try_into().unwrap();
    assert_eq!(failed["DetailType"], "Webhook Delivery Failed");
    assert_eq!(disabled["DetailType"], "Webhook Disabled");
    // The receiver's response is never part of the detail: we have no right to pass it on.
    assert_eq!(
        failed["Detail"]["reason"],
        json!({"code": "http_status", "detail": "the receiver answered with a status other than 2xx"})
    );
    assert_eq!(
        disabled["Detail"]["reason"],
        json!({"code": "webhook_disabled", "detail": "the receiver answered 410 Gone"})
    );
    let skipped = world.api.deliver(&config_id, "x").await;
    assert_eq!(told(&world, skipped["event_id"].as_str().unwrap()).await, Vec::<Value>::new());
}

#[tokio::test]
async fn an_event_that_was_never_sent_is_told_too() {
    let world = World::with_histories().await;
    let input = json!({
        "event": {"event_id": EVENT, "org_id": ORG, "config_id": NOBODY, "origin": "api", "mode": "async",
                  "created_at": "2026-01-02T03:04:05Z"},
        "payload": {"inline": {"text": "x"}},
    });
    let states = &world.host.clients().states;
    let run = states.start_sync_execution().state_machine_arn(EXPRESS).name(EVENT).input(input.to_string());
    assert_eq!(run.send().await.unwrap().error(), None);
    let [told] = told(&world, EVENT).await.try_into().unwrap();
    let detail = &told["Detail"];
    assert_eq!(told["DetailType"], "Webhook Delivery Failed");
    assert_eq!((&detail["attempts"], &detail["outcome"]), (&json!(0), &Value::Null), "{told}");
    assert_eq!(
        detail["reason"],
        json!({"code": "webhook_deleted", "detail": "the webhook was deleted before the event could be sent"})
    );
}

#[tokio::test]
async fn a_test_is_not_told() {
    let world = telling_all().await;
    let receiver = Receiver::ok().await;
    let config_id = world.api.create_webhook(&receiver.url, json!({})).await;
    let answer = world.api.post(&format!("/webhook/{config_id}/test"), &json!({})).await;
    assert_eq!(told(&world, answer.json()["event_id"].as_str().unwrap()).await, Vec::<Value>::new());
}

#[tokio::test]
async fn what_is_switched_off_is_not_told() {
    for (publish, statuses) in [(Publish::Failures, [0, 1]), (Publish::Nothing, [0, 0])] {
        let world = telling(publish).await;
        for (status, count) in [200, 400].into_iter().zip(statuses) {
            let receiver = Receiver::answering([Reply::status(status)]).await;
            let config_id = world.api.create_webhook(&receiver.url, json!({})).await;
            let event = world.api.deliver(&config_id, "x").await;
            let told = told(&world, event["event_id"].as_str().unwrap()).await;
            assert_eq!(told.len(), count, "{publish:?} {status}");
        }
    }
}

async fn telling_all() -> World {
    telling(Publish::All).await
}

/// A host that publishes these events, and keeps the histories that show it.
async fn telling(publish: Publish) -> World {
    World::with_options(|options| {
        options.publish = publish;
        options.histories = Histories::Full;
    })
    .await
}

/// The events that the executions of an event put on the bus.
async fn told(world: &World, event_id: &str) -> Vec<Value> {
    world.settled(event_id).await;
    let history = world.history(event_id).await;
    let events = history.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let put = events.filter(|event| {
        event["type"] == "TaskScheduled" && event["resource"] == "arn:aws:states:::events:putEvents"
    });
    put.flat_map(|event| {
        let parameters: Value = serde_json::from_str(event["parameters"].as_str().unwrap()).unwrap();
        parameters["Entries"].as_array().unwrap().clone()
    })
    .collect()
}
