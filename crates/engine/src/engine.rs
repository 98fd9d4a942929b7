//! The engine: it drives every execution to its end, suspends
//! executions during long waits, and resumes them after a restart.

use std::sync::Arc;

use hookstep_contract::{MachineKind, error_chain};
use tokio::task::{JoinError, JoinSet};
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use crate::context::{Context, MAX_RUNNING};
use crate::drive::{Sleep, drive, wake};
use crate::executions::{Executions, Starts};
use crate::journal::{Journal, JournalError, Waiting};
use crate::ports::Ports;
use crate::sleepers::{Range, Sleepers};

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
        let awake = journal.awake().await?;
        if !awake.is_empty() {
            tracing::info!(executions = awake.len(), "took up executions of an earlier run");
        }
        let stopping = CancellationToken::new();
        let tasks = Tasks::new(Context::new(executions, ports), awake);
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

/// The executions in this process, one task each unless they wait.
struct Tasks {
    context: Arc<Context>,
    /// Those that were started in this process.
    started: JoinSet<Option<Sleep>>,
    /// Those that were resumed from the journal, [`MAX_RUNNING`] at most: the others need no memory until then.
    resumed: JoinSet<Option<Sleep>>,
    sleepers: Sleepers,
    /// The read of the journal for those that are due next, if there is one.
    reading: JoinSet<Result<Vec<Waiting>, JournalError>>,
}

impl Tasks {
    fn new(context: Context, awake: Vec<String>) -> Self {
        let mut sleepers = Sleepers::new();
        // In the order in which they were started.
        for (arn, wake_at) in awake.into_iter().zip(i64::MIN..) {
            sleepers.add(Sleep { arn, wake_at }, context.executions.now());
        }
        Self {
            context: Arc::new(context),
            started: JoinSet::new(),
            resumed: JoinSet::new(),
            sleepers,
            reading: JoinSet::new(),
        }
    }

    async fn run(mut self, mut starts: Starts, stopping: CancellationToken) {
        loop {
            self.wake();
            let next = self.sleepers.next().filter(|_| self.resumed.len() < MAX_RUNNING);
            let wake_at = next.map_or(0, |at| at.max(0));
            tokio::select! {
                () = stopping.cancelled() => break,
                Some(stage) = starts.0.recv() => {
                    self.started.spawn(drive(Arc::clone(&self.context), stage));
                }
                Some(paused) = self.started.join_next() => self.sleep(paused),
                Some(paused) = self.resumed.join_next() => self.sleep(paused),
                Some(read) = self.reading.join_next() => self.take_in(read),
                () = self.context.sleep_until(wake_at), if next.is_some() => {}
            }
        }
        self.finish(starts).await;
    }

    /// Waits for running executions. Those that are waiting, or reach a wait, are resumed at the next start.
    async fn finish(mut self, mut starts: Starts) {
        loop {
            let is_idle = self.started.is_empty() && self.resumed.is_empty();
            tokio::select! {
                // Poll starts first, so that none is left over once nothing is running.
                biased;
                Some(stage) = starts.0.recv() => {
                    // A caller may be waiting for an express execution;
                    // a standard one is resumed at the next start.
                    if stage.machine.kind() == MachineKind::Express {
                        self.started.spawn(drive(Arc::clone(&self.context), stage));
                    }
                }
                Some(paused) = self.started.join_next() => drop(joined(paused)),
                Some(paused) = self.resumed.join_next() => drop(joined(paused)),
                () = std::future::ready(()), if is_idle => return,
            }
        }
    }

    /// Resumes what is due, and reads the journal for what is due next.
    fn wake(&mut self) {
        let now = self.context.executions.now();
        while self.resumed.len() < MAX_RUNNING
            && let Some(arn) = self.sleepers.pop(now)
        {
            self.resumed.spawn(wake(Arc::clone(&self.context), arn));
        }
        if let Some(Range { from, to }) = self.sleepers.begin_read(now) {
            let journal = self.context.executions.journal.clone();
            self.reading.spawn(async move { journal.waiting(from, to).await });
        }
    }

    /// Waits without keeping the execution's data in memory.
    fn sleep(&mut self, paused: Result<Option<Sleep>, JoinError>) {
        if let Some(sleep) = joined(paused).flatten() {
            self.sleepers.add(sleep, self.context.executions.now());
        }
    }

    fn take_in(&mut self, read: Result<Result<Vec<Waiting>, JournalError>, JoinError>) {
        match joined(read) {
            Some(Ok(found)) => self.sleepers.found(found),
            Some(Err(error)) => {
                tracing::error!(
                    error.chain = error_chain(&error),
                    "the executions that wait cannot be read yet"
                );
                self.sleepers.failed(self.context.executions.now());
            }
            None => self.sleepers.failed(self.context.executions.now()),
        }
    }
}

fn joined<T>(result: Result<T, JoinError>) -> Option<T> {
    result.inspect_err(|error| tracing::error!(%error, "the task of an execution broke off")).ok()
}

#[cfg(test)]
mod tests;
