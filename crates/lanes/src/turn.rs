//! The turn of an event: its execution.

use std::time::Duration;

use hookstep_contract::{Resumed, Timestamp, error_chain};
use hookstep_executions::{Resumption, Run, WorkflowError};
use tokio::time::{Instant, sleep};

use crate::group::{End, Taken};
use crate::limits::PAUSE;
use crate::message::Message;
use crate::{Context, RUN_TIMEOUT};

/// How soon an event is looked at again that keeps its place in its order, at first and at last. With both, a message is received
/// some 700 times in the 14 days that it is kept, and the queue takes 1,000.
const LOOK: (Duration, Duration) = (Duration::from_secs(20), Duration::from_secs(1800));

/// How soon an execution is run again that failed, while its event keeps its place in its order.
const FAILED_PAUSE: Duration = Duration::from_secs(60);

/// Runs the execution of a message and waits for its end. If it cannot be started, that is tried again until `last`: the
/// messages behind this one would meet the same.
pub(crate) async fn take(message: &Message, last: Instant, ctx: &Context) -> Taken {
    let Some(resumed) = &message.resumed else { return End::Waits.into() };
    loop {
        let ran = ctx.machine.run(resumed, message.body.clone(), RUN_TIMEOUT).await;
        if let Err(error) = &ran {
            let (event, chain) = (resumed.event.event_id, error_chain(error));
            tracing::warn!(event.id = %event, error.chain = chain, "an event's turn did not go well");
        }
        let taken = taken(&ran, resumed, ctx.sources.now());
        let was_run = !matches!(ran, Err(WorkflowError::NotStarted(_) | WorkflowError::NoRoom));
        if was_run || Instant::now() + PAUSE > last {
            return taken;
        }
        sleep(PAUSE).await;
    }
}

/// What an execution means for its message and for those behind it.
fn taken(ran: &Result<Run<Resumption>, WorkflowError>, resumed: &Resumed, now: Timestamp) -> Taken {
    let keeps_place = resumed.lane.as_ref().is_some_and(|lane| lane.order.is_some());
    let (end, ended) = match ran {
        Ok(Run::Ended(ended)) => (end(ran), *ended),
        Err(WorkflowError::Failed { .. } | WorkflowError::NotUnderstood(_)) if keeps_place => {
            return Taken { pause: Some(FAILED_PAUSE), ..End::Waits.into() };
        }
        _ => (end(ran), Resumption::default()),
    };
    let may_have_sent_nothing = ended.may_have_sent_nothing();
    let pause = ended.pause_until.map(|until| until.since(now));
    match ended.held {
        Some(held) => {
            let pause = pause.max(Some(held.pause(now, LOOK.0, LOOK.1)));
            Taken { end: End::Waits, pause, may_have_sent_nothing }
        }
        None => Taken { end, pause, may_have_sent_nothing },
    }
}

/// What has become of a message whose event keeps no place. An execution that has ended, in whatever way, has done what it can: the event has left the
/// lane, and if nothing is recorded, `reconcile` takes it up.
fn end(ran: &Result<Run<Resumption>, WorkflowError>) -> End {
    match ran {
        Ok(Run::Ended(_)) | Err(WorkflowError::Failed { .. } | WorkflowError::NotUnderstood(_)) => End::Left,
        Err(WorkflowError::NotStarted(_) | WorkflowError::NoRoom) => End::Waits,
        Ok(Run::StillRunning) | Err(WorkflowError::Lost(_) | WorkflowError::NotStopped(_)) => End::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_has_ended_has_left_the_lane() {
        let failed =
            || WorkflowError::Failed { name: "of a test".to_owned(), error: "States.Timeout".to_owned() };
        for (ran, expected) in [
            (Ok(Run::Ended(Resumption::default())), End::Left),
            (Err(failed()), End::Left),
            (Ok(Run::StillRunning), End::Unknown),
            (Err(WorkflowError::Lost("no answer".into())), End::Unknown),
            (Err(WorkflowError::NotStarted("throttled".into())), End::Waits),
            (Err(WorkflowError::NoRoom), End::Waits),
        ] {
            assert_eq!(end(&ran), expected, "{ran:?}");
        }
    }
}
