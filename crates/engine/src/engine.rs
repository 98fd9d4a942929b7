//! The engine: every execution is driven to its end, put to sleep at a long wait, and taken up again after a restart.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use hookstep_asl::{Host, Progress, TaskError};
use serde_json::Value;
use time::OffsetDateTime;
use tokio::sync::Semaphore;
use tokio::task::{JoinError, JoinHandle, JoinSet};
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use crate::executions::{Executions, Stage, Starts, execution, millis};
use crate::journal::Ended;
use crate::machines::MachineKind;
use crate::ports::{Functions, Services};
use crate::task_host::TaskHost;

/// How many executions run at once; the others wait their turn. As many as a new AWS account's Lambda concurrency.
const MAX_RUNNING: usize = 1000;

/// Runs executions until it is stopped. Dropped without that, it ends every execution where it is, as a crash would.
#[derive(Debug)]
pub struct Engine {
    stopping: CancellationToken,
    journal: crate::journal::Journal,
    driver: AbortOnDropHandle<()>,
}

/// What every execution needs.
pub(crate) struct Context {
    pub(crate) executions: Executions,
    pub(crate) functions: Arc<dyn Functions>,
    pub(crate) services: Arc<dyn Services>,
    slots: Semaphore,
}

/// An execution that waits until its time has come.
struct Sleep {
    arn: String,
    /// In milliseconds since 1970.
    wake_at: i64,
}

impl Engine {
    /// Takes up every execution that has not ended, at once or when it wakes, and runs what is started from now on. Also
    /// answers how many were taken up.
    pub async fn start(
        executions: Executions,
        starts: Starts,
        functions: impl Functions,
        services: impl Services,
    ) -> (Self, usize) {
        let journal = executions.journal.clone();
        let sleeps: Vec<_> = journal.running().await;
        let sleeps = sleeps.into_iter().map(|(arn, wake_at)| Sleep { arn, wake_at: wake_at.unwrap_or(0) });
        let sleeps: Vec<_> = sleeps.collect();
        let count = sleeps.len();
        let context = Context {
            executions,
            functions: Arc::new(functions),
            services: Arc::new(services),
            slots: Semaphore::new(MAX_RUNNING),
        };
        let stopping = CancellationToken::new();
        let driver = drive_all(Arc::new(context), starts, sleeps, stopping.clone());
        let driver: JoinHandle<()> = tokio::spawn(driver);
        (Self { stopping, journal, driver: AbortOnDropHandle::new(driver) }, count)
    }

    /// Lets every execution get to its next wait or its end, then comes back.
    pub async fn stop(self) {
        self.stopping.cancel();
        if let Err(error) = self.driver.await {
            tracing::error!(%error, "the engine did not end by itself");
        }
        self.journal.flush().await;
    }
}

async fn drive_all(
    context: Arc<Context>,
    mut starts: Starts,
    sleeps: Vec<Sleep>,
    stopping: CancellationToken,
) {
    let mut running: JoinSet<Option<Sleep>> = JoinSet::new();
    let mut sleeping: JoinSet<String> = JoinSet::new();
    for sleep in sleeps {
        sleeping.spawn(wake(Arc::clone(&context), sleep));
    }
    loop {
        tokio::select! {
            () = stopping.cancelled() => break,
            Some(stage) = starts.0.recv() => drop(running.spawn(drive(Arc::clone(&context), stage))),
            Some(paused) = running.join_next() => {
                if let Some(sleep) = report_panic(paused).flatten() {
                    sleeping.spawn(wake(Arc::clone(&context), sleep));
                }
            }
            Some(awake) = sleeping.join_next() => {
                if let Some(arn) = report_panic(awake) {
                    running.spawn(resume(Arc::clone(&context), arn));
                }
            }
        }
    }
    // What sleeps, or would sleep from here on, is taken up at the next start.
    drop(sleeping);
    loop {
        tokio::select! {
            biased;
            Some(stage) = starts.0.recv() => {
                // Somebody may wait for an express execution; a standard one is taken up at the next start.
                if stage.machine.kind() == MachineKind::Express {
                    running.spawn(drive(Arc::clone(&context), stage));
                }
            }
            paused = running.join_next() => match paused {
                Some(paused) => drop(report_panic(paused)),
                None => return,
            }
        }
    }
}

fn report_panic<T>(joined: Result<T, JoinError>) -> Option<T> {
    joined.inspect_err(|error| tracing::error!(%error, "an execution broke off")).ok()
}

/// Waits without holding the execution's data.
async fn wake(context: Arc<Context>, sleep: Sleep) -> String {
    context.sleep_until(sleep.wake_at).await;
    sleep.arn
}

/// Goes on with an execution that slept.
async fn resume(context: Arc<Context>, arn: String) -> Option<Sleep> {
    match context.restore(&arn).await {
        Some(Restored::Stage(stage)) => drive(context, *stage).await,
        Some(Restored::Ended) => None,
        None => {
            tracing::error!(execution = arn, "an execution in the journal cannot be read, so it rests");
            None
        }
    }
}

/// Runs an execution to its end or to its next long wait.
async fn drive(context: Arc<Context>, stage: Stage) -> Option<Sleep> {
    if stage.machine.kind() == MachineKind::Express {
        return drive_to_pause(&context, stage).await;
    }
    let arn = stage.execution.id.clone();
    let stop = context.executions.remember_stoppable(&arn);
    let sleep = tokio::select! {
        sleep = drive_to_pause(&context, stage) => sleep,
        () = stop.cancelled() => None,
    };
    context.executions.forget_stoppable(&arn);
    sleep
}

async fn drive_to_pause(context: &Arc<Context>, mut stage: Stage) -> Option<Sleep> {
    let Ok(_slot) = context.slots.acquire().await else { return None };
    let kind = stage.machine.kind();
    let task_host = TaskHost {
        context: Arc::clone(context),
        kind,
        arn: stage.execution.id.clone(),
        history: Mutex::new(std::mem::take(&mut stage.history)),
    };
    let journal = &context.executions.journal;
    let mut checkpoint = stage.checkpoint;
    let ended = loop {
        match stage.machine.definition().run(&stage.execution, checkpoint, &task_host).await {
            Progress::Succeeded(output) => break ended(Ok(output), &task_host),
            Progress::Failed(error) => break ended(Err(error), &task_host),
            Progress::Waiting { until, resume } if kind == MachineKind::Standard => {
                let Ok(text) = serde_json::to_string(&resume) else { return None };
                let wake_at = millis(until);
                journal.checkpoint(&stage.execution.id, text, Some(wake_at), task_host.history());
                return Some(Sleep { arn: stage.execution.id, wake_at });
            }
            // The short pauses of a sync delivery.
            Progress::Waiting { until, resume } => {
                context.sleep_until(millis(until)).await;
                checkpoint = resume;
            }
        }
    };
    journal.end(&stage.execution.id, ended.clone());
    if let Some(report) = stage.report {
        // Nobody listens to an async execution, or to a sync one whose producer has its 202.
        let _ = report.send(ended);
    }
    None
}

fn ended(result: Result<Value, TaskError>, task_host: &TaskHost) -> Ended {
    let stopped_at = millis(task_host.now());
    let history = task_host.history();
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
            tracing::error!(execution = task_host.arn, error.name = error, "an execution failed");
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

impl Context {
    async fn sleep_until(&self, wake_at: i64) {
        let pause = wake_at - millis((self.executions.sources.clock)());
        tokio::time::sleep(Duration::from_millis(u64::try_from(pause).unwrap_or(0))).await;
    }

    /// An execution as the journal has it: at its checkpoint, or at its start.
    async fn restore(&self, arn: &str) -> Option<Restored> {
        let row = self.executions.journal.read(arn).await?;
        if row.status != "RUNNING" {
            return Some(Restored::Ended);
        }
        let machine = self.executions.machines.by_name(&row.machine)?;
        let input: Value = serde_json::from_str(&row.input).ok()?;
        let checkpoint = match row.checkpoint {
            Some(text) => serde_json::from_str(&text).ok()?,
            None => machine.definition().start(input.clone()),
        };
        let started_at =
            OffsetDateTime::from_unix_timestamp_nanos(i128::from(row.started_at) * 1_000_000).ok()?;
        let execution = execution(machine, row.arn, row.name, input, started_at);
        let history = row.history.unwrap_or_default();
        let machine = Arc::clone(machine);
        Some(Restored::Stage(Box::new(Stage { machine, execution, checkpoint, history, report: None })))
    }
}

/// What there is of an execution that slept.
enum Restored {
    /// All that it needs to go on.
    Stage(Box<Stage>),
    /// Its end: it was stopped meanwhile.
    Ended,
}
