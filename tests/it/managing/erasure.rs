//! A deleted org is refused at once, and nothing of it stays.
#![expect(clippy::unwrap_used, reason = "an answer that is not as expected fails the test")]

use std::time::Duration;

use hookstep_ambient::Sources;
use hookstep_claims::Claims;
use hookstep_contract::MachineKind;
use hookstep_executions::{DeliveryMachines, ExecutionClient};
use hookstep_schedules::RetrySchedules;
use hookstep_secrets::Connections;
use hookstep_store::{
    AuditLog, Bodies, Configs, EventErasures, Events, ExpiringBodies, Lanes, Orgs, Publications, Tokens,
};
use serde_json::{Value, json};
use time::OffsetDateTime;

use super::catalogue::{added, orders};
use super::orgs::{admin, made, patch_org, platform, within};
use crate::world::{Answer, Api, Receiver, Reply, World, accepted, until};

fn in_two_hours() -> OffsetDateTime {
    (Sources::system().clock)() + time::Duration::hours(2)
}

/// What erases orgs, in two hours and in the smallest steps: each run is cut off after the first.
pub(crate) fn eraser(world: &World) -> hookstep_erase::Context {
    const STANDARD: &str = "arn:aws:states:local:000000000000:stateMachine:hookstep-standard";
    let clients = world.host.clients().clone();
    let sources = Sources { clock: in_two_hours, ..Sources::system() };
    let states = ExecutionClient::new(move || clients.states);
    hookstep_erase::Context {
        orgs: Orgs::new(clients.tables.clone(), "configs", sources),
        tokens: Tokens::new(clients.tables.clone(), "tokens", sources),
        events: Events::new(clients.tables.clone(), "events"),
        bodies: Bodies::new(clients.tables.clone(), "events"),
        expiring: ExpiringBodies::new(clients.tables.clone(), "events"),
        publications: Publications::new(clients.tables.clone(), "events"),
        lanes: Lanes::new(clients.tables.clone(), "events"),
        erasures: EventErasures::new(clients.tables.clone(), "events"),
        audit_log: AuditLog::new(clients.tables.clone(), "events"),
        configs: Configs::new(clients.tables.clone(), "configs"),
        traces: None,
        claims: Claims::new(move || clients.bucket, "hookstep-claims"),
        connections: Connections::new(move || clients.events),
        schedules: RetrySchedules::new(move || clients.schedules, "hookstep-retries"),
        machines: DeliveryMachines::new(states, STANDARD, STANDARD, MachineKind::Standard),
        settle: hookstep_erase::SETTLE,
        run_limit: Duration::ZERO,
        sources,
    }
}

/// One of everything that an org can have.
async fn furnish(api: &Api, url: &str) {
    added(api, &orders("mark")).await;
    let auth = json!({"type": "basic", "username": "u", "password": "p"});
    let config_id = api.create_webhook(url, json!({"auth": auth, "shards": 2})).await;
    api.deliver(&config_id, "1").await;
    let large = format!("\"{}\"", "x".repeat(300_000));
    api.deliver(&config_id, large).await;
    accepted(&Answer::to(api.triggering(&config_id, "?delay_seconds=3600", "2")).await);
    let keyed =
        api.triggering(&config_id, "", "3").header("idempotency-key", "k").header("x-correlation-id", "c");
    api.ended(&config_id, &accepted(&Answer::to(keyed).await)).await;
    let gone = api.create_webhook(url, json!({})).await;
    api.deliver(&gone, "4").await;
    assert_eq!(api.delete(&format!("/webhook/{gone}")).await.status, 204);
    api.create_webhook(url, json!({"event_types": ["t"]})).await;
    for payload in [json!(5), json!("x".repeat(300_000))] {
        let event = json!({"event_type": "t", "payload": payload, "idempotency_key": payload.to_string().len().to_string()});
        let published = api.post("/events", &event).await.json();
        let delivery = &published["deliveries"][0];
        api.ended(delivery["config_id"].as_str().unwrap(), delivery["event_id"].as_str().unwrap()).await;
    }
    api.get(&format!("/webhook/{config_id}/stats?by=day")).await;
    let sign_in =
        api.http.post(format!("{}/console/sign-in", api.base)).header("sec-fetch-site", "same-origin");
    let form = "application/x-www-form-urlencoded";
    Answer::to(sign_in.header("content-type", form).body(format!("token={}", api.token))).await;
    assert_eq!(api.get("/sessions").await.json()["data"].as_array().unwrap().len(), 1);
}

/// The items of all tables, and the names of all files in the bucket, in which `text` occurs; but for what the platform's audit
/// log says of it.
async fn traces(world: &World, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for table in ["configs", "events", "tokens", "connections", "schedules", "lanes"] {
        let items = world.host.clients().tables.scan().table_name(table).send().await.unwrap().items.unwrap();
        let items = items.iter().map(|item| format!("{table}: {item:?}"));
        found.extend(items.filter(|item| item.contains(text) && !item.contains("#platform#audit")));
    }
    let mut folders = vec![world.dir.path().join("s3/hookstep-claims")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if entry.is_dir() {
                folders.push(entry);
            } else if entry.display().to_string().contains(text) {
                found.push(entry.display().to_string());
            }
        }
    }
    found
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_a_deleted_org_nothing_stays() {
    let (world, receiver) = (World::start().await, Receiver::ok().await);
    let platform = platform(&world).await;
    made(&platform, json!({"org_id": "globex", "name": "Globex"})).await;
    let (token, there) = (admin(&platform, "globex").await, within(&platform, "globex"));
    furnish(&token, &receiver.url).await;
    furnish(&world.api, &receiver.url).await;
    let kept = traces(&world, "acme").await.len();
    assert!(traces(&world, "globex").await.len() > 20);

    let deleted = platform.delete("/orgs/globex").await;
    assert_eq!((deleted.status, &deleted.json()["status"]), (202, &json!("deleting")), "{deleted:?}");
    assert_eq!(platform.delete("/orgs/globex").await.status, 202);
    token.get("/webhook").await.problem(403);
    there.get("/webhook").await.problem(404);
    patch_org(&platform, "globex", json!({"name": "x"})).await.problem(409);
    platform.post("/orgs", &json!({"org_id": "globex", "name": "again"})).await.problem(409);

    until("the host begins to erase", async || {
        let deleting = platform.get("/orgs/globex").await.json()["deleting"].take();
        assert!(deleting["requested_at"].is_string(), "{deleting}");
        deleting["webhooks_left"] == 0 && deleting["events_deleted"].as_u64().unwrap() >= 5
    })
    .await;
    let eraser = eraser(&world);
    until("the org is erased", async || {
        hookstep_erase::handle(hookstep_erase::Tick::default(), &eraser).await.unwrap().left == 0
    })
    .await;
    platform.get("/orgs/globex").await.problem(404);
    assert_eq!(traces(&world, "globex").await, [""; 0]);
    assert_eq!(traces(&world, "acme").await.len(), kept);
    // Who had it deleted is known all the same.
    let log = platform.get("/platform/audit?target_id=globex").await.json();
    let deleted = |entry: &Value| entry["action"] == "org.delete" && entry["outcome"] == "done";
    assert!(log["data"].as_array().unwrap().iter().any(deleted), "{log}");
    // The id can be used again, for an org that has nothing.
    made(&platform, json!({"org_id": "globex", "name": "Another"})).await;
    assert_eq!(there.get("/webhook").await.json()["data"], json!([]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_retry_of_an_erased_org_that_comes_due_leaves_no_record() {
    let (world, receiver) = (World::start().await, Receiver::answering([Reply::status(500)]).await);
    let platform = platform(&world).await;
    made(&platform, json!({"org_id": "globex", "name": "Globex"})).await;
    let token = admin(&platform, "globex").await;
    let webhook = json!({"retry": {"schedule_seconds": [3600]}});
    let config_id = token.create_webhook(&receiver.url, webhook).await;
    let event_id = token.trigger(&config_id, "1").await;
    let event = token.until(&config_id, &event_id, |event| event["attempt_count"] == 1).await;
    assert_eq!(platform.delete("/orgs/globex").await.status, 202);
    until("the host begins to erase", async || {
        platform.get("/orgs/globex").await.json()["deleting"]["events_deleted"] == 1
    })
    .await;
    let eraser = eraser(&world);
    until("the org is erased", async || {
        hookstep_erase::handle(hookstep_erase::Tick::default(), &eraser).await.unwrap().left == 0
    })
    .await;
    // As the schedule would have done, had it not been deleted.
    let input = json!({"resume": {"version": 1, "event": {"event_id": event_id, "org_id": "globex", "config_id": config_id,
        "origin": "api", "mode": "async", "created_at": event["created_at"]}, "number": 2}});
    let machine = "arn:aws:states:local:000000000000:stateMachine:hookstep-express";
    let start = world.host.clients().states.start_execution().state_machine_arn(machine);
    start.name(format!("{event_id}-2")).input(input.to_string()).send().await.unwrap();
    world.settled(&event_id).await;
    assert_eq!((traces(&world, "globex").await, receiver.calls()), (Vec::new(), 1));
}
