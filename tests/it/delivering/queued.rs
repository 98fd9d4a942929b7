//! The delivery queue of AWS, on one machine, which has none: the setting changes nothing, and the express machine goes on from
//! what `deliver` passes on there.
#![expect(clippy::unwrap_used, reason = "an unexpected result in a helper fails the test")]

use hookstep_ambient::Sources;
use hookstep_contract::limits::SYNC_BUDGET;
use hookstep_contract::{HealthRules, Publish};
use hookstep_store::{Bodies, Configs, Events, ExpiringBodies, Orgs, WatchList};
use hookstep_update_status::{Looks, SlowLooks};
use serde_json::{Value, json};

use crate::world::{ORG, Receiver, Reply, World};

const EXPRESS: &str = "arn:aws:states:local:000000000000:stateMachine:hookstep-express";

/// A webhook whose event waits for its second attempt.
struct Waiting {
    world: World,
    receiver: Receiver,
    config_id: String,
    event_id: String,
}

impl Waiting {
    async fn new(world: World) -> Self {
        let receiver = Receiver::answering([503, 200].map(Reply::status)).await;
        let fields = json!({"delivery": "queued", "retry": {"schedule_seconds": [3600, 1]}});
        let config_id = world.api.create_webhook(&receiver.url, fields).await;
        let event_id = world.api.trigger(&config_id, "{}").await;
        let is_waiting = |event: &Value| event["next_attempt_at"].is_string();
        world.api.until(&config_id, &event_id, is_waiting).await;
        Self { world, receiver, config_id, event_id }
    }

    /// Goes on with the second attempt as from the queue, and returns the event at its end.
    async fn go_on(&self, fields: &Value) -> Value {
        let now = Sources::system().now();
        let mut queued = json!({
            "version": 1, "number": 2, "outdated": 0,
            "event": {
                "event_id": self.event_id, "org_id": ORG, "config_id": self.config_id, "origin": "api", "mode": "async",
                "created_at": now, "content_type": "application/json", "size": 2,
            },
            "plan": {
                "status": "in_progress", "retry": {"schedule_seconds": [1, 1]}, "long": false, "queued": true,
                "request": {
                    "url": self.receiver.url, "method": "POST", "headers": {}, "timeout_seconds": 30, "revision": 1,
                },
            },
        });
        for (name, value) in fields.as_object().unwrap() {
            let place = if name == "unkept" { &mut queued["plan"] } else { &mut queued };
            place[name] = value.clone();
        }
        let input = json!({"queued": queued}).to_string();
        let states = self.world.host.clients().states.clone();
        states.start_execution().state_machine_arn(EXPRESS).input(input).send().await.unwrap();
        self.world.api.ended(&self.config_id, &self.event_id).await
    }

    fn bodies(&self) -> Vec<Vec<u8>> {
        self.receiver.seen().iter().map(|request| request.body.to_vec()).collect()
    }
}

fn attempt(status_code: u16) -> Value {
    let outcome = if status_code == 200 { "succeeded" } else { "failed_http" };
    json!({
        "number": 2, "started_at": "2026-01-02T03:04:05Z", "duration_ms": 30_000, "outcome": outcome,
        "status_code": status_code,
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_attempt_from_the_queue_is_recorded_and_not_made_again() {
    let waiting = Waiting::new(World::start().await).await;
    let event = waiting.go_on(&json!({"attempt": attempt(200)})).await;
    assert_eq!((&event["status"], &event["attempt_count"]), (&json!("succeeded"), &json!(2)), "{event}");
    assert_eq!(event["attempts"][1]["duration_ms"], 30_000);
    assert_eq!(waiting.bodies().len(), 1);
    let webhook = waiting.world.api.get(&format!("/webhook/{}", waiting.config_id)).await.json();
    assert_eq!((&webhook["delivery"], &webhook["slow_since"]), (&json!("queued"), &Value::Null), "{webhook}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_failure_the_event_is_sent_again_with_its_body() {
    let waiting = Waiting::new(World::start().await).await;
    let event = waiting.go_on(&json!({"attempt": attempt(503)})).await;
    assert_eq!((&event["status"], &event["attempt_count"]), (&json!("succeeded"), &json!(3)), "{event}");
    assert_eq!(waiting.bodies(), [b"{}", b"{}"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_that_only_the_message_had_is_sent_again() {
    let world = World::with_options(|options| options.keep_bodies = false).await;
    let waiting = Waiting::new(world).await;
    let payload = json!({"inline": {"text": "[7]"}});
    let fields = json!({"attempt": attempt(503), "unkept": "accepted", "payload": payload});
    let event = waiting.go_on(&fields).await;
    assert_eq!((&event["status"], &event["attempt_count"]), (&json!("succeeded"), &json!(3)), "{event}");
    assert_eq!(waiting.bodies(), [&b"{}"[..], b"[7]"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_not_sent_is_sent_by_the_webhook_as_it_is_now() {
    for fields in [
        json!({}),
        json!({"payload": {"inline": {"text": "{}"}}}),
        json!({"fault": {"Error": "PlanOutdated", "Cause": "the webhook was changed after it was read"}}),
    ] {
        let waiting = Waiting::new(World::start().await).await;
        let event = waiting.go_on(&fields).await;
        assert_eq!((&event["status"], &event["attempt_count"]), (&json!("succeeded"), &json!(2)), "{event}");
        assert_eq!(waiting.bodies(), [b"{}", b"{}"]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fault_is_an_attempt_that_failed_or_ends_the_event_if_it_cannot_pass() {
    for (error, status, attempts) in [
        ("StorageUnavailable", "succeeded", json!(["failed_http", "failed_platform", "succeeded"])),
        ("InvalidInput", "failed", json!(["failed_http"])),
    ] {
        let waiting = Waiting::new(World::start().await).await;
        let event = waiting.go_on(&json!({"fault": {"Error": error, "Cause": "of a test"}})).await;
        let outcomes: Vec<_> =
            event["attempts"].as_array().unwrap().iter().map(|attempt| attempt["outcome"].clone()).collect();
        assert_eq!((&event["status"], json!(outcomes)), (&json!(status), attempts), "{event}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_that_was_cancelled_in_the_queue_is_not_sent() {
    let waiting = Waiting::new(World::start().await).await;
    let path = format!("/webhook/{}/events/{}/cancel", waiting.config_id, waiting.event_id);
    assert_eq!(waiting.world.api.post(&path, &json!({})).await.status, 200);
    let event = waiting.go_on(&json!({})).await;
    assert_eq!((&event["status"], &event["attempt_count"]), (&json!("failed"), &json!(1)), "{event}");
    assert_eq!(waiting.bodies().len(), 1);
}

/// What `update-status` is on AWS, anew for each attempt: a process looks once a minute.
fn update_status(world: &World) -> hookstep_update_status::Context {
    let tables = world.host.clients().tables.clone();
    hookstep_update_status::Context {
        events: Events::new(tables.clone(), "events"),
        watch_list: WatchList::new(tables.clone(), "events"),
        bodies: Bodies::new(tables.clone(), "events"),
        expiring: ExpiringBodies::new(tables.clone(), "events"),
        keep_bodies: true,
        orgs: Orgs::new(tables.clone(), "configs", Sources::system()),
        configs: Configs::new(tables, "configs"),
        publish: Publish::Nothing,
        health_rules: HealthRules::default(),
        looks: Looks::default(),
        slow_looks: Some(SlowLooks::default()),
        console_url: None,
        sync_budget: SYNC_BUDGET,
        sources: Sources::system(),
    }
}

/// Records that a new event of the webhook was sent, and took so long.
async fn record(world: &World, config_id: &str, duration_ms: u64, queued: bool) {
    let event_id = world.api.trigger(config_id, "{}").await;
    world.api.until(config_id, &event_id, |event| event["next_attempt_at"].is_string()).await;
    let mut attempt = attempt(200);
    attempt["started_at"] = json!(Sources::system().now());
    attempt["duration_ms"] = json!(duration_ms);
    let input = json!({
        "kind": "attempt", "retry": {"schedule_seconds": []}, "attempt": attempt, "queued": queued,
        "event": {
            "event_id": event_id, "org_id": ORG, "config_id": config_id, "origin": "api", "mode": "async",
            "created_at": Sources::system().now(),
        },
    });
    let input = serde_json::from_value(input).unwrap();
    hookstep_update_status::handle(input, &update_status(world)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_receiver_is_noted_until_it_is_quick_again() {
    let world = World::start().await;
    let receiver = Receiver::answering([Reply::status(503)]).await;
    let fields = |delivery: Value| json!({"delivery": delivery, "retry": {"schedule_seconds": [3600]}});
    let id = world.api.create_webhook(&receiver.url, fields(Value::Null)).await;
    let is_slow = async || world.api.get(&format!("/webhook/{id}")).await.json()["slow_since"].is_string();
    for count in 1..=5 {
        assert!(!is_slow().await, "after {count} attempts");
        record(&world, &id, 3_500, false).await;
    }
    assert!(is_slow().await);
    // Nobody looks after a slow attempt from the queue, or a quick direct one.
    record(&world, &id, 100, false).await;
    for _ in 0..4 {
        assert!(is_slow().await);
        record(&world, &id, 100, true).await;
    }
    assert!(is_slow().await);
    record(&world, &id, 100, true).await;
    assert!(!is_slow().await);
    // Nothing depends on it if the owner has decided.
    let decided = world.api.create_webhook(&receiver.url, fields(json!("direct"))).await;
    for _ in 0..5 {
        record(&world, &decided, 3_500, false).await;
    }
    let decided = world.api.get(&format!("/webhook/{decided}")).await.json();
    assert_eq!(decided["slow_since"], Value::Null, "{decided}");
}
