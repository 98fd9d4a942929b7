//! The body that a filter and a transform look at.

use hookstep_contract::limits::MAX_RULES_BODY_BYTES;
use hookstep_contract::{ErrorName, EventMetadata, Payload, StepError};
use hookstep_store::{Claims, OpenError};

/// The bytes of a body, or why there are none; that is for its producer.
pub(crate) async fn read(
    event: &EventMetadata,
    payload: &Payload,
    claims: &Claims,
) -> Result<Result<Vec<u8>, String>, StepError> {
    let unusable = |reason: &str| Ok(Err(reason.to_owned()));
    let claim = match payload {
        Payload::Inline(content) => {
            let bytes = content.to_bytes();
            return bytes
                .map(Ok)
                .ok_or_else(|| StepError::new(ErrorName::InvalidInput, "the body is not base64"));
        }
        Payload::Unusable(reason) => return unusable(reason),
        Payload::Claim(claim) => claim,
        Payload::Kept(_) | Payload::Sent(_) | Payload::Object(_) => {
            return Err(StepError::new(ErrorName::InvalidInput, "the body is not resolved yet"));
        }
    };
    if !claim.belongs_to(&event.org_id, event.config_id) {
        return unusable("the claim check does not belong to this webhook");
    }
    let Some(pinned) = claims.pin(claim).await? else {
        return unusable("there is no object for the claim check: was it uploaded?");
    };
    if pinned.size > MAX_RULES_BODY_BYTES as u64 {
        return Ok(Err(format!(
            "the body has {} bytes, and a filter or a transform takes at most {MAX_RULES_BODY_BYTES}",
            pinned.size
        )));
    }
    match claims.read(&pinned).await {
        Ok(body) => Ok(Ok(body.into())),
        Err(OpenError::Gone) => unusable("the claim check is gone"),
        Err(OpenError::Changed) => unusable("the claim check was changed while it was read"),
        Err(error) => {
            Err(StepError::because(ErrorName::StorageUnavailable, "a claim check could not be read", error))
        }
    }
}
