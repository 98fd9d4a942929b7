//! Waiting for an event that waits in the lane of its webhook.

use std::time::Duration;

use hookstep_contract::{
    Delivered, EventMetadata, EventRecord, StoreError, Timestamp, WorkflowOutput, error_chain,
};
use hookstep_executions::{Run, WorkflowError};
use hookstep_store::Events;

/// The pause before the record is looked at for the first time. It doubles up to [`LONGEST_PAUSE`].
const PAUSE: Duration = Duration::from_millis(20);

/// The longest pause between two looks: a fortieth of the budget, so that waiting costs few reads.
const LONGEST_PAUSE: Duration = Duration::from_millis(640);

/// If the execution of a sync event has put the event into a lane: waits up to `budget` for the event's end, which another
/// execution brings about, and returns it as if it were that of this one.
///
/// # Errors
/// Those of `run`.
pub async fn after_lane(
    run: Result<Run<WorkflowOutput>, WorkflowError>,
    event: &EventMetadata,
    events: &Events,
    budget: Duration,
    now: impl Fn() -> Timestamp,
) -> Result<Run<WorkflowOutput>, WorkflowError> {
    match run? {
        Run::Ended(output) if output.in_lane => {}
        other => return Ok(other),
    }
    let ended = async {
        let mut pause = PAUSE;
        loop {
            tokio::time::sleep(pause).await;
            match look(event, events, now()).await {
                Ok(Some(output)) => return output,
                Ok(None) => {}
                // It is no failure for the producer, whose event goes on.
                Err(error) => {
                    tracing::warn!(error.chain = error_chain(&error), "an event could not be looked at");
                }
            }
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    };
    Ok(tokio::time::timeout(budget, ended).await.map_or(Run::StillRunning, Run::Ended))
}

/// How the event ended; `None` if it has not.
async fn look(
    event: &EventMetadata,
    events: &Events,
    now: Timestamp,
) -> Result<Option<WorkflowOutput>, StoreError> {
    let record = events.get(&event.org_id, event.config_id, event.event_id).await?;
    let Some(record) = record.filter(|record: &EventRecord| !record.status.is_open()) else {
        return Ok(None);
    };
    let (status, created_at) = (record.status, record.created_at);
    let last = events.attempts(&record).await?.pop();
    let answer = match last {
        // An event may also end for a reason that comes after its last attempt.
        Some(attempt) if attempt.number == record.attempt_count && attempt.reason == record.reason => {
            Delivered::after(&attempt, record.event_id, status, created_at, now)
        }
        _ => Delivered::without_attempt(record, now),
    };
    Ok(Some(WorkflowOutput { status, reason: None, answer: Some(answer), in_lane: false }))
}
