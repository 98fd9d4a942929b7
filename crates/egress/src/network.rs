//! A network in the place of the real one, for simulations.

use std::fmt;
use std::pin::Pin;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode};
use thiserror::Error;
use tokio::time::{Instant, timeout_at};
use url::Url;

use crate::body::{Body, collect};
use crate::failure::{CONNECT_TIMEOUT, Phase, SendError, Unreachable};
use crate::headers;
use crate::message::{Keep, Response};
use crate::timing::Timings;

/// Takes requests in the place of the network.
pub trait Network: fmt::Debug + Send + Sync {
    /// Carries a request to its receiver and returns the answer. A future that never ends is a receiver that never answers.
    fn carry(&self, parcel: Parcel) -> Carrying;
}

/// A request on its way.
pub type Carrying = Pin<Box<dyn Future<Output = Result<Answer, Broken>> + Send>>;

/// A request that has passed every check, as it would leave.
#[derive(Clone, Debug)]
pub struct Parcel {
    /// The method.
    pub method: Method,
    /// The URL.
    pub url: Url,
    /// The headers, `Content-Length` included.
    pub headers: HeaderMap,
    /// The whole body.
    pub body: Bytes,
}

/// The answer of a receiver.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
    /// How long after the head the whole body has arrived; `None` if it breaks off.
    pub body_after: Option<Duration>,
}

/// Why no answer came.
#[derive(Clone, Debug, PartialEq)]
pub enum Broken {
    /// No connection came about within the client's time.
    NoConnectionInTime,
    /// The connection failed or broke.
    Unreachable(Unreachable),
}

/// The source of a failure of a simulated network.
#[derive(Debug, Error)]
#[error("so the simulated network does")]
struct Simulated;

/// Sends a request through `network`, with the limits that the real client has.
pub(crate) async fn send(
    network: &dyn Network,
    (method, url, headers): (Method, Url, HeaderMap),
    body: Body,
    (keep, deadline, after): (Keep, Instant, Duration),
) -> Result<Response, SendError> {
    let timeout = |phase| SendError::Timeout { phase, after };
    let collected = timeout_at(deadline, collect(body)).await.map_err(|_| timeout(Phase::Answer))?;
    let body = collected.map_err(SendError::Body)?;
    // Each request has a connection of its own: none was kept alive and has been closed meanwhile.
    crate::timing::mark(|marks, now| (marks.connecting, marks.connected) = (Some(now), Some(now)));
    let carrying = network.carry(Parcel { method, url, headers, body });
    let answer = match timeout_at(deadline, carrying).await {
        Ok(Ok(answer)) => answer,
        Ok(Err(Broken::NoConnectionInTime)) => {
            return Err(SendError::Timeout { phase: Phase::Connect, after: CONNECT_TIMEOUT });
        }
        Ok(Err(Broken::Unreachable(kind))) => {
            return Err(SendError::Unreachable { kind, source: Simulated.into() });
        }
        Err(_elapsed) => return Err(timeout(Phase::Answer)),
    };
    crate::timing::mark(|marks, now| marks.answered = Some(now));
    let arrives = answer.body_after.map(|pause| Instant::now() + pause);
    tokio::time::sleep_until(arrives.unwrap_or_else(Instant::now).min(deadline)).await;
    let is_whole = arrives.is_some_and(|at| at <= deadline);
    let kept = answer.body.len().min(keep.body_bytes);
    Ok(Response {
        status: answer.status,
        headers: headers::to_text(&answer.headers, keep.header_bytes),
        retry_after: answer
            .headers
            .get(http::header::RETRY_AFTER)
            .and_then(|value| value.to_str().ok())
            .map(str::to_owned),
        body: answer.body[..kept].to_vec(),
        truncated: !is_whole || kept < answer.body.len(),
        remote_addr: None,
        timings: Timings::default(),
    })
}
