//! One pass through everything that an org may have.

use std::time::Duration;

use hookstep_contract::limits::{MAX_TIMEOUT_SECS, UPLOAD_URL_LIFETIME};
use hookstep_contract::{Erasure, ErrorName, EventRecord, OrgId, StepError, Timestamp, error_chain};
use hookstep_secrets::connection_name_for;
use hookstep_store::Belonging;

use crate::Context;

/// Goes on with the pass that is under way, or begins one; returns whether it came to its end.
pub(crate) async fn pass(
    erasure: &mut Erasure,
    stop_at: Timestamp,
    ctx: &Context,
) -> Result<bool, StepError> {
    let org_id = erasure.org_id.clone();
    let now = ctx.sources.now();
    if erasure.is_new() {
        // Whatever the webhooks of the org were like: an attempt may be under way for its longest timeout, and an upload may come
        // for as long as its URL is valid.
        let longest = Duration::from_secs(MAX_TIMEOUT_SECS.into()).max(UPLOAD_URL_LIFETIME);
        erasure.at_rest_at = erasure.requested_at.plus(ctx.settle + longest);
    }
    erasure.pass(now);
    // First, for it keeps anything new from being sent.
    while belongings(erasure, &org_id, ctx).await? {
        if is_over(erasure, stop_at, ctx).await? {
            return Ok(false);
        }
    }
    let tokens = ctx.tokens.delete_all_of(&org_id).await?;
    erasure.tokens += tokens;
    erasure.pass(now).found |= tokens > 0;
    loop {
        let deleted = ctx.claims.delete_some_of(&org_id).await?;
        erasure.claims += deleted;
        erasure.pass(now).found |= deleted > 0;
        if deleted == 0 {
            break;
        }
        if is_over(erasure, stop_at, ctx).await? {
            return Ok(false);
        }
    }
    while events(erasure, &org_id, ctx).await? {
        if is_over(erasure, stop_at, ctx).await? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Notes how far the org is erased; returns whether the time of the run is over.
async fn is_over(erasure: &Erasure, stop_at: Timestamp, ctx: &Context) -> Result<bool, StepError> {
    ctx.orgs.note_erasure(erasure).await?;
    Ok(ctx.sources.now() >= stop_at)
}

/// Deletes some of what the org has in the table of webhooks; returns whether there was something.
async fn belongings(erasure: &mut Erasure, org_id: &OrgId, ctx: &Context) -> Result<bool, StepError> {
    let now = ctx.sources.now();
    let belongings = ctx.orgs.belongings(org_id).await?;
    for belonging in &belongings {
        if let Some(config_id) = belonging.webhook {
            // Before the webhook, from which alone its name is known.
            ctx.connections.delete(&connection_name_for(org_id, config_id)).await.map_err(|error| {
                StepError::because(ErrorName::StorageUnavailable, "a connection could not be deleted", error)
            })?;
            erasure.webhooks += 1;
        }
    }
    for belonging in &belongings {
        delete(belonging, org_id, ctx).await?;
    }
    erasure.pass(now).found |= !belongings.is_empty();
    Ok(!belongings.is_empty())
}

async fn delete(belonging: &Belonging, org_id: &OrgId, ctx: &Context) -> Result<(), StepError> {
    Ok(ctx.orgs.delete_belonging(org_id, belonging).await?)
}

/// Deletes what the next part of the events table has of the org; returns whether there is another part.
async fn events(erasure: &mut Erasure, org_id: &OrgId, ctx: &Context) -> Result<bool, StepError> {
    let now = ctx.sources.now();
    let found = ctx.events.find_all_of(org_id, erasure.pass(now).after.clone()).await?;
    for event in found.open.iter().filter(|event| event.next_attempt_at.is_some()) {
        stop(event, ctx).await;
    }
    ctx.events.delete_all(&found).await?;
    erasure.events += found.events;
    let pass = erasure.pass(now);
    pass.found |= !found.is_empty();
    pass.after = found.next;
    Ok(pass.after.is_some())
}

/// Ends what waits for the next attempt of an event. What cannot be ended finds nothing when its time comes, and ends itself.
pub(crate) async fn stop(event: &EventRecord, ctx: &Context) {
    if let Some(traces) = &ctx.traces
        && let Err(error) = traces.leave_queue(event).await
    {
        let chain = error_chain(&error);
        tracing::warn!(event.id = %event.event_id, error.chain = chain, "an event still waits in the queue of lanes");
    }
    let schedule = ctx.schedules.delete(event).await;
    match schedule {
        Ok(true) => {}
        Ok(false) => {
            if let Err(error) = ctx.machines.stop(event).await {
                let chain = error_chain(&error);
                tracing::warn!(event.id = %event.event_id, error.chain = chain, "an execution still waits");
            }
        }
        Err(error) => {
            let chain = error_chain(&error);
            tracing::warn!(event.id = %event.event_id, error.chain = chain, "a schedule stays");
        }
    }
}
