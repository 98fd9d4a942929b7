//! Executions: started, driven to their end, put to sleep, taken up again after a restart.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use hookstep_ambient::Sources;
use hookstep_asl::{Checkpoint, Event, Execution, Host, Progress, TaskError};
use serde_json::Value;
use thiserror::Error;
use time::OffsetDateTime;
use tokio::sync::{Semaphore, oneshot};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::bus::Bus;
use crate::functions::Functions;
use crate::journal::{Ended, Journal, Started};
use crate::machines::{Kind, Machines};
use crate::tables::Tables;
use crate::tasks::Surroundings;

/// How many executions run at once; the others wait their turn. As many as a new AWS account's Lambda concurrency.
const RUNNING_AT_ONCE: usize = 1000;

/// All that an execution needs.
#[derive(Debug)]
pub(crate) struct Engine {
    pub(crate) machines: Machines,
    pub(crate) functions: Functions,
    pub(crate) tables: Tables,
    pub(crate) bus: Bus,
    pub(crate) journal: Journal,
    pub(crate) sources: Sources,
    slots: Semaphore,
    /// The executions between two waits: a stop lets them get to the next one.
    running: TaskTracker,
    stopping: CancellationToken,
    /// The standard executions between two waits, by ARN: these can be stopped from outside.
    driven: Mutex<HashMap<String, CancellationToken>>,
}

/// Why an execution was not started; the names are AWS's.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub(crate) enum StartError {
    #[error("there is no such state machine")]
    StateMachineDoesNotExist,
    #[error("there is an execution of this name already")]
    ExecutionAlreadyExists,
    #[error("the input is not JSON, or larger than 256 KiB")]
    InvalidExecutionInput,
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
pub(crate) struct Running {
    pub(crate) arn: String,
    /// In seconds since 1970.
    pub(crate) started_at: i64,
    /// How it ends; not waited for, mostly.
    pub(crate) end: oneshot::Receiver<Ended>,
}

impl Engine {
    pub(crate) fn new(
        machines: Machines,
        functions: Functions,
        tables: Tables,
        bus: Bus,
        journal: Journal,
        sources: Sources,
    ) -> Arc<Self> {
        Arc::new(Self {
            machines,
            functions,
            tables,
            bus,
            journal,
            sources,
            slots: Semaphore::new(RUNNING_AT_ONCE),
            running: TaskTracker::new(),
            stopping: CancellationToken::new(),
            driven: Mutex::default(),
        })
    }

    /// Writes a new execution down and starts it.
    pub(crate) async fn start(
        self: &Arc<Self>,
        machine: &str,
        name: &str,
        input: String,
    ) -> Result<Running, StartError> {
        let kind = Kind::by_arn(machine).ok_or(StartError::StateMachineDoesNotExist)?;
        if input.len() > hookstep_asl::DATA_LIMIT_BYTES {
            return Err(StartError::InvalidExecutionInput);
        }
        let parsed: Value = serde_json::from_str(&input).map_err(|_| StartError::InvalidExecutionInput)?;
        let now = (self.sources.clock)();
        let arn = match kind {
            // Names of express executions need not differ.
            Kind::Express => format!("{}:{name}:{}", kind.execution_prefix(), (self.sources.new_id)()),
            Kind::Standard => format!("{}:{name}", kind.execution_prefix()),
        };
        let row = Started {
            arn: arn.clone(),
            machine: kind.name(),
            name: name.to_owned(),
            input,
            started_at: millis(now),
        };
        match self.journal.start(row).await {
            Some(true) => {}
            Some(false) => return Err(StartError::ExecutionAlreadyExists),
            None => return Err(StartError::SdkClientException),
        }
        let checkpoint = self.machines.get(kind).start(parsed.clone());
        let execution = execution(kind, arn.clone(), name.to_owned(), parsed, now);
        let mut history = String::new();
        push_line(&mut history, &Event::execution_started(&execution));
        let (tell, end) = oneshot::channel();
        let stage = Stage { kind, execution, checkpoint, history, tell: Some(tell) };
        // A standard execution that starts while we stop is taken up at the next start.
        if kind == Kind::Express || !self.stopping.is_cancelled() {
            self.spawn(stage);
        }
        Ok(Running { arn, started_at: now.unix_timestamp(), end })
    }

    /// Takes up every execution that has not ended: at once, or when it wakes.
    pub(crate) async fn resume_all(self: &Arc<Self>) -> usize {
        let running = self.journal.running().await;
        let count = running.len();
        for (arn, wake_at) in running {
            self.sleep_then_resume(arn, wake_at.unwrap_or(0));
        }
        count
    }

    /// Lets every execution get to its next wait or its end, then comes back.
    pub(crate) async fn stop(&self) {
        self.stopping.cancel();
        self.running.close();
        self.running.wait().await;
        self.journal.flush().await;
    }

    /// Ends a standard execution where it is; `false` when none of this ARN runs, `None` when that could not be written down.
    /// What a function of it does meanwhile is given up.
    pub(crate) async fn abort(&self, arn: &str) -> Option<bool> {
        let aborted = self.journal.abort(arn, millis((self.sources.clock)())).await?;
        if let Some(driven) = self.driven().get(arn) {
            driven.cancel();
        }
        Some(aborted)
    }

    fn driven(&self) -> std::sync::MutexGuard<'_, HashMap<String, CancellationToken>> {
        self.driven.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Boxed here so that the future of an execution that starts another one has a type that ends.
    fn spawn(self: &Arc<Self>, stage: Stage) {
        let driven: Pin<Box<dyn Future<Output = ()> + Send>> = match stage.kind {
            Kind::Express => Box::pin(Arc::clone(self).drive(stage)),
            Kind::Standard => Box::pin(Arc::clone(self).drive_unless_aborted(stage)),
        };
        self.running.spawn(driven);
    }

    async fn drive_unless_aborted(self: Arc<Self>, stage: Stage) {
        let (arn, aborted) = (stage.execution.id.clone(), CancellationToken::new());
        self.driven().insert(arn.clone(), aborted.clone());
        tokio::select! {
            () = Arc::clone(&self).drive(stage) => {}
            () = aborted.cancelled() => {}
        }
        self.driven().remove(&arn);
    }

    /// Runs an execution to its end or to its next long wait.
    async fn drive(self: Arc<Self>, mut stage: Stage) {
        let Ok(_slot) = self.slots.acquire().await else { return };
        let surroundings = Surroundings {
            engine: Arc::clone(&self),
            kind: stage.kind,
            arn: stage.execution.id.clone(),
            history: Mutex::new(std::mem::take(&mut stage.history)),
        };
        let machine = self.machines.get(stage.kind);
        let mut checkpoint = stage.checkpoint;
        let ended = loop {
            match machine.run(&stage.execution, checkpoint, &surroundings).await {
                Progress::Succeeded(output) => break self.ended(Ok(output), &surroundings),
                Progress::Failed(error) => break self.ended(Err(error), &surroundings),
                Progress::Waiting { until, resume } if stage.kind == Kind::Standard => {
                    let Ok(text) = serde_json::to_string(&resume) else { return };
                    let wake_at = millis(until);
                    self.journal.checkpoint(&stage.execution.id, text, Some(wake_at), surroundings.history());
                    self.sleep_then_resume(stage.execution.id, wake_at);
                    return;
                }
                // The short pauses of a sync delivery.
                Progress::Waiting { until, resume } => {
                    self.sleep_until(millis(until)).await;
                    checkpoint = resume;
                }
            }
        };
        self.journal.end(&stage.execution.id, ended.clone());
        if let Some(tell) = stage.tell {
            // Nobody listens to an async execution, or to a sync one whose producer has its 202.
            let _ = tell.send(ended);
        }
    }

    fn ended(&self, result: Result<Value, TaskError>, surroundings: &Surroundings) -> Ended {
        let stopped_at = millis(surroundings.now());
        let history = surroundings.history();
        match result {
            Ok(output) => Ended {
                status: "SUCCEEDED",
                output: Some(output.to_string()),
                error: None,
                cause: None,
                history,
                stopped_at,
            },
            Err(TaskError { error, cause }) => {
                tracing::error!(execution = surroundings.arn, error.name = error, "an execution failed");
                Ended {
                    status: "FAILED",
                    output: None,
                    error: Some(error),
                    cause: Some(cause),
                    history,
                    stopped_at,
                }
            }
        }
    }

    /// Waits without holding the execution's data, then reads it and goes on; not any more once we stop.
    fn sleep_then_resume(self: &Arc<Self>, arn: String, wake_at: i64) {
        let engine = Arc::clone(self);
        tokio::spawn(async move {
            tokio::select! {
                () = engine.sleep_until(wake_at) => {}
                () = engine.stopping.cancelled() => return,
            }
            match engine.restore(&arn).await {
                Some(Restored::Stage(stage)) => engine.spawn(*stage),
                Some(Restored::Ended) => {}
                None => tracing::error!(
                    execution = arn,
                    "an execution in the journal cannot be read, so it rests"
                ),
            }
        });
    }

    async fn sleep_until(&self, wake_at: i64) {
        let pause = wake_at - millis((self.sources.clock)());
        tokio::time::sleep(std::time::Duration::from_millis(u64::try_from(pause).unwrap_or(0))).await;
    }

    /// An execution as the journal has it: at its checkpoint, or at its start.
    async fn restore(&self, arn: &str) -> Option<Restored> {
        let row = self.journal.read(arn).await?;
        if row.status != "RUNNING" {
            return Some(Restored::Ended);
        }
        let kind = Kind::by_name(&row.machine)?;
        let input: Value = serde_json::from_str(&row.input).ok()?;
        let checkpoint = match row.checkpoint {
            Some(text) => serde_json::from_str(&text).ok()?,
            None => self.machines.get(kind).start(input.clone()),
        };
        let started_at =
            OffsetDateTime::from_unix_timestamp_nanos(i128::from(row.started_at) * 1_000_000).ok()?;
        let execution = execution(kind, row.arn, row.name, input, started_at);
        let history = row.history.unwrap_or_default();
        Some(Restored::Stage(Box::new(Stage { kind, execution, checkpoint, history, tell: None })))
    }
}

/// What there is of an execution that slept.
enum Restored {
    /// All that it needs to go on.
    Stage(Box<Stage>),
    /// Its end: it was stopped meanwhile.
    Ended,
}

/// An execution that is about to run.
struct Stage {
    kind: Kind,
    execution: Execution,
    checkpoint: Checkpoint,
    /// A JSON object a line.
    history: String,
    tell: Option<oneshot::Sender<Ended>>,
}

fn execution(kind: Kind, arn: String, name: String, input: Value, start_time: OffsetDateTime) -> Execution {
    Execution {
        id: arn,
        name,
        input: Arc::new(input),
        start_time,
        machine_id: kind.arn(),
        machine_name: format!("hookstep-{}", kind.name()),
    }
}

fn push_line(history: &mut String, event: &Event) {
    if let Ok(line) = serde_json::to_string(event) {
        history.push_str(&line);
        history.push('\n');
    }
}

fn millis(at: OffsetDateTime) -> i64 {
    hookstep_contract::Timestamp::new(at).unix_millis()
}
