//! Starts the deliveries of a publication that could not all be started when it was accepted (ADR 0055).

use hookstep_contract::{StepError, error_chain};
use hookstep_store::{Open, WatchedPublication};

use crate::Context;
use crate::event::Done;

/// Starts all deliveries of a publication that is open. Those that were started before find their events recorded, and stop.
pub(crate) async fn look_at(
    watched: &WatchedPublication,
    done: &Done,
    ctx: &Context,
) -> Result<(), StepError> {
    let found = ctx.publications.get(&watched.org_id, watched.publication_id).await?;
    let Some((publication, Open::Yes)) = found else { return Ok(()) };
    // Before anything is started: whatever stops this run, the publication is looked at again.
    ctx.watch_list.watch_publication(watched, ctx.sources.now()).await?;
    match ctx.machines.start_all(&publication).await {
        Ok(()) => {
            ctx.publications.put(&publication, Open::No).await?;
            done.published();
        }
        // It must not keep this run from the others.
        Err(error) => tracing::warn!(
            publication.id = %publication.publication_id,
            error.chain = error_chain(&error),
            "deliveries of a publication still could not be started"
        ),
    }
    Ok(())
}
