//! Notes that the bodies of an event are to be deleted before the event (ADR 0066).

use hookstep_contract::{EventMetadata, Source, StepError};

use crate::Context;

/// Notes it, if the org of the event says so. It costs nothing otherwise.
pub(crate) async fn note(
    event: &EventMetadata,
    source: Option<&Source>,
    ctx: &Context,
) -> Result<(), StepError> {
    Ok(ctx.expiring.note_new(event, source, ctx.retention).await?)
}
