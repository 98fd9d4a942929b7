//! A request's body that fails when it arrives too slowly.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Bytes, HttpBody};
use http_body::{Frame, SizeHint};
use thiserror::Error;
use tokio::time::{Instant, Sleep};

/// The least bytes per second, on average over the time spent waiting: less is no network, but an attempt to hold a
/// connection.
const LEAST_RATE: u64 = 1024;

/// The body did not arrive in time, or broke off.
#[derive(Debug, Error)]
pub(super) enum BodyError {
    #[error("the body did not arrive in time")]
    TooSlow,
    #[error("the body broke off")]
    BrokenOff(#[source] hyper::Error),
}

/// A body with time limits.
pub(super) struct TimedBody<B> {
    body: B,
    timeout: Duration,
    timer: Option<Pin<Box<Sleep>>>,
    waiting_since: Option<Instant>,
    /// The time spent waiting for the client. What this host needs to store the body does not count.
    waited: Duration,
    received: u64,
    is_too_slow: TooSlow,
}

/// Whether the body of a request was too slow.
#[derive(Clone, Debug, Default)]
pub(super) struct TooSlow(Arc<AtomicBool>);

impl TooSlow {
    pub(super) fn is_so(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

impl<B> TimedBody<B> {
    pub(super) fn new(body: B, timeout: Duration, is_too_slow: TooSlow) -> Self {
        let (timer, waiting_since) = (None, None);
        Self { body, timeout, timer, waiting_since, waited: Duration::ZERO, received: 0, is_too_slow }
    }

    /// How long the client may take for the next part: the time-out, or less if the body is slow on average.
    fn patience(&self) -> Duration {
        let earned = self.timeout + Duration::from_secs(self.received / LEAST_RATE);
        earned.saturating_sub(self.waited).min(self.timeout)
    }

    fn poll_late(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.waiting_since.is_none() {
            let now = Instant::now();
            self.waiting_since = Some(now);
            let end = now + self.patience();
            match &mut self.timer {
                Some(timer) => timer.as_mut().reset(end),
                None => self.timer = Some(Box::pin(tokio::time::sleep_until(end))),
            }
        }
        self.timer.as_mut().map_or(Poll::Pending, |timer| timer.as_mut().poll(cx))
    }
}

impl<B> HttpBody for TimedBody<B>
where
    B: HttpBody<Data = Bytes, Error = hyper::Error> + Unpin,
{
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let this = self.get_mut();
        let Poll::Ready(frame) = Pin::new(&mut this.body).poll_frame(cx) else {
            return this.poll_late(cx).map(|()| {
                this.is_too_slow.0.store(true, Ordering::Relaxed);
                Some(Err(BodyError::TooSlow))
            });
        };
        if let Some(since) = this.waiting_since.take() {
            this.waited += since.elapsed();
        }
        if let Some(Ok(frame)) = &frame {
            this.received += frame.data_ref().map_or(0, |data| data.len() as u64);
        }
        Poll::Ready(frame.map(|frame| frame.map_err(BodyError::BrokenOff)))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
