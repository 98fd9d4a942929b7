//! How a body can be lost between acceptance and delivery. The messages are for the producer.

use thiserror::Error;

use crate::{Reason, ReasonCode};

/// Why there is no body to send.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum BodyLoss {
    /// The claim check belongs to another webhook.
    #[error("the claim check does not belong to this webhook")]
    NotOwner,
    /// Nothing was ever uploaded for the claim check, or it has expired.
    #[error("there is no object for the claim check: was it uploaded?")]
    NotUploaded,
    /// The claim check's object existed but is gone.
    #[error("the claim check is no longer there")]
    Missing,
    /// The claim check's object has been replaced.
    #[error("the claim check was changed after the event was accepted")]
    Changed,
    /// The body of an earlier event was not kept or has expired.
    #[error("the body of the event is not kept any more")]
    NotKept,
}

impl From<BodyLoss> for Reason {
    fn from(loss: BodyLoss) -> Self {
        let code = match loss {
            BodyLoss::NotOwner => ReasonCode::NotOwner,
            BodyLoss::NotUploaded => ReasonCode::BodyNotUploaded,
            BodyLoss::Missing | BodyLoss::NotKept => ReasonCode::BodyMissing,
            BodyLoss::Changed => ReasonCode::BodyChanged,
        };
        Self::new(code, loss.to_string())
    }
}
