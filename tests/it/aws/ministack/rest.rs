//! Does what the roles allow and no case needs, so that a right that nothing uses shows.
#![expect(clippy::unwrap_used, reason = "a request that is refused fails the test")]

use std::time::{Duration, Instant};

use aws_sdk_sfn::types::ExecutionStatus;
use hookstep_contract::Timestamp;
use serde_json::json;

use super::server::Server;
use super::stack::Stack;
use crate::aws::cases::Engine;
use crate::world::{Answer, Api, Fault, ORG, Receiver, Reply, accepted, until};

/// More than the state may keep (`InlineLimit`).
const LARGE: usize = 210_000;

/// How long a message that nobody can read may take to get stuck.
const STUCK_WITHIN: Duration = Duration::from_secs(300);

pub(super) async fn work(stack: &Stack, server: &Server) {
    let receiver = Receiver::ok().await;
    let transform = json!({"transform": {"jsonata": "{\"seen\": reading}"}});
    let config_id = stack.api().create_webhook(&receiver.url, json!({})).await;
    with_a_new_token(stack.api(), &config_id).await;
    search(stack.api(), &config_id).await;
    large_from_the_bus(stack, &receiver.url).await;
    let transformed = stack.api().create_webhook(&receiver.url, transform).await;
    twice(stack, server, &transformed).await;
    lost(stack, server, &config_id).await;
    stuck(stack, &receiver.url).await;
    queued(stack, server).await;
}

/// Makes, uses and revokes a token.
async fn with_a_new_token(api: &Api, config_id: &str) {
    let made = api.post("/tokens", &json!({"name": "rest", "scopes": ["trigger"]})).await;
    assert_eq!(made.status, 201, "{made:?}");
    let made = made.json();
    let token = made["token"].as_str().unwrap().to_owned();
    let new = Api { http: api.http.clone(), base: api.base.clone(), token };
    let event_id = new.trigger(config_id, "{}").await;
    api.ended(config_id, &event_id).await;
    assert_eq!(api.get("/tokens").await.status, 200);
    let token_id = made["token_id"].as_str().unwrap();
    assert_eq!(api.delete(&format!("/tokens/{token_id}")).await.status, 204);
}

/// Lists webhooks, and events by their correlation id.
async fn search(api: &Api, config_id: &str) {
    assert_eq!(api.get("/webhook").await.status, 200);
    let request = api.triggering(config_id, "", "{}").header("x-correlation-id", "rest");
    let event_id = accepted(&Answer::to(request).await);
    api.ended(config_id, &event_id).await;
    let found = api.events(config_id, "?correlation_id=rest").await;
    assert_eq!(found["data"][0]["event_id"], json!(event_id), "{found}");
}

/// An event that `dispatch` makes a claim check, whose body `console` then shows.
async fn large_from_the_bus(stack: &Stack, url: &str) {
    let api = stack.api();
    let config_id = api.create_webhook(url, json!({})).await;
    let payload = "x".repeat(LARGE);
    let detail = json!({"org_id": ORG, "config_id": config_id, "payload": payload});
    stack.put_event("Webhook Trigger", &detail.to_string()).await;
    let event = api.first_event(&config_id).await;
    let event_id = event["event_id"].as_str().unwrap();
    assert_eq!(api.ended(&config_id, event_id).await["status"], "succeeded");
    let shown = api.get(&format!("/webhook/{config_id}/events/{event_id}/payload")).await;
    assert_eq!(shown.status, 200, "{:.200}", format!("{shown:?}"));
}

/// Two executions of one event: the second finds the record and the transformed body of the first.
async fn twice(stack: &Stack, server: &Server, config_id: &str) {
    let sources = hookstep_ambient::Sources::system();
    let (id, created_at): (_, Timestamp) = ((sources.new_id)(), sources.now());
    let event = json!({
        "event_id": id, "org_id": ORG, "config_id": config_id, "origin": "api", "mode": "async",
        "created_at": created_at, "content_type": "application/json", "size": 14,
    });
    let input = json!({"event": event, "payload": {"inline": {"text": "{\"reading\": 7}"}}}).to_string();
    let machine = format!("{}:live", stack.resource("ExpressStateMachine"));
    for _ in 0..2 {
        stack.states().start_execution().state_machine_arn(&machine).input(&input).send().await.unwrap();
        stack.api().ended(config_id, &id.to_string()).await;
    }
    let role = stack.resource("ExpressStateMachineRole");
    until("the second reads the record", async || server.has_done(role, "dynamodb:GetItem", "EventsTable"))
        .await;
}

/// An event of which nothing can be recorded, which goes into the queue of lost events.
async fn lost(stack: &Stack, server: &Server, config_id: &str) {
    for state in ["FetchConfig", "RecordMissed", "RecordException"] {
        stack.plan(config_id, &Fault { state, error: "Lambda.TooManyRequestsException", times: None }).await;
    }
    stack.api().trigger(config_id, "{}").await;
    let role = stack.resource("ExpressStateMachineRole");
    until("the event is in the queue", async || server.has_done(role, "sqs:SendMessage", "LostQueue")).await;
}

/// A message in a lane that nobody can read: it ends in the queue of what is stuck, and another lane is not held up by it.
async fn stuck(stack: &Stack, url: &str) {
    let sqs = aws_sdk_sqs::Client::new(&stack.aws);
    let send = sqs.send_message().queue_url(stack.resource("LaneQueue")).message_body("no turn");
    send.message_group_id("of nobody").message_deduplication_id("rest").send().await.unwrap();
    let config_id = stack.api().create_webhook(url, json!({"max_in_flight": 1})).await;
    let event_id = stack.api().trigger(&config_id, "{}").await;
    assert_eq!(stack.api().ended(&config_id, &event_id).await["status"], "succeeded");
    // It is received a thousand times before, which takes more than a minute on a slow machine.
    let receive =
        || sqs.receive_message().queue_url(stack.resource("StuckQueue")).wait_time_seconds(1).send();
    let start = Instant::now();
    while receive().await.unwrap().messages().is_empty() {
        assert!(start.elapsed() < STUCK_WITHIN, "the message is not stuck");
    }
}

/// The delivery queue, which the embedded host does not have: attempts of a slow receiver, a message that comes again, and a queue
/// that takes no message at first.
async fn queued(stack: &Stack, server: &Server) {
    let api = stack.api();
    let receiver = Receiver::answering([Reply::status(200).after(Duration::from_secs(3))]).await;
    let fields = json!({"delivery": "queued", "retry": {"schedule_seconds": [1]}});
    let config_id = api.create_webhook(&receiver.url, fields).await;
    let mut events = Vec::new();
    for _ in 0..3 {
        events.push(api.trigger(&config_id, "{}").await);
    }
    until("an event waits", async || {
        !api.get(&format!("/webhook/{config_id}")).await.json()["lane"].is_null()
    })
    .await;
    for event_id in &events {
        let event = api.ended(&config_id, event_id).await;
        assert_eq!((&event["status"], &event["attempt_count"]), (&json!("succeeded"), &json!(1)), "{event}");
    }
    let role = stack.resource("ExpressStateMachineRole");
    assert!(server.has_done(role, "sqs:SendMessage", "DeliveryQueue"), "nothing was queued");
    until("none waits", async || api.get(&format!("/webhook/{config_id}")).await.json()["lane"].is_null())
        .await;
    // Its six tries.
    let fault = Fault { state: "QueueDelivery", error: "Sqs.SqsException", times: Some(6) };
    stack.plan(&config_id, &fault).await;
    let event_id = api.trigger(&config_id, "{}").await;
    let event = api.ended(&config_id, &event_id).await;
    let outcomes = [&event["attempts"][0]["outcome"], &event["attempts"][1]["outcome"]];
    assert_eq!(outcomes, ["failed_platform", "succeeded"], "{event}");
    again(stack, &config_id, &event_id, &receiver).await;
}

/// A message of an attempt that was made: its receiver is not called again.
async fn again(stack: &Stack, config_id: &str, event_id: &str, receiver: &Receiver) {
    let event = json!({
        "event_id": event_id, "org_id": ORG, "config_id": config_id, "origin": "api", "mode": "async",
        "created_at": hookstep_ambient::Sources::system().now(), "content_type": "application/json", "size": 2,
    });
    let request =
        json!({"url": receiver.url, "method": "POST", "headers": {}, "timeout_seconds": 30, "revision": 1});
    let plan = json!({
        "status": "in_progress", "request": request, "retry": {"schedule_seconds": []}, "long": false, "queued": true,
    });
    let message = json!({"queued": {
        "version": 1, "event": event, "number": 1, "plan": plan, "payload": {"inline": {"text": "{}"}}, "outdated": 0,
    }});
    let (requests, name) = (receiver.seen().len(), format!("{event_id}-1"));
    // An execution finds that nothing is to be done. (The first attempt was never made, so that none has this name yet.)
    let went_on = async || {
        let machine = stack.resource("ExpressStateMachine");
        let runs =
            stack.states().list_executions().state_machine_arn(machine).into_paginator().items().send();
        let runs = runs.collect::<Result<Vec<_>, _>>().await.unwrap();
        runs.iter().filter(|run| run.name() == name && run.status() == &ExecutionStatus::Succeeded).count()
    };
    assert_eq!(went_on().await, 0);
    let sqs = aws_sdk_sqs::Client::new(&stack.aws);
    let send =
        sqs.send_message().queue_url(stack.resource("DeliveryQueue")).message_body(message.to_string());
    send.send().await.unwrap();
    until("the message is taken again", async || went_on().await == 1).await;
    assert_eq!(receiver.seen().len(), requests, "the receiver was called again");
}
