//! The request body: bytes, or a stream whose length is known beforehand.

use std::error::Error;
use std::fmt;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Frame, SizeHint};
use thiserror::Error;

/// Any error, as a body's source may have.
pub type BoxError = Box<dyn Error + Send + Sync>;

/// A request body. Its length is known, so it goes out with `Content-Length` and never chunked.
pub struct Body {
    pub(crate) length: u64,
    pub(crate) inner: reqwest::Body,
    pub(crate) watch: Watch,
}

impl Body {
    /// A body held in memory.
    pub fn bytes(bytes: impl Into<Bytes>) -> Self {
        let bytes = bytes.into();
        Self { length: bytes.len() as u64, inner: bytes.into(), watch: Watch::default() }
    }

    /// A body of `length` bytes that is read while it is sent. A source that fails, or has another length, breaks the
    /// request: the receiver never sees a whole body that is not the whole source.
    pub fn stream<B>(length: u64, body: B) -> Self
    where
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        let watch = Watch::default();
        let exact = Exact { left: length, source: Mutex::new(Box::pin(body)), watch: watch.clone() };
        Self { length, inner: reqwest::Body::wrap(exact), watch }
    }

    /// Its length in bytes.
    pub fn length(&self) -> u64 {
        self.length
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Body").field("length", &self.length).finish_non_exhaustive()
    }
}

/// What a send and the body it gave away still share. HTTP/2 does not hand a body's error back to the one who waits for
/// the answer, so the error takes this way.
#[derive(Clone, Default)]
pub(crate) struct Watch(Arc<Watched>);

#[derive(Default)]
struct Watched {
    fault: Mutex<Option<BoxError>>,
    is_over: AtomicBool,
}

impl Watch {
    /// Why the source broke, if it did.
    pub(crate) fn take_fault(&self) -> Option<BoxError> {
        self.0.fault.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Ends the body at its next read: nobody waits for the answer any more.
    pub(crate) fn end(&self) {
        self.0.is_over.store(true, Ordering::Relaxed);
    }

    fn fail(&self, fault: BoxError) -> Aborted {
        *self.0.fault.lock().unwrap_or_else(PoisonError::into_inner) = Some(fault);
        Aborted
    }
}

/// What the HTTP library is told when a body ends early; the reason is in the [`Watch`].
#[derive(Debug, Error)]
#[error("the request body was aborted")]
struct Aborted;

#[derive(Debug, Error)]
#[error("the body's source is not as long as was announced")]
struct WrongLength;

struct Exact<B> {
    left: u64,
    // Never locked: it makes a `Send` source `Sync`, as the HTTP library demands.
    source: Mutex<Pin<Box<B>>>,
    watch: Watch,
}

impl<B> http_body::Body for Exact<B>
where
    B: http_body::Body<Data = Bytes>,
    B::Error: Into<BoxError>,
{
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let this = &mut *self;
        if this.watch.0.is_over.load(Ordering::Relaxed) {
            return Poll::Ready(Some(Err(Aborted.into())));
        }
        let source = this.source.get_mut().unwrap_or_else(PoisonError::into_inner);
        let fault = match ready!(source.as_mut().poll_frame(cx)) {
            None if this.left == 0 => return Poll::Ready(None),
            None => WrongLength.into(),
            Some(Err(error)) => error.into(),
            Some(Ok(frame)) => {
                let length = frame.data_ref().map_or(0, Bytes::len) as u64;
                match this.left.checked_sub(length) {
                    Some(left) => {
                        this.left = left;
                        return Poll::Ready(Some(Ok(frame)));
                    }
                    None => WrongLength.into(),
                }
            }
        };
        Poll::Ready(Some(Err(this.watch.fail(fault).into())))
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}
