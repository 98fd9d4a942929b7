//! The body of an attempt: from the state, or from the bucket while it is signed and while it is sent.

use std::error::Error;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use hookstep_contract::{ErrorName, Outcome, Payload, PinnedObject, StepError};
use hookstep_store::{ObjectBody, OpenError};
use http_body::{Frame, SizeHint};
use sha2::{Digest, Sha256};
use thiserror::Error;

use crate::attempt::Unsent;

const GONE: &str = "the claim check is no longer there";
const CHANGED: &str = "the claim check was changed after the event was accepted";

/// Where the body is. It can be read more than once: to be signed, to be sent, and to be sent again.
#[derive(Debug)]
pub(crate) enum Source {
    Bytes(Bytes),
    Object(PinnedObject),
}

impl Source {
    pub(crate) fn new(payload: Payload) -> Result<Self, Unsent> {
        let invalid = |message| Unsent::Broken(StepError::new(ErrorName::InvalidInput, message));
        match payload {
            Payload::Inline(content) => {
                let bytes = content.to_bytes().ok_or_else(|| invalid("the payload is not valid base64"))?;
                Ok(Self::Bytes(bytes.into()))
            }
            Payload::Object(pinned) => Ok(Self::Object(pinned)),
            Payload::Unusable(reason) => Err(Unsent::failed(Outcome::FailedPayload, reason)),
            Payload::Claim(_) => Err(invalid("the claim check was not hydrated")),
            Payload::Kept(_) | Payload::Sent(_) => Err(invalid("the kept body was not fetched")),
        }
    }

    /// The body, to be sent once.
    pub(crate) async fn body(
        &self,
        claims: &hookstep_store::Claims,
    ) -> Result<hookstep_egress::Body, Unsent> {
        match self {
            Self::Bytes(bytes) => Ok(hookstep_egress::Body::bytes(bytes.clone())),
            Self::Object(pinned) => Ok(stream(pinned, open(pinned, claims).await?)),
        }
    }
}

/// Opens the object for reading once.
pub(crate) async fn open(
    pinned: &PinnedObject,
    claims: &hookstep_store::Claims,
) -> Result<ObjectBody, Unsent> {
    claims.open(pinned).await.map_err(|error| match error {
        OpenError::Gone => Unsent::failed(Outcome::FailedPayload, GONE),
        OpenError::Changed => Unsent::failed(Outcome::FailedPayload, CHANGED),
        OpenError::Unavailable(source) => Unsent::Broken(StepError::because(
            ErrorName::StorageUnavailable,
            "the claim check could not be opened",
            source,
        )),
    })
}

/// The object as a request body, checked on the way.
pub(crate) fn stream<B>(pinned: &PinnedObject, object: B) -> hookstep_egress::Body
where
    B: http_body::Body<Data = Bytes> + Send + Unpin + 'static,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    hookstep_egress::Body::stream(pinned.size, Verified::new(pinned, object))
}

/// A body that broke off while it was read.
pub(crate) fn broken(source: Box<dyn Error + Send + Sync>) -> Unsent {
    if source.is::<Altered>() {
        return Unsent::failed(Outcome::FailedPayload, source.to_string());
    }
    let message = "the claim check could not be read to its end";
    Unsent::Broken(StepError::because(ErrorName::StorageUnavailable, message, source))
}

/// The bytes that were read are not the ones that were accepted.
#[derive(Debug, Error)]
#[error("{CHANGED}")]
pub(crate) struct Altered;

/// Hashes what passes and checks it before the last part is let go: a receiver never gets the whole of an altered body. An
/// upload's hash may not be known; then the bucket's word that it is the pinned object has to do.
pub(crate) struct Verified<B> {
    object: B,
    left: u64,
    expected: Option<(Sha256, String)>,
}

impl<B> Verified<B> {
    pub(crate) fn new(pinned: &PinnedObject, object: B) -> Self {
        let expected = pinned.sha256.clone().map(|sha256| (Sha256::new(), sha256));
        Self { object, left: pinned.size, expected }
    }

    fn hash(&mut self, data: &[u8]) {
        if let Some((hash, _)) = &mut self.expected {
            hash.update(data);
        }
    }

    fn check(&mut self) -> Result<(), Altered> {
        let Some((hash, expected)) = &mut self.expected else { return Ok(()) };
        let hash: String = hash.finalize_reset().iter().map(|byte| format!("{byte:02x}")).collect();
        if hash.eq_ignore_ascii_case(expected) { Ok(()) } else { Err(Altered) }
    }
}

impl<B> http_body::Body for Verified<B>
where
    B: http_body::Body<Data = Bytes> + Unpin,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    type Data = Bytes;
    type Error = Box<dyn Error + Send + Sync>;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let this = &mut *self;
        let frame = match ready!(Pin::new(&mut this.object).poll_frame(cx)) {
            Some(Ok(frame)) => frame,
            Some(Err(error)) => return Poll::Ready(Some(Err(error.into()))),
            None => return Poll::Ready(None),
        };
        let Some(data) = frame.data_ref().filter(|data| !data.is_empty()) else {
            return Poll::Ready(Some(Ok(frame)));
        };
        this.hash(data);
        // Longer than announced cannot happen without a change either.
        let left = this.left.checked_sub(data.len() as u64).ok_or(Altered);
        Poll::Ready(Some(match left {
            Ok(left) => {
                this.left = left;
                if left == 0 { this.check().map(|()| frame).map_err(Into::into) } else { Ok(frame) }
            }
            Err(altered) => Err(altered.into()),
        }))
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}
