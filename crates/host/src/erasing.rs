//! Erases events and deleted orgs, as the schedule of `infra/template.yaml` does on AWS.

use std::time::Duration;

use hookstep_aws_local::LaneQueue;
use hookstep_contract::{ErrorName, EventId, EventRecord, StepError, error_chain};
use hookstep_engine::Executions;
use hookstep_erase::{Context, Forgetting, Tick, Traces, delete_bodies, handle};
use hookstep_storage::Storage;
use tokio::time::MissedTickBehavior;

/// The interval between two looks. One costs a read within the process, and nothing while the table has not changed.
const INTERVAL: Duration = Duration::from_secs(5);

/// How often bodies are looked for that are due although no table has changed: they are due by the minute.
const BODIES_DUE: Duration = Duration::from_secs(60);

/// What this host has of events beside its tables and its bucket.
#[derive(Debug)]
pub(crate) struct HostTraces {
    executions: Executions,
    lanes: LaneQueue,
    storage: Storage,
}

impl HostTraces {
    pub(crate) fn new(executions: &Executions, lanes: &LaneQueue, storage: Storage) -> Self {
        Self { executions: executions.clone(), lanes: lanes.clone(), storage }
    }
}

impl Traces for HostTraces {
    fn forget(&self, event_id: EventId) -> Forgetting<'_, bool> {
        Box::pin(async move {
            self.executions.erase(event_id).await.map_err(|error| {
                StepError::because(ErrorName::StorageUnavailable, "executions could not be deleted", error)
            })
        })
    }

    fn leave_queue<'a>(&'a self, event: &'a EventRecord) -> Forgetting<'a> {
        Box::pin(async move {
            for name in event.waiting_names() {
                // Whose turn it is then finds no message.
                self.lanes.delete(&name).await.map_err(|error| {
                    let message = "a message of the queue of lanes could not be deleted";
                    StepError::new(ErrorName::StorageUnavailable, format!("{message}: {}", error.message))
                })?;
            }
            Ok(())
        })
    }

    fn clear(&self) -> Forgetting<'_> {
        Box::pin(async {
            match self.storage.empty_log().await {
                Ok(true) => Ok(()),
                Ok(false) => {
                    let message = "the write-ahead log is read just now, and is emptied with the next run";
                    Err(StepError::new(ErrorName::StorageUnavailable, message))
                }
                Err(error) => {
                    let message = "the write-ahead log could not be emptied";
                    Err(StepError::because(ErrorName::StorageUnavailable, message, error))
                }
            }
        })
    }
}

/// Deletes bodies that time alone has made due.
async fn delete_due(ctx: &Context) {
    if let Err(error) = delete_bodies(ctx).await {
        tracing::error!(error.chain = error_chain(&error), "bodies that are due could not be deleted");
    }
}

/// Looks every few seconds whether there is something to erase.
pub(crate) async fn run(ctx: Context) {
    let mut ticks = tokio::time::interval(INTERVAL);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    // The version of the table with which nothing was left to do.
    let mut settled = None;
    let mut looked_at = ctx.sources.now();
    loop {
        ticks.tick().await;
        let version = ctx.orgs.version().zip(ctx.events.version());
        let now = ctx.sources.now();
        if version.is_some() && version == settled {
            if now.since(looked_at) >= BODIES_DUE {
                looked_at = now;
                delete_due(&ctx).await;
            }
            continue;
        }
        looked_at = now;
        match handle(Tick::default(), &ctx).await {
            Ok(report) => settled = version.filter(|_| report.left == 0),
            Err(error) => {
                settled = None;
                tracing::error!(
                    error.chain = error_chain(&error),
                    "what was deleted could not be erased further"
                );
            }
        }
    }
}
