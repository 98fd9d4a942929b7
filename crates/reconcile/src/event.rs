//! Takes up one event, or ends it.

use std::sync::atomic::{AtomicU32, Ordering};

use hookstep_contract::{
    Body, ErrorName, EventMetadata, EventRecord, Origin, Reason, ReasonCode, ResumeInput, Status, StepError,
    Timestamp,
};
use hookstep_store::Watched;

use crate::verdict::{Verdict, verdict};
use crate::{Context, Report};

/// What a run did so far.
#[derive(Debug, Default)]
pub(crate) struct Done {
    restarted: AtomicU32,
    ended: AtomicU32,
    published: AtomicU32,
}

impl Done {
    pub(crate) fn report(&self) -> Report {
        let count = |counter: &AtomicU32| counter.load(Ordering::Relaxed);
        Report {
            restarted: count(&self.restarted),
            ended: count(&self.ended),
            published: count(&self.published),
        }
    }

    /// The deliveries of a publication were started.
    pub(crate) fn published(&self) {
        self.published.fetch_add(1, Ordering::Relaxed);
    }
}

/// Looks at an event: starts it again if it has not ended and is overdue, and makes sure that it is looked at again.
pub(crate) async fn look_at(event: &EventRecord, done: &Done, ctx: &Context) -> Result<(), StepError> {
    let now = ctx.sources.now();
    // The table deletes expired items with a delay.
    if !event.status.is_open() || event.expires_at <= now.unix_seconds() {
        return Ok(());
    }
    match verdict(event, ctx.overdue_after, now) {
        Verdict::LookLater(due) => watch(event, due, ctx).await,
        // It waits for its turn, which may take days.
        _ if ctx.lanes.has(&event.org_id, event.config_id, event.event_id).await? => {
            watch(event, now, ctx).await
        }
        Verdict::Restart => restart(event, now, done, ctx).await,
        Verdict::GiveUp => give_up(event, now, done, ctx).await,
    }
}

async fn watch(event: &EventRecord, due: Timestamp, ctx: &Context) -> Result<(), StepError> {
    let EventRecord { org_id, config_id, event_id, .. } = event;
    let watched = Watched { org_id: org_id.clone(), config_id: *config_id, event_id: Some(*event_id) };
    Ok(ctx.watch_list.watch(&watched, due).await?)
}

/// Starts the execution that makes the event's next attempt, once for everybody who finds the event overdue.
async fn restart(event: &EventRecord, now: Timestamp, done: &Done, ctx: &Context) -> Result<(), StepError> {
    let obstacle = obstacle(event, ctx).await?;
    // Before the claim: whatever stops this run, the event is looked at again.
    watch(event, now, ctx).await?;
    if !ctx.events.claim_overdue(event, now).await? {
        return Ok(());
    }
    let counter = if obstacle.is_some() { &done.ended } else { &done.restarted };
    let mut input = ResumeInput::new(EventMetadata::from(event), event.attempt_count + 1);
    input.resume.restart = Some(event.restart_count() + 1);
    // An attempt without a body fails for this reason and is not repeated. So all that follows the end of an event is left
    // to the state machine: what is recorded, counted and published.
    input.resume.payload = obstacle.map(Body::Unusable);
    ctx.machine.start(&input).await.map_err(|error| {
        StepError::because(ErrorName::WorkflowUnavailable, "an event could not be started again", error)
    })?;
    counter.fetch_add(1, Ordering::Relaxed);
    Ok(())
}

/// Why the event must not or cannot be sent again.
async fn obstacle(event: &EventRecord, ctx: &Context) -> Result<Option<Reason>, StepError> {
    let because = |detail: &str| Some(Reason::new(ReasonCode::Platform, detail));
    if event.origin == Origin::Test {
        return Ok(because("an internal error stopped the test, and a test is not repeated later"));
    }
    // Where the body of an unprepared event comes from is found out when it is prepared.
    let has_body =
        event.pinned.is_some() || event.unprepared.is_some() || ctx.bodies.has_what_was_sent(event).await?;
    Ok(if has_body {
        None
    } else {
        because("an internal error stopped the delivery, and with it the only copy of the body was lost")
    })
}

/// Ends an event that the state machine cannot even end.
async fn give_up(event: &EventRecord, now: Timestamp, done: &Done, ctx: &Context) -> Result<(), StepError> {
    let (head, number) = (EventMetadata::from(event), Some(event.attempt_count + 1));
    let detail = "internal errors stopped the delivery each time that it was started again";
    let reason = Reason::new(ReasonCode::Platform, detail);
    ctx.events.end(&head, &event.execution, number, &reason, now).await?;
    let ids = (event.event_id, event.webhook_id);
    ctx.events.settle_replay(&event.org_id, event.config_id, ids, Status::Failed, now).await?;
    done.ended.fetch_add(1, Ordering::Relaxed);
    tracing::error!(event.id = %event.event_id, "an event was started again in vain too often, and is given up");
    Ok(())
}
