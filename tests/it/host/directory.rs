//! The data directory: a host starts on files that belong together, and otherwise says what is wrong and what to do.
#![expect(clippy::unwrap_used, reason = "a file that cannot be changed fails the test")]

use std::fs;
use std::path::Path;

use rusqlite::Connection;
use serde_json::json;

use crate::world::process::{FREE_PORT, Hookstep, run, serve};
use crate::world::{Dir, Receiver, Reply};

const STORAGE: &str = "hookstep.sqlite";
const KEY: &str = "local-key";
const CLAIMS: &str = "s3";

/// A directory with a webhook and an event, whose host has ended.
async fn used() -> (Dir, String) {
    let (dir, receiver) = (Dir::new(), Receiver::answering([Reply::status(404)]).await);
    let host = Hookstep::start(dir.path(), FREE_PORT).await;
    let config_id = host.api.create_webhook(&receiver.url, json!({})).await;
    host.api.deliver(&config_id, "{}").await;
    host.stop().await;
    (dir, config_id)
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let (path, name) = (entry.as_ref().unwrap().path(), entry.unwrap().file_name());
        if path.is_dir() {
            copy(&path, &to.join(name));
        } else {
            fs::copy(&path, to.join(name)).unwrap();
        }
    }
}

fn copy_of(dir: &Dir) -> Dir {
    let copied = Dir::new();
    copy(dir.path(), copied.path());
    copied
}

fn remove(path: &Path) {
    if path.is_dir() { fs::remove_dir_all(path).unwrap() } else { fs::remove_file(path).unwrap() }
}

/// The start fails, and standard error has this text.
async fn refused(dir: &Path, expected: &str) {
    let (status, host) = run(&mut serve(dir, FREE_PORT)).await;
    let said = host.stderr();
    assert_eq!(status.code(), Some(1), "{expected}: {said}");
    assert!(said.contains(expected), "{expected:?} is not in: {said}");
    assert!(said.contains(&format!("the data directory {} ", dir.display())), "{said}");
    assert!(said.contains("start with an empty directory"), "{said}");
}

/// What makes a directory unfit.
#[derive(Clone, Copy, Debug)]
enum Harm {
    Missing,
    Empty,
    /// Cut off after this many bytes.
    Cut(usize),
    NoDatabase,
    /// Replaced by the file of another host.
    Foreign,
    Newer,
}

impl Harm {
    fn apply(self, dir: &Path, file: &str, other: &Path) {
        let path = dir.join(file);
        match self {
            Self::Missing => remove(&path),
            Self::Empty if path.is_dir() => {
                remove(&path);
                fs::create_dir(&path).unwrap();
            }
            Self::Empty => fs::write(&path, "").unwrap(),
            Self::Cut(bytes) => {
                let whole = fs::read(&path).unwrap();
                assert!(whole.len() > bytes, "{file} has {} bytes", whole.len());
                fs::write(&path, &whole[..bytes]).unwrap();
            }
            Self::NoDatabase => {
                fs::write(&path, "This is not a database, but it is long.\n".repeat(200)).unwrap();
            }
            Self::Foreign => {
                remove(&path);
                let foreign = other.join(file);
                if foreign.is_dir() {
                    copy(&foreign, &path);
                } else {
                    fs::copy(&foreign, &path).unwrap();
                }
            }
            Self::Newer => {
                let database = Connection::open(&path).unwrap();
                assert_eq!(database.execute("UPDATE hookstep_directory SET format = 4", []).unwrap(), 1);
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_host_starts_on_files_that_belong_together_and_on_no_others() {
    let ((dir, config_id), (other, _)) = (used().await, used().await);
    let newer = "was written by a newer version of Hookstep (format 4; this version reads format 3)";
    for (file, harm, expected) in [
        (STORAGE, Harm::Missing, "hookstep.sqlite is missing"),
        (KEY, Harm::Missing, "local-key is missing"),
        (CLAIMS, Harm::Missing, "s3 is missing"),
        (STORAGE, Harm::Empty, "hookstep.sqlite is empty"),
        (KEY, Harm::Empty, "local-key is empty"),
        (CLAIMS, Harm::Empty, "s3 carries no id"),
        (STORAGE, Harm::Cut(8192), "hookstep.sqlite is damaged"),
        (STORAGE, Harm::Cut(60), "hookstep.sqlite is damaged"),
        (KEY, Harm::Cut(31), "local-key is damaged"),
        (STORAGE, Harm::NoDatabase, "hookstep.sqlite is not a file of Hookstep"),
        (KEY, Harm::NoDatabase, "local-key is damaged"),
        (STORAGE, Harm::Foreign, "belongs to another data directory"),
        (KEY, Harm::Foreign, "local-key is the key of another data directory"),
        (CLAIMS, Harm::Foreign, "s3 belongs to another data directory"),
        (STORAGE, Harm::Newer, newer),
    ] {
        let harmed = copy_of(&dir);
        harm.apply(harmed.path(), file, other.path());
        refused(harmed.path(), expected).await;
        // Nothing was made anew in its place, so that the file can be restored.
        if matches!(harm, Harm::Missing) {
            assert!(!harmed.path().join(file).exists(), "{file} was made anew");
        }
        // Once it is restored, everything is there.
        let path = harmed.path().join(file);
        if path.exists() {
            remove(&path);
        }
        let whole = dir.path().join(file);
        if whole.is_dir() {
            copy(&whole, &path);
        } else {
            fs::copy(&whole, &path).unwrap();
        }
        let host = Hookstep::start(harmed.path(), FREE_PORT).await;
        let events = host.api.events(&config_id, "").await;
        assert_eq!(events["data"][0]["status"], "failed", "{file} {harm:?}: {events}");
        host.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_directory_of_format_2_is_taken_up_and_is_one_of_format_3_then() {
    let (dir, config_id) = used().await;
    let storage = dir.path().join(STORAGE);
    let before = "DROP TABLE started; UPDATE hookstep_directory SET format = 2";
    Connection::open(&storage).unwrap().execute_batch(before).unwrap();
    let host = Hookstep::start(dir.path(), FREE_PORT).await;
    let events = host.api.events(&config_id, "").await;
    assert_eq!(events["data"][0]["status"], "failed", "{events}");
    host.api.deliver(&config_id, "{}").await;
    host.stop().await;
    let format = "SELECT format FROM hookstep_directory";
    let format: i64 = Connection::open(&storage).unwrap().query_row(format, [], |row| row.get(0)).unwrap();
    assert_eq!(format, 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_that_is_wrong_is_said_at_once() {
    let (dir, _) = used().await;
    remove(&dir.path().join(KEY));
    fs::write(dir.path().join(STORAGE), "").unwrap();
    refused(dir.path(), "hookstep.sqlite is empty; local-key is missing").await;
}

/// What a first start leaves that was cut off before the ids were written.
fn without_ids(dir: &Path) {
    Connection::open(dir.join(STORAGE)).unwrap().execute("DROP TABLE hookstep_directory", []).unwrap();
    fs::remove_file(dir.join(CLAIMS).join("directory-id")).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_first_start_that_was_cut_off_goes_on() {
    let (dir, config_id) = used().await;
    without_ids(dir.path());
    fs::write(dir.path().join("directory.new"), "01900000-0000-7000-8000-000000000001").unwrap();
    for _ in 0..2 {
        let host = Hookstep::start(dir.path(), FREE_PORT).await;
        assert_eq!(host.api.get(&format!("/webhook/{config_id}")).await.status, 200);
        host.stop().await;
        assert!(!dir.path().join("directory.new").exists());
    }
}
