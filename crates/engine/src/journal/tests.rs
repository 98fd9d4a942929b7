//! Journal faults: on disk, in a row, in the table; and what an end leaves.

use std::path::PathBuf;

use hookstep_storage::Settings;
use rusqlite::Connection;
use tempfile::TempDir;

use super::*;

struct Place {
    _dir: TempDir,
    file: PathBuf,
}

impl Place {
    fn new() -> Self {
        let dir = TempDir::new().unwrap();
        let file = dir.path().join("test.sqlite");
        Self { _dir: dir, file }
    }

    fn open(&self) -> Journal {
        let settings = Settings {
            schema: vec![SCHEMA],
            floor_bytes: 0,
            reserve_bytes: 0,
            ..Settings::new(self.file.clone())
        };
        Journal::new(Storage::open(settings).unwrap())
    }

    /// Runs SQL on a second connection.
    fn execute(&self, sql: &str) {
        Connection::open(&self.file).unwrap().execute_batch(sql).unwrap();
    }

    fn count(&self, table: &str) -> i64 {
        let sql = format!("SELECT count(*) FROM {table}");
        Connection::open(&self.file).unwrap().query_row(&sql, [], |row| row.get(0)).unwrap()
    }
}

impl Journal {
    async fn insert(&self, execution: NewExecution) -> Result<Inserted, JournalError> {
        self.start(execution, None, Priority::New).await
    }
}

fn execution(arn: &str) -> NewExecution {
    NewExecution {
        arn: arn.to_owned(),
        machine: "standard".to_owned(),
        name: "name".to_owned(),
        input: "{}".to_owned(),
        started_at: 1,
    }
}

fn failed() -> Ended {
    Ended {
        status: ExecutionStatus::Failed,
        output: None,
        error: Some("ExecutionNotRestored".to_owned()),
        cause: None,
        history: None,
        stopped_at: 2,
    }
}

#[tokio::test]
async fn what_belongs_to_an_execution_is_written_with_it_or_not_at_all() {
    let place = Place::new();
    let journal = place.open();
    let beside = |sql: &'static str| Some(Beside::new(move |connection| connection.execute_batch(sql)));
    let start = async |arn: &str, sql| journal.start(execution(arn), beside(sql), Priority::New).await;
    assert_eq!(start("a", "INSERT INTO probe VALUES (7, 0)").await.unwrap(), Inserted::New);
    assert_eq!(start("a", "INSERT INTO probe VALUES (8, 0)").await.unwrap(), Inserted::Exists);
    start("b", "INSERT INTO nowhere VALUES (9)").await.unwrap_err();
    assert_eq!((place.count("executions"), place.count("probe")), (1, 1));
}

#[tokio::test]
async fn an_execution_is_there_until_its_end_is_written() {
    let place = Place::new();
    let journal = place.open();
    assert_eq!(journal.insert(execution("a")).await.unwrap(), Inserted::New);
    assert_eq!(journal.insert(execution("a")).await.unwrap(), Inserted::Exists);
    journal.insert(execution("b")).await.unwrap();
    journal.checkpoint("b", "{}".to_owned(), Some(7), String::new());
    journal.end("a", failed());
    let waiting = Waiting { wake_at: 7, arn: "b".to_owned() };
    assert_eq!(journal.waiting(0, 8).await.unwrap(), [waiting]);
    assert!(journal.waiting(0, 7).await.unwrap().is_empty());
    assert!(journal.awake().await.unwrap().is_empty());
    assert_eq!(journal.abort("b", 3).await.unwrap(), StopOutcome::Stopped);
    assert_eq!(journal.abort("b", 3).await.unwrap(), StopOutcome::NotRunning);
    drop(journal);

    let row = place.open().read("a").unwrap().unwrap();
    assert_eq!((row.status, row.stopped_at), (ExecutionStatus::Failed, Some(2)));
    assert_eq!(row.error.as_deref(), Some("ExecutionNotRestored"));
    assert!(place.open().read("c").unwrap().is_none());
}

#[tokio::test]
async fn damage_on_the_disk_fails_the_list_of_what_has_not_ended() {
    let place = Place::new();
    let journal = place.open();
    for number in 0..200 {
        let name = format!("{number} {}", "x".repeat(1000));
        journal.insert(NewExecution { name, ..execution(&number.to_string()) }).await.unwrap();
    }
    drop(journal);
    let mut bytes = std::fs::read(&place.file).unwrap();
    // The first pages hold the schema and the B-tree roots.
    bytes[16 * 4096..].fill(0xff);
    std::fs::write(&place.file, bytes).unwrap();
    let error = place.open().awake().await.unwrap_err();
    assert!(error.is_damage(), "{error:?}");
}

#[tokio::test]
async fn a_table_of_another_shape_fails_the_list_of_what_has_not_ended() {
    let place = Place::new();
    let journal = place.open();
    place.execute("ALTER TABLE executions RENAME COLUMN wake_at TO awake");
    let error = journal.awake().await.unwrap_err();
    assert!(matches!(error, JournalError::Storage { .. }), "{error:?}");
    assert!(!error.is_damage(), "{error:?}");
}

#[tokio::test]
async fn a_table_that_goes_missing_fails_what_asks_for_it_and_nothing_else() {
    let place = Place::new();
    let journal = place.open();
    journal.insert(execution("a")).await.unwrap();
    place.execute("ALTER TABLE executions RENAME TO elsewhere");
    assert!(matches!(journal.insert(execution("b")).await, Err(JournalError::Storage { .. })));
    assert!(matches!(journal.read("a"), Err(ReadError::Journal(JournalError::Storage { .. }))));
    assert!(matches!(journal.abort("a", 2).await, Err(JournalError::Storage { .. })));
    assert!(journal.awake().await.is_err());
    journal.end("a", failed());
    journal.flush().await;

    place.execute("ALTER TABLE elsewhere RENAME TO executions");
    assert_eq!(journal.insert(execution("b")).await.unwrap(), Inserted::New);
    assert_eq!(journal.awake().await.unwrap(), ["a", "b"]);
}

#[tokio::test]
async fn a_row_that_cannot_be_read_tells_what_is_left_of_it() {
    let place = Place::new();
    let journal = place.open();
    for (arn, damage) in [
        ("a", "status = 'SLEEPING'"),
        ("b", "started_at = 'yesterday'"),
        ("c", "checkpoint = x'ff'"),
        ("d", "input = x'00'"),
        ("e", "history = CAST(x'ff' AS TEXT)"),
    ] {
        journal.insert(execution(arn)).await.unwrap();
        place.execute(&format!("UPDATE executions SET {damage} WHERE arn = '{arn}'"));
    }
    let unreadable = |arn| match journal.read(arn) {
        Err(ReadError::Row(row)) => *row,
        other => panic!("{other:?}"),
    };
    for (arn, problem) in [
        ("a", "its column status has no known status"),
        ("b", "its column started_at is not a number"),
        ("c", "its column checkpoint is not a text"),
        ("e", "its column history is not UTF-8"),
    ] {
        let row = unreadable(arn);
        assert_eq!(row.to_string(), problem);
        assert_eq!((row.machine.as_deref(), row.input.as_deref()), (Some("standard"), Some("{}")));
    }
    let row = unreadable("d");
    assert_eq!((row.name.as_deref(), row.input), (Some("name"), None));
    // An unreadable row is still updated when its execution ends.
    journal.end("d", failed());
    journal.flush().await;
    let mut left = journal.awake().await.unwrap();
    left.sort();
    assert_eq!(left, ["a", "b", "c", "e"]);
}

#[tokio::test]
async fn a_moment_that_cannot_be_read_is_now() {
    let place = Place::new();
    let journal = place.open();
    journal.insert(execution("a")).await.unwrap();
    place.execute("UPDATE executions SET wake_at = 'soon'");
    assert_eq!(journal.awake().await.unwrap(), ["a"]);
    assert!(journal.waiting(i64::MIN, i64::MAX).await.unwrap().is_empty());
}

const EXPRESS: &str = "arn:aws:states:local:000000000000:express:hookstep-express:name:id";
const STANDARD: &str = "arn:aws:states:local:000000000000:execution:hookstep-standard:name";

fn succeeded(history: Option<&str>) -> Ended {
    let history = history.map(str::to_owned);
    Ended {
        status: ExecutionStatus::Succeeded,
        output: Some("{}".to_owned()),
        error: None,
        history,
        ..failed()
    }
}

#[tokio::test]
async fn a_success_without_history_leaves_nothing_but_the_name_of_a_standard_execution() {
    let place = Place::new();
    let journal = place.open();
    for (arn, input) in [(EXPRESS, 10), (STANDARD, 10), (EXPRESS, 10_000), (STANDARD, 10_000)] {
        let new = NewExecution { input: "x".repeat(input), ..execution(arn) };
        assert_eq!(journal.insert(new.clone()).await.unwrap(), Inserted::New);
        journal.checkpoint(arn, "{}".to_owned(), Some(7), "{}".to_owned());
        journal.end(arn, succeeded(None));
        journal.flush().await;
        assert_eq!(place.count("inputs"), 0);
        if arn == EXPRESS {
            assert!(journal.read(arn).unwrap().is_none());
            continue;
        }
        let row = journal.read(arn).unwrap().unwrap();
        assert_eq!((row.status, row.stopped_at), (ExecutionStatus::Succeeded, Some(2)));
        assert_eq!((row.input.as_str(), row.checkpoint, row.output, row.history), ("", None, None, None));
        assert_eq!(journal.insert(new).await.unwrap(), Inserted::Exists);
        journal.prune("standard", 3).await;
    }
    assert_eq!(place.count("executions"), 0);
}

#[tokio::test]
async fn an_express_execution_leaves_the_table_of_those_that_have_just_started_with_its_first_checkpoint_or_its_end()
 {
    let place = Place::new();
    let journal = place.open();
    let counts = || (place.count("started"), place.count("executions"), place.count("inputs"));
    for (size, inputs) in [(10, 0), (10_000, 1)] {
        let new = || NewExecution { input: "x".repeat(size), ..execution(EXPRESS) };
        assert_eq!(journal.insert(new()).await.unwrap(), Inserted::New);
        assert_eq!(counts(), (1, 0, inputs));
        let row = journal.read(EXPRESS).unwrap().unwrap();
        assert_eq!((row.status, row.input.len(), row.started_at), (ExecutionStatus::Running, size, 1));
        assert_eq!(journal.awake().await.unwrap(), [EXPRESS]);
        journal.end(EXPRESS, succeeded(None));
        journal.flush().await;
        assert_eq!(counts(), (0, 0, 0));

        journal.insert(new()).await.unwrap();
        journal.checkpoint(EXPRESS, "{}".to_owned(), Some(7), String::new());
        journal.flush().await;
        assert_eq!(counts(), (0, 1, inputs));
        assert_eq!(journal.read(EXPRESS).unwrap().unwrap().input.len(), size);
        assert_eq!(journal.waiting(7, 8).await.unwrap().len(), 1);
        journal.end(EXPRESS, succeeded(None));

        journal.insert(new()).await.unwrap();
        assert_eq!(journal.abort(EXPRESS, 2).await.unwrap(), StopOutcome::Stopped);
        assert_eq!(counts(), (0, 1, inputs));
        journal.prune("standard", 3).await;
        assert_eq!(counts(), (0, 0, 0));
    }
}

#[tokio::test]
async fn an_event_is_not_erased_while_one_of_its_executions_has_just_started() {
    let place = Place::new();
    let journal = place.open();
    let id = |last: u8| -> EventId { format!("0190a000-0000-7000-8000-00000000000{last}").parse().unwrap() };
    let beginning = "arn:aws:states:local:000000000000:express:hookstep-express";
    let erase = |id| journal.erase(id, vec!["arn:else".to_owned(), beginning.to_owned()]);
    for name in [id(5).to_string(), format!("{}-2", id(6))] {
        let arn = format!("{beginning}:{name}:some-id");
        journal.insert(NewExecution { name, ..execution(&arn) }).await.unwrap();
    }
    let mut erased = Vec::new();
    for last in 4..8 {
        erased.push(erase(id(last)).await.unwrap());
    }
    assert_eq!(erased, [true, false, false, true]);
    let logs = executions_of(&place.file, id(6)).unwrap();
    assert_eq!(logs.iter().map(|log| &*log.status).collect::<Vec<_>>(), ["RUNNING"]);
}

#[tokio::test]
async fn an_end_with_a_history_and_a_failure_are_kept_with_their_input_until_they_are_pruned() {
    let place = Place::new();
    let journal = place.open();
    for ended in [succeeded(Some("{}")), failed()] {
        for size in [10, 10_000] {
            let input = "x".repeat(size);
            journal.insert(NewExecution { input: input.clone(), ..execution(EXPRESS) }).await.unwrap();
            journal.end(EXPRESS, ended.clone());
            journal.flush().await;
            let row = journal.read(EXPRESS).unwrap().unwrap();
            assert_eq!((row.status, row.input, row.history), (ended.status, input, ended.history.clone()));
            journal.prune("standard", 2).await;
            assert_eq!(place.count("executions"), 1);
            journal.prune("standard", 3).await;
            assert_eq!((place.count("executions"), place.count("inputs")), (0, 0));
        }
    }
}

#[tokio::test]
async fn a_repair_replaces_a_large_input() {
    let place = Place::new();
    let journal = place.open();
    for (before, after) in [(10_000, 20_000), (20_000, 10), (10, 10_000)] {
        let new = |size| NewExecution { input: "x".repeat(size), ..execution("a") };
        journal.insert(new(before)).await.unwrap();
        journal.repair(new(after), "{}".to_owned(), String::new());
        journal.flush().await;
        assert_eq!(journal.read("a").unwrap().unwrap().input.len(), after);
    }
}

#[tokio::test]
async fn what_ended_is_pruned_however_much_it_is() {
    let place = Place::new();
    let journal = place.open();
    place.execute(&format!(
        "WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {})
         INSERT INTO executions (arn, machine, name, status, input, started_at, stopped_at)
         SELECT n, 'standard', n, 'FAILED', '{{}}', 1, n FROM numbers",
        2 * PRUNED_AT_ONCE + 1
    ));
    journal.prune("standard", 2 * PRUNED_AT_ONCE as i64 + 1).await;
    assert_eq!(place.count("executions"), 1);
}
