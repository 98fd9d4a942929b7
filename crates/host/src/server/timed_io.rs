//! A socket that fails when its client is silent for too long.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures_util::task::AtomicWaker;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep};

use super::Limits;

/// Whether a connection is working on a request, which may be silent for as long as a delivery takes.
#[derive(Clone, Debug, Default)]
pub(super) struct Busy(Arc<State>);

#[derive(Debug, Default)]
struct State {
    is_busy: AtomicBool,
    /// The task of the connection, which has to watch the time again once the request is over.
    reader: AtomicWaker,
}

/// A request that is being worked on, until it is dropped.
#[derive(Debug)]
pub(super) struct Working(Busy);

impl Busy {
    pub(super) fn begin(&self) -> Working {
        self.0.is_busy.store(true, Ordering::Release);
        Working(self.clone())
    }

    pub(super) fn is_busy(&self) -> bool {
        self.0.is_busy.load(Ordering::Acquire)
    }

    /// Like [`Self::is_busy`], and wakes the task when that changes.
    fn is_still_busy(&self, cx: &Context<'_>) -> bool {
        self.0.reader.register(cx.waker());
        self.is_busy()
    }
}

impl Drop for Working {
    fn drop(&mut self) {
        self.0.0.is_busy.store(false, Ordering::Release);
        self.0.0.reader.wake();
    }
}

/// What the connection waits for, and since when.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Waiting {
    /// Nothing of a request has arrived.
    Idle,
    /// The headers of a request have begun.
    Headers,
    /// A request is being worked on.
    Working,
}

/// A socket with time limits. Reading is limited between requests, writing always.
pub(super) struct TimedIo<S> {
    stream: S,
    busy: Busy,
    waiting: Waiting,
    header_timeout: Duration,
    idle_timeout: Duration,
    write_timeout: Duration,
    read_timer: Pin<Box<Sleep>>,
    /// Runs while the client takes nothing.
    write_timer: Option<Pin<Box<Sleep>>>,
}

impl<S> TimedIo<S> {
    pub(super) fn new(stream: S, busy: Busy, limits: &Limits) -> Self {
        Self {
            stream,
            busy,
            waiting: Waiting::Idle,
            header_timeout: limits.header_timeout,
            idle_timeout: limits.idle_timeout,
            write_timeout: limits.body_timeout,
            // A client that has just connected has something to say.
            read_timer: Box::pin(tokio::time::sleep(limits.header_timeout)),
            write_timer: None,
        }
    }

    fn wait_for(&mut self, waiting: Waiting) {
        if self.waiting == waiting {
            return;
        }
        self.waiting = waiting;
        let timeout = match waiting {
            Waiting::Idle => self.idle_timeout,
            Waiting::Headers => self.header_timeout,
            Waiting::Working => return,
        };
        self.read_timer.as_mut().reset(Instant::now() + timeout);
    }

    fn written<T>(&mut self, cx: &mut Context<'_>, written: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.write_timer = None;
            return written;
        }
        let timeout = self.write_timeout;
        let timer = self.write_timer.get_or_insert_with(|| Box::pin(tokio::time::sleep(timeout)));
        ready!(timer.as_mut().poll(cx));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for TimedIo<S> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buf.filled().len();
        let read = Pin::new(&mut this.stream).poll_read(cx, buf);
        if this.busy.is_still_busy(cx) {
            this.wait_for(Waiting::Working);
            return read;
        }
        let has_begun = this.waiting == Waiting::Headers || buf.filled().len() > before;
        this.wait_for(if has_begun { Waiting::Headers } else { Waiting::Idle });
        if read.is_ready() {
            return read;
        }
        ready!(this.read_timer.as_mut().poll(cx));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for TimedIo<S> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = Pin::new(&mut this.stream).poll_write(cx, bytes);
        this.written(cx, written)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = Pin::new(&mut this.stream).poll_write_vectored(cx, parts);
        this.written(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(cx)
    }
}
