//! The engine: it drives every execution to its end, suspends
//! executions during long waits, and resumes them after a restart.

use std::sync::Arc;

use hookstep_contract::MachineKind;
use tokio::task::{JoinError, JoinSet};
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use crate::context::Context;
use crate::drive::{Sleep, drive, wake};
use crate::executions::{Executions, Starts};
use crate::journal::{Journal, JournalError, Unfinished};
use crate::ports::Ports;

/// Runs executions until it is stopped. If dropped without
/// [`Engine::stop`], it abandons running executions, as a crash would.
#[derive(Debug)]
pub struct Engine {
    stopping: CancellationToken,
    journal: Journal,
    driver: AbortOnDropHandle<()>,
}

impl Engine {
    /// Resumes every unfinished execution, at once or when its wait is over, and runs newly started ones.
    ///
    /// # Errors
    /// If the journal cannot be read.
    pub async fn start(executions: Executions, starts: Starts, ports: Ports) -> Result<Self, JournalError> {
        let journal = executions.journal.clone();
        let unfinished = journal.unfinished().await?;
        if !unfinished.is_empty() {
            tracing::info!(executions = unfinished.len(), "took up executions of an earlier run");
        }
        let stopping = CancellationToken::new();
        let tasks = Tasks::new(Context::new(executions, ports), unfinished);
        let driver = AbortOnDropHandle::new(tokio::spawn(tasks.run(starts, stopping.clone())));
        Ok(Self { stopping, journal, driver })
    }

    /// Lets every execution reach its next wait or its end, then returns.
    pub async fn stop(self) {
        self.stopping.cancel();
        if let Err(error) = self.driver.await {
            tracing::error!(%error, "the engine did not end by itself");
        }
        self.journal.flush().await;
    }
}

/// The executions in this process, one task each.
struct Tasks {
    context: Arc<Context>,
    running: JoinSet<Option<Sleep>>,
    sleeping: JoinSet<Sleep>,
}

impl Tasks {
    fn new(context: Context, unfinished: Vec<Unfinished>) -> Self {
        let mut tasks =
            Self { context: Arc::new(context), running: JoinSet::new(), sleeping: JoinSet::new() };
        let started_at = tasks.context.executions.now();
        for Unfinished { arn, wake_at } in unfinished {
            tasks.sleep(Sleep { arn, started_at, wake_at: wake_at.unwrap_or(0) });
        }
        tasks
    }

    async fn run(mut self, mut starts: Starts, stopping: CancellationToken) {
        loop {
            tokio::select! {
                () = stopping.cancelled() => break,
                Some(stage) = starts.0.recv() => {
                    self.running.spawn(drive(Arc::clone(&self.context), stage));
                }
                Some(paused) = self.running.join_next() => {
                    if let Some(sleep) = joined(paused).flatten() {
                        self.sleep(sleep);
                    }
                }
                Some(awake) = self.sleeping.join_next() => {
                    if let Some(sleep) = joined(awake) {
                        self.running.spawn(wake(Arc::clone(&self.context), sleep));
                    }
                }
            }
        }
        self.finish(starts).await;
    }

    /// Waits for running executions. Those that are waiting, or reach a wait, are resumed at the next start.
    async fn finish(mut self, mut starts: Starts) {
        drop(self.sleeping);
        loop {
            tokio::select! {
                // Poll starts first, so that none is left over once nothing is running.
                biased;
                Some(stage) = starts.0.recv() => {
                    // A caller may be waiting for an express execution;
                    // a standard one is resumed at the next start.
                    if stage.machine.kind() == MachineKind::Express {
                        self.running.spawn(drive(Arc::clone(&self.context), stage));
                    }
                }
                paused = self.running.join_next() => match paused {
                    Some(paused) => drop(joined(paused)),
                    None => return,
                }
            }
        }
    }

    /// Waits without keeping the execution's data in memory.
    fn sleep(&mut self, sleep: Sleep) {
        let context = Arc::clone(&self.context);
        self.sleeping.spawn(async move {
            let _waiting = context.executions.counts.waiting_since(sleep.started_at);
            context.sleep_until(sleep.wake_at).await;
            sleep
        });
    }
}

fn joined<T>(result: Result<T, JoinError>) -> Option<T> {
    result.inspect_err(|error| tracing::error!(%error, "the task of an execution broke off")).ok()
}

#[cfg(test)]
mod tests;
