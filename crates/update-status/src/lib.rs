//! The states `UpdateStatus`, `RecordMissed`, `EndEvent` and `RecordException`: record what happened, set the event's
//! status, and decide what comes next.
#![warn(clippy::large_futures, reason = "every delivery moves and keeps them")]

mod context;
mod health;
mod missed;
mod news;
mod next;
mod publish;
mod slow;
mod unkept;

use hookstep_contract::{
    Attempt, Delivered, EventMetadata, Exception, HealthLook, Load, Mode, Next, PinnedObject, Reason,
    ReasonCode, Status, StepError, UpdateStatusInput, WebhookConfig,
};
use hookstep_store::Recorded;

pub use context::Context;
pub use health::Looks;
pub use slow::SlowLooks;

/// Why a webhook is disabled.
const GONE_REASON: &str = "the receiver answered 410 Gone";

/// Records an attempt or an exception, and returns what comes next.
///
/// # Errors
/// `StorageUnavailable` if a table does not respond.
pub async fn handle(input: UpdateStatusInput, ctx: &Context) -> Result<Next, StepError> {
    match input {
        UpdateStatusInput::Attempt { event, retry, attempt, health, in_lane, object, unkept, queued } => {
            let next = next::decide(&event, &attempt, &retry, ctx.sync_budget, &ctx.sources);
            let load = in_lane.unwrap_or(false).then(|| Load::of(&attempt)).flatten();
            let next = Next { load, ..next };
            unkept::keep_if_it_waits(&event, unkept, &next, ctx).await?;
            let next = record(&event, &attempt, health, object.as_ref(), next, ctx).await?;
            slow::after_attempt(&event, &attempt, queued, ctx).await;
            Ok(next)
        }
        UpdateStatusInput::Missed(missed) => missed::record(*missed, ctx).await,
        UpdateStatusInput::Unsent { event, execution, number, reason } => {
            end(&event, &execution, number, reason, ctx).await
        }
        UpdateStatusInput::Exception { event, execution, number, exception } => {
            tell(&event, &exception);
            end(&event, &execution, number, reason(&exception), ctx).await
        }
    }
}

/// Records an attempt, after which `next` is to be done unless another execution is ahead of this one.
async fn record(
    event: &EventMetadata,
    attempt: &Attempt,
    look: Option<HealthLook>,
    object: Option<&PinnedObject>,
    next: Next,
    ctx: &Context,
) -> Result<Next, StepError> {
    let recorded = ctx.events.record_attempt(event, attempt, object, &next, ctx.sources.now()).await?;
    if recorded == Recorded::Decisive && next.status != Status::InProgress {
        settle_replay(event, next.status, ctx).await?;
        unkept::forget(event, attempt.number, ctx).await?;
    }
    let gone = disable_if_gone(event, attempt, ctx).await?;
    let changed = health::after_attempt(event, attempt, look, ctx).await;
    let disabled = gone.or(changed.disabled);
    let publish = publish::after_attempt(event, attempt, next.status, recorded, disabled, changed.news, ctx);
    Ok(match recorded {
        Recorded::Decisive => Next { publish, ..next },
        // Another execution delivers the event, or none does: there is nothing left to do here.
        Recorded::Superseded { status } => {
            Next { publish, load: next.load, ..Next::ended(status.unwrap_or(next.status)) }
        }
    })
}

/// Ends an event as failed without a further attempt, unless it has ended or another execution is ahead of this one.
async fn end(
    event: &EventMetadata,
    execution: &str,
    number: Option<u32>,
    reason: Reason,
    ctx: &Context,
) -> Result<Next, StepError> {
    let now = ctx.sources.now();
    let (recorded, record) = ctx.events.end(event, execution, number, &reason, now).await?;
    let Some(record) = record else { return Ok(Next::ended(Status::Failed)) };
    let publish = match recorded {
        Recorded::Decisive => {
            settle_replay(event, Status::Failed, ctx).await?;
            unkept::forget(event, record.attempt_count + 1, ctx).await?;
            publish::without_attempt(event, record.attempt_count, reason, ctx)
        }
        Recorded::Superseded { .. } => Vec::new(),
    };
    let status = record.status;
    let answer = (event.mode == Mode::Sync).then(|| Delivered::without_attempt(record, now));
    Ok(Next { answer, publish, ..Next::ended(status) })
}

/// Disables the webhook if its receiver responded with 410 Gone; returns the webhook if it was not disabled before.
async fn disable_if_gone(
    event: &EventMetadata,
    attempt: &Attempt,
    ctx: &Context,
) -> Result<Option<WebhookConfig>, StepError> {
    if attempt.status_code != Some(next::GONE) {
        return Ok(None);
    }
    Ok(ctx.configs.disable(&event.org_id, event.config_id, GONE_REASON, ctx.sources.now()).await?)
}

/// Logs why an event ends that nobody outside is to blame for.
fn tell(event: &EventMetadata, exception: &Exception) {
    tracing::error!(
        event.id = %event.event_id,
        error.name = exception.error,
        error.cause = exception.cause.as_deref().unwrap_or_default(),
        "an event could not be delivered for a reason of ours"
    );
}

/// If the event is a replay: writes into the events that it repeats how it ended.
async fn settle_replay(event: &EventMetadata, status: Status, ctx: &Context) -> Result<(), StepError> {
    let ids = (event.event_id, event.webhook_id);
    Ok(ctx.events.settle_replay(&event.org_id, event.config_id, ids, status, ctx.sources.now()).await?)
}

/// The reason shown to the producer. The platform's own errors appear by name only, since their causes may
/// reveal internals.
fn reason(exception: &Exception) -> Reason {
    let platform = |detail: String| Reason::new(ReasonCode::Platform, detail);
    match exception.error.as_str() {
        name @ "States.Timeout" => platform(format!("a step took too long ({name})")),
        name @ "States.DataLimitExceeded" => {
            platform(format!("the event's data grew beyond 256 KiB ({name})"))
        }
        name => platform(format!("an internal error stopped the delivery ({name})")),
    }
}
