//! What is sent, and what comes back. Both can carry credentials (a header, a query, a token endpoint's answer), so their
//! `Debug` shows sizes and names alone.

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
    /// The receiver; checked once more.
    pub url: String,
    /// All headers but `Host` and `Content-Length`.
    pub headers: BTreeMap<String, String>,
    /// The body.
    pub body: Body,
    /// How long it may take, the response body included.
    pub deadline: Duration,
    /// How much of the answer is kept.
    pub keep: Keep,
}

/// How much of an answer is kept.
#[derive(Clone, Copy, Debug)]
pub struct Keep {
    /// Of its headers, names and values together.
    pub header_bytes: usize,
    /// Of its body.
    pub body_bytes: usize,
}

/// An answer.
pub struct Response {
    /// The status.
    pub status: StatusCode,
    /// The headers, in lower case, repeated ones joined by a comma and a space; what is beyond the bound is left out.
    pub headers: BTreeMap<String, String>,
    /// `Retry-After` as it was sent, wherever it stood among the headers.
    pub retry_after: Option<String>,
    /// The start of the body.
    pub body: Vec<u8>,
    /// Whether there was more of the body, or may have been: too long, too late, or broken off.
    pub truncated: bool,
    /// The address that was called.
    pub remote_addr: Option<SocketAddr>,
    /// Where the time went.
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
