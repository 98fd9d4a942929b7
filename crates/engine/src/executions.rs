//! The API for starting, stopping and reading executions.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use hookstep_ambient::Sources;
use hookstep_asl::{Checkpoint, Execution, Json};
use hookstep_contract::{EventId, MachineKind};
use hookstep_storage::{Beside, Priority, StorageError};
use time::OffsetDateTime;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use crate::activity::{Activity, Counts};
use crate::history::History;
use crate::journal::{
    Ended, ExecutionRow, Inserted, Journal, JournalError, NewExecution, ReadError, StopOutcome,
};
use crate::machines::{StateMachine, StateMachines, kind_of_execution};
use crate::start::{Running, Start, StartAll, StartError, Started};

/// Executions that were started but not yet taken by an engine.
#[derive(Debug)]
pub struct Starts(pub(crate) mpsc::UnboundedReceiver<Box<Stage>>);

/// Starts, stops and reads executions. Clones share the same executions.
#[derive(Clone, Debug)]
pub struct Executions {
    pub(crate) machines: StateMachines,
    pub(crate) journal: Journal,
    pub(crate) sources: Sources,
    pub(crate) counts: Counts,
    starts: mpsc::UnboundedSender<Box<Stage>>,
    /// The standard executions that are running, not waiting, by ARN: these can be stopped from outside.
    stops: Arc<Mutex<HashMap<String, CancellationToken>>>,
}

/// An execution that is about to run.
#[derive(Debug)]
pub(crate) struct Stage {
    pub(crate) machine: Arc<StateMachine>,
    pub(crate) execution: Execution,
    pub(crate) checkpoint: Checkpoint,
    /// Whether the execution has not begun yet.
    pub(crate) is_new: bool,
    pub(crate) history: History,
    pub(crate) report: Option<oneshot::Sender<Ended>>,
}

/// Returns the API to the executions in a journal, and the queue of new executions for the engine.
pub fn executions(journal: Journal, machines: StateMachines, sources: Sources) -> (Executions, Starts) {
    let (starts, started) = mpsc::unbounded_channel();
    let counts = Counts::default();
    (Executions { machines, journal, sources, counts, starts, stops: Arc::default() }, Starts(started))
}

impl Executions {
    /// Writes a new execution to the journal and starts it. When there is little room on the disk, it is refused if it is
    /// new work, and otherwise waits.
    ///
    /// # Errors
    /// If the execution cannot be started or the journal cannot store it.
    pub async fn start(&self, machine_arn: &str, start: Start) -> Result<Started, StartError> {
        self.accept(machine_arn, start, None).await
    }

    /// Does as [`Self::start`], and the end can be waited for.
    ///
    /// # Errors
    /// As [`Self::start`].
    pub async fn run(&self, machine_arn: &str, start: Start) -> Result<Running, StartError> {
        let (report, end) = oneshot::channel();
        let started = self.accept(machine_arn, start, Some(report)).await?;
        Ok(Running { started, end })
    }

    /// Writes new executions to the journal, all or none, and starts them.
    ///
    /// # Errors
    /// If one cannot be started or the journal cannot store them.
    pub async fn start_all(&self, machine_arn: &str, starts: StartAll) -> Result<(), StartError> {
        let machine = Arc::clone(self.machines.by_arn(machine_arn).ok_or(StartError::NoStateMachine)?);
        let StartAll { executions, priority, beside } = starts;
        let now = (self.sources.clock)();
        let prepare = |(name, input)| self.prepare(&machine, Some(name), input, now);
        let prepared = executions.into_iter().map(prepare).collect::<Result<Vec<_>, _>>()?;
        let (rows, parsed): (Vec<_>, Vec<_>) = prepared.into_iter().unzip();
        let names: Vec<_> = rows.iter().map(|row| (row.arn.clone(), row.name.clone())).collect();
        let journal = self.journal.clone();
        let executions = self.clone();
        detached(async move {
            let inserted = journal.start_all(rows, beside, priority).await.map_err(not_written)?;
            for ((name, input), inserted) in names.into_iter().zip(parsed).zip(inserted) {
                if inserted == Inserted::New {
                    executions.begin(&machine, name, input, now, None);
                }
            }
            Ok(())
        })
        .await
    }

    async fn accept(
        &self,
        machine_arn: &str,
        start: Start,
        report: Option<oneshot::Sender<Ended>>,
    ) -> Result<Started, StartError> {
        let Start { name, input, priority, beside } = start;
        let machine = Arc::clone(self.machines.by_arn(machine_arn).ok_or(StartError::NoStateMachine)?);
        let now = (self.sources.clock)();
        let (row, parsed) = self.prepare(&machine, name, input, now)?;
        let executions = self.clone();
        detached(async move {
            let name = (row.arn.clone(), row.name.clone());
            executions.insert(row, beside, priority).await?;
            Ok(executions.begin(&machine, name, parsed, now, report))
        })
        .await
    }

    /// The row of a new execution, and its input.
    fn prepare(
        &self,
        machine: &StateMachine,
        name: Option<String>,
        input: String,
        now: OffsetDateTime,
    ) -> Result<(NewExecution, Json), StartError> {
        if input.len() > hookstep_asl::DATA_LIMIT_BYTES {
            return Err(StartError::InvalidInput);
        }
        let parsed: Json = serde_json::from_str(&input).map_err(|_| StartError::InvalidInput)?;
        let name = name.unwrap_or_else(|| (self.sources.new_id)().to_string());
        let arn = match machine.kind() {
            // Express executions may share a name.
            MachineKind::Express => {
                format!("{}:{name}:{}", machine.execution_prefix(), (self.sources.new_id)())
            }
            MachineKind::Standard => format!("{}:{name}", machine.execution_prefix()),
        };
        let machine = machine.name().to_owned();
        Ok((NewExecution { arn, machine, name, input, started_at: millis(now) }, parsed))
    }

    async fn insert(
        &self,
        row: NewExecution,
        beside: Option<Beside>,
        priority: Priority,
    ) -> Result<(), StartError> {
        match self.journal.start(row, beside, priority).await {
            Ok(Inserted::New) => Ok(()),
            Ok(Inserted::Exists) => Err(StartError::NameTaken),
            Err(error) => Err(not_written(error)),
        }
    }

    /// Hands an execution that is in the journal to the engine.
    fn begin(
        &self,
        machine: &Arc<StateMachine>,
        (arn, name): (String, String),
        input: Json,
        now: OffsetDateTime,
        report: Option<oneshot::Sender<Ended>>,
    ) -> Started {
        let checkpoint = machine.definition().start(input.clone());
        let execution = execution(machine, arn.clone(), name, input, now);
        let (machine, history) = (Arc::clone(machine), History::default());
        let stage = Stage { machine, execution, checkpoint, is_new: true, history, report };
        // If the engine has stopped, the execution is resumed when the host next starts.
        let _ = self.starts.send(Box::new(stage));
        Started { arn, started_at: millis(now) }
    }

    /// Stops a standard execution where it is. If one of its
    /// functions is running, that invocation is abandoned.
    ///
    /// # Errors
    /// If the stop cannot be written to the journal.
    pub async fn stop(&self, arn: &str) -> Result<StopOutcome, JournalError> {
        let outcome = self.journal.abort(arn, self.now()).await?;
        if let Some(stop) = self.stops().get(arn) {
            stop.cancel();
        }
        Ok(outcome)
    }

    /// Forgets the unfinished executions of express machines with these names. To be called before an engine is started, by
    /// who starts them anew.
    ///
    /// # Errors
    /// If the journal cannot be read.
    pub async fn forget(&self, names: &HashSet<String>) -> Result<(), JournalError> {
        if names.is_empty() {
            return Ok(());
        }
        for arn in self.journal.awake().await? {
            let name = arn.rsplit(':').nth(1).unwrap_or_default();
            if kind_of_execution(&arn) == MachineKind::Express && names.contains(name) {
                self.journal.end(&arn, Ended::forgotten(self.now()));
            }
        }
        self.journal.flush().await;
        Ok(())
    }

    /// Finds an execution by its ARN.
    ///
    /// # Errors
    /// If the journal, or the execution's row in it, cannot be read.
    pub async fn find(&self, arn: &str) -> Result<Option<ExecutionRow>, ReadError> {
        self.journal.read(arn)
    }

    /// Whether an execution could be started right now: writes to the journal, and waits for the commit.
    ///
    /// # Errors
    /// If the journal cannot be written.
    pub async fn probe(&self) -> Result<(), JournalError> {
        self.journal.probe(self.now()).await
    }

    /// What the executions of this process do at the moment. Reads the journal on the calling thread.
    ///
    /// # Errors
    /// If the journal cannot be read.
    pub fn activity(&self) -> Result<Activity, JournalError> {
        let (waiting, oldest_waiting_since) = self.journal.waiting_since()?;
        Ok(Activity { waiting, oldest_waiting_since, ..self.counts.activity() })
    }

    /// The ARN of the state machine that the journal stores under this name.
    pub fn machine_arn(&self, name: &str) -> Option<String> {
        self.machines.by_name(name).map(|machine| machine.arn().to_owned())
    }

    /// The current time, in milliseconds since 1970.
    pub fn now(&self) -> i64 {
        self.sources.now().unix_millis()
    }

    /// Deletes executions of this kind of machine that ended longer ago than `age`.
    pub async fn prune(&self, kind: MachineKind, age: Duration) {
        let before = self.now() - i64::try_from(age.as_millis()).unwrap_or(i64::MAX);
        for machine in self.machines.iter().filter(|machine| machine.kind() == kind) {
            self.journal.prune(machine.name(), before).await;
        }
    }

    /// Deletes the executions of an event that have ended; returns whether there are no others.
    ///
    /// # Errors
    /// If the journal cannot be written.
    pub async fn erase(&self, event_id: EventId) -> Result<bool, JournalError> {
        let express = self.machines.iter().filter(|machine| machine.kind() == MachineKind::Express);
        let express = express.map(|machine| machine.execution_prefix().to_owned()).collect();
        self.journal.erase(event_id, express).await
    }

    /// While the returned value is held, the execution with this ARN can be stopped from outside.
    pub(crate) fn stoppable(&self, arn: &str) -> Stoppable {
        let stop = CancellationToken::new();
        self.stops().insert(arn.to_owned(), stop.clone());
        Stoppable { executions: self.clone(), arn: arn.to_owned(), stop }
    }

    fn stops(&self) -> MutexGuard<'_, HashMap<String, CancellationToken>> {
        self.stops.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whoever asks for executions may go away while they are written: they then run all the same.
async fn detached<T: Send + 'static>(
    begin: impl Future<Output = Result<T, StartError>> + Send + 'static,
) -> Result<T, StartError> {
    // The runtime ends, and with it the host.
    let ended = |_| JournalError::during("start an execution")(StorageError::Closed);
    tokio::spawn(begin).await.unwrap_or_else(|error| Err(StartError::NotWritten(ended(error))))
}

fn not_written(error: JournalError) -> StartError {
    if error.is_full() { StartError::StorageFull } else { StartError::NotWritten(error) }
}

/// An execution that can be stopped from outside.
pub(crate) struct Stoppable {
    executions: Executions,
    arn: String,
    stop: CancellationToken,
}

impl Stoppable {
    /// Returns once a stop has been requested.
    pub(crate) async fn requested(&self) {
        self.stop.cancelled().await;
    }
}

impl Drop for Stoppable {
    fn drop(&mut self) {
        self.executions.stops().remove(&self.arn);
    }
}

/// Builds the interpreter's view of an execution.
pub(crate) fn execution(
    machine: &StateMachine,
    arn: String,
    name: String,
    input: Json,
    start_time: OffsetDateTime,
) -> Execution {
    Execution {
        id: arn,
        name,
        input,
        start_time,
        machine_id: machine.arn().to_owned(),
        machine_name: format!("hookstep-{}", machine.name()),
    }
}

pub(crate) fn millis(at: OffsetDateTime) -> i64 {
    hookstep_contract::Timestamp::new(at).unix_millis()
}
