//! A data directory of format 1, as the version before the common storage left it, is converted at the first start.
//!
//! `tests/data/format-1.tar.gz` is such a directory: three webhooks, one of them with credentials; two events that were delivered,
//! one of them a claim check; one that waits for its second attempt in the journal, and one whose second attempt is a
//! schedule.
#![expect(clippy::unwrap_used, reason = "a directory that cannot be unpacked fails the test")]

use std::fs;
use std::path::Path;
use std::sync::OnceLock;

use hookstep_ambient::Sources;
use rusqlite::{Connection, params};
use serde_json::json;
use time::OffsetDateTime;
use tokio::process::Command;

use crate::world::process::{FREE_PORT, finished, run, serve, workspace};
use crate::world::{Api, Dir, Receiver, World};

const ADMIN_TOKEN: &str = "admin-token-of-the-tests";
const ORDERS: &str = "01a223b4-9bfb-71e7-bf3d-22168eff49a3";
const DELIVERED: &str = "01a223b4-9c04-77a3-951b-b52283629409";
const CLAIM: &str = "01a223b4-9c87-75e5-858e-868963385df2";
const RETRIES: &str = "01a223b4-9cd2-7791-b231-6fd6a2bb631b";
const WAITS: &str = "01a223b4-9cde-7287-a575-7acdb86d651e";
const LATER: &str = "01a223b4-9cea-7089-9dd5-72843f906c71";
const SCHEDULED: &str = "01a223b4-9cf3-717d-9e98-2ca015e21cfe";

/// Unpacks the directory, with another receiver. Nothing in it expires.
async fn former(receiver: &Receiver) -> Dir {
    let dir = Dir::new();
    let archive = workspace().join("tests/data/format-1.tar.gz");
    let mut tar = Command::new("tar");
    tar.arg("xzf").arg(archive).args(["--strip-components=1", "-C"]).arg(dir.path());
    assert!(finished(&mut tar).await.status.success());
    let tables = Connection::open(dir.path().join("tables.sqlite")).unwrap();
    let url = "UPDATE configs SET item_json = json_set(item_json, '$.url.S', ?1)
               WHERE json_extract(item_json, '$.url.S') IS NOT NULL";
    assert_eq!(tables.execute(url, params![receiver.url]).unwrap(), 3);
    for table in ["events", "schedules"] {
        let keep = format!(
            "UPDATE {table} SET item_json = json_set(item_json, '$.expires_at.N', '9999999999')
             WHERE json_extract(item_json, '$.expires_at.N') IS NOT NULL"
        );
        tables.execute(&keep, []).unwrap();
    }
    dir
}

/// The time in the converted host: it begins forty minutes after the directory was left.
fn clock() -> OffsetDateTime {
    static START: OnceLock<OffsetDateTime> = OnceLock::new();
    let now = (Sources::system().clock)();
    OffsetDateTime::from_unix_timestamp(1_795_897_800).unwrap() + (now - *START.get_or_init(|| now))
}

async fn open(dir: Dir) -> (World, Api) {
    let world = World::open(dir, |options| options.sources = Sources { clock, ..Sources::system() }).await;
    let api = Api { token: ADMIN_TOKEN.to_owned(), ..world.api.clone() };
    (world, api)
}

fn has(dir: &Path, file: &str) -> bool {
    dir.join(file).exists()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_converted_directory_has_its_webhooks_and_events_and_goes_on() {
    let receiver = Receiver::ok().await;
    let dir = former(&receiver).await;
    // What a conversion leaves that was cut off.
    fs::write(dir.path().join("hookstep.sqlite.part"), "cut off").unwrap();
    fs::write(dir.path().join("hookstep.sqlite.part-wal"), "cut off").unwrap();
    let (world, api) = open(dir).await;
    for (config_id, event_id) in [(ORDERS, DELIVERED), (ORDERS, CLAIM), (RETRIES, WAITS), (LATER, SCHEDULED)]
    {
        let event = api.ended(config_id, event_id).await;
        assert_eq!(event["status"], "succeeded", "{event}");
        let attempts = if config_id == ORDERS { 1 } else { 2 };
        assert_eq!(event["attempt_count"], attempts, "{event}");
    }
    assert_eq!(receiver.calls(), 2);
    let dir = world.dir.path();
    for file in ["tables.sqlite", "executions.sqlite"] {
        assert!(!has(dir, file) && has(dir, &format!("{file}.converted")), "{file}");
    }
    assert!(has(dir, "hookstep.sqlite") && !has(dir, "hookstep.sqlite.part"));

    // Claim check, credentials and signing keys are usable.
    let replayed = api.post(&format!("/webhook/{ORDERS}/events/{CLAIM}/replay"), &json!({})).await;
    assert_eq!(replayed.status, 202, "{replayed:?}");
    let event_id = replayed.json()["event_id"].as_str().unwrap().to_owned();
    let event = api.ended(ORDERS, &event_id).await;
    assert_eq!(event["status"], "succeeded", "{event}");
    let last = receiver.seen().pop().unwrap();
    assert_eq!(last.body, format!(r#"{{"order": "{}"}}"#, "x".repeat(1200)).as_bytes());
    assert_eq!(last.header("authorization"), Some("Basic dXM6YSBwYXNzd29yZCBvZiB0aGUgdGVzdHM="));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_conversion_that_was_cut_off_at_its_end_is_finished() {
    let receiver = Receiver::ok().await;
    let (world, _) = open(former(&receiver).await).await;
    let world = world.reopen(|options| options.sources = Sources { clock, ..Sources::system() }).await;
    let dir = world.dir.path();
    fs::rename(dir.join("tables.sqlite.converted"), dir.join("tables.sqlite")).unwrap();
    let world = world.reopen(|options| options.sources = Sources { clock, ..Sources::system() }).await;
    let api = Api { token: ADMIN_TOKEN.to_owned(), ..world.api.clone() };
    assert!(has(world.dir.path(), "tables.sqlite.converted") && !has(world.dir.path(), "tables.sqlite"));
    assert_eq!(api.event(ORDERS, DELIVERED).await["status"], "succeeded");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_of_format_1_that_do_not_belong_together_are_not_converted() {
    let receiver = Receiver::ok().await;
    let unlabel = "DROP TABLE hookstep_directory";
    let relabel = "UPDATE hookstep_directory SET id = '01900000-0000-7000-8000-000000000001'";
    for (file, sql, expected) in [
        ("local-key", None, "local-key is the key of another data directory"),
        ("executions.sqlite", Some(unlabel), "executions.sqlite carries no id"),
        ("executions.sqlite", Some(relabel), "executions.sqlite belongs to another data directory"),
    ] {
        let dir = former(&receiver).await;
        match sql {
            Some(sql) => Connection::open(dir.path().join(file)).unwrap().execute_batch(sql).unwrap(),
            None => fs::write(dir.path().join(file), "0".repeat(64)).unwrap(),
        }
        let (status, host) = run(&mut serve(dir.path(), FREE_PORT)).await;
        assert_eq!(status.code(), Some(1));
        assert!(host.stderr().contains(expected), "{}", host.stderr());
        assert!(has(dir.path(), "tables.sqlite") && has(dir.path(), "executions.sqlite"));
        assert!(!has(dir.path(), "hookstep.sqlite"));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_directory_of_a_version_without_ids_is_converted_if_its_key_is_its_own() {
    let receiver = Receiver::ok().await;
    for is_own in [false, true] {
        let dir = former(&receiver).await;
        for file in ["tables.sqlite", "executions.sqlite"] {
            Connection::open(dir.path().join(file))
                .unwrap()
                .execute_batch("DROP TABLE hookstep_directory")
                .unwrap();
        }
        fs::remove_file(dir.path().join("s3/directory-id")).unwrap();
        if is_own {
            let (world, api) = open(dir).await;
            assert_eq!(api.event(ORDERS, DELIVERED).await["status"], "succeeded");
            assert!(has(world.dir.path(), "s3/directory-id") && !has(world.dir.path(), "directory.new"));
            continue;
        }
        fs::write(dir.path().join("local-key"), "0".repeat(64)).unwrap();
        let (status, host) = run(&mut serve(dir.path(), FREE_PORT)).await;
        assert_eq!(status.code(), Some(1));
        let expected = "local-key is the key of another data directory";
        assert!(host.stderr().contains(expected), "{}", host.stderr());
        assert!(!has(dir.path(), "hookstep.sqlite"));
    }
}
