//! The turn of an event: its execution.

use hookstep_contract::error_chain;
use hookstep_executions::{Resumption, Run, WorkflowError};
use tokio::time::{Instant, sleep};

use crate::group::{End, Taken};
use crate::limits::PAUSE;
use crate::message::Message;
use crate::{Context, RUN_TIMEOUT};

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
        let end = end(&ran);
        if end != End::Waits || Instant::now() + PAUSE > last {
            let ended = match ran {
                Ok(Run::Ended(ended)) => ended,
                _ => Resumption::default(),
            };
            let pause = ended.pause_until.map(|until| until.since(ctx.sources.now()));
            return Taken { end, pause, has_ended: ended.has_ended() };
        }
        sleep(PAUSE).await;
    }
}

/// What has become of a message. An execution that has ended, in whatever way, has done what it can: the event has left the
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
