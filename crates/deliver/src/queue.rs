//! Attempts from the delivery queue: those of a batch of messages are made side by side, so that one function waits for several
//! slow receivers (ADR 0053).
//!
//! An attempt is made only while it is noted that its event waits: the note is deleted by the execution that goes on after the
//! attempt, and when the event is cancelled. So a message that comes again is not sent again. Of a message without a note, an
//! execution finds out what is to be done.

use std::time::Duration;

use futures_util::future::join_all;
use hookstep_contract::{
    Attempt, Batch, BatchFailure, BatchResponse, ErrorName, Exception, Message, QueuedAttempt, QueuedInput,
    StepError, error_chain,
};
use hookstep_executions::ResumeMachine;
use hookstep_store::Lanes;
use tokio::time::{Instant, sleep};

use crate::{Context, attempt};

/// The function's time-out in `infra/template.yaml`: the longest that Lambda has.
const FUNCTION_TIMEOUT: Duration = Duration::from_secs(900);

/// What is left of it for the answer.
const MARGIN: Duration = Duration::from_secs(10);

/// How often an attempt is tried that fails before the receiver is called.
const TRIES: u32 = 3;

/// The pause before the first further try; each later one is twice as long.
const PAUSE: Duration = Duration::from_secs(1);

/// The longest pause before an execution is started once more.
const LONGEST_PAUSE: Duration = Duration::from_secs(20);

/// What attempts from the queue need in addition.
#[derive(Clone, Debug)]
pub struct Queue {
    /// Which events wait.
    pub lanes: Lanes,
    /// The machine that goes on after an attempt.
    pub machine: ResumeMachine,
}

/// Makes the attempts of a batch, and says which messages are to be received again: those that cannot be read, and those of
/// which no execution could be started.
///
/// # Errors
/// None: what goes wrong with a message is said in the answer.
pub async fn take(batch: Batch, queue: &Queue, ctx: &Context) -> Result<BatchResponse, StepError> {
    let deadline = Instant::now() + FUNCTION_TIMEOUT - MARGIN;
    let taken = batch.messages.into_iter().map(|message| async {
        let item_identifier = message.message_id.clone();
        let is_done = Box::pin(take_one(message, deadline, queue, ctx)).await;
        (!is_done).then_some(BatchFailure { item_identifier })
    });
    Ok(BatchResponse { batch_item_failures: join_all(taken).await.into_iter().flatten().collect() })
}

/// Makes the attempt of a message; returns whether an execution goes on with its event.
async fn take_one(message: Message, deadline: Instant, queue: &Queue, ctx: &Context) -> bool {
    let queued = match serde_json::from_str::<QueuedInput>(&message.body) {
        Ok(QueuedInput { queued }) => queued,
        // Not what it says, which may be anything.
        Err(error) => {
            let (id, line, column) = (message.message_id, error.line(), error.column());
            tracing::error!(message = id, line, column, "a message of the delivery queue cannot be read");
            return false;
        }
    };
    let (event, number) = (queued.event.clone(), queued.number);
    let next = match is_waiting(&queued, &queue.lanes).await {
        Ok(true) => serde_json::to_string(&after(queued, ctx).await).ok(),
        Ok(false) => Some(message.body),
        Err(error) => serde_json::to_string(&failed(queued, &error)).ok(),
    };
    let Some(next) = next else { return false };
    let mut pause = PAUSE;
    loop {
        let Err(error) = queue.machine.go_on(&event, number, next.clone()).await else { return true };
        let chain = error_chain(&error);
        tracing::warn!(event.id = %event.event_id, error.chain = chain, "the execution after an attempt was not started");
        if Instant::now() + pause > deadline {
            return false;
        }
        sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

async fn is_waiting(queued: &QueuedAttempt, lanes: &Lanes) -> Result<bool, StepError> {
    let event = &queued.event;
    try_again(async || Ok(lanes.has(&event.org_id, event.config_id, event.event_id).await?)).await
}

/// Makes an attempt; returns the input of the execution that goes on.
async fn after(queued: QueuedAttempt, ctx: &Context) -> QueuedInput {
    match try_again(async || make(&queued, ctx).await).await {
        Ok(attempt) => queued.after(attempt),
        Err(error) => failed(queued, &error),
    }
}

async fn make(queued: &QueuedAttempt, ctx: &Context) -> Result<Attempt, StepError> {
    let input = queued.input();
    let input = input.ok_or_else(|| StepError::new(ErrorName::InvalidInput, "the message has no body"))?;
    Box::pin(attempt::make(input, ctx)).await
}

/// Does something that has called no receiver if it fails, and tries it again if that may help.
async fn try_again<T>(act: impl AsyncFn() -> Result<T, StepError>) -> Result<T, StepError> {
    let mut tries = 1;
    loop {
        match act().await {
            Err(error) if error.name == ErrorName::StorageUnavailable && tries < TRIES => {
                sleep(PAUSE * tries).await;
                tries += 1;
            }
            result => return result,
        }
    }
}

/// The input of the execution that records a fault, or reads the webhook again if its plan is outdated.
fn failed(queued: QueuedAttempt, error: &StepError) -> QueuedInput {
    if error.name != ErrorName::PlanOutdated {
        let chain = error_chain(error);
        tracing::error!(event.id = %queued.event.event_id, error.chain = chain, "an attempt from the queue was not made");
    }
    queued.failed(Exception { error: error.name.as_str().to_owned(), cause: Some(error.to_string()) })
}
