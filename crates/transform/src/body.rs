//! The body that a filter and a transform are applied to.

use hookstep_claims::{Claims, OpenError};
use hookstep_content_coding::{Codings, Decoded, End};
use hookstep_contract::limits::MAX_RULES_BODY_BYTES;
use hookstep_contract::{
    BodyLoss, ErrorName, EventMetadata, PinnedObject, Reason, ReasonCode, StepError, Unresolved,
};

use crate::Context;

/// What is in the body, decoded if it came with a content coding; or why it cannot be read.
pub(crate) async fn read(
    event: &EventMetadata,
    payload: &Unresolved,
    ctx: &Context,
) -> Result<Result<Vec<u8>, Reason>, StepError> {
    let bytes = read_bytes(event, payload, ctx).await?;
    Ok(bytes.and_then(|bytes| match &event.content_encoding {
        Some(value) => decode(value, bytes),
        None => Ok(bytes),
    }))
}

fn decode(value: &str, bytes: Vec<u8>) -> Result<Vec<u8>, Reason> {
    let cannot = |detail: String| Reason::new(ReasonCode::BodyEncoded, detail);
    let codings = Codings::parse(value).map_err(|error| cannot(error.to_string()))?;
    if codings.is_identity() {
        return Ok(bytes);
    }
    let Decoded { bytes, end } = codings.decode(&bytes, MAX_RULES_BODY_BYTES);
    match end {
        End::Complete => Ok(bytes),
        End::Broken => Err(cannot(format!("the body is not the {value} that its Content-Encoding says"))),
        End::Limit => {
            let detail = format!(
                "the decoded body has more than {MAX_RULES_BODY_BYTES} bytes, which is the most that a filter, a transform or \
                 an order's key takes"
            );
            Err(Reason::new(ReasonCode::BodyTooLarge, detail))
        }
    }
}

/// The bytes of the body, or why there is no body.
async fn read_bytes(
    event: &EventMetadata,
    payload: &Unresolved,
    ctx: &Context,
) -> Result<Result<Vec<u8>, Reason>, StepError> {
    let (org_id, config_id) = (&event.org_id, event.config_id);
    match payload {
        Unresolved::Inline(content) => {
            let bytes = content.to_bytes();
            bytes.map(Ok).ok_or_else(|| StepError::new(ErrorName::InvalidInput, "the body is not base64"))
        }
        Unresolved::Unusable(reason) => Ok(Err(reason.clone())),
        Unresolved::AcceptedBodyOf(event_id) => {
            let stored = ctx.bodies.bytes(org_id, config_id, *event_id).await?;
            Ok(stored.map(Vec::from).ok_or_else(|| BodyLoss::NotKept.into()))
        }
        Unresolved::Published(publication_id) => {
            let stored = ctx.bodies.published_bytes(org_id, *publication_id).await?;
            Ok(stored.map(Vec::from).ok_or_else(|| BodyLoss::NotKept.into()))
        }
        Unresolved::Claim(claim) => match ctx.claims.resolve(org_id, config_id, claim).await? {
            Ok(pinned) => read_object(&pinned, &ctx.claims).await,
            Err(loss) => Ok(Err(loss.into())),
        },
    }
}

async fn read_object(pinned: &PinnedObject, claims: &Claims) -> Result<Result<Vec<u8>, Reason>, StepError> {
    if pinned.size > MAX_RULES_BODY_BYTES as u64 {
        let detail = format!(
            "the body has {} bytes, and a filter, a transform or an order's key takes at most {MAX_RULES_BODY_BYTES}",
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
