//! Bodies that are not kept for later: they are stored only while their events wait for another attempt.

use hookstep_contract::{BodyPart, EventMetadata, Next, StepError, UnkeptBody};

use crate::Context;

/// Stores the body that only the execution has, if the event now waits outside of it.
pub(crate) async fn keep_if_it_waits(
    event: &EventMetadata,
    unkept: Option<UnkeptBody>,
    next: &Next,
    ctx: &Context,
) -> Result<(), StepError> {
    match unkept {
        Some(body) if next.retry_at.is_some() && !next.soon => keep(event, &body, ctx).await,
        _ => Ok(()),
    }
}

/// Stores the body that only the execution has.
pub(crate) async fn keep(event: &EventMetadata, body: &UnkeptBody, ctx: &Context) -> Result<(), StepError> {
    // Invalid base64 is left for `deliver` to reject.
    let Some(bytes) = body.content.to_bytes() else { return Ok(()) };
    match body.part {
        BodyPart::Accepted => ctx.bodies.keep(event, &bytes).await?,
        BodyPart::Sent => drop(ctx.bodies.keep_sent(event, &bytes).await?),
    }
    Ok(())
}

/// Deletes the body of an event that ended with this attempt, if it was stored only for a wait.
pub(crate) async fn forget(event: &EventMetadata, number: u32, ctx: &Context) -> Result<(), StepError> {
    if !ctx.keep_bodies && (number > 1 || event.deliver_at.is_some()) {
        ctx.bodies.delete(event).await?;
    }
    Ok(())
}
