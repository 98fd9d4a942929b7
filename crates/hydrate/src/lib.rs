//! The state `Hydrate`: resolves a claim check to a pinned object. The body itself stays in S3.
#![warn(clippy::large_futures, reason = "every delivery moves and keeps them")]

mod context;

use hookstep_contract::{Body, HydrateInput, StepError, Unresolved};

pub use context::Context;

/// Pins the object of a claim check. If the claim check cannot be resolved, the producer is at fault and the
/// result is [`Body::Unusable`].
///
/// # Errors
/// `StorageUnavailable` if the bucket does not respond.
pub async fn handle(input: HydrateInput, ctx: &Context) -> Result<Body, StepError> {
    let HydrateInput { event, payload } = input;
    Ok(match payload {
        Unresolved::Inline(content) => Body::Inline(content),
        Unresolved::AcceptedBodyOf(event_id) => Body::AcceptedBodyOf(event_id),
        Unresolved::Published(publication_id) => Body::Published(publication_id),
        Unresolved::Unusable(reason) => Body::Unusable(reason),
        Unresolved::Claim(claim) => match ctx.claims.resolve(&event.org_id, event.config_id, &claim).await? {
            Ok(pinned) => Body::Object(pinned),
            Err(loss) => Body::Unusable(loss.into()),
        },
    })
}
