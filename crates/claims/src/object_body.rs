//! An object of the bucket while it is being read.

use std::pin::Pin;
use std::task::{Context, Poll};

use aws_sdk_s3::primitives::SdkBody;
use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

/// The bytes of an object as the bucket sends them. The length is known from the start.
#[derive(Debug)]
pub struct ObjectBody {
    inner: SdkBody,
    left: u64,
}

impl ObjectBody {
    pub(crate) fn new(inner: SdkBody, length: u64) -> Self {
        Self { inner, left: length }
    }

    pub(crate) fn into_inner(self) -> SdkBody {
        self.inner
    }
}

impl Body for ObjectBody {
    type Data = Bytes;
    type Error = Box<dyn std::error::Error + Send + Sync>;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let polled = Pin::new(&mut self.inner).poll_frame(cx);
        if let Poll::Ready(Some(Ok(frame))) = &polled {
            let len = frame.data_ref().map_or(0, Bytes::len) as u64;
            self.left = self.left.saturating_sub(len);
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}
