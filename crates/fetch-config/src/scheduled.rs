//! A new event that is to be sent later: it is recorded with its body, and waits until its time comes. Only then it is
//! prepared, from what the webhook is by then (ADR 0047).

use hookstep_contract::{
    EventMetadata, EventRecord, FetchConfigInput, FetchedConfig, Source, Status, StepError, Timestamp,
    Unresolved,
};

use crate::{Context, deleted, plan};

/// The plan until the event is `due`, and its record. Its body is stored, whatever is done with bodies otherwise, because
/// what waits has only a reference to it.
pub(crate) async fn record(
    input: &FetchConfigInput,
    due: Timestamp,
    ctx: &Context,
) -> Result<FetchedConfig, StepError> {
    let event = &input.event;
    // Before the body is stored, so that none stays for too long.
    ctx.expiring.note_new(event, input.payload.as_ref(), ctx.retention).await?;
    let config = async { Ok(ctx.configs.get(&event.org_id, event.config_id).await?) };
    let (config, (source, size), ()) = tokio::try_join!(
        config,
        stored(event, input.payload.clone(), ctx),
        ctx.watch.note_scheduled(event, due)
    )?;
    let plan = plan::later(config.ok_or_else(deleted)?, event, ctx.watch.now());
    let claim = match &source {
        Source::Claim(claim) => Some(claim.key.clone()),
        _ => None,
    };
    let payload = match &source {
        Source::AcceptedBodyOf(_) => Some(Unresolved::AcceptedBodyOf(event.event_id)),
        Source::Published(publication_id) => Some(Unresolved::Published(*publication_id)),
        _ => None,
    };
    let new = EventRecord::new(event, &input.execution, Status::Scheduled, None, ctx.retention);
    let record = EventRecord {
        next_attempt_at: Some(due),
        size: event.size.or(size),
        claim,
        unprepared: Some(source),
        ..new
    };
    Ok(FetchedConfig { plan, record, payload })
}

/// Where the body is read from when the event is due, and its size if the body is stored here.
async fn stored(
    event: &EventMetadata,
    payload: Option<Source>,
    ctx: &Context,
) -> Result<(Source, Option<u64>), StepError> {
    match payload {
        Some(Source::Inline(content)) => {
            // Invalid base64 is left for `deliver` to reject.
            let Some(bytes) = content.to_bytes() else { return Ok((Source::Inline(content), None)) };
            ctx.bodies.keep(event, &bytes).await?;
            Ok((Source::AcceptedBodyOf(event.event_id), Some(bytes.len() as u64)))
        }
        Some(other) => Ok((other, None)),
        None => Ok((Source::AcceptedBodyOf(event.event_id), None)),
    }
}
