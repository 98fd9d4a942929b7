//! The state `Hydrate`: resolves a claim check to a pinned object. The body itself stays in S3.

mod context;

use hookstep_contract::{Claim, HydrateInput, Payload, StepError};

pub use context::Context;

/// Pins the object of a claim check. A claim that cannot be resolved is the producer's fault and becomes
/// [`Payload::Unusable`]; any other payload is answered as it came.
///
/// # Errors
/// `StorageUnavailable`.
pub async fn handle(input: HydrateInput, ctx: &Context) -> Result<Payload, StepError> {
    let Payload::Claim(claim) = input.payload else {
        return Ok(input.payload);
    };
    if !claim.belongs_to(&input.event.org_id, input.event.config_id) {
        return Ok(Payload::Unusable("the claim check does not belong to this webhook".to_owned()));
    }
    resolve(&claim, ctx).await
}

async fn resolve(claim: &Claim, ctx: &Context) -> Result<Payload, StepError> {
    let Some(mut pinned) = ctx.claims.pin(claim).await? else {
        return Ok(Payload::Unusable("there is no object for the claim check: was it uploaded?".to_owned()));
    };
    match (&claim.sha256, &pinned.sha256) {
        (Some(wanted), Some(stored)) if wanted != stored => {
            Ok(Payload::Unusable("the claim check was changed after the event was accepted".to_owned()))
        }
        _ => {
            pinned.sha256 = pinned.sha256.or_else(|| claim.sha256.clone());
            Ok(Payload::Object(pinned))
        }
    }
}
