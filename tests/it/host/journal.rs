//! The journal of executions, damaged while the host is down: nothing is lost silently.
#![expect(clippy::unwrap_used, reason = "a journal that cannot be reached fails the test")]

use std::path::Path;
use std::time::Duration;

use hookstep_ambient::Sources;
use hookstep_contract::MachineKind;
use hookstep_host::executions_of;
use rusqlite::Connection;
use serde_json::{Value, json};

use crate::aws::cases::put_events;
use crate::world::process::{FREE_PORT, Hookstep, run, serve};
use crate::world::{Dir, ORG, Receiver, Reply, World, until};

fn journal(dir: &Path) -> Connection {
    let journal = Connection::open(dir.join("hookstep.sqlite")).unwrap();
    journal.busy_timeout(Duration::from_secs(10)).unwrap();
    journal
}

/// A webhook whose receiver fails once. The pause of its second attempt fits into an express execution.
async fn failing_webhook(world: &World, receiver: &Receiver) -> String {
    let fields = json!({"retry": {"schedule_seconds": [50, 3600]}});
    world.api.create_webhook(&receiver.url, fields).await
}

/// Damages the waiting execution and makes it due at the next start.
async fn damage(world: &World, damage: &str) {
    let waits = "SELECT count(*) FROM executions WHERE wake_at IS NOT NULL";
    until("an execution waits", async || {
        journal(world.dir.path()).query_row(waits, [], |row| row.get::<_, i64>(0)).unwrap() == 1
    })
    .await;
    let update = format!("UPDATE executions SET wake_at = 0, {damage} WHERE wake_at IS NOT NULL");
    assert_eq!(journal(world.dir.path()).execute(&update, []).unwrap(), 1);
}

/// The attempt that was to be made is missed, and the event takes the schedule: it is delivered when its time has come.
async fn delivered_later(world: World, config_id: &str, event_id: &str, receiver: &Receiver) {
    let missed =
        |event: &Value| event["outcome"] == "failed_platform" && event["next_attempt_at"].is_string();
    let event = world.api.until(config_id, event_id, missed).await;
    assert_eq!(event["status"], "in_progress", "{event}");
    let last = event["attempts"].as_array().unwrap().last().unwrap();
    let detail = "an internal error stopped the delivery (ExecutionNotRestored)";
    assert_eq!(last["reason"], json!({"code": "platform", "detail": detail}), "{event}");

    let world = world
        .reopen(|options| {
            let clock = || (Sources::system().clock)() + Duration::from_secs(2 * 3600);
            options.sources = Sources { clock, ..Sources::system() };
        })
        .await;
    let event = world.api.ended(config_id, event_id).await;
    assert_eq!((&event["status"], receiver.calls()), (&json!("succeeded"), 2), "{event}");
    world.settled(event_id).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_execution_that_cannot_be_restored_misses_an_attempt_and_its_event_is_delivered() {
    for harm in [
        "checkpoint = '{'",
        "machine = 'of another version'",
        "history = x'00'",
        "input = 'no JSON'",
        "status = 'WALKING'",
        "status = x'00'",
        "checkpoint = x'00', machine = x'00', name = x'00', history = x'00', started_at = 'yesterday'",
    ] {
        let (world, receiver) = (World::start().await, failing_once().await);
        let config_id = failing_webhook(&world, &receiver).await;
        let event_id = world.api.trigger(&config_id, "{}").await;
        damage(&world, harm).await;
        println!("{harm}");
        delivered_later(world.reopen(|_| ()).await, &config_id, &event_id, &receiver).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_of_the_bus_whose_execution_cannot_be_restored_is_delivered_as_well() {
    let world = World::with_options(|options| options.async_workflow = MachineKind::Standard).await;
    let receiver = failing_once().await;
    let config_id = failing_webhook(&world, &receiver).await;
    let detail = json!({"org_id": ORG, "config_id": config_id, "payload": {}}).to_string();
    put_events(&world.host.clients().events, "hookstep", "Webhook Trigger", &detail).await;
    let event_id = world.api.first_event(&config_id).await["event_id"].as_str().unwrap().to_owned();
    damage(&world, "checkpoint = '{'").await;

    let world = world.reopen(|options| options.async_workflow = MachineKind::Standard).await;
    assert_eq!(world.api.events(&config_id, "").await["data"].as_array().unwrap().len(), 1);
    delivered_later(world, &config_id, &event_id, &receiver).await;
}

async fn failing_once() -> Receiver {
    Receiver::answering([500, 200].map(Reply::status)).await
}

#[tokio::test]
async fn a_journal_that_cannot_be_read_refuses_the_start_with_a_sentence() {
    let dir = Dir::new();
    let receiver = Receiver::ok().await;
    let host = Hookstep::start(dir.path(), FREE_PORT).await;
    let config_id = host.api.create_webhook(&receiver.url, json!({})).await;
    let event_id = host.api.trigger(&config_id, "{}").await;
    host.api.ended(&config_id, &event_id).await;
    host.stop().await;
    let file = dir.path().join("hookstep.sqlite");
    // Closing the journal checkpoints its write-ahead log into the file.
    let whole = journal(dir.path());
    whole.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
    drop(whole);
    let bytes = std::fs::read(&file).unwrap();
    std::fs::write(&file, [b"not SQLite at al", &bytes[16..]].concat()).unwrap();

    let (status, host) = run(&mut serve(dir.path(), FREE_PORT)).await;
    assert_eq!(status.code(), Some(1));
    let sentence = format!(
        "hookstep: the files in the data directory {} do not belong together: hookstep.sqlite is not a file of Hookstep",
        dir.path().display()
    );
    assert!(host.stderr().contains(&sentence), "{}", host.stderr());
    assert!(executions_of(dir.path(), event_id.parse().unwrap()).is_err());

    std::fs::write(&file, bytes).unwrap();
    let host = Hookstep::start(dir.path(), FREE_PORT).await;
    assert_eq!(host.api.event(&config_id, &event_id).await["status"], "succeeded");
}
