//! Backups: made while the host takes events, restored to a new directory.
#![expect(clippy::unwrap_used, reason = "a file that cannot be looked at fails the test")]

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use hookstep_contract::limits::INLINE_BYTES;
use serde_json::json;
use tokio::process::Command;

use crate::world::process::{FREE_PORT, Hookstep, command, output, run};
use crate::world::{Api, Dir, Receiver};

fn backup(dir: &Path, file: &Path) -> Command {
    let mut backup = command("hookstep");
    backup.arg("backup").arg(file).arg("--data-dir").arg(dir);
    backup
}

fn restore(file: &Path, dir: &Path) -> Command {
    let mut restore = command("hookstep");
    restore.arg("restore").arg(file).arg("--data-dir").arg(dir);
    restore
}

/// Triggers events until it is enough; returns how many were accepted.
async fn produce(api: Api, config_id: String, enough: Arc<AtomicBool>) -> usize {
    let mut count = 0;
    while !enough.load(Ordering::Relaxed) {
        api.trigger(&config_id, "{}").await;
        count += 1;
    }
    count
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_under_load_has_everything_that_was_accepted_before_it_began() {
    let (dir, restored, receiver) = (Dir::new(), Dir::new(), Receiver::ok().await);
    let host = Hookstep::start(dir.path(), FREE_PORT).await;
    let auth = json!({"type": "basic", "username": "us", "password": "a password of the tests"});
    let config_id = host.api.create_webhook(&receiver.url, json!({"auth": auth})).await;
    let large = format!("\"{}\"", "a".repeat(INLINE_BYTES));
    let mut accepted = vec![host.api.trigger(&config_id, large.clone()).await];
    for _ in 0..20 {
        accepted.push(host.api.trigger(&config_id, "{}").await);
    }
    let enough = Arc::new(AtomicBool::new(false));
    let producers =
        [(); 4].map(|()| tokio::spawn(produce(host.api.clone(), config_id.clone(), Arc::clone(&enough))));
    let file = dir.path().join("backup.tar");
    output(&mut backup(dir.path(), &file)).await;
    enough.store(true, Ordering::Relaxed);
    for producer in producers {
        producer.await.unwrap();
    }
    host.process.kill().await;
    assert_private(&file);
    for part in ["backup.tar.part", "backup.tar.storage.part"] {
        assert!(!dir.path().join(part).exists(), "{part}");
    }

    output(&mut restore(&file, restored.path())).await;
    let (status, again) = run(&mut restore(&file, restored.path())).await;
    assert_eq!(status.code(), Some(1));
    assert!(again.stderr().contains("is not empty"), "{}", again.stderr());
    let host = Hookstep::start(restored.path(), FREE_PORT).await;
    for event_id in &accepted {
        assert_eq!(host.api.ended(&config_id, event_id).await["status"], "succeeded");
    }
    // The claim check and the credentials are usable.
    let before = receiver.calls();
    let replayed =
        host.api.post(&format!("/webhook/{config_id}/events/{}/replay", accepted[0]), &json!({})).await;
    assert_eq!(replayed.status, 202, "{replayed:?}");
    let event_id = replayed.json()["event_id"].as_str().unwrap().to_owned();
    assert_eq!(host.api.ended(&config_id, &event_id).await["status"], "succeeded");
    assert!(receiver.calls() > before);
    let last = receiver.seen().pop().unwrap();
    assert_eq!(last.body, large.as_bytes());
    assert!(last.header("authorization").is_some());
    host.stop().await;
}

#[cfg(unix)]
fn assert_private(file: &Path) {
    use std::os::unix::fs::PermissionsExt;
    assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
}

#[cfg(not(unix))]
fn assert_private(_: &Path) {}

#[tokio::test]
async fn a_directory_in_use_and_a_file_that_is_no_backup_are_refused() {
    let (dir, restored) = (Dir::new(), Dir::new());
    let host = Hookstep::start(dir.path(), FREE_PORT).await;
    let file = restored.path().join("backup.tar");
    output(&mut backup(dir.path(), &file)).await;
    let (status, refused) = run(&mut restore(&file, dir.path())).await;
    assert_eq!(status.code(), Some(1));
    assert!(refused.stderr().contains("is not empty"), "{}", refused.stderr());
    host.stop().await;

    let (other, data) = (restored.path().join("other.tar"), restored.path().join("data"));
    let whole = std::fs::read(&file).unwrap();
    let unfit = [
        ("This is no archive.\n".repeat(100).into_bytes(), "cannot read"),
        (whole[..whole.len() / 2].to_vec(), "cannot read"),
        (whole[..whole.len() - 1024].to_vec(), "its end is missing"),
    ];
    for (bytes, reason) in unfit {
        std::fs::write(&other, bytes).unwrap();
        let (status, refused) = run(&mut restore(&other, &data)).await;
        assert_eq!(status.code(), Some(1), "{}", refused.stderr());
        assert!(refused.stderr().contains(reason), "{}", refused.stderr());
    }
    // None of them left anything that would stand in the way of another try.
    output(&mut restore(&file, &data)).await;
    Hookstep::start(&data, FREE_PORT).await.stop().await;
}
