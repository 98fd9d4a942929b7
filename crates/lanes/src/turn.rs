//! The turn of an event: its execution.

use std::time::Duration;

use hookstep_contract::{Held, Resumed, Timestamp, error_chain};
use hookstep_executions::{Resumption, Run, WorkflowError};
use tokio::time::{Instant, sleep};

use crate::group::{End, Taken};
use crate::limits::PAUSE;
use crate::message::Message;
use crate::{Context, RUN_TIMEOUT};

/// How soon an event is looked at again that keeps its place in its order, at first and at last. Each look receives the messages
/// behind it, too. With these, an event that goes through the usual retry schedule is looked at some 200 times in three days, so
/// that a message is received some 900 times in the 14 days that it is kept. The queue takes 1,000.
const LOOK: (Duration, Duration) = (Duration::from_secs(20), Duration::from_secs(3600));

/// How often an event is looked at in the time for which nothing has changed about it.
const LOOKS: u32 = 3;

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
            let pause = pause.max(Some(held_for(&held, now)));
            Taken { end: End::Waits, pause, may_have_sent_nothing, load: ended.load }
        }
        None => Taken { end, pause, may_have_sent_nothing, load: ended.load },
    }
}

/// How long it takes until an event that keeps its place should be looked at again: until its next attempt is due; but whatever else
/// it waits for, nobody says when that has happened, so it is looked at now and then, less often the longer that is in vain.
fn held_for(held: &Held, now: Timestamp) -> Duration {
    let unchanged = held.since.map_or(Duration::ZERO, |since| now.since(since));
    let look = (unchanged / LOOKS).clamp(LOOK.0, LOOK.1);
    held.until.map_or(look, |until| until.since(now).min(look))
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
    use serde_json::json;

    use super::*;

    fn failed() -> WorkflowError {
        WorkflowError::Failed { name: "of a test".to_owned(), error: "States.Timeout".to_owned() }
    }

    #[test]
    fn only_what_has_ended_has_left_the_lane() {
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

    #[test]
    fn an_event_keeps_its_place_in_its_order_until_it_is_over() {
        let id = "0190a000-0000-7000-8000-00000000000a";
        let resumed = |order: Option<&str>| -> Resumed {
            let event = json!({
                "event_id": id, "org_id": "acme", "config_id": id, "origin": "api", "mode": "async",
                "created_at": "2026-01-02T03:04:05Z",
            });
            let lane = json!({"group": "g", "index": 0, "groups": 1, "order": order});
            serde_json::from_value(json!({"version": 1, "event": event, "number": 1, "lane": lane})).unwrap()
        };
        let now = Timestamp::from_unix_seconds(1_767_323_045).unwrap();
        let held = |since: u64, until: Option<u64>| {
            let held = Held {
                since: (since > 0).then(|| now.minus(Duration::from_secs(since))),
                until: until.map(|until| now.plus(Duration::from_secs(until))),
            };
            Ok(Run::Ended(Resumption { held: Some(held), ..Resumption::default() }))
        };
        for (ran, order, expected, pause) in [
            (Ok(Run::Ended(Resumption::default())), Some("all"), End::Left, None),
            // Until the next attempt, or until it is looked at again.
            (held(0, Some(5)), Some("all"), End::Waits, Some(5)),
            (held(0, Some(900)), Some("all"), End::Waits, Some(20)),
            (held(600, Some(900)), Some("all"), End::Waits, Some(200)),
            (held(86_400, None), Some("all"), End::Waits, Some(3600)),
            (Err(failed()), Some("all"), End::Waits, Some(60)),
            (Err(failed()), None, End::Left, None),
            (Ok(Run::StillRunning), Some("all"), End::Unknown, None),
        ] {
            let taken = taken(&ran, &resumed(order), now);
            let found = (taken.end, taken.pause.map(|pause| pause.as_secs()));
            assert_eq!(found, (expected, pause), "{ran:?} {order:?}");
        }
    }
}
