//! Why nothing was sent.

use hookstep_contract::{Outcome, Reason, ReasonCode, StepError};

use crate::exchange::TokenFailure;

/// Why nothing was sent.
#[derive(Debug)]
pub(crate) enum Unsent {
    /// The attempt has failed.
    Failed { outcome: Outcome, reason: Reason, transient: bool },
    /// An internal error occurred.
    OurFault(StepError),
}

impl Unsent {
    /// A failed attempt that would fail again unchanged.
    pub(crate) fn failed(outcome: Outcome, reason: impl Into<Reason>) -> Self {
        Self::Failed { outcome, reason: reason.into(), transient: false }
    }
}

impl From<StepError> for Unsent {
    fn from(error: StepError) -> Self {
        Self::OurFault(error)
    }
}

impl From<TokenFailure> for Unsent {
    fn from(TokenFailure { detail, transient, .. }: TokenFailure) -> Self {
        let reason = Reason::new(ReasonCode::TokenEndpoint, detail);
        Self::Failed { outcome: Outcome::FailedAuth, reason, transient }
    }
}
