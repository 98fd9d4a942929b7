//! The body of an attempt: from the state, from the table, or from the bucket, where it is read for signing and for
//! sending.

use std::error::Error;

use bytes::Bytes;
use hookstep_ambient::OnDemand;
use hookstep_claims::{Claims, ObjectBody, OpenError};
use hookstep_contract::{
    Body, BodyLoss, Content, ErrorName, EventMetadata, Outcome, PinnedObject, StepError,
};
use hookstep_store::Bodies;

use crate::unsent::Unsent;
use crate::verified::Verified;

/// The source of the body. It can be read repeatedly: for signing, for sending, and for sending again.
#[derive(Debug)]
pub(crate) enum OutgoingBody {
    Bytes(Bytes),
    Object(PinnedObject),
}

impl OutgoingBody {
    pub(crate) async fn of(
        event: &EventMetadata,
        body: Body,
        bodies: &OnDemand<Bodies>,
    ) -> Result<Self, Unsent> {
        let (org_id, config_id) = (&event.org_id, event.config_id);
        let read = match body {
            Body::Inline(content) => return Self::bytes(&content),
            Body::Object(pinned) => return Ok(Self::Object(pinned)),
            Body::Unusable(reason) => return Err(Unsent::failed(Outcome::FailedPayload, reason)),
            Body::AcceptedBodyOf(event_id) => bodies.bytes(org_id, config_id, event_id).await,
            Body::Published(publication_id) => bodies.published_bytes(org_id, publication_id).await,
            Body::SentBodyOf(event_id) => bodies.sent_bytes(org_id, config_id, event_id).await,
        };
        match read.map_err(StepError::from)? {
            Some(bytes) => Ok(Self::Bytes(bytes)),
            None => Err(Unsent::failed(Outcome::FailedPayload, BodyLoss::NotKept)),
        }
    }

    fn bytes(content: &Content) -> Result<Self, Unsent> {
        let invalid = || StepError::new(ErrorName::InvalidInput, "the payload is not valid base64");
        Ok(Self::Bytes(content.to_bytes().ok_or_else(invalid)?.into()))
    }

    /// The body's length in bytes.
    pub(crate) fn length(&self) -> u64 {
        match self {
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::Object(pinned) => pinned.size,
        }
    }

    /// The body, to be sent once.
    pub(crate) async fn open(&self, claims: &Claims) -> Result<hookstep_egress::Body, Unsent> {
        match self {
            Self::Bytes(bytes) => Ok(hookstep_egress::Body::bytes(bytes.clone())),
            Self::Object(pinned) => Ok(stream(pinned, open(pinned, claims).await?)),
        }
    }
}

/// Opens the object to be read once.
pub(crate) async fn open(pinned: &PinnedObject, claims: &Claims) -> Result<ObjectBody, Unsent> {
    claims.open(pinned).await.map_err(|error| match error {
        OpenError::Lost(loss) => Unsent::failed(Outcome::FailedPayload, loss),
        OpenError::Unavailable(source) => Unsent::OurFault(StepError::because(
            ErrorName::StorageUnavailable,
            "the claim check could not be opened",
            source,
        )),
    })
}

/// The object as a request body, verified while it is sent.
pub(crate) fn stream<B>(pinned: &PinnedObject, object: B) -> hookstep_egress::Body
where
    B: http_body::Body<Data = Bytes> + Send + Unpin + 'static,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    hookstep_egress::Body::stream(pinned.size, Verified::new(pinned, object))
}

/// The failure for a body that broke off while being read.
pub(crate) fn broken_off(source: Box<dyn Error + Send + Sync>) -> Unsent {
    match source.downcast::<BodyLoss>() {
        Ok(loss) => Unsent::failed(Outcome::FailedPayload, *loss),
        Err(source) => Unsent::OurFault(StepError::because(
            ErrorName::StorageUnavailable,
            "the claim check could not be read to its end",
            source,
        )),
    }
}
