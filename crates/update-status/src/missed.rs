//! The state `RecordMissed`: a fault of the platform stopped an attempt. The fault is recorded as a failed attempt, so
//! that the event takes the webhook's schedule and is never lost.

use hookstep_contract::{
    Attempt, BodyPart, EventMetadata, EventRecord, MissedAttempt, Next, Outcome, Reason, Retry, Source,
    Status, StepError, Timestamp, Timings, UnkeptBody, Unrecorded,
};
use hookstep_store::Watched;

use crate::{Context, next, reason, record as record_attempt, unkept};

/// Records the attempt, after the event itself if that has no record yet.
pub(crate) async fn record(missed: MissedAttempt, ctx: &Context) -> Result<Next, StepError> {
    let MissedAttempt { event, execution, number, keeps_place, retry, exception, unrecorded, unkept } =
        missed;
    let number = if keeps_place { following(&event, ctx).await?.unwrap_or(number) } else { number };
    tracing::error!(
        metric = "PlatformFaults",
        event.id = %event.event_id,
        attempt = number,
        error.name = exception.error,
        error.cause = exception.cause.as_deref().unwrap_or_default(),
        "a fault of the platform stopped an attempt"
    );
    let attempt = unmade(number, reason(&exception), ctx);
    let retry = match retry {
        Some(retry) => retry,
        None => schedule(&event, ctx).await?,
    };
    let next = next::decide(&event, &attempt, &retry, ctx.sync_budget, &ctx.sources);
    if let Some(unrecorded) = unrecorded {
        watch(&event, next.retry_at, ctx).await?;
        // The body of an event that has ended is kept for replays, or not at all.
        let is_body_needed = ctx.keep_bodies || next.retry_at.is_some();
        record_event(&event, &execution, unrecorded, is_body_needed, ctx).await?;
    }
    unkept::keep_if_it_waits(&event, unkept, &next, ctx).await?;
    record_attempt(&event, &attempt, None, None, next, ctx).await
}

/// The number of the attempt that follows those that are recorded; `None` without a record. Recording the same fault twice makes it two
/// attempts then: better that than one in the place of another.
async fn following(event: &EventMetadata, ctx: &Context) -> Result<Option<u32>, StepError> {
    let record = ctx.events.latest(&event.org_id, event.config_id, event.event_id).await?;
    Ok(record.map(|record| record.attempt_count + 1))
}

/// The webhook's schedule, or the usual one if the webhook was deleted, which the next attempt finds out.
async fn schedule(event: &EventMetadata, ctx: &Context) -> Result<Retry, StepError> {
    let config = ctx.configs.get(&event.org_id, event.config_id).await?;
    Ok(config.map(|config| config.fields.retry).unwrap_or_default())
}

/// Puts an event on the watch list, which `fetch-config` may not have done.
async fn watch(event: &EventMetadata, due: Option<Timestamp>, ctx: &Context) -> Result<(), StepError> {
    let Some(due) = due else { return Ok(()) };
    let (org_id, config_id, event_id) = (event.org_id.clone(), event.config_id, Some(event.event_id));
    Ok(ctx.watch_list.watch(&Watched { org_id, config_id, event_id }, due).await?)
}

/// Writes the record of an event unless it has one, and makes sure that its body is stored if it is needed.
async fn record_event(
    event: &EventMetadata,
    execution: &str,
    unrecorded: Unrecorded,
    is_body_needed: bool,
    ctx: &Context,
) -> Result<(), StepError> {
    let Unrecorded { payload, record } = unrecorded;
    let record = match record {
        Some(record) => record,
        None => {
            let event = as_org_says(event, ctx).await?;
            // Before the body is stored, so that none stays for too long: `fetch-config` may not have done it.
            ctx.expiring.note_new(&event, Some(&payload), ctx.events.retention()).await?;
            unprepared(&event, execution, payload, is_body_needed, ctx).await?
        }
    };
    Ok(ctx.events.create(&record).await?)
}

/// The event with how long its org has it and its bodies kept: one from the bus does not bring that.
async fn as_org_says(event: &EventMetadata, ctx: &Context) -> Result<EventMetadata, StepError> {
    let mut event = event.clone();
    if (event.body_retention_hours.is_none() || !event.redacts)
        && let Some(org) = ctx.orgs.find(&event.org_id).await?
    {
        event.body_retention_hours = event.body_retention_hours.or(org.fields.body_retention_hours);
        event.redacts |= !org.fields.redact_paths.is_empty() && event.publication_id.is_none();
        event.retention_days = event.retention_days.or(org.fields.retention_days);
    }
    Ok(event)
}

/// The record of an event that was not filtered and transformed, with the source of its body.
async fn unprepared(
    event: &EventMetadata,
    execution: &str,
    payload: Source,
    is_body_needed: bool,
    ctx: &Context,
) -> Result<EventRecord, StepError> {
    let new = EventRecord::new(event, execution, Status::InProgress, None, ctx.events.retention());
    let source = match payload {
        Source::Inline(content) => {
            if is_body_needed {
                unkept::keep(event, &UnkeptBody { part: BodyPart::Accepted, content }, ctx).await?;
            }
            Source::AcceptedBodyOf(event.event_id)
        }
        other => other,
    };
    let claim = match &source {
        Source::Claim(claim) => Some(claim.key.clone()),
        _ => None,
    };
    Ok(EventRecord { claim, unprepared: Some(source), as_sent: event.as_sent, ..new })
}

/// An attempt that was not made, or whose result was lost.
fn unmade(number: u32, reason: Reason, ctx: &Context) -> Attempt {
    Attempt {
        number,
        started_at: ctx.sources.now(),
        duration_ms: 0,
        outcome: Outcome::FailedPlatform,
        status_code: None,
        method: None,
        url: None,
        request_headers: Default::default(),
        response_headers: Default::default(),
        response_body: None,
        response_decoded: None,
        response_truncated: false,
        remote_ip: None,
        timings: Timings::default(),
        reason: Some(reason),
        transient: false,
        retry_after_seconds: None,
    }
}
