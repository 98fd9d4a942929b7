//! What goes into the state machine, what its steps take and what they return.

use std::collections::BTreeMap;
use std::ops::Not;

use serde::{Deserialize, Serialize};

use crate::{
    Attempt, Body, ConfigId, Content, DeliveryEvent, EventId, EventMetadata, EventRecord, OrgId, Outcome,
    Reason, Retry, Source, Status, Timestamp, Unresolved, record_item,
};

/// The input of an execution.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkflowInput {
    /// The event.
    pub event: EventMetadata,
    /// Its body.
    pub payload: Source,
}

/// The input of `fetch-config`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FetchConfigInput {
    /// The event.
    pub event: EventMetadata,
    /// The execution that will own the event's record.
    pub execution: String,
    /// Its body; absent from an execution that an earlier version started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payload: Option<Source>,
}

/// What to send to where, secrets left out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestPlan {
    /// The receiver.
    pub url: String,
    /// The HTTP method.
    pub method: String,
    /// The config's own headers.
    pub headers: BTreeMap<String, String>,
    /// The longest the attempt may take, in seconds.
    pub timeout_seconds: u32,
    /// The config's revision: `deliver` looks up what belongs to it. 0 when there is nothing to look up.
    #[serde(default)]
    pub revision: u64,
}

/// All that a config means for one event.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// The event's first status: in progress, or skipped.
    pub status: Status,
    /// Why it is skipped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// What to send to where.
    pub request: RequestPlan,
    /// When to send again.
    pub retry: Retry,
    /// Whether an attempt may outlast what an express execution can wait for.
    pub long: bool,
    /// Whether the webhook has a filter or a transform, which are applied before the event is recorded.
    #[serde(default, skip_serializing_if = "<&bool>::not", alias = "shaped")]
    pub has_payload_rules: bool,
}

/// The output of `fetch-config`: the plan, the record that `RecordEvent` writes, and the body where it was elsewhere.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FetchedConfig {
    /// All that the config means for the event.
    pub plan: Plan,
    /// The event's record; in JSON a DynamoDB item.
    #[serde(with = "record_item")]
    pub record: EventRecord,
    /// The body of the event that is sent again; absent when the body stays as it came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payload: Option<Unresolved>,
}

/// The input of `transform`, and its output: what it changes is in the same place.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TransformData {
    /// The event; a transform gives it another content type.
    pub event: EventMetadata,
    /// Its body.
    pub payload: Unresolved,
    /// All that the config means for the event; a filter makes it skipped.
    pub plan: Plan,
    /// The event's record; in JSON a DynamoDB item.
    #[serde(with = "record_item")]
    pub record: EventRecord,
}

/// The input of `hydrate`; its output is the [`Body`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HydrateInput {
    /// The event.
    pub event: EventMetadata,
    /// The body, which is a claim check.
    pub payload: Unresolved,
}

/// The input of `deliver`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeliverInput {
    /// The event.
    pub event: EventMetadata,
    /// What to send to where.
    pub request: RequestPlan,
    /// The body.
    pub payload: Body,
    /// Which attempt this is, from 1.
    pub number: u32,
}

/// The input of the function `deliver`: which of its two jobs to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum DeliverCall {
    /// State `Deliver`: make one attempt.
    Attempt(Box<DeliverInput>),
    /// State `TestAuth`: obtain the credentials and send nothing.
    TestAuth(TestAuth),
}

/// The output of the function `deliver`, under the name of the job that it did.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeliverOutput {
    /// How the attempt ended.
    Attempt(Box<Attempt>),
    /// Whether the credentials could be obtained.
    AuthReport(AuthReport),
}

/// Whose credentials to try; the input of the machine of `test-auth.asl.json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TestAuth {
    /// The tenant.
    pub org_id: OrgId,
    /// The webhook.
    pub config_id: ConfigId,
    /// The config's revision.
    pub revision: u64,
}

/// What became of an authentication. Holds nothing secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuthReport {
    /// Whether an attempt would have had its credentials.
    pub ok: bool,
    /// What the credentials are, or why there are none; for an integrator.
    pub detail: String,
    /// The authorisation server's status, when it was asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status_code: Option<u16>,
    /// For how long its answer is good, in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_in: Option<u64>,
    /// How long it took, in milliseconds.
    pub duration_ms: u64,
}

/// The input of `update-status`: what to record.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum UpdateStatusInput {
    /// State `UpdateStatus`: an attempt was made.
    Attempt {
        /// The event.
        event: EventMetadata,
        /// When to send again.
        retry: Retry,
        /// How the attempt ended.
        attempt: Box<Attempt>,
    },
    /// State `RecordException`: an error of ours stopped the delivery.
    Exception {
        /// The event.
        event: EventMetadata,
        /// The execution that the error stopped.
        execution: String,
        /// The error.
        exception: Exception,
    },
}

/// An error that the state machine caught.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Exception {
    /// Its name.
    pub error: String,
    /// What is known of its cause.
    #[serde(default)]
    pub cause: Option<String>,
}

/// The output of `update-status`: the event's status, and what is next.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Next {
    /// The event's status now.
    pub status: Status,
    /// When to send again; absent when the event is done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_at: Option<Timestamp>,
    /// What a waiting producer is told; absent in the async mode.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<Delivered>,
    /// What is to be put on the bus.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub publish: Vec<DeliveryEvent>,
}

/// The output of an execution.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WorkflowOutput {
    /// The event's status when the execution ended.
    pub status: Status,
    /// Why it was skipped.
    #[serde(default)]
    pub reason: Option<Reason>,
    /// What a waiting producer is told.
    #[serde(default)]
    pub answer: Option<Delivered>,
}

impl WorkflowOutput {
    /// The answer of an execution that has ended; that of an event that was not sent, if there is none.
    pub fn answer_for(self, event_id: EventId) -> Delivered {
        self.answer.unwrap_or(Delivered {
            event_id,
            status: self.status,
            outcome: None,
            status_code: None,
            headers: BTreeMap::new(),
            body: None,
            body_truncated: false,
            attempts: 0,
            duration_ms: 0,
            reason: self.reason,
        })
    }
}

/// What the producer of a sync trigger gets.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Delivered {
    /// The event.
    pub event_id: EventId,
    /// Where it stands.
    pub status: Status,
    /// How the last attempt ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Outcome>,
    /// The receiver's status.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status_code: Option<u16>,
    /// The receiver's headers.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// The first part of the receiver's body.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<Content>,
    /// Whether there was more of it.
    #[serde(default)]
    pub body_truncated: bool,
    /// How many attempts were made.
    #[serde(default)]
    pub attempts: u32,
    /// From acceptance to the end, in milliseconds.
    #[serde(default)]
    pub duration_ms: u64,
    /// Why it failed or was skipped. Answers of earlier versions have a sentence under the name `error`.
    #[serde(default, skip_serializing_if = "Option::is_none", alias = "error")]
    pub reason: Option<Reason>,
}
