//! How long each phase of an attempt takes. The HTTP library connects inside the task that sends, so the
//! resolver, the connector and the TLS session cache find the attempt's marks in a task local.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::Instant;

use crate::failure::{SendError, Unreachable, is_refused_stream};

/// The time within which a request on a connection that the receiver had already closed fails: more than a
/// round trip. A receiver that closes later may have been at work on the request.
const STALE: Duration = Duration::from_secs(1);

/// How long each phase took; a phase that did not happen, or did not finish, is `None`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Timings {
    /// Name resolution.
    pub dns: Option<Duration>,
    /// TCP connect.
    pub connect: Option<Duration>,
    /// TLS handshake.
    pub tls: Option<Duration>,
    /// From the start of the send to the response head.
    pub first_byte: Option<Duration>,
}

/// The points in time of one connect.
#[derive(Clone, Copy, Default)]
pub(crate) struct Marks {
    pub(crate) connecting: Option<Instant>,
    pub(crate) resolving: Option<Instant>,
    pub(crate) resolved: Option<Instant>,
    pub(crate) handshaking: Option<Instant>,
    pub(crate) connected: Option<Instant>,
    pub(crate) answered: Option<Instant>,
}

tokio::task_local! {
    static MARKS: Arc<Mutex<Marks>>;
}

/// Sets a mark for the attempt that runs in this task. A connect can outlive its attempt (if another
/// connection became free first); its marks are then never read.
pub(crate) fn mark(set: impl FnOnce(&mut Marks, Instant)) {
    let now = Instant::now();
    let _no_attempt =
        MARKS.try_with(|marks| set(&mut marks.lock().unwrap_or_else(PoisonError::into_inner), now));
}

/// The marks of one attempt.
pub(crate) struct Stopwatch {
    start: Instant,
    marks: Arc<Mutex<Marks>>,
}

impl Stopwatch {
    pub(crate) fn start() -> Self {
        Self { start: Instant::now(), marks: Arc::default() }
    }

    /// Runs `attempt` and records its marks here.
    pub(crate) async fn run<T>(&self, attempt: impl Future<Output = T>) -> T {
        MARKS.scope(self.marks.clone(), attempt).await
    }

    /// Whether a connect has begun and not yet ended.
    pub(crate) fn is_connecting(&self) -> bool {
        let marks = self.marks();
        marks.connecting.is_some() && marks.connected.is_none()
    }

    /// Whether the receiver did not act on the request that failed with `error`.
    pub(crate) fn unprocessed(&self, error: &SendError) -> bool {
        let is_kept_alive = self.marks().connecting.is_none();
        let is_broken =
            matches!(error, SendError::Unreachable { kind: Unreachable::Reset | Unreachable::Closed, .. });
        is_refused_stream(error) || (is_kept_alive && is_broken && self.start.elapsed() < STALE)
    }

    pub(crate) fn timings(&self) -> Timings {
        let marks = self.marks();
        let between = |from: Option<Instant>, to: Option<Instant>| Some(to?.saturating_duration_since(from?));
        Timings {
            dns: between(marks.resolving, marks.resolved),
            // A literal address needs no resolution, and plain HTTP no handshake.
            connect: between(marks.resolved.or(marks.connecting), marks.handshaking.or(marks.connected)),
            tls: between(marks.handshaking, marks.connected),
            first_byte: between(Some(self.start), marks.answered),
        }
    }

    fn marks(&self) -> Marks {
        *self.marks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Marks the start and the end of the connector's work, which is TCP and TLS.
#[derive(Clone)]
pub(crate) struct TimeConnects;

impl<S> tower::Layer<S> for TimeConnects {
    type Service = TimedConnector<S>;

    fn layer(&self, inner: S) -> TimedConnector<S> {
        TimedConnector { inner }
    }
}

#[derive(Clone)]
pub(crate) struct TimedConnector<S> {
    inner: S,
}

impl<S, R> tower::Service<R> for TimedConnector<S>
where
    S: tower::Service<R>,
    S::Future: Send + 'static,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, target: R) -> Self::Future {
        let connecting = self.inner.call(target);
        Box::pin(async move {
            mark(|marks, now| marks.connecting = Some(now));
            let connection = connecting.await?;
            mark(|marks, now| marks.connected = Some(now));
            Ok(connection)
        })
    }
}
