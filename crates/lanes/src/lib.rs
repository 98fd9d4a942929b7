//! Lets events leave the lanes of their webhooks, as their limits and the health of their receivers allow
//! (ADR 0048, ADR 0049).
//!
//! The function gets batches of messages of a FIFO queue. A group of the queue is a lane, or a part of one, and SQS gives out
//! no further messages of a group while some are in flight. So whatever holds for each batch of a group holds for the
//! group, and nothing has to be remembered: no more executions at once than the lane's part of the limits, and no return
//! before as much time has passed as the begun attempts are worth.

mod context;
mod group;
mod learning;
mod limits;
mod message;
mod part;
mod probe;
mod turn;

use std::time::Duration;

use futures_util::future::join_all;
use hookstep_contract::limits::RAMP_STEP;
use hookstep_contract::{Batch, BatchFailure, BatchResponse, Gate, Lane, StepError};
use hookstep_queues::ReceivedMessages;
use tokio::time::Instant;

pub use context::Context;

use group::{End, Group, Ran};
use learning::Learning;
use message::Message;
use part::Part;

/// The function's time-out in `infra/template.yaml`: the longest that Lambda has.
const FUNCTION_TIMEOUT: Duration = Duration::from_secs(900);

/// What is left of it for what follows the last execution: the calls of the queue, and the answer.
const MARGIN: Duration = Duration::from_secs(10);

/// How long an execution is waited for: an express execution ends after five minutes (AWS quota "Maximum execution time"),
/// and its answer takes a moment.
const RUN_TIMEOUT: Duration = Duration::from_secs(320);

/// When the last execution of a batch may begin, and when the last wait must have ended.
#[derive(Clone, Copy, Debug)]
struct Deadlines {
    begin: Instant,
    end: Instant,
}

impl Deadlines {
    fn of_a_batch(begun_at: Instant) -> Self {
        let end = begun_at + FUNCTION_TIMEOUT - MARGIN;
        Self { begin: end - RUN_TIMEOUT, end }
    }
}

/// Runs the executions of a batch, and says which messages are to be received again.
///
/// # Errors
/// None: what goes wrong with a message is said in the answer.
pub async fn handle(batch: Batch, ctx: &Context) -> Result<BatchResponse, StepError> {
    let deadlines = Deadlines::of_a_batch(Instant::now());
    let groups = Group::all_of(batch);
    let is_alone = groups.len() == 1;
    let ran = groups.into_iter().map(async |group| {
        let ran = take_turns(&group, deadlines, ctx).await;
        settle(&group, &ran, is_alone, &ctx.queue).await;
        failures(&group, &ran.ends)
    });
    Ok(BatchResponse { batch_item_failures: join_all(ran).await.into_iter().flatten().collect() })
}

async fn take_turns(group: &Group, deadlines: Deadlines, ctx: &Context) -> Ran {
    let Some(event) = group.lane() else { return group.run_nothing() };
    match limits::gate(&event, deadlines.begin, ctx).await {
        Some((Gate::Limits(limits), config)) => {
            // While events ramp up, fewer may be in flight than there are groups.
            let is_ramping =
                config.as_ref().is_some_and(|config| config.circuit(ctx.sources.now()).is_some());
            let index = event.lane.as_ref().map_or(0, |lane| lane.index);
            if is_ramping && limits.max_in_flight.is_some_and(|most| index >= most) {
                return Ran { pause: RAMP_STEP, ..group.run_nothing() };
            }
            let part = event.lane.as_ref().map_or(Part::UNLIMITED, |lane| {
                let groups = Learning::groups(config.as_ref(), lane);
                Part::of(&limits, &Lane { groups, ..lane.clone() })
            });
            let learning = Learning::of(config.as_ref(), event.lane.as_ref(), ctx.sources);
            let take = async |message: &Message| {
                let began_at = ctx.sources.now();
                learning.note(turn::take(message, deadlines.begin, ctx).await, began_at)
            };
            let ran = group.run(part, deadlines, take).await;
            learning.store(&ctx.configs).await;
            ran
        }
        Some((Gate::Probe { at }, Some(config))) => {
            probe::run(group, &event, &config, at, deadlines, ctx).await
        }
        // A webhook that does not exist has no circuit.
        Some((Gate::Probe { .. }, None)) | None => group.run_nothing(),
    }
}

/// Tells the queue what has become of a group before the rest of the batch has ended, so that no lane waits for another.
/// Lambda does the same at the end of the batch, and would keep what is to be received again for the rest of the queue's
/// visibility time-out.
async fn settle(group: &Group, Ran { ends, pause }: &Ran, is_alone: bool, queue: &ReceivedMessages) {
    let with = |end| group.receipts(ends, end);
    if !is_alone {
        queue.delete(with(End::Left)).await;
    }
    queue.release(with(End::Waits), *pause).await;
    // It may run. Once it has ended and is recorded, it is not repeated.
    queue.release(with(End::Unknown), RUN_TIMEOUT).await;
}

fn failures(group: &Group, ends: &[End]) -> Vec<BatchFailure> {
    let failed = group.messages.iter().zip(ends).filter(|(_, end)| **end != End::Left);
    failed.map(|(message, _)| BatchFailure { item_identifier: message.id.clone() }).collect()
}
