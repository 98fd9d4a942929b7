//! A body from the bucket that is verified while it is read.

use std::error::Error;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use hookstep_contract::{BodyLoss, PinnedObject};
use http_body::{Body, Frame, SizeHint};
use sha2::{Digest, Sha256};

/// Hashes the data and verifies the hash before releasing the last part, so that a receiver never gets a
/// complete altered body. If the hash is unknown, as it may be for an upload, only the bucket guarantees that
/// this is the pinned object.
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

    fn check(&mut self) -> Result<(), BodyLoss> {
        let Some((hash, expected)) = &mut self.expected else { return Ok(()) };
        let hash: String = hash.finalize_reset().iter().map(|byte| format!("{byte:02x}")).collect();
        if hash.eq_ignore_ascii_case(expected) { Ok(()) } else { Err(BodyLoss::Changed) }
    }
}

impl<B> Body for Verified<B>
where
    B: Body<Data = Bytes> + Unpin,
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
        // More bytes than announced also count as a change.
        let left = this.left.checked_sub(data.len() as u64).ok_or(BodyLoss::Changed);
        Poll::Ready(Some(match left {
            Ok(left) => {
                this.left = left;
                if left == 0 { this.check().map(|()| frame).map_err(Into::into) } else { Ok(frame) }
            }
            Err(changed) => Err(changed.into()),
        }))
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}
