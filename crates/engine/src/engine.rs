//! The engine: it drives every execution to its end, suspends
//! executions during long waits, and resumes them after a restart.

use std::sync::Arc;

use hookstep_contract::{MachineKind, error_chain};
use tokio::task::{JoinError, JoinSet};
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use crate::admission::Entrant;
use crate::context::Context;
use crate::drive::{Sleep, drive};
use crate::executions::{Executions, Stage, Starts};
use crate::journal::{Journal, JournalError, Waiting};
use crate::ports::Ports;
use crate::restore::{Resumed, resume};
use crate::sleepers::{Range, Sleepers};

/// How many executions are read from the journal at once to see whose they are.
const RESUMED_AT_ONCE: usize = 16;

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

/// The executions in this process, one task each if they have a place.
struct Tasks {
    context: Arc<Context>,
    running: JoinSet<Option<Sleep>>,
    /// Those that are due, and are read from the journal to see whose they are.
    resuming: JoinSet<(String, Resumed)>,
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
            running: JoinSet::new(),
            resuming: JoinSet::new(),
            sleepers,
            reading: JoinSet::new(),
        }
    }

    async fn run(mut self, mut starts: Starts, stopping: CancellationToken) {
        loop {
            self.wake();
            let next = self.sleepers.next().filter(|_| self.resuming.len() < RESUMED_AT_ONCE);
            let wake_at = next.map_or(0, |at| at.max(0));
            tokio::select! {
                // What has begun comes before what begins, so that nobody who starts executions holds up the others. A fixed
                // order also makes a simulation repeatable.
                biased;
                () = stopping.cancelled() => break,
                Some(paused) = self.running.join_next() => self.sleep(paused),
                Some(resumed) = self.resuming.join_next() => self.resumed(resumed),
                Some(read) = self.reading.join_next() => self.take_in(read),
                () = self.context.admission.freed() => self.admit(),
                () = self.context.sleep_until(wake_at), if next.is_some() => {}
                Some(stage) = starts.0.recv() => self.arrive(stage),
            }
        }
        self.finish(starts).await;
    }

    /// Waits for running executions. Those that are waiting for a time or a place, or reach a wait, are resumed at the next
    /// start, unless somebody waits for them.
    async fn finish(mut self, mut starts: Starts) {
        self.context.admission.keep_waited_for();
        loop {
            self.admit();
            // Nobody waits while nobody has a place.
            let is_idle = self.running.is_empty();
            tokio::select! {
                // Poll starts first, so that none is left over once nothing is running.
                biased;
                Some(stage) = starts.0.recv() => {
                    // A caller may be waiting for an express execution;
                    // a standard one is resumed at the next start.
                    if stage.machine.kind() == MachineKind::Express {
                        self.arrive(stage);
                        self.context.admission.keep_waited_for();
                    }
                }
                Some(paused) = self.running.join_next() => drop(joined(paused)),
                () = self.context.admission.freed() => {}
                () = std::future::ready(()), if is_idle => return,
            }
        }
    }

    /// Looks up what is due, and reads the journal for what is due next.
    fn wake(&mut self) {
        let now = self.context.executions.now();
        while self.resuming.len() < RESUMED_AT_ONCE
            && let Some(arn) = self.sleepers.pop(now)
        {
            let context = Arc::clone(&self.context);
            self.resuming.spawn(async move {
                let resumed = resume(&context, &arn).await;
                (arn, resumed)
            });
        }
        if let Some(Range { from, to }) = self.sleepers.begin_read(now) {
            let journal = self.context.executions.journal.clone();
            self.reading.spawn(async move { journal.waiting(from, to).await });
        }
    }

    fn resumed(&mut self, resumed: Result<(String, Resumed), JoinError>) {
        match joined(resumed) {
            Some((_, Resumed::Stage(stage))) => self.arrive(stage),
            Some((arn, Resumed::Later(wake_at))) => {
                self.sleepers.add(Sleep { arn, wake_at }, self.context.executions.now());
            }
            Some((_, Resumed::Ended)) | None => {}
        }
    }

    /// Runs an execution if there is a place for it, and otherwise lets it wait for one. Whoever waits already comes first.
    fn arrive(&mut self, stage: Box<Stage>) {
        self.admit();
        let share = self.context.ports.shares.share(stage.machine.name(), &stage.execution.input);
        if let Some((place, entrant)) = self.context.admission.arrive(share, Entrant::new(stage)) {
            self.running.spawn(drive(Arc::clone(&self.context), place, entrant));
        }
    }

    /// Runs those that wait, as far as there are places for them.
    fn admit(&mut self) {
        while let Some((place, entrant)) = self.context.admission.next() {
            self.running.spawn(drive(Arc::clone(&self.context), place, entrant));
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
