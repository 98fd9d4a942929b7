//! The step that makes one HTTP attempt.
//!
//! Whatever the receiver does, including a refusal or a timeout, is a value: an
//! [`Attempt`](hookstep_contract::Attempt) with its [`Outcome`](hookstep_contract::Outcome). So is an
//! authorisation server that issues no token. An `Err` is an internal failure: a table or the bucket does not
//! respond, or the state contains something that no step writes.
//!
//! Attempts come from the state machine one by one, or from a queue in batches (see `queue`).
//!
//! The order of an attempt: `keyring` finds the webhook's keys, `signature` signs the body, `authentication`
//! makes the authenticating header (with a token from `oauth` if needed), `attempt` sends the request,
//! `record` records the outcome (with the codes of `reason`, and a body that `readable` decodes), and `mask`
//! keeps the credentials out of the record in all their `forms`. A claim check is read once for signing and again for sending, so that memory use does not grow
//! with the body (see `outgoing` and `verified`).
#![warn(clippy::large_futures, reason = "every delivery moves and keeps them")]

mod assertion;
mod attempt;
mod authentication;
mod cloud_events;
mod context;
mod event_headers;
mod exchange;
mod extra_signature;
mod forms;
mod headers;
mod key_client;
mod keyring;
mod mask;
mod oauth;
mod outgoing;
mod queue;
mod readable;
mod reason;
mod record;
mod retry_after;
mod signature;
mod test_auth;
#[cfg(test)]
mod tests;
mod token_answer;
mod unsent;
mod verified;
mod whole;

use hookstep_contract::{Batch, BatchResponse, DeliverCall, DeliverOutput, StepError};
use serde::{Deserialize, Serialize};

pub use context::Context;
pub use keyring::Keyring;
pub use queue::{Queue, take};

/// The user agent shown to receivers and authorisation servers.
const USER_AGENT: &str = concat!("Hookstep/", env!("CARGO_PKG_VERSION"));

/// What the function gets.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub enum Invocation {
    /// Messages of the delivery queue, for [`take`].
    Batch(Batch),
    /// The input of a state, for [`handle`].
    Call(DeliverCall),
}

/// What the function answers.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum Answer {
    /// Which messages are to be received again.
    Batch(BatchResponse),
    /// The output of a state.
    Call(DeliverOutput),
}

/// Sends an event to its receiver once, or only obtains the credentials.
///
/// # Errors
/// If there is an internal failure; never because of what the receiver did.
pub async fn handle(call: DeliverCall, ctx: &Context) -> Result<DeliverOutput, StepError> {
    match call {
        DeliverCall::Attempt(input) => {
            let attempt = attempt::make(*input, ctx).await?;
            Ok(DeliverOutput::Attempt(Box::new(attempt)))
        }
        DeliverCall::TestAuth(test) => test_auth::run(&test, ctx).await.map(DeliverOutput::AuthReport),
        DeliverCall::KeepActive => Ok(DeliverOutput::Active),
    }
}
