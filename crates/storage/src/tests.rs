use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::settings::CommitObserver;
use crate::{Answer, Priority, Settings, Storage, StorageError};

const SCHEMA: &str = "CREATE TABLE IF NOT EXISTS words (word TEXT PRIMARY KEY)";

fn settings(dir: &tempfile::TempDir) -> Settings {
    Settings {
        schema: vec![SCHEMA],
        floor_bytes: 0,
        reserve_bytes: 0,
        ..Settings::new(dir.path().join("test.sqlite"))
    }
}

async fn put(storage: &Storage, word: &str) -> Result<usize, StorageError> {
    let word = word.to_owned();
    storage
        .write(Priority::New, Answer::WhenDurable, move |connection| {
            connection.prepare_cached("INSERT INTO words VALUES (?1)")?.execute([&word])
        })
        .await
}

fn count(storage: &Storage) -> i64 {
    storage
        .read(|connection| connection.query_row("SELECT count(*) FROM words", [], |row| row.get(0)))
        .unwrap()
}

#[tokio::test]
async fn what_is_answered_is_seen_and_is_there_after_the_next_start() {
    let dir = tempfile::tempdir().unwrap();
    let storage = Storage::open(settings(&dir)).unwrap();
    put(&storage, "a").await.unwrap();
    assert_eq!(count(&storage), 1);
    drop(storage);
    assert_eq!(count(&Storage::open(settings(&dir)).unwrap()), 1);
}

#[tokio::test]
async fn a_storage_that_was_closed_is_one_file() {
    for _ in 0..20 {
        let dir = tempfile::tempdir().unwrap();
        let storage = Storage::open(settings(&dir)).unwrap();
        put(&storage, "a").await.unwrap();
        drop(storage);
        assert!(!dir.path().join("test.sqlite-wal").exists(), "the log was copied into the database");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn changes_that_arrive_together_share_a_sync_and_a_failed_one_fails_alone() {
    let dir = tempfile::tempdir().unwrap();
    let syncs = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&syncs);
    let observer = CommitObserver(Arc::new(move |_, _| {
        counted.fetch_add(1, Ordering::Relaxed);
    }));
    let storage = Storage::open(Settings { observer: Some(observer), ..settings(&dir) }).unwrap();
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..200 {
        let storage = storage.clone();
        // Every tenth word is there already.
        tasks.spawn(async move { put(&storage, &(number % 180).to_string()).await });
    }
    let outcomes = tasks.join_all().await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_err()).count(), 20);
    assert_eq!(count(&storage), 180);
    assert!(syncs.load(Ordering::Relaxed) < 200);
}

#[tokio::test]
async fn new_work_is_refused_below_the_floor_and_accepted_work_is_not() {
    let dir = tempfile::tempdir().unwrap();
    let storage = Storage::open(Settings { floor_bytes: u64::MAX, ..settings(&dir) }).unwrap();
    assert!(matches!(put(&storage, "a").await, Err(StorageError::Full)));
    storage.post(|connection| connection.execute("INSERT INTO words VALUES ('b')", []).map(drop));
    storage.durable().await.unwrap();
    assert_eq!(count(&storage), 1);
}

#[tokio::test]
async fn what_has_time_is_seen_with_the_next_change_or_by_itself() {
    let dir = tempfile::tempdir().unwrap();
    let storage = Storage::open(settings(&dir)).unwrap();
    storage.post_later(|connection| connection.execute("INSERT INTO words VALUES ('a')", []).map(drop));
    // Behind it, and in its transaction or a later one.
    assert!(matches!(put(&storage, "a").await, Err(StorageError::Statement(_))), "changes keep their order");
    storage.post_later(|connection| connection.execute("INSERT INTO words VALUES ('b')", []).map(drop));
    while count(&storage) < 2 {
        tokio::task::yield_now().await;
    }
    storage.post_later(|connection| connection.execute("INSERT INTO words VALUES ('c')", []).map(drop));
    drop(storage);
    assert_eq!(count(&Storage::open(settings(&dir)).unwrap()), 3, "closing loses nothing");
}

#[tokio::test]
async fn a_lock_of_another_process_delays_a_change() {
    let dir = tempfile::tempdir().unwrap();
    let storage = Storage::open(settings(&dir)).unwrap();
    let other = rusqlite::Connection::open(dir.path().join("test.sqlite")).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let writing = put(&storage, "a");
    let (written, ()) = tokio::join!(writing, async { other.execute_batch("ROLLBACK").unwrap() });
    written.unwrap();
}
