//! Who may read the data directory: its user alone, whatever the umask and whoever made it.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a file that cannot be looked at fails the test")]

use std::fs::Permissions;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};

use hookstep_contract::limits::INLINE_BYTES;
use serde_json::json;
use tokio::process::Command;

use crate::world::process::{FREE_PORT, Hookstep, Process, command, in_shell, output, run, serve};
use crate::world::python::say;
use crate::world::{Dir, Receiver};

/// The same command with nothing masked: what it does not protect is open to everybody.
fn unmasked(command: &Command) -> Command {
    in_shell("umask 000", command)
}

fn mode(path: &Path) -> u32 {
    path.metadata().unwrap().permissions().mode() & 0o7777
}

/// Everything below a directory, and the directory itself.
fn all(dir: &Path) -> Vec<PathBuf> {
    let mut found = vec![dir.to_owned()];
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(all(&path)) } else { found.push(path) }
    }
    found
}

fn assert_private(dir: &Path) {
    for path in all(dir) {
        let expected = if path.is_dir() { 0o700 } else { 0o600 };
        assert_eq!(mode(&path), expected, "{}: {:o}", path.display(), mode(&path));
    }
}

#[tokio::test]
async fn the_data_directory_is_closed_to_other_users() {
    let dir = Dir::new();
    std::fs::set_permissions(dir.path(), Permissions::from_mode(0o777)).unwrap();
    let receiver = Receiver::ok().await;
    let host = Hookstep::started(Process::start(&mut unmasked(&serve(dir.path(), FREE_PORT)))).await;
    let config_id = host.api.create_webhook(&receiver.url, json!({})).await;
    // One event goes inline, the other as a claim check.
    for body in ["{}".to_owned(), format!("\"{}\"", "a".repeat(INLINE_BYTES))] {
        let event_id = host.api.trigger(&config_id, body).await;
        host.api.ended(&config_id, &event_id).await;
    }
    let files = all(dir.path());
    for name in ["hookstep.sqlite", "hookstep.sqlite-wal", "hookstep.sqlite-shm", "local-key", "s3"] {
        assert!(files.contains(&dir.path().join(name)), "{name}: {files:?}");
    }
    assert!(files.iter().any(|file| file.starts_with(dir.path().join("s3/hookstep-claims/claims"))));
    assert_private(dir.path());

    // What an earlier version or another program left open is closed at the next start.
    host.stop().await;
    for name in ["hookstep.sqlite", "local-key"] {
        std::fs::set_permissions(dir.path().join(name), Permissions::from_mode(0o644)).unwrap();
    }
    let host = Hookstep::started(Process::start(&mut unmasked(&serve(dir.path(), FREE_PORT)))).await;
    assert_private(dir.path());
    host.stop().await;
}

#[tokio::test]
async fn a_directory_that_cannot_be_written_refuses_the_start_with_a_sentence() {
    let dir = Dir::new();
    // A directory of ours would be opened, so it has to be somebody else's.
    if std::fs::metadata("/proc/self").is_ok_and(|process| process.uid() != 0) {
        say("files", "SKIPPED: only root can give a directory to somebody else");
        return;
    }
    chown(dir.path(), Some(65534), None).unwrap();
    std::fs::set_permissions(dir.path(), Permissions::from_mode(0o555)).unwrap();
    // Root without its rights over what belongs to others.
    let setting = "exec setpriv --bounding-set=-dac_override,-dac_read_search,-fowner \"$0\" \"$@\"";
    let (status, host) = run(&mut in_shell(setting, &serve(dir.path(), FREE_PORT))).await;
    assert_eq!(status.code(), Some(1));
    let sentence = format!("the data directory {} cannot be written", dir.path().display());
    assert!(host.stderr().contains(&sentence), "{}", host.stderr());
    assert!(host.stderr().contains("give it to the user that runs Hookstep"), "{}", host.stderr());
}

#[tokio::test]
async fn a_token_made_before_the_first_start_leaves_closed_files() {
    let dir = Dir::new();
    let made = dir.path().join("made");
    let mut token = command("hookstep");
    token.args(["token", "--data-dir"]).arg(&made);
    output(&mut unmasked(&token)).await;
    assert_private(&made);
}
