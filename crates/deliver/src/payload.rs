//! The body of an attempt: from the state, or from the bucket while it is sent.

use std::error::Error;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use contract::{ErrorName, Payload, PinnedObject, StepError};
use http_body::{Frame, SizeHint};
use sha2::{Digest, Sha256};
use store::OpenError;
use thiserror::Error;

const GONE: &str = "the claim check is no longer there";
const CHANGED: &str = "the claim check was changed after the event was accepted";

/// A payload, ready to be sent or known not to be.
pub(crate) enum Loaded {
    Body(egress::Body),
    /// Why there is no body to send, for the producer.
    Unusable(String),
}

pub(crate) async fn load(payload: Payload, claims: &store::Claims) -> Result<Loaded, StepError> {
    let invalid = |message| StepError::new(ErrorName::InvalidInput, message);
    match payload {
        Payload::Inline(content) => match content.to_bytes() {
            Some(bytes) => Ok(Loaded::Body(egress::Body::bytes(bytes))),
            None => Err(invalid("the payload is not valid base64")),
        },
        Payload::Object(pinned) => open(&pinned, claims).await,
        Payload::Unusable(reason) => Ok(Loaded::Unusable(reason)),
        Payload::Claim(_) => Err(invalid("the claim check was not hydrated")),
    }
}

async fn open(pinned: &PinnedObject, claims: &store::Claims) -> Result<Loaded, StepError> {
    match claims.open(pinned).await {
        Ok(object) => Ok(Loaded::Body(stream(pinned, object))),
        Err(OpenError::Gone) => Ok(Loaded::Unusable(GONE.to_owned())),
        Err(OpenError::Changed) => Ok(Loaded::Unusable(CHANGED.to_owned())),
        Err(OpenError::Unavailable(source)) => Err(StepError::because(
            ErrorName::StorageUnavailable,
            "the claim check could not be opened",
            source,
        )),
    }
}

/// The object as a request body, checked on the way when its hash is known.
pub(crate) fn stream<B>(pinned: &PinnedObject, object: B) -> egress::Body
where
    B: http_body::Body<Data = Bytes> + Send + Unpin + 'static,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    match &pinned.sha256 {
        None => egress::Body::stream(pinned.size, object),
        Some(sha256) => {
            let verified =
                Verified { object, left: pinned.size, hash: Sha256::new(), expected: sha256.clone() };
            egress::Body::stream(pinned.size, verified)
        }
    }
}

/// The bytes that were read are not the ones that were accepted.
#[derive(Debug, Error)]
#[error("{CHANGED}")]
pub(crate) struct Altered;

/// Hashes what passes and checks it before the last part is let go: a receiver never gets the whole of an altered body.
struct Verified<B> {
    object: B,
    left: u64,
    hash: Sha256,
    expected: String,
}

impl<B> Verified<B> {
    fn check(&mut self) -> Result<(), Altered> {
        let hash: String = self.hash.finalize_reset().iter().map(|byte| format!("{byte:02x}")).collect();
        if hash.eq_ignore_ascii_case(&self.expected) { Ok(()) } else { Err(Altered) }
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
        this.hash.update(data);
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
