//! How an event ends when something of ours breaks. The executions are started with inputs that no trigger
//! would write, because a trigger cannot provoke these failures.
#![expect(clippy::unwrap_used, reason = "an unexpected result in a helper fails the test")]

use aws_sdk_sfn::types::SyncExecutionStatus;
use serde_json::{Value, json};

use crate::world::{NOBODY, ORG, Receiver, World};

const EXPRESS: &str = "arn:aws:states:local:000000000000:stateMachine:hookstep-express";

const EVENT: &str = "0190a000-0000-7000-8000-0000000000e0";

/// Runs the express machine for an event of this webhook; returns the name of the error that ended the
/// execution, if one did.
async fn run(world: &World, config_id: &str, payload: Value) -> Option<String> {
    let input = json!({
        "event": {"event_id": EVENT, "org_id": ORG, "config_id": config_id, "origin": "api", "mode": "async",
                  "created_at": "2026-01-02T03:04:05Z"},
        "payload": payload,
    });
    let states = &world.host.clients().states;
    let run = states.start_sync_execution().state_machine_arn(EXPRESS).name(EVENT).input(input.to_string());
    let ended = run.send().await.unwrap();
    assert_eq!(ended.error.is_some(), ended.status == SyncExecutionStatus::Failed);
    ended.error
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_of_a_webhook_that_was_deleted_meanwhile_fails_and_says_why() {
    let world = World::start().await;
    // A webhook may be deleted at any time: no alarm rings.
    assert_eq!(run(&world, NOBODY, json!({"inline": {"text": "{}"}})).await, None);
    let event = world.api.event(NOBODY, EVENT).await;
    assert_eq!(event["status"], "failed");
    assert_eq!(
        event["reason"],
        json!({"code": "webhook_deleted", "detail": "the webhook was deleted before the event could be sent"})
    );
    assert_eq!(event["attempts"], json!([]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fault_behind_the_record_leaves_no_event_in_progress() {
    let (world, receiver) = (World::start().await, Receiver::ok().await);
    let id = world.api.create_webhook(&receiver.url, json!({})).await;
    assert_eq!(run(&world, &id, json!({"inline": {"base64": "not base64!"}})).await.unwrap(), "InvalidInput");
    let event = world.api.event(&id, EVENT).await;
    assert_eq!(event["status"], "failed");
    assert_eq!(
        event["reason"],
        json!({"code": "platform", "detail": "an internal error stopped the delivery (InvalidInput)"})
    );
    assert_eq!(receiver.calls(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_input_beyond_the_limit_of_a_state_is_refused_at_the_door() {
    let world = World::start().await;
    let input = json!({"event": "x".repeat(256 * 1024)}).to_string();
    let states = &world.host.clients().states;
    let start = states.start_execution().state_machine_arn(EXPRESS).input(input).send().await.unwrap_err();
    assert!(start.as_service_error().unwrap().is_invalid_execution_input(), "{start:?}");
}
