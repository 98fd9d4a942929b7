//! Notes that the bodies of an event are to be deleted before the event (ADR 0066).

use std::time::Duration;

use hookstep_contract::{EventMetadata, Source, StepError};
use hookstep_store::{Expiring, SharedBody};

use crate::Context;

/// Notes it, if the org of the event says so. It costs nothing otherwise.
pub(crate) async fn note(
    event: &EventMetadata,
    source: Option<&Source>,
    ctx: &Context,
) -> Result<(), StepError> {
    let Some(hours) = event.body_retention_hours else { return Ok(()) };
    let shared = match source {
        Some(Source::Claim(claim)) => Some(SharedBody::Claim(claim.key.clone())),
        Some(Source::Published(publication_id)) if event.publication_id == Some(*publication_id) => {
            Some(SharedBody::Publication(*publication_id))
        }
        _ => None,
    };
    let expiring = Expiring {
        org_id: event.org_id.clone(),
        config_id: event.config_id,
        event_id: event.event_id,
        shared,
        expires_at: event.expires_at(ctx.retention),
    };
    // It ends at the earliest when it is sent for the first time.
    let due = event.due_at().plus(Duration::from_secs(u64::from(hours) * 3600));
    Ok(ctx.expiring.note(&expiring, due).await?)
}
