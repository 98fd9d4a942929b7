//! Rows of the journal, one per execution. Times are in milliseconds since 1970.

use rusqlite::Row;
use rusqlite::types::ValueRef;
use thiserror::Error;

use super::JournalError;

/// The status of an execution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExecutionStatus {
    /// The execution has not ended.
    Running,
    /// The execution ended with an output.
    Succeeded,
    /// The execution ended with an error.
    Failed,
    /// The execution was stopped from outside.
    Aborted,
}

impl ExecutionStatus {
    const ALL: [Self; 4] = [Self::Running, Self::Succeeded, Self::Failed, Self::Aborted];

    /// The status as AWS names it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Running => "RUNNING",
            Self::Succeeded => "SUCCEEDED",
            Self::Failed => "FAILED",
            Self::Aborted => "ABORTED",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == text)
    }
}

/// A new execution.
#[derive(Clone, Debug)]
pub(crate) struct NewExecution {
    pub(crate) arn: String,
    pub(crate) machine: String,
    pub(crate) name: String,
    pub(crate) input: String,
    pub(crate) started_at: i64,
}

/// How an execution ended.
#[derive(Clone, Debug)]
pub(crate) struct Ended {
    pub(crate) status: ExecutionStatus,
    pub(crate) output: Option<String>,
    pub(crate) error: Option<String>,
    pub(crate) cause: Option<String>,
    /// `None` leaves the history unchanged.
    pub(crate) history: Option<String>,
    pub(crate) stopped_at: i64,
}

impl Ended {
    /// Whether this is a success without a history.
    pub(crate) fn is_plain(&self) -> bool {
        self.status == ExecutionStatus::Succeeded && self.history.is_none()
    }

    /// The end of an express execution of which nothing is to stay.
    pub(crate) fn forgotten(now: i64) -> Self {
        let status = ExecutionStatus::Succeeded;
        Self { status, output: None, error: None, cause: None, history: None, stopped_at: now }
    }
}

/// An execution that waits.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Waiting {
    /// When the execution resumes.
    pub(crate) wake_at: i64,
    pub(crate) arn: String,
}

/// An execution as stored in the journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExecutionRow {
    /// The execution's ARN.
    pub arn: String,
    /// The name of its state machine.
    pub machine: String,
    /// The execution's name.
    pub name: String,
    /// The execution's status.
    pub status: ExecutionStatus,
    /// The input, as JSON.
    pub input: String,
    /// The checkpoint to resume from, as JSON.
    pub checkpoint: Option<String>,
    /// When the execution was started.
    pub started_at: i64,
    /// When the execution ended.
    pub stopped_at: Option<i64>,
    /// The output, as JSON.
    pub output: Option<String>,
    /// The name of the error that ended it.
    pub error: Option<String>,
    /// The cause of that error.
    pub cause: Option<String>,
    /// The history, one JSON object per line.
    pub history: Option<String>,
}

/// The readable part of a damaged row.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("its column {column} {problem}")]
pub struct UnreadableRow {
    column: &'static str,
    problem: &'static str,
    pub(crate) machine: Option<String>,
    pub(crate) name: Option<String>,
    pub(crate) input: Option<String>,
    pub(crate) checkpoint: Option<String>,
    pub(crate) history: Option<String>,
}

/// Why an execution cannot be read.
#[derive(Debug, Error)]
pub enum ReadError {
    /// The journal, or at least this row, cannot be read.
    #[error(transparent)]
    Journal(JournalError),
    /// The row exists but is damaged.
    #[error(transparent)]
    Row(Box<UnreadableRow>),
}

/// The columns, in the order in which [`ExecutionRow::read`] reads them.
pub(super) const COLUMNS: &str = "arn, machine, name, status,
    coalesce((SELECT input FROM inputs WHERE inputs.arn = executions.arn), input),
    checkpoint, started_at, stopped_at, output, error, cause, history";

/// The same of an execution that was started, and of which nothing else is in the journal.
pub(super) const STARTED_COLUMNS: &str = "arn, machine, name, 'RUNNING',
    coalesce((SELECT input FROM inputs WHERE inputs.arn = started.arn), input),
    NULL, started_at, NULL, NULL, NULL, NULL, NULL";

/// The name of a damaged column, and what is wrong with its value.
struct Fault(&'static str, &'static str);

impl ExecutionRow {
    /// Reads a row; the error of the outer result is SQLite's.
    pub(super) fn read(row: &Row<'_>) -> Result<Result<Self, Box<UnreadableRow>>, rusqlite::Error> {
        let values = (0..12).map(|index| row.get_ref(index)).collect::<Result<Vec<_>, _>>()?;
        Ok(Self::from_values(&values).map_err(|Fault(column, problem)| {
            let rest = |index: usize| text(values[index], "").ok();
            Box::new(UnreadableRow {
                column,
                problem,
                machine: rest(1),
                name: rest(2),
                input: rest(4),
                checkpoint: rest(5),
                history: rest(11),
            })
        }))
    }

    fn from_values(values: &[ValueRef<'_>]) -> Result<Self, Fault> {
        let status = ExecutionStatus::parse(&text(values[3], "status")?);
        Ok(Self {
            arn: text(values[0], "arn")?,
            machine: text(values[1], "machine")?,
            name: text(values[2], "name")?,
            status: status.ok_or(Fault("status", "has no known status"))?,
            input: text(values[4], "input")?,
            checkpoint: optional(values[5], "checkpoint", text)?,
            started_at: integer(values[6], "started_at")?,
            stopped_at: optional(values[7], "stopped_at", integer)?,
            output: optional(values[8], "output", text)?,
            error: optional(values[9], "error", text)?,
            cause: optional(values[10], "cause", text)?,
            history: optional(values[11], "history", text)?,
        })
    }
}

fn text(value: ValueRef<'_>, column: &'static str) -> Result<String, Fault> {
    let ValueRef::Text(bytes) = value else { return Err(Fault(column, "is not a text")) };
    String::from_utf8(bytes.to_vec()).map_err(|_| Fault(column, "is not UTF-8"))
}

fn integer(value: ValueRef<'_>, column: &'static str) -> Result<i64, Fault> {
    let ValueRef::Integer(number) = value else { return Err(Fault(column, "is not a number")) };
    Ok(number)
}

fn optional<T>(
    value: ValueRef<'_>,
    column: &'static str,
    read: impl FnOnce(ValueRef<'_>, &'static str) -> Result<T, Fault>,
) -> Result<Option<T>, Fault> {
    if value == ValueRef::Null { Ok(None) } else { read(value, column).map(Some) }
}
