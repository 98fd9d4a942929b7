//! The journal of executions, damaged while the host is down: nothing is lost silently.
#![expect(clippy::unwrap_used, reason = "a journal that cannot be reached fails the test")]

use std::path::Path;
use std::time::Duration;

use hookstep_contract::{EventId, MachineKind, Publish};
use hookstep_host::executions_of;
use rusqlite::Connection;
use serde_json::{Value, json};

use crate::aws::cases::put_events;
use crate::world::process::{FREE_PORT, Hookstep, run, serve};
use crate::world::{Dir, ORG, Receiver, Reply, World, until};

fn journal(dir: &Path) -> Connection {
    let journal = Connection::open(dir.join("executions.sqlite")).unwrap();
    journal.busy_timeout(Duration::from_secs(10)).unwrap();
    journal
}

/// A webhook whose receiver fails and whose next attempt is an hour away.
async fn failing_webhook(world: &World) -> String {
    let receiver = Receiver::answering([Reply::status(500)]).await;
    world.api.create_webhook(&receiver.url, json!({"retry": {"schedule_seconds": [3600]}})).await
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

fn not_restored() -> Value {
    json!({"code": "platform", "detail": "an internal error stopped the delivery (ExecutionNotRestored)"})
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_execution_that_cannot_be_restored_ends_its_event_as_failed_with_a_reason() {
    for harm in [
        "checkpoint = '{'",
        "machine = 'of another version'",
        "history = x'00'",
        "input = 'no JSON'",
        "status = 'WALKING'",
        "status = x'00'",
    ] {
        let world = World::with_options(|options| options.publish = Publish::Failures).await;
        let hears = Receiver::ok().await;
        let subscription = json!({"event_types": ["Webhook Delivery Failed"]});
        world.api.create_webhook(&hears.url, subscription).await;
        let config_id = failing_webhook(&world).await;
        let event_id = world.api.trigger(&config_id, "{}").await;
        damage(&world, harm).await;

        let world = world.reopen(|_| ()).await;
        let event = world.api.ended(&config_id, &event_id).await;
        assert_eq!(
            (&event["status"], &event["reason"]),
            (&json!("failed"), &not_restored()),
            "{harm}: {event}"
        );
        assert_eq!(event["attempts"].as_array().unwrap().len(), 1, "{harm}: the attempt that was made stays");
        assert_eq!(event["next_attempt_at"], json!(null), "{harm}");
        until("the failure is published", async || hears.calls() == 1).await;
        let id: EventId = event_id.parse().unwrap();
        until("the execution fails, too", async || {
            let status = "SELECT count(*) FROM executions WHERE status = 'FAILED' AND name = ?1 || '-2'";
            let count =
                journal(world.dir.path()).query_row(status, [id.to_string()], |row| row.get::<_, i64>(0));
            count.unwrap() == 1
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_of_the_bus_whose_execution_cannot_be_restored_ends_as_well() {
    let world = World::with_options(|options| options.async_workflow = MachineKind::Standard).await;
    let config_id = failing_webhook(&world).await;
    let detail = json!({"org_id": ORG, "config_id": config_id, "payload": {}}).to_string();
    put_events(&world.host.clients().events, "hookstep", "Webhook Trigger", &detail).await;
    let event_id = world.api.first_event(&config_id).await["event_id"].as_str().unwrap().to_owned();
    damage(&world, "checkpoint = '{'").await;

    let world = world.reopen(|options| options.async_workflow = MachineKind::Standard).await;
    let event = world.api.ended(&config_id, &event_id).await;
    assert_eq!((&event["status"], &event["reason"]), (&json!("failed"), &not_restored()), "{event}");
    assert_eq!(world.api.events(&config_id, "").await["data"].as_array().unwrap().len(), 1);
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
    let file = dir.path().join("executions.sqlite");
    // Closing the journal checkpoints its write-ahead log into the file.
    let whole = journal(dir.path());
    whole.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
    drop(whole);
    let bytes = std::fs::read(&file).unwrap();
    std::fs::write(&file, [b"not SQLite at al", &bytes[16..]].concat()).unwrap();

    let (status, host) = run(&mut serve(dir.path(), FREE_PORT)).await;
    assert_eq!(status.code(), Some(1));
    let sentence = format!(
        "hookstep: the files in the data directory {} do not belong together: executions.sqlite is not a file of Hookstep",
        dir.path().display()
    );
    assert!(host.stderr().contains(&sentence), "{}", host.stderr());
    assert!(executions_of(dir.path(), event_id.parse().unwrap()).is_err());

    std::fs::write(&file, bytes).unwrap();
    let host = Hookstep::start(dir.path(), FREE_PORT).await;
    assert_eq!(host.api.event(&config_id, &event_id).await["status"], "succeeded");
}
