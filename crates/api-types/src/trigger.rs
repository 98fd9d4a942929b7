//! Triggering a webhook.

use std::collections::BTreeMap;

use hookstep_contract::{Content, EventId, Outcome, Reason, ShownBody, Status, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{Sensitive, schema};

/// The answer to a trigger whose delivery goes on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Accepted {
    /// The id of the event.
    #[schema(value_type = schema::EventId)]
    pub event_id: EventId,
    /// `in_progress`, or `scheduled` if it is to be sent later.
    #[schema(value_type = schema::Status)]
    pub status: Status,
}

/// The answer to a sync trigger whose delivery has ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Delivered {
    /// The id of the event.
    #[schema(value_type = schema::EventId)]
    pub event_id: EventId,
    /// The status of the event.
    #[schema(value_type = schema::Status)]
    pub status: Status,
    /// How the last attempt ended; null if none was made.
    #[schema(value_type = Option<schema::Outcome>)]
    pub outcome: Option<Outcome>,
    /// The HTTP status of the receiver's answer.
    pub status_code: Option<u16>,
    /// The headers of the receiver's answer.
    #[serde(default)]
    #[schema(required = true)]
    pub headers: BTreeMap<String, String>,
    /// The body of the receiver's answer, up to 64 KiB.
    pub body: Option<String>,
    /// `base64` if the body is not text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body_encoding: Option<String>,
    /// The `Content-Encoding` of the answer, if `body` is what was inside: gzip and deflate are decoded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body_decoded: Option<String>,
    /// Whether the body was longer.
    #[serde(default)]
    #[schema(required = true)]
    pub body_truncated: bool,
    /// How many attempts were made.
    #[serde(default)]
    #[schema(required = true)]
    pub attempts: u32,
    /// How long the last one took, in milliseconds.
    #[serde(default)]
    #[schema(required = true)]
    pub duration_ms: u64,
    /// Why it failed or was skipped.
    #[serde(default)]
    #[schema(value_type = Option<schema::Reason>, required = true)]
    pub reason: Option<Reason>,
    /// The `detail` of the reason.
    pub error: Option<String>,
}

impl From<hookstep_contract::Delivered> for Delivered {
    fn from(delivered: hookstep_contract::Delivered) -> Self {
        let shown = delivered.body.map(Content::into_shown);
        let (body, body_encoding) = shown.map(|ShownBody { text, encoding }| (text, encoding)).unzip();
        Self {
            event_id: delivered.event_id,
            status: delivered.status,
            outcome: delivered.outcome,
            status_code: delivered.status_code,
            headers: delivered.headers,
            body,
            body_encoding: body_encoding.flatten().map(str::to_owned),
            body_decoded: delivered.body_decoded,
            body_truncated: delivered.body_truncated,
            attempts: delivered.attempts,
            duration_ms: delivered.duration_ms,
            error: delivered.reason.as_ref().map(|reason| reason.detail.clone()),
            reason: delivered.reason,
        }
    }
}

/// A body that is going to be uploaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UploadFields {
    /// Its size in bytes. The URL takes a body of exactly this size.
    #[schema(maximum = 5_368_709_120_usize, examples(7_340_032))]
    pub size: u64,
}

/// Where to upload a body: PUT it to `upload_url` with `headers` before `expires_at`, then trigger with `claim_check`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Upload {
    /// Where to PUT the body, once.
    #[schema(value_type = String)]
    pub upload_url: Sensitive,
    /// The headers that the PUT must have, as they are here: the size, and that nothing is overwritten.
    #[serde(default)]
    #[schema(required = true)]
    pub headers: BTreeMap<String, String>,
    /// The value for the parameter `claim_check` of the trigger.
    pub claim_check: String,
    /// When the URL expires.
    #[schema(value_type = schema::Timestamp)]
    pub expires_at: Timestamp,
}
