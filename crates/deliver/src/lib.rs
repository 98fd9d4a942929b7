//! The step that makes one HTTP attempt.
//!
//! What the receiver does, refuses or lets time out is a value: an [`Attempt`](hookstep_contract::Attempt) with its [`Outcome`](hookstep_contract::Outcome). So is an
//! authorisation server that gives no token. An `Err` means that we are broken: a table or the bucket does not answer, or the
//! state holds what no step writes.
//!
//! The order of an attempt: `keyring` finds the webhook's keys, `signature` signs the body, `authentication` makes the header
//! that says who we are (with a token of `oauth` where it takes one), `attempt` sends, `record` records what became of it (in
//! the codes of `reason`), and `mask` keeps the credentials out of the record. A claim check is read while it is signed and
//! read again while it is sent, so that memory does not grow with the body (see `outgoing` and `verified`).

mod attempt;
mod authentication;
mod context;
mod exchange;
mod headers;
mod keyring;
mod mask;
mod oauth;
mod outgoing;
mod reason;
mod record;
mod retry_after;
mod signature;
mod test_auth;
#[cfg(test)]
mod tests;
mod unsent;
mod verified;

use hookstep_contract::{DeliverCall, DeliverOutput, StepError};

pub use context::Context;
pub use keyring::Keyring;

/// Who we are, to receivers and authorisation servers.
const USER_AGENT: &str = concat!("Hookstep/", env!("CARGO_PKG_VERSION"));

/// Sends an event to its receiver, once; or gets only the credentials for it.
///
/// # Errors
/// When we are broken; never for what the receiver did.
pub async fn handle(call: DeliverCall, ctx: &Context) -> Result<DeliverOutput, StepError> {
    match call {
        DeliverCall::Attempt(input) => {
            let attempt = attempt::make(*input, ctx).await?;
            Ok(DeliverOutput::Attempt(Box::new(attempt)))
        }
        DeliverCall::TestAuth(test) => test_auth::run(&test, ctx).await.map(DeliverOutput::AuthReport),
    }
}
