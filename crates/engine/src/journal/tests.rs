//! Journal faults: on disk, in a row, in the table.

use std::collections::BTreeSet;
use std::path::PathBuf;

use tempfile::TempDir;

use super::*;

struct Place {
    _dir: TempDir,
    file: PathBuf,
}

impl Place {
    fn new() -> Self {
        let dir = TempDir::new().unwrap();
        let file = dir.path().join(JOURNAL_FILE);
        Self { _dir: dir, file }
    }

    fn open(&self) -> Journal {
        Journal::open(&self.file).unwrap()
    }

    /// Runs SQL on a second connection, beside the journal's own thread.
    fn execute(&self, sql: &str) {
        Connection::open(&self.file).unwrap().execute_batch(sql).unwrap();
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

fn arns(unfinished: &[Unfinished]) -> Vec<&str> {
    unfinished.iter().map(|execution| execution.arn.as_str()).collect()
}

#[tokio::test]
async fn an_execution_is_there_until_its_end_is_written() {
    let place = Place::new();
    let journal = place.open();
    assert_eq!(journal.start(execution("a")).await.unwrap(), Inserted::New);
    assert_eq!(journal.start(execution("a")).await.unwrap(), Inserted::Exists);
    journal.start(execution("b")).await.unwrap();
    journal.checkpoint("b", "{}".to_owned(), Some(7), String::new());
    journal.end("a", failed());
    let waiting = Unfinished { arn: "b".to_owned(), wake_at: Some(7) };
    assert_eq!(journal.unfinished().await.unwrap(), [waiting]);
    assert_eq!(journal.abort("b", 3).await.unwrap(), StopOutcome::Stopped);
    assert_eq!(journal.abort("b", 3).await.unwrap(), StopOutcome::NotRunning);
    drop(journal);

    let row = place.open().read("a").await.unwrap().unwrap();
    assert_eq!((row.status, row.stopped_at), (ExecutionStatus::Failed, Some(2)));
    assert_eq!(row.error.as_deref(), Some("ExecutionNotRestored"));
    assert!(place.open().read("c").await.unwrap().is_none());
}

#[test]
fn a_file_that_is_no_journal_is_named_with_the_cause() {
    let place = Place::new();
    statements::prepare(&Connection::open(&place.file).unwrap()).unwrap();
    let mut bytes = std::fs::read(&place.file).unwrap();
    bytes[..16].copy_from_slice(b"not SQLite at al");
    std::fs::write(&place.file, bytes).unwrap();

    let error = Journal::open(&place.file).unwrap_err();
    let text = hookstep_contract::error_chain(&error).to_string();
    let file = place.file.display();
    let expected = format!("cannot read the journal of executions, {file}: file is not a database: ");
    assert!(text.starts_with(&expected), "{text}");
}

#[tokio::test]
async fn damage_on_the_disk_fails_the_list_of_what_has_not_ended() {
    let place = Place::new();
    let connection = Connection::open(&place.file).unwrap();
    statements::prepare(&connection).unwrap();
    for number in 0..200 {
        let input = "x".repeat(1000);
        let row = NewExecution { input, ..execution(&number.to_string()) };
        statements::insert(&connection, &row).unwrap();
    }
    drop(connection);
    let mut bytes = std::fs::read(&place.file).unwrap();
    // The first pages hold the schema and the B-tree roots.
    bytes[16 * 4096..].fill(0xff);
    std::fs::write(&place.file, bytes).unwrap();
    let error = place.open().unfinished().await.unwrap_err();
    assert!(error.is_damage(), "{error:?}");
}

#[tokio::test]
async fn a_table_of_another_shape_fails_the_list_of_what_has_not_ended() {
    let place = Place::new();
    drop(place.open());
    place.execute("ALTER TABLE executions RENAME COLUMN wake_at TO awake");
    let error = place.open().unfinished().await.unwrap_err();
    assert!(matches!(error, JournalError::Statement { .. }), "{error:?}");
    assert!(!error.is_damage(), "{error:?}");
}

#[tokio::test]
async fn a_table_that_goes_missing_fails_what_asks_for_it_and_nothing_else() {
    let place = Place::new();
    let journal = place.open();
    journal.start(execution("a")).await.unwrap();
    place.execute("ALTER TABLE executions RENAME TO elsewhere");
    assert!(matches!(journal.start(execution("b")).await, Err(JournalError::Statement { .. })));
    assert!(matches!(journal.read("a").await, Err(ReadError::Journal(JournalError::Statement { .. }))));
    assert!(matches!(journal.abort("a", 2).await, Err(JournalError::Statement { .. })));
    assert!(journal.unfinished().await.is_err());
    journal.end("a", failed());
    journal.flush().await;

    place.execute("ALTER TABLE elsewhere RENAME TO executions");
    assert_eq!(journal.start(execution("b")).await.unwrap(), Inserted::New);
    assert_eq!(arns(&journal.unfinished().await.unwrap()), ["a", "b"]);
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
        journal.start(execution(arn)).await.unwrap();
        place.execute(&format!("UPDATE executions SET {damage} WHERE arn = '{arn}'"));
    }
    let unreadable = async |arn| match journal.read(arn).await {
        Err(ReadError::Row(row)) => *row,
        other => panic!("{other:?}"),
    };
    for (arn, problem) in [
        ("a", "its column status has no known status"),
        ("b", "its column started_at is not a number"),
        ("c", "its column checkpoint is not a text"),
        ("e", "its column history is not UTF-8"),
    ] {
        let row = unreadable(arn).await;
        assert_eq!(row.to_string(), problem);
        assert_eq!((row.machine.as_deref(), row.input.as_deref()), (Some("standard"), Some("{}")));
    }
    let row = unreadable("d").await;
    assert_eq!((row.name.as_deref(), row.input), (Some("name"), None));
    // An unreadable row is still updated when its execution ends.
    journal.end("d", failed());
    journal.flush().await;
    let left = journal.unfinished().await.unwrap();
    assert_eq!(BTreeSet::from_iter(arns(&left)), BTreeSet::from(["a", "b", "c", "e"]));
}

#[tokio::test]
async fn a_moment_that_cannot_be_read_is_now() {
    let place = Place::new();
    let journal = place.open();
    journal.start(execution("a")).await.unwrap();
    place.execute("UPDATE executions SET wake_at = 'soon'");
    let awake = Unfinished { arn: "a".to_owned(), wake_at: None };
    assert_eq!(journal.unfinished().await.unwrap(), [awake]);
}

/// Applies one queue of commands without the writer thread: a start of each execution, each followed by the
/// command that `beside` makes. Returns the replies to the starts.
fn batch_with(
    connection: &mut Connection,
    names: &[String],
    beside: impl Fn() -> Command,
) -> Vec<Result<Inserted, JournalError>> {
    let (mut commands, mut answers) = (Vec::new(), Vec::new());
    for name in names {
        let (reply, answer) = oneshot::channel();
        commands.extend([Command::Start(execution(name), reply), beside()]);
        answers.push(answer);
    }
    let mut batch = commands.into_iter().peekable();
    while batch.peek().is_some() {
        writer::write_batch(connection, &mut batch);
    }
    answers.into_iter().map(|mut answer| answer.try_recv().unwrap()).collect()
}

fn count(connection: &Connection, arn: &str) -> i64 {
    let sql = "SELECT count(*) FROM executions WHERE arn = ?1";
    connection.query_row(sql, [arn], |row| row.get(0)).unwrap()
}

#[test]
fn a_read_that_fails_leaves_the_starts_of_its_transaction() {
    let place = Place::new();
    drop(place.open());
    let mut connection = Connection::open(&place.file).unwrap();
    let names = ["a", "b", "c"].map(str::to_owned);
    for damage in ["started_at = 'yesterday'", "status = 'SLEEPING'"] {
        statements::insert(&connection, &execution("damaged")).unwrap();
        connection.execute_batch(&format!("UPDATE executions SET {damage}")).unwrap();
        let answers =
            batch_with(&mut connection, &names, || Command::Read("damaged".to_owned(), oneshot::channel().0));
        assert!(answers.iter().all(|answer| matches!(answer, Ok(Inserted::New))), "{answers:?}");
        assert!(names.iter().all(|name| count(&connection, name) == 1));
        connection.execute_batch("DELETE FROM executions").unwrap();
    }
}

#[test]
fn on_a_full_disk_a_start_is_accepted_only_if_it_is_written() {
    let place = Place::new();
    drop(place.open());
    let mut connection = Connection::open(&place.file).unwrap();
    // Simulates a disk that is full after two more pages.
    let pages: i64 = connection.query_row("PRAGMA page_count", [], |row| row.get(0)).unwrap();
    let limit = format!("PRAGMA max_page_count = {}", pages + 2);
    connection.query_row(&limit, [], |row| row.get::<_, i64>(0)).unwrap();
    let names: Vec<_> = (0..40).map(|number| format!("{number}-{}", "x".repeat(500))).collect();
    let answers = batch_with(&mut connection, &names, || Command::Flush(oneshot::channel().0));
    for (name, answer) in names.iter().zip(&answers) {
        assert_eq!(answer.is_ok(), count(&connection, name) == 1, "{answer:?}");
    }
    assert!(answers.iter().any(Result::is_err));
}
