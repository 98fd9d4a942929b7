//! Executions as those see them who start, stop and show them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use hookstep_ambient::Sources;
use hookstep_asl::{Checkpoint, Event, Execution};
use hookstep_contract::MachineKind;
use serde_json::Value;
use time::OffsetDateTime;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use crate::history::History;
use crate::journal::{
    Ended, ExecutionRow, Inserted, Journal, JournalError, NewExecution, ReadError, StopOutcome,
};
use crate::machines::{StateMachine, StateMachines};
use crate::start::{Running, StartError};

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
    stops: Arc<Mutex<HashMap<String, CancellationToken>>>,
}

/// An execution that is about to run.
#[derive(Debug)]
pub(crate) struct Stage {
    pub(crate) machine: Arc<StateMachine>,
    pub(crate) execution: Execution,
    pub(crate) checkpoint: Checkpoint,
    pub(crate) history: History,
    pub(crate) report: Option<oneshot::Sender<Ended>>,
}

/// The executions of a journal, and those of them that are started from now on, for the engine.
pub fn executions(journal: Journal, machines: StateMachines, sources: Sources) -> (Executions, Starts) {
    let (starts, started) = mpsc::unbounded_channel();
    (Executions { machines, journal, sources, starts, stops: Arc::default() }, Starts(started))
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
        let machine = self.machines.by_arn(machine_arn).ok_or(StartError::NoStateMachine)?;
        if input.len() > hookstep_asl::DATA_LIMIT_BYTES {
            return Err(StartError::InvalidInput);
        }
        let parsed: Value = serde_json::from_str(&input).map_err(|_| StartError::InvalidInput)?;
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
        let row = NewExecution {
            arn: arn.clone(),
            machine: machine.name().to_owned(),
            name: name.clone(),
            input,
            started_at,
        };
        match self.journal.start(row).await {
            Ok(Inserted::New) => {}
            Ok(Inserted::Exists) => return Err(StartError::NameTaken),
            Err(error) => return Err(StartError::NotWritten(error)),
        }
        let checkpoint = machine.definition().start(parsed.clone());
        let execution = execution(machine, arn.clone(), name, parsed, now);
        let history = History::default();
        history.push(&Event::execution_started(&execution));
        let (report, end) = oneshot::channel();
        let stage =
            Stage { machine: Arc::clone(machine), execution, checkpoint, history, report: Some(report) };
        // Without an engine any more, the execution is taken up at the next start of the host.
        let _ = self.starts.send(stage);
        Ok(Running::new(arn, started_at, end))
    }

    /// Ends a standard execution where it is. What a function of it does meanwhile is given up.
    ///
    /// # Errors
    /// When that could not be written down.
    pub async fn stop(&self, arn: &str) -> Result<StopOutcome, JournalError> {
        let outcome = self.journal.abort(arn, self.now()).await?;
        if let Some(stop) = self.stops().get(arn) {
            stop.cancel();
        }
        Ok(outcome)
    }

    /// The execution of this ARN.
    ///
    /// # Errors
    /// When the journal, or the execution's row in it, cannot be read.
    pub async fn find(&self, arn: &str) -> Result<Option<ExecutionRow>, ReadError> {
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

    /// For as long as the answer is held, the execution of this ARN can be stopped from outside.
    pub(crate) fn stoppable(&self, arn: &str) -> Stoppable {
        let stop = CancellationToken::new();
        self.stops().insert(arn.to_owned(), stop.clone());
        Stoppable { executions: self.clone(), arn: arn.to_owned(), stop }
    }

    fn stops(&self) -> MutexGuard<'_, HashMap<String, CancellationToken>> {
        self.stops.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An execution that can be stopped from outside.
pub(crate) struct Stoppable {
    executions: Executions,
    arn: String,
    stop: CancellationToken,
}

impl Stoppable {
    /// Comes back once the execution is to stop.
    pub(crate) async fn requested(&self) {
        self.stop.cancelled().await;
    }
}

impl Drop for Stoppable {
    fn drop(&mut self) {
        self.executions.stops().remove(&self.arn);
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

pub(crate) fn millis(at: OffsetDateTime) -> i64 {
    hookstep_contract::Timestamp::new(at).unix_millis()
}
