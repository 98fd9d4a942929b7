//! The outcome of one attempt. A receiver's failure is a value, never an error.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{Content, Reason, Timestamp};

/// The outcome of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The receiver responded with 2xx.
    Succeeded,
    /// The receiver responded with another status, including 3xx, because redirects are not followed.
    FailedHttp,
    /// The deadline passed.
    FailedTimeout,
    /// No response: DNS, connecting or TLS failed, or the connection broke before the response head was
    /// complete.
    FailedUnreachable,
    /// Hookstep did not make the call: a blocked address or an invalid URL.
    Refused,
    /// The credentials could not be obtained: the authorisation server issued no token, or a connection
    /// cannot be read.
    FailedAuth,
    /// The body could not be read, or was not the one that was accepted.
    FailedPayload,
    /// A fault of Hookstep or of the platform that it runs on: the attempt was not made, or its result was lost.
    FailedPlatform,
}

impl Outcome {
    /// Every outcome.
    pub const ALL: [Self; 8] = [
        Self::Succeeded,
        Self::FailedHttp,
        Self::FailedTimeout,
        Self::FailedUnreachable,
        Self::Refused,
        Self::FailedAuth,
        Self::FailedPayload,
        Self::FailedPlatform,
    ];

    /// The name used in JSON and in tables.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Succeeded => "succeeded",
            Self::FailedHttp => "failed_http",
            Self::FailedTimeout => "failed_timeout",
            Self::FailedUnreachable => "failed_unreachable",
            Self::Refused => "refused",
            Self::FailedAuth => "failed_auth",
            Self::FailedPayload => "failed_payload",
            Self::FailedPlatform => "failed_platform",
        }
    }

    /// Whether the duration of the attempt says how long the receiver takes.
    pub fn tells_duration(self) -> bool {
        matches!(self, Self::Succeeded | Self::FailedHttp | Self::FailedTimeout)
    }
}

/// The timings of an attempt, in milliseconds from the start of each phase. A phase that did not happen is
/// absent (a kept-alive connection has no connect).
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Timings {
    /// Before the request: its signature, and its token where it needs one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prepare: Option<f64>,
    /// Name resolution.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dns: Option<f64>,
    /// TCP connection setup.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connect: Option<f64>,
    /// TLS handshake.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls: Option<f64>,
    /// From the start of the request to the response head: DNS, connect and TLS are parts of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_byte: Option<f64>,
    /// The whole attempt. `duration_ms` is this, rounded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total: Option<f64>,
}

/// One attempt: the request and its response.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Attempt {
    /// The attempt's number, starting at 1.
    pub number: u32,
    /// When the attempt began.
    pub started_at: Timestamp,
    /// How long the attempt took, including reading the response body, in milliseconds.
    pub duration_ms: u64,
    /// How the attempt ended.
    pub outcome: Outcome,
    /// The status of the receiver's response, if there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status_code: Option<u16>,
    /// The method of the request. Attempts of earlier versions have neither method nor URL.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// The URL of the request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// The request headers, with secret values masked.
    #[serde(default)]
    pub request_headers: BTreeMap<String, String>,
    /// The response headers, limited in size; repeated headers are joined with a comma and a space.
    #[serde(default)]
    pub response_headers: BTreeMap<String, String>,
    /// The first part of the response body.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub response_body: Option<Content>,
    /// The `Content-Encoding` of the response, if the stored response body is what was inside.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub response_decoded: Option<String>,
    /// Whether the stored response body was cut off.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub response_truncated: bool,
    /// The receiver's IP address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remote_ip: Option<String>,
    /// How the time was spent.
    #[serde(default)]
    pub timings: Timings,
    /// Why the attempt failed. Attempts of earlier versions have a sentence under the name `error`.
    #[serde(default, skip_serializing_if = "Option::is_none", alias = "error")]
    pub reason: Option<Reason>,
    /// Whether an otherwise final failure may be temporary: the authorisation server was down.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub transient: bool,
    /// The receiver's `Retry-After`, in seconds from the end of the attempt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_seconds: Option<u64>,
}

/// The request headers that say nothing of a body but its type and size. Others may be made from it.
const PLAIN_HEADERS: [&str; 8] = [
    "accept",
    "content-encoding",
    "content-length",
    "content-type",
    "user-agent",
    "webhook-id",
    "webhook-signature",
    "webhook-timestamp",
];

impl Attempt {
    /// The same without what may repeat a body: the receiver's answer but for its status, and headers that can be made from the
    /// event.
    #[must_use]
    pub fn without_bodies(mut self) -> Self {
        self.request_headers.retain(|name, _| PLAIN_HEADERS.contains(&name.as_str()));
        Self {
            response_headers: BTreeMap::new(),
            response_body: None,
            response_decoded: None,
            response_truncated: false,
            ..self
        }
    }
}
