//! Events from the bus: what the rule in `infra/template.yaml` passes to the state machine, and the result.
//! The rule itself is tested with the deployed template; these tests start the machine as the rule does.
#![expect(clippy::unwrap_used, reason = "an event that cannot be started fails the test")]

use aws_sdk_sfn::types::SyncExecutionStatus;
use serde_json::{Value, json};

use crate::world::{ORG, Receiver, World};

const EXPRESS: &str = "arn:aws:states:local:000000000000:stateMachine:hookstep-express";

/// EventBridge ids are UUIDs of no particular version.
const BUS_ID: &str = "17793124-05d4-b198-2fde-7ededc63b103";
const ACCEPTED_AT: &str = "2026-11-24T03:58:19Z";

/// The event id made from it: the milliseconds since 1970, the version, and most of the digits of the bus id.
const EVENT_ID: &str = "01a20bb4-5b78-7198-8fde-7ededc63b103";

#[tokio::test]
async fn a_payload_is_serialised_once_and_a_string_is_sent_as_it_is() {
    let world = World::start().await;
    for (payload, body) in [
        (json!({"b": 1, "a": ["ü", null, true, 0.5]}), r#"{"b":1,"a":["ü",null,true,0.5]}"#),
        (json!("{\"reading\": 1.0}\n"), "{\"reading\": 1.0}\n"),
        (json!(12), "12"),
        (json!(null), "null"),
    ] {
        let receiver = Receiver::ok().await;
        let config_id = world.api.create_webhook(&receiver.url, json!({})).await;
        let detail =
            json!({"org_id": ORG, "config_id": config_id, "payload": payload, "correlation_id": "order 7"});
        assert_eq!(start(&world, &detail).await, SyncExecutionStatus::Succeeded);
        let event = world.api.event(&config_id, EVENT_ID).await;
        assert_eq!(event["status"], "succeeded", "{event}");
        assert_eq!(event["origin"], "event_bridge", "{event}");
        assert_eq!(event["correlation_id"], "order 7", "{event}");
        assert_eq!(event["created_at"], "2026-11-24T03:58:19.000Z", "{event}");
        let seen = receiver.only();
        assert_eq!(String::from_utf8_lossy(&seen.body), body);
        assert_eq!(seen.header("content-type"), Some("application/json"));
        assert_eq!(seen.header("webhook-id"), Some(EVENT_ID));
    }
}

#[tokio::test]
async fn an_event_that_the_bus_delivers_twice_is_sent_once() {
    let world = World::start().await;
    let receiver = Receiver::ok().await;
    let config_id = world.api.create_webhook(&receiver.url, json!({})).await;
    let detail = json!({"org_id": ORG, "config_id": config_id, "payload": {}});
    for _ in 0..2 {
        assert_eq!(start(&world, &detail).await, SyncExecutionStatus::Succeeded);
    }
    assert_eq!(receiver.calls(), 1);
    assert_eq!(world.api.event(&config_id, EVENT_ID).await["attempts"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_producer_names_the_content_type_of_a_string() {
    let world = World::start().await;
    let receiver = Receiver::ok().await;
    let config_id = world.api.create_webhook(&receiver.url, json!({})).await;
    let detail =
        json!({"org_id": ORG, "config_id": config_id, "payload": "<a/>", "content_type": "text/xml"});
    assert_eq!(start(&world, &detail).await, SyncExecutionStatus::Succeeded);
    assert_eq!(receiver.only().header("content-type"), Some("text/xml"));
}

#[tokio::test]
async fn an_event_without_a_body_is_recorded_as_failed_and_says_why() {
    let world = World::start().await;
    let receiver = Receiver::ok().await;
    let config_id = world.api.create_webhook(&receiver.url, json!({})).await;
    start(&world, &json!({"org_id": ORG, "config_id": config_id})).await;
    let event = world.api.event(&config_id, EVENT_ID).await;
    assert_eq!(
        (&event["status"], &event["outcome"]),
        (&json!("failed"), &json!("failed_payload")),
        "{event}"
    );
    let reason =
        json!({"code": "body_missing", "detail": "the event has neither a payload nor a claim_check"});
    assert_eq!(event["attempts"][0]["reason"], reason, "{event}");
    assert_eq!(receiver.calls(), 0);
}

/// Nothing can be recorded, so the execution fails and the alarm on failed executions goes off.
#[tokio::test]
async fn an_event_that_names_no_webhook_fails_its_execution() {
    let world = World::start().await;
    let config_id = world.api.create_webhook("https://example.com/", json!({})).await;
    for detail in [
        json!({}),
        json!({"org_id": ORG, "payload": {}}),
        json!({"config_id": config_id, "payload": {}}),
        json!({"org_id": "no org", "config_id": config_id, "payload": {}}),
        json!("text"),
    ] {
        assert_eq!(start(&world, &detail).await, SyncExecutionStatus::Failed, "{detail}");
    }
    assert_eq!(world.api.events(&config_id, "").await["data"], json!([]));
}

/// Another org's webhook is not found, whoever puts the event.
#[tokio::test]
async fn an_event_reaches_only_webhooks_of_the_org_that_it_names() {
    let world = World::start().await;
    let receiver = Receiver::ok().await;
    let config_id = world.api.create_webhook(&receiver.url, json!({})).await;
    let detail = json!({"org_id": "globex", "config_id": config_id, "payload": {}});
    assert_eq!(start(&world, &detail).await, SyncExecutionStatus::Failed);
    assert_eq!(receiver.calls(), 0);
}

/// Starts the express machine as the rule does and waits for the end.
async fn start(world: &World, detail: &Value) -> SyncExecutionStatus {
    let input = json!({"event_bridge": {"id": BUS_ID, "accepted_at": ACCEPTED_AT, "detail": detail}});
    let run = world
        .host
        .clients()
        .states
        .start_sync_execution()
        .state_machine_arn(EXPRESS)
        .input(input.to_string());
    run.send().await.unwrap().status().clone()
}
