//! Executions as those see them who start, stop and show them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use hookstep_ambient::Sources;
use hookstep_asl::{Checkpoint, Event, Execution};
use serde_json::Value;
use thiserror::Error;
use time::OffsetDateTime;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use crate::journal::{Ended, Journal, Row, Started};
use crate::machines::{MachineKind, StateMachine, StateMachines};

/// Executions that were started and that no engine has taken yet.
#[derive(Debug)]
pub struct Starts(pub(crate) mpsc::UnboundedReceiver<Stage>);

/// Starts, stops and shows executions. Clones are of the same executions.
#[derive(Clone, Debug)]
pub struct Executions {
    pub(crate) machines: StateMachines,
    pub(crate) journal: Journal,
    pub(crate) sources: Sources,
    starts: mpsc::UnboundedSender<Stage>,
    /// The standard executions between two waits, by ARN: these can be stopped from outside.
    stoppable: Arc<Mutex<HashMap<String, CancellationToken>>>,
}

/// Why an execution was not started; the names are AWS's.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum StartError {
    /// No state machine has this ARN.
    #[error("there is no such state machine")]
    StateMachineDoesNotExist,
    /// A standard execution has the name already.
    #[error("there is an execution of this name already")]
    ExecutionAlreadyExists,
    /// The input cannot be an input.
    #[error("the input is not JSON, or larger than 256 KiB")]
    InvalidExecutionInput,
    /// The journal did not take it.
    #[error("the execution could not be written down")]
    SdkClientException,
}

impl StartError {
    /// The name as `ErrorEquals` has it, without the service.
    pub(crate) fn name(self) -> String {
        match self {
            Self::SdkClientException => "SdkClientException".to_owned(),
            other => format!("{other:?}Exception"),
        }
    }
}

/// An execution that is on disk and about to run.
#[derive(Debug)]
pub struct Running {
    /// Its ARN.
    pub arn: String,
    /// When it was started, in milliseconds since 1970.
    pub started_at: i64,
    /// How it ends; mostly nobody waits for this.
    pub end: oneshot::Receiver<Ended>,
}

/// An execution that is about to run.
#[derive(Debug)]
pub(crate) struct Stage {
    pub(crate) machine: Arc<StateMachine>,
    pub(crate) execution: Execution,
    pub(crate) checkpoint: Checkpoint,
    /// A JSON object a line.
    pub(crate) history: String,
    pub(crate) report: Option<oneshot::Sender<Ended>>,
}

/// The executions of a journal, and those of them that are started from now on, for the engine.
pub fn executions(journal: Journal, machines: StateMachines, sources: Sources) -> (Executions, Starts) {
    let (starts, started) = mpsc::unbounded_channel();
    (Executions { machines, journal, sources, starts, stoppable: Arc::default() }, Starts(started))
}

impl Executions {
    /// Writes a new execution down and starts it. Without a name, it gets a random one.
    ///
    /// # Errors
    /// When there is nothing that could run, or the journal does not take it.
    pub async fn start(
        &self,
        machine_arn: &str,
        name: Option<String>,
        input: String,
    ) -> Result<Running, StartError> {
        let machine = self.machines.by_arn(machine_arn).ok_or(StartError::StateMachineDoesNotExist)?;
        if input.len() > hookstep_asl::DATA_LIMIT_BYTES {
            return Err(StartError::InvalidExecutionInput);
        }
        let parsed: Value = serde_json::from_str(&input).map_err(|_| StartError::InvalidExecutionInput)?;
        let now = (self.sources.clock)();
        let name = name.unwrap_or_else(|| (self.sources.new_id)().to_string());
        let arn = match machine.kind() {
            // Names of express executions need not differ.
            MachineKind::Express => {
                format!("{}:{name}:{}", machine.execution_prefix(), (self.sources.new_id)())
            }
            MachineKind::Standard => format!("{}:{name}", machine.execution_prefix()),
        };
        let started_at = millis(now);
        let row = Started {
            arn: arn.clone(),
            machine: machine.name().to_owned(),
            name: name.clone(),
            input,
            started_at,
        };
        match self.journal.start(row).await {
            Some(true) => {}
            Some(false) => return Err(StartError::ExecutionAlreadyExists),
            None => return Err(StartError::SdkClientException),
        }
        let checkpoint = machine.definition().start(parsed.clone());
        let execution = execution(machine, arn.clone(), name, parsed, now);
        let mut history = String::new();
        push_line(&mut history, &Event::execution_started(&execution));
        let (report, end) = oneshot::channel();
        let stage =
            Stage { machine: Arc::clone(machine), execution, checkpoint, history, report: Some(report) };
        // Without an engine any more, the execution is taken up at the next start of the host.
        let _ = self.starts.send(stage);
        Ok(Running { arn, started_at, end })
    }

    /// Ends a standard execution where it is; `false` when none of this ARN runs, `None` when that could not be written down.
    /// What a function of it does meanwhile is given up.
    pub async fn abort(&self, arn: &str) -> Option<bool> {
        let aborted = self.journal.abort(arn, millis((self.sources.clock)())).await?;
        if let Some(stop) = self.stoppable().get(arn) {
            stop.cancel();
        }
        Some(aborted)
    }

    /// The execution of this ARN.
    pub async fn find(&self, arn: &str) -> Option<Row> {
        self.journal.read(arn).await
    }

    /// The ARN of the state machine that has this name in the journal.
    pub fn machine_arn(&self, name: &str) -> Option<String> {
        self.machines.by_name(name).map(|machine| machine.arn())
    }

    /// The present, in milliseconds since 1970.
    pub fn now(&self) -> i64 {
        self.sources.now().unix_millis()
    }

    /// Forgets the executions of a kind of machine that ended longer ago than this.
    pub fn prune(&self, kind: MachineKind, age: Duration) {
        let before = self.now() - i64::try_from(age.as_millis()).unwrap_or(i64::MAX);
        for machine in self.machines.iter().filter(|machine| machine.kind() == kind) {
            self.journal.prune(machine.name(), before);
        }
    }

    /// Until it is forgotten again, the execution of this ARN ends when the token is cancelled.
    pub(crate) fn remember_stoppable(&self, arn: &str) -> CancellationToken {
        let stop = CancellationToken::new();
        self.stoppable().insert(arn.to_owned(), stop.clone());
        stop
    }

    pub(crate) fn forget_stoppable(&self, arn: &str) {
        self.stoppable().remove(arn);
    }

    fn stoppable(&self) -> MutexGuard<'_, HashMap<String, CancellationToken>> {
        self.stoppable.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What the interpreter must know of an execution.
pub(crate) fn execution(
    machine: &StateMachine,
    arn: String,
    name: String,
    input: Value,
    start_time: OffsetDateTime,
) -> Execution {
    Execution {
        id: arn,
        name,
        input: Arc::new(input),
        start_time,
        machine_id: machine.arn(),
        machine_name: format!("hookstep-{}", machine.name()),
    }
}

fn push_line(history: &mut String, event: &Event) {
    if let Ok(line) = serde_json::to_string(event) {
        history.push_str(&line);
        history.push('\n');
    }
}

pub(crate) fn millis(at: OffsetDateTime) -> i64 {
    hookstep_contract::Timestamp::new(at).unix_millis()
}
