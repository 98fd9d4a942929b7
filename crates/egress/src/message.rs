//! Requests and responses. Both can carry credentials (a header, a query, a token endpoint's response), so
//! their `Debug` output shows only sizes and names.

use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

use http::{Method, StatusCode};

use crate::body::Body;
use crate::timing::Timings;

/// One request.
pub struct Request {
    /// The method.
    pub method: Method,
    /// The receiver's URL; checked again before sending.
    pub url: String,
    /// All headers except `Host` and `Content-Length`.
    pub headers: BTreeMap<String, String>,
    /// The body.
    pub body: Body,
    /// The time limit for the whole exchange, including the response body.
    pub deadline: Duration,
    /// How much of the response is kept.
    pub keep: Keep,
}

/// How much of a response is kept.
#[derive(Clone, Copy, Debug)]
pub struct Keep {
    /// The limit for its headers, names and values together.
    pub header_bytes: usize,
    /// The limit for its body.
    pub body_bytes: usize,
}

/// A response.
pub struct Response {
    /// The status.
    pub status: StatusCode,
    /// The headers with lower-case names, repeated ones joined by a comma and a space; headers beyond the
    /// limit are omitted.
    pub headers: BTreeMap<String, String>,
    /// `Retry-After` as sent, even if it is beyond the limit of `headers`.
    pub retry_after: Option<String>,
    /// The start of the body.
    pub body: Vec<u8>,
    /// Whether the body was, or may have been, longer: it exceeded the limit, missed the deadline, or broke
    /// off.
    pub truncated: bool,
    /// The address that was called.
    pub remote_addr: Option<SocketAddr>,
    /// How long each phase took.
    pub timings: Timings,
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let end = self.url.find(['?', '#']).unwrap_or(self.url.len());
        f.debug_struct("Request")
            .field("method", &self.method)
            .field("url_without_query", &&self.url[..end])
            .field("header_names", &self.headers.keys())
            .field("body", &self.body)
            .field("deadline", &self.deadline)
            .field("keep", &self.keep)
            .finish()
    }
}

impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Response")
            .field("status", &self.status)
            .field("header_names", &self.headers.keys())
            .field("retry_after", &self.retry_after)
            .field("body_bytes", &self.body.len())
            .field("truncated", &self.truncated)
            .field("remote_addr", &self.remote_addr)
            .field("timings", &self.timings)
            .finish()
    }
}
