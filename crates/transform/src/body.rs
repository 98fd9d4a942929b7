//! The body that a filter and a transform are applied to.

use hookstep_claims::{Claims, OpenError};
use hookstep_contract::limits::MAX_RULES_BODY_BYTES;
use hookstep_contract::{ErrorName, EventMetadata, PinnedObject, Reason, ReasonCode, StepError, Unresolved};

/// The bytes of the body, or why there is no body.
pub(crate) async fn read(
    event: &EventMetadata,
    payload: &Unresolved,
    claims: &Claims,
) -> Result<Result<Vec<u8>, Reason>, StepError> {
    match payload {
        Unresolved::Inline(content) => {
            let bytes = content.to_bytes();
            bytes.map(Ok).ok_or_else(|| StepError::new(ErrorName::InvalidInput, "the body is not base64"))
        }
        Unresolved::Unusable(reason) => Ok(Err(reason.clone())),
        Unresolved::Claim(claim) => match claims.resolve(&event.org_id, event.config_id, claim).await? {
            Ok(pinned) => read_object(&pinned, claims).await,
            Err(loss) => Ok(Err(loss.into())),
        },
    }
}

async fn read_object(pinned: &PinnedObject, claims: &Claims) -> Result<Result<Vec<u8>, Reason>, StepError> {
    if pinned.size > MAX_RULES_BODY_BYTES as u64 {
        let detail = format!(
            "the body has {} bytes, and a filter or a transform takes at most {MAX_RULES_BODY_BYTES}",
            pinned.size
        );
        return Ok(Err(Reason::new(ReasonCode::BodyTooLarge, detail)));
    }
    match claims.read(pinned).await {
        Ok(body) => Ok(Ok(body.into())),
        Err(OpenError::Lost(loss)) => Ok(Err(loss.into())),
        Err(OpenError::Unavailable(source)) => {
            Err(StepError::because(ErrorName::StorageUnavailable, "a claim check could not be read", source))
        }
    }
}
