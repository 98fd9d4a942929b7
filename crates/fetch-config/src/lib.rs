//! The state `FetchConfig`: what a webhook's config means for one event. It also stores the event's body for
//! viewing and replays (ADR 0014), and fetches the stored body of a replay.
//!
//! The state `RefreshPlan`: what the config means for the next attempt of an event that is already recorded
//! (ADR 0024).

mod context;
mod plan;

use hookstep_contract::{
    BodyLoss, Content, ErrorName, EventMetadata, EventRecord, FetchConfigInput, FetchConfigOutput,
    FetchedConfig, RefreshedPlan, Source, StepError, Unresolved,
};

pub use context::Context;

/// What is known about an event's body after it was stored or fetched.
#[derive(Debug, Default)]
struct StoredBody {
    size: Option<u64>,
    claim: Option<String>,
    /// The body itself, if it was fetched from another event.
    payload: Option<Unresolved>,
}

/// Returns the plan of an event's next attempt. Before the first one, it also stores or fetches the body, and
/// returns the event's record.
///
/// # Errors
/// `ConfigNotFound` if the webhook does not exist before the first attempt; `StorageUnavailable` if a table does not respond.
pub async fn handle(input: FetchConfigInput, ctx: &Context) -> Result<FetchConfigOutput, StepError> {
    if input.refresh {
        return Ok(FetchConfigOutput::Refreshed { plan: refresh(&input.event, ctx).await? });
    }
    Ok(FetchConfigOutput::Event(Box::new(first(input, ctx).await?)))
}

/// The plan of a further attempt, with every change of the webhook so far.
async fn refresh(event: &EventMetadata, ctx: &Context) -> Result<RefreshedPlan, StepError> {
    let (org_id, config_id) = (&event.org_id, event.config_id);
    let config = ctx.configs.latest(org_id, config_id);
    let (config, record) = tokio::try_join!(config, ctx.events.get(org_id, config_id, event.event_id))?;
    Ok(plan::again(config, event, record))
}

async fn first(input: FetchConfigInput, ctx: &Context) -> Result<FetchedConfig, StepError> {
    let event = &input.event;
    let config = async { Ok(ctx.configs.get(&event.org_id, event.config_id).await?) };
    let (config, body) = tokio::try_join!(config, store_or_fetch(event, input.payload, ctx))?;
    let deleted = || StepError::new(ErrorName::ConfigNotFound, "the webhook was deleted");
    let plan = plan::of(config.ok_or_else(deleted)?, event);
    let new = EventRecord::new(event, &input.execution, plan.status, plan.reason.clone(), ctx.retention);
    let record = EventRecord { size: event.size.or(body.size), claim: body.claim, ..new };
    Ok(FetchedConfig { plan, record, payload: body.payload })
}

async fn store_or_fetch(
    event: &EventMetadata,
    payload: Option<Source>,
    ctx: &Context,
) -> Result<StoredBody, StepError> {
    let (org_id, config_id) = (&event.org_id, event.config_id);
    match payload {
        Some(Source::Inline(content)) => {
            Ok(StoredBody { size: keep(event, &content, ctx).await?, ..StoredBody::default() })
        }
        Some(Source::AcceptedBodyOf(first)) => {
            fetched(event, ctx.bodies.read(org_id, config_id, first).await?, ctx).await
        }
        Some(Source::SentBodyOf(first)) => {
            fetched(event, ctx.bodies.read_sent(org_id, config_id, first).await?, ctx).await
        }
        Some(Source::Claim(claim)) => Ok(StoredBody { claim: Some(claim.key), ..StoredBody::default() }),
        Some(Source::Unusable(_)) | None => Ok(StoredBody::default()),
    }
}

/// Makes the stored body of another event this event's own.
async fn fetched(
    event: &EventMetadata,
    found: Option<Content>,
    ctx: &Context,
) -> Result<StoredBody, StepError> {
    let Some(content) = found else {
        let payload = Some(Unresolved::Unusable(BodyLoss::NotKept.into()));
        return Ok(StoredBody { payload, ..StoredBody::default() });
    };
    let size = keep(event, &content, ctx).await?;
    Ok(StoredBody { size, payload: Some(Unresolved::Inline(content)), claim: None })
}

/// Stores the body, identically in a rerun; returns its size.
async fn keep(event: &EventMetadata, content: &Content, ctx: &Context) -> Result<Option<u64>, StepError> {
    // Invalid base64 is left for `deliver` to reject.
    let Some(bytes) = content.to_bytes() else { return Ok(None) };
    if ctx.keep_bodies {
        ctx.bodies.keep(event, &bytes).await?;
    }
    Ok(Some(bytes.len() as u64))
}
