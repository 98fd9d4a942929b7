//! The state `FetchConfig`: what a webhook's config means for one event. It also keeps the event's body, so that it can be
//! looked at and sent again (ADR 0014), and fetches the one that is to be sent again.

mod context;
mod plan;

use hookstep_contract::{
    Content, ErrorName, EventMetadata, EventRecord, FetchConfigInput, FetchedConfig, Payload, StepError,
};
use hookstep_store::Events;

pub use context::Context;

/// What the record of an event says of its body.
#[derive(Debug, Default)]
struct Known {
    size: Option<u64>,
    claim: Option<String>,
    /// The body itself, where it was elsewhere.
    payload: Option<Payload>,
}

/// Loads the config, keeps the body, and answers the delivery plan and the event's record.
///
/// # Errors
/// `ConfigNotFound`, or `StorageUnavailable`.
pub async fn handle(input: FetchConfigInput, ctx: &Context) -> Result<FetchedConfig, StepError> {
    let event = &input.event;
    let config = async { Ok(ctx.configs.get(&event.org_id, event.config_id).await?) };
    let (config, known) = tokio::try_join!(config, body(event, input.payload, ctx))?;
    let config =
        config.ok_or_else(|| StepError::new(ErrorName::ConfigNotFound, "the webhook was deleted"))?;
    let plan = plan::of(config, event);
    let new = EventRecord::new(event, &input.execution, plan.status, plan.reason.clone(), ctx.retention);
    let record = EventRecord { size: event.size.or(known.size), claim: known.claim, ..new };
    Ok(FetchedConfig { plan, record: Events::item_as_json(&record)?, payload: known.payload })
}

/// Sees to the body of an event.
async fn body(event: &EventMetadata, payload: Option<Payload>, ctx: &Context) -> Result<Known, StepError> {
    match payload {
        Some(Payload::Inline(content)) => {
            Ok(Known { size: keep(event, &content, ctx).await?, ..Known::default() })
        }
        Some(payload @ (Payload::Kept(first) | Payload::Sent(first))) => {
            let (org_id, config_id) = (&event.org_id, event.config_id);
            let found = match payload {
                Payload::Sent(_) => ctx.bodies.read_sent(org_id, config_id, first).await?,
                _ => ctx.bodies.read(org_id, config_id, first).await?,
            };
            let Some(content) = found else {
                let payload = Payload::Unusable("the body of the event is not kept any more".to_owned());
                return Ok(Known { payload: Some(payload), ..Known::default() });
            };
            let size = keep(event, &content, ctx).await?;
            Ok(Known { size, payload: Some(Payload::Inline(content)), ..Known::default() })
        }
        Some(Payload::Claim(claim)) => Ok(Known { claim: Some(claim.key), ..Known::default() }),
        Some(Payload::Object(_) | Payload::Unusable(_)) | None => Ok(Known::default()),
    }
}

/// Keeps a body, the same again in a rerun; answers its size.
async fn keep(event: &EventMetadata, content: &Content, ctx: &Context) -> Result<Option<u64>, StepError> {
    // What is not base64 is `deliver`'s to refuse.
    let Some(bytes) = content.to_bytes() else { return Ok(None) };
    if ctx.keep_bodies {
        ctx.bodies.keep(event, &bytes).await?;
    }
    Ok(Some(bytes.len() as u64))
}
