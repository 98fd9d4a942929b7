//! What became of one attempt. A receiver's failure is a value, never an error.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{Content, Reason, Timestamp};

/// The class of an attempt's end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The receiver answered 2xx.
    Succeeded,
    /// The receiver answered with another status; 3xx counts, for redirects are not followed.
    FailedHttp,
    /// The deadline came first.
    FailedTimeout,
    /// No answer: DNS, connect, TLS, or the connection broke before the response head was whole.
    FailedUnreachable,
    /// We would not call: a blocked address or a bad URL.
    Refused,
    /// Its credentials could not be had: no token from the authorisation server, or a connection that cannot be read.
    FailedAuth,
    /// The body could not be had or was not the one that was accepted.
    FailedPayload,
}

impl Outcome {
    /// The name as JSON and tables have it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Succeeded => "succeeded",
            Self::FailedHttp => "failed_http",
            Self::FailedTimeout => "failed_timeout",
            Self::FailedUnreachable => "failed_unreachable",
            Self::Refused => "refused",
            Self::FailedAuth => "failed_auth",
            Self::FailedPayload => "failed_payload",
        }
    }
}

/// Where an attempt's time went, in milliseconds from the start of each part. A part that did not happen (a kept-alive
/// connection has no connect) is absent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Timings {
    /// Name resolution.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dns: Option<f64>,
    /// TCP connect.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connect: Option<f64>,
    /// TLS handshake.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls: Option<f64>,
    /// From the start of the attempt to the response head.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_byte: Option<f64>,
}

/// One attempt: what was sent, what came back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Attempt {
    /// 1 for the first.
    pub number: u32,
    /// When it began.
    pub started_at: Timestamp,
    /// How long it took, the body read included, in milliseconds.
    pub duration_ms: u64,
    /// How it ended.
    pub outcome: Outcome,
    /// The receiver's status, when it gave one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status_code: Option<u16>,
    /// The headers we sent, the values of secret ones masked.
    #[serde(default)]
    pub request_headers: BTreeMap<String, String>,
    /// The headers that came back, repeated ones joined by a comma and a space; bounded.
    #[serde(default)]
    pub response_headers: BTreeMap<String, String>,
    /// The first part of the response body.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub response_body: Option<Content>,
    /// Whether there was more of the body than was kept.
    #[serde(default)]
    pub response_truncated: bool,
    /// The address that was called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remote_ip: Option<String>,
    /// Where the time went.
    #[serde(default)]
    pub timings: Timings,
    /// Why it failed. Attempts of earlier versions have a sentence under the name `error`.
    #[serde(default, skip_serializing_if = "Option::is_none", alias = "error")]
    pub reason: Option<Reason>,
    /// Whether a failure that is final otherwise may pass: the authorisation server was down.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub transient: bool,
    /// The receiver's `Retry-After`, as seconds from the end of the attempt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_seconds: Option<u64>,
}
