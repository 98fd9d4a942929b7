//! Restores executions from the journal: each resumes from its
//! checkpoint, or is failed if the journal entry cannot be read.

use std::sync::Arc;
use std::time::Duration;

use hookstep_asl::{Checkpoint, Json, TaskError};
use hookstep_contract::error_chain;
use serde::de::DeserializeOwned;
use thiserror::Error;
use time::OffsetDateTime;

use crate::context::Context;
use crate::executions::{Executions, Stage, execution};
use crate::history::History;
use crate::journal::{
    Ended, ExecutionRow, ExecutionStatus, JournalError, NewExecution, ReadError, UnreadableRow,
};
use crate::machines::StateMachine;
use crate::ports::Remains;

/// The delay before rereading a journal that could not be read.
const READ_AGAIN: Duration = Duration::from_secs(10);

/// The error that ends an execution which cannot be restored.
const NOT_RESTORED: &str = "ExecutionNotRestored";

/// The outcome of resuming an execution.
pub(crate) enum Resumed {
    /// The execution continues.
    Stage(Box<Stage>),
    /// The execution is still waiting, until this time in milliseconds since 1970.
    Later(i64),
    /// The execution has ended.
    Ended,
}

/// Why an execution cannot be restored.
#[derive(Debug, Error)]
enum RestoreError {
    #[error("the journal cannot be read")]
    Journal(#[source] JournalError),
    #[error("the journal has no such execution")]
    Missing,
    #[error("the execution's row cannot be read")]
    Row(#[source] Box<UnreadableRow>),
    #[error("there is no state machine {0}")]
    Machine(String),
    #[error("the state machine {machine} has no state {state}")]
    State { machine: String, state: String },
    /// Omits the parser's error, which may quote the event's body.
    #[error("the execution's {what} is not as it was written, at line {line}, column {column}")]
    Json { what: &'static str, line: usize, column: usize },
    #[error("the execution's start is not a moment")]
    StartedAt(#[source] time::error::ComponentRange),
    #[error("the interpreter panicked")]
    Panicked,
}

/// The readable parts of an execution, even if it cannot be restored.
#[derive(Default)]
struct Found {
    remains: Remains,
    name: String,
    history: String,
}

/// Resumes an execution. If it cannot be restored, it continues in the state that records its failure.
pub(crate) async fn resume(context: &Context, arn: &str) -> Resumed {
    let row = context.executions.journal.read(arn);
    // A read error on the disk may be temporary; damage is permanent.
    if let Err(ReadError::Journal(error)) = &row
        && !error.is_damage()
    {
        tracing::error!(execution = arn, error.chain = error_chain(error), "an execution cannot be read yet");
        return Resumed::Later(context.executions.now() + READ_AGAIN.as_millis() as i64);
    }
    let mut found = Found::default();
    match restore(&context.executions, row, &mut found) {
        Ok(resumed) => resumed,
        Err(error) => fail(context, arn, found, &error),
    }
}

/// Resumes an execution whose interpreter panicked: it continues in the state that records its failure.
pub(crate) async fn resume_after_panic(context: &Context, arn: &str) -> Resumed {
    let mut found = Found::default();
    match restore(&context.executions, context.executions.journal.read(arn), &mut found) {
        Ok(Resumed::Ended) => Resumed::Ended,
        Ok(_) | Err(_) => fail(context, arn, found, &RestoreError::Panicked),
    }
}

/// Reads a row. `found` receives every readable part, even if the execution cannot be restored.
fn restore(
    executions: &Executions,
    row: Result<Option<ExecutionRow>, ReadError>,
    found: &mut Found,
) -> Result<Resumed, RestoreError> {
    let row = match row {
        Ok(row) => row.ok_or(RestoreError::Missing)?,
        Err(ReadError::Journal(error)) => return Err(RestoreError::Journal(error)),
        Err(ReadError::Row(row)) => {
            *found = Found::in_unreadable(&row);
            return Err(RestoreError::Row(row));
        }
    };
    if row.status != ExecutionStatus::Running {
        return Ok(Resumed::Ended);
    }
    *found = Found::in_row(&row);
    let input: Json = parse("input", &row.input)?;
    let missing = || RestoreError::Machine(row.machine.clone());
    let machine = executions.machines.by_name(&row.machine).ok_or_else(missing)?;
    let checkpoint: Checkpoint = match &row.checkpoint {
        Some(text) => parse("checkpoint", text)?,
        None => machine.definition().start(input.clone()),
    };
    // Definitions change between versions, but states that follow
    // a wait must stay, because checkpoints refer to them.
    if !machine.definition().has_state(&checkpoint.state) {
        return Err(RestoreError::State { machine: row.machine, state: checkpoint.state });
    }
    let started_at = OffsetDateTime::from_unix_timestamp_nanos(i128::from(row.started_at) * 1_000_000);
    let started_at = started_at.map_err(RestoreError::StartedAt)?;
    let execution = execution(machine, row.arn, row.name, input, started_at);
    let history = History::new(row.history.unwrap_or_default());
    let is_new = row.checkpoint.is_none();
    let machine = Arc::clone(machine);
    Ok(Resumed::Stage(Box::new(Stage { machine, execution, checkpoint, is_new, history, report: None })))
}

fn parse<T: DeserializeOwned>(what: &'static str, text: &str) -> Result<T, RestoreError> {
    serde_json::from_str(text).map_err(|error| RestoreError::Json {
        what,
        line: error.line(),
        column: error.column(),
    })
}

/// Continues an execution that cannot be restored in the state that records its failure. If nothing shows what the
/// execution was for, only its row is updated.
fn fail(context: &Context, arn: &str, found: Found, error: &RestoreError) -> Resumed {
    let executions = &context.executions;
    let error = TaskError::new(NOT_RESTORED, error_chain(error));
    tracing::error!(
        execution = arn,
        error.cause = error.cause,
        "an execution cannot be restored, so it fails"
    );
    let route = context.ports.failure_routes.route(&found.remains, &error);
    let route = route.and_then(|route| Some((executions.machines.by_name(route.machine)?, route.checkpoint)));
    let Some((machine, checkpoint)) = route else {
        tracing::error!(
            execution = arn,
            "nothing tells what the execution was about: only its row is marked"
        );
        let TaskError { error, cause } = error;
        let ended = Ended {
            status: ExecutionStatus::Failed,
            output: None,
            error: Some(error),
            cause: Some(cause),
            history: None,
            stopped_at: executions.now(),
        };
        executions.journal.end(arn, ended);
        return Resumed::Ended;
    };
    let Found { remains, name, history } = found;
    let (input, now) = (Json::from(remains.input.unwrap_or_default()), (executions.sources.clock)());
    repair(executions, machine, arn, &name, &input, &checkpoint, &history);
    let execution = execution(machine, arn.to_owned(), name, input, now);
    let (machine, history) = (Arc::clone(machine), History::new(history));
    Resumed::Stage(Box::new(Stage { machine, execution, checkpoint, is_new: false, history, report: None }))
}

/// Makes the row one that can be restored: the event may have to wait for its next attempt, and the host may end.
fn repair(
    executions: &Executions,
    machine: &StateMachine,
    arn: &str,
    name: &str,
    input: &Json,
    checkpoint: &Checkpoint,
    history: &str,
) {
    let row = NewExecution {
        arn: arn.to_owned(),
        machine: machine.name().to_owned(),
        name: name.to_owned(),
        input: input.to_string(),
        started_at: executions.now(),
    };
    match serde_json::to_string(checkpoint) {
        Ok(checkpoint) => executions.journal.repair(row, checkpoint, history.to_owned()),
        Err(error) => tracing::error!(execution = arn, %error, "an execution could not be repaired"),
    }
}

impl Found {
    fn in_row(row: &ExecutionRow) -> Self {
        Self {
            remains: Remains {
                machine: Some(row.machine.clone()),
                input: serde_json::from_str(&row.input).ok(),
                checkpoint: row.checkpoint.as_deref().and_then(|text| serde_json::from_str(text).ok()),
            },
            name: row.name.clone(),
            history: row.history.clone().unwrap_or_default(),
        }
    }

    fn in_unreadable(row: &UnreadableRow) -> Self {
        let json = |text: &Option<String>| serde_json::from_str(text.as_deref()?).ok();
        Self {
            remains: Remains {
                machine: row.machine.clone(),
                input: json(&row.input),
                checkpoint: json(&row.checkpoint),
            },
            name: row.name.clone().unwrap_or_default(),
            history: row.history.clone().unwrap_or_default(),
        }
    }
}
