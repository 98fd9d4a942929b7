//! A body that is read as a whole, because something in the request is made from what is in it.

use bytes::Bytes;
use hookstep_claims::{Claims, OpenError};
use hookstep_content_coding::{Codings, Decoded, End};
use hookstep_contract::{ErrorName, EventMetadata, Outcome, PinnedObject, Reason, ReasonCode, StepError};

use crate::outgoing::OutgoingBody;
use crate::unsent::Unsent;

/// How large a body may be, decoded.
pub(crate) struct Limit {
    pub(crate) bytes: usize,
    /// What reads the body.
    pub(crate) what: &'static str,
    /// What else could be done, appended to the sentence.
    pub(crate) instead: &'static str,
}

impl Limit {
    fn exceeded(&self, body: &str) -> Unsent {
        let Self { bytes, what, instead } = self;
        let detail = format!("{body}, and {what} takes at most {bytes}{instead}");
        Unsent::failed(Outcome::FailedPayload, Reason::new(ReasonCode::BodyTooLarge, detail))
    }
}

/// What is in the body, decoded if it has a content coding.
pub(crate) async fn read(
    body: &OutgoingBody,
    event: &EventMetadata,
    claims: &Claims,
    limit: &Limit,
) -> Result<Bytes, Unsent> {
    let bytes = match body {
        OutgoingBody::Bytes(bytes) => bytes.clone(),
        OutgoingBody::Object(pinned) => read_object(pinned, claims, limit).await?,
    };
    match &event.content_encoding {
        Some(value) => decode(value, bytes, limit),
        None => Ok(bytes),
    }
}

async fn read_object(pinned: &PinnedObject, claims: &Claims, limit: &Limit) -> Result<Bytes, Unsent> {
    if pinned.size > limit.bytes as u64 {
        return Err(limit.exceeded(&format!("the body has {} bytes", pinned.size)));
    }
    match claims.read(pinned).await {
        Ok(body) => Ok(body),
        Err(OpenError::Lost(loss)) => Err(Unsent::failed(Outcome::FailedPayload, loss)),
        Err(OpenError::Unavailable(source)) => Err(StepError::because(
            ErrorName::StorageUnavailable,
            "the claim check could not be read",
            source,
        )
        .into()),
    }
}

fn decode(value: &str, bytes: Bytes, limit: &Limit) -> Result<Bytes, Unsent> {
    let cannot =
        |detail: String| Unsent::failed(Outcome::FailedPayload, Reason::new(ReasonCode::BodyEncoded, detail));
    let codings = Codings::parse(value).map_err(|error| cannot(error.to_string()))?;
    if codings.is_identity() {
        return Ok(bytes);
    }
    let Decoded { bytes, end } = codings.decode(&bytes, limit.bytes);
    match end {
        End::Complete => Ok(bytes.into()),
        End::Broken => Err(cannot(format!("the body is not the {value} that its Content-Encoding says"))),
        End::Limit => Err(limit.exceeded(&format!("the decoded body has more than {} bytes", limit.bytes))),
    }
}
