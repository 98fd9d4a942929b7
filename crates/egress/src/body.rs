//! The request body: bytes, or a stream of known length.

use std::error::Error;
use std::fmt;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Frame, SizeHint};
use thiserror::Error;

/// An error of a body's source.
pub type BoxError = Box<dyn Error + Send + Sync>;

/// A request body. Its length is known, so it is sent with `Content-Length` and never chunked.
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

    /// A body of `length` bytes that is read while it is sent. If the source fails, or has another length,
    /// the request is aborted, so the receiver never takes a partial body for a complete one.
    pub fn stream<B>(length: u64, body: B) -> Self
    where
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        let watch = Watch::default();
        let exact = Exact { left: length, source: Mutex::new(Box::pin(body)), watch: watch.clone() };
        Self { length, inner: reqwest::Body::wrap(exact), watch }
    }

    /// The body's length in bytes.
    pub fn length(&self) -> u64 {
        self.length
    }
}

/// Reads a body to its end, for a simulated network.
pub(crate) async fn collect(body: Body) -> Result<Bytes, BoxError> {
    let mut inner = body.inner;
    let mut collected = Vec::new();
    while let Some(frame) =
        std::future::poll_fn(|cx| http_body::Body::poll_frame(Pin::new(&mut inner), cx)).await
    {
        collected.extend_from_slice(frame?.data_ref().map_or(&[], |data| data));
    }
    Ok(collected.into())
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Body").field("length", &self.length).finish_non_exhaustive()
    }
}

/// State shared by a send and its body. HTTP/2 does not return a body's error to the task that waits for the
/// response, so the error is passed through here.
#[derive(Clone, Default)]
pub(crate) struct Watch(Arc<Watched>);

#[derive(Default)]
struct Watched {
    fault: Mutex<Option<BoxError>>,
    is_over: AtomicBool,
}

impl Watch {
    /// The error of the source, if it failed.
    pub(crate) fn take_fault(&self) -> Option<BoxError> {
        self.0.fault.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Ends the body at its next read, because nobody is waiting for the response any more.
    pub(crate) fn end(&self) {
        self.0.is_over.store(true, Ordering::Relaxed);
    }

    fn fail(&self, fault: BoxError) -> Aborted {
        *self.0.fault.lock().unwrap_or_else(PoisonError::into_inner) = Some(fault);
        Aborted
    }
}

/// The error given to the HTTP library when a body ends early; the cause is in the [`Watch`].
#[derive(Debug, Error)]
#[error("the request body was aborted")]
struct Aborted;

#[derive(Debug, Error)]
#[error("the body's source is not as long as was announced")]
struct WrongLength;

struct Exact<B> {
    left: u64,
    // Never locked; the mutex only makes a `Send` source `Sync`, as the HTTP library requires.
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
