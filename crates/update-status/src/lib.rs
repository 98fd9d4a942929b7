//! The states `UpdateStatus` and `RecordException`: record what happened, set the event's status, decide what is next.

mod context;
mod next;
mod publish;

use hookstep_contract::{
    Attempt, ErrorName, EventMetadata, Exception, Next, Status, StepError, UpdateStatusInput,
};

pub use context::Context;

/// Why a webhook is disabled.
const GONE_REASON: &str = "the receiver answered 410 Gone";

/// Records an attempt or an exception.
///
/// # Errors
/// `StorageUnavailable`; `InvalidInput` when there is nothing to record.
pub async fn handle(input: UpdateStatusInput, ctx: &Context) -> Result<Next, StepError> {
    match (input.attempt, input.exception) {
        (Some(attempt), None) => {
            let retry = input.retry.unwrap_or_default();
            let mut next = next::decide(&input.event, &attempt, &retry, &ctx.sources);
            let recorded = record_attempt(&input.event, &attempt, &next, ctx).await?;
            // A success may be recorded twice: the first time, one of the two writes may have failed.
            if recorded.set || next.status == Status::Succeeded {
                next.publish = publish::attempt(&input.event, &attempt, &next, recorded.disabled, ctx);
                Ok(next)
            } else {
                // Delivered, or taken further, by another execution: nothing more to do here.
                next.status = Status::InProgress;
                let publish = publish::attempt(&input.event, &attempt, &next, recorded.disabled, ctx);
                Ok(Next { status: next.status, retry_at: None, answer: None, publish })
            }
        }
        (None, Some(exception)) => {
            let reason = reason(&exception);
            let attempts = record_exception(&input.event, &input.execution, &exception, &reason, ctx).await?;
            let publish = publish::exception(&input.event, attempts, reason, ctx);
            Ok(Next { status: Status::Failed, retry_at: None, answer: None, publish })
        }
        _ => Err(StepError::new(ErrorName::InvalidInput, "expected either an attempt or an exception")),
    }
}

/// What was written.
struct Recorded {
    /// Whether the event's status was this attempt's to set.
    set: bool,
    /// Why the webhook was disabled, when it was.
    disabled: Option<&'static str>,
}

async fn record_attempt(
    event: &EventMetadata,
    attempt: &Attempt,
    next: &Next,
    ctx: &Context,
) -> Result<Recorded, StepError> {
    let now = ctx.sources.now();
    let set = ctx.events.record_attempt(event, attempt, next, now).await?;
    let mut disabled = None;
    if attempt.status_code == Some(next::GONE)
        && ctx.configs.disable(&event.org_id, event.config_id, GONE_REASON, now).await?
    {
        disabled = Some(GONE_REASON);
    }
    Ok(Recorded { set, disabled })
}

/// Answers how many attempts were recorded before.
async fn record_exception(
    event: &EventMetadata,
    execution: &str,
    exception: &Exception,
    reason: &str,
    ctx: &Context,
) -> Result<u32, StepError> {
    tracing::error!(
        event.id = %event.event_id,
        error.name = exception.error,
        error.cause = exception.cause.as_deref().unwrap_or_default(),
        "an event could not be delivered for a reason of ours"
    );
    Ok(ctx.events.fail(event, execution, reason, ctx.sources.now()).await?)
}

/// What the producer reads: the platform's own errors by name only, for their causes may tell of our insides.
fn reason(exception: &Exception) -> String {
    match exception.error.as_str() {
        "ConfigNotFound" => "the webhook was deleted before the event could be sent".to_owned(),
        "States.Timeout" => "a step took too long (States.Timeout)".to_owned(),
        "States.DataLimitExceeded" => {
            "the event's data grew beyond 256 KiB (States.DataLimitExceeded)".to_owned()
        }
        name => format!("an internal error stood in the way ({name})"),
    }
}
