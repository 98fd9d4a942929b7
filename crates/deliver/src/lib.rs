//! The step that makes one HTTP attempt.
//!
//! What the receiver does, refuses or lets time out is a value: an [`Attempt`] with its [`Outcome`](contract::Outcome).
//! An `Err` means that we are broken: the bucket does not answer, or the state holds what no step writes.
//!
//! The step reads a claim check while it sends it, so that its memory does not grow with the body (see `payload`).

mod attempt;
mod payload;
mod retry_after;
#[cfg(test)]
mod tests;

use contract::{Attempt, DeliverInput, Sources, StepError};

use payload::Loaded;

/// What the step works with.
#[derive(Clone, Debug)]
pub struct Context {
    /// The way out.
    pub client: egress::Client,
    /// Where claim checks are read.
    pub claims: store::Claims,
    /// The clock.
    pub sources: Sources,
}

/// Sends an event to its receiver, once.
///
/// # Errors
/// When we are broken; never for what the receiver did.
pub async fn handle(input: DeliverInput, ctx: &Context) -> Result<Attempt, StepError> {
    let DeliverInput { event, request, payload, number } = input;
    let loaded = payload::load(payload, &ctx.claims).await?;
    let draft = attempt::Draft::start(number, ctx.sources);
    match loaded {
        Loaded::Body(body) => draft.send(&event, request, body, &ctx.client).await,
        Loaded::Unusable(reason) => Ok(draft.unusable(reason)),
    }
}
