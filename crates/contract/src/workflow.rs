//! The input of the state machine, and the inputs and outputs of its steps.

use std::collections::BTreeMap;
use std::ops::Not;

use serde::{Deserialize, Serialize};

use crate::{
    Attempt, AuthReport, Body, BodyPart, CloudEvents, Content, DeliveryEvent, EventId, EventMetadata,
    EventRecord, ExtraSignature, Held, Lane, Load, Outcome, Reason, Retry, Source, Status, StoredBody,
    TestAuth, Timestamp, Unresolved, record_item,
};

/// The input of an execution.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkflowInput {
    /// The event.
    pub event: EventMetadata,
    /// The event's body.
    pub payload: Source,
}

/// The input of `fetch-config`, for the states `FetchConfig` and `RefreshPlan`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FetchConfigInput {
    /// The event.
    pub event: EventMetadata,
    /// The execution that will own the event's record.
    pub execution: String,
    /// The event's body; absent if an earlier version started the execution.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payload: Option<Source>,
    /// State `RefreshPlan`: the plan of a further attempt is wanted.
    #[serde(default, skip_serializing_if = "<&bool>::not")]
    pub refresh: bool,
    /// State `RefreshPlan`: the number of that attempt; absent if an earlier version started the execution.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<u32>,
    /// State `RefreshPlan`: the execution was started with a reference to the event, so it needs the body as well.
    #[serde(default, skip_serializing_if = "<&bool>::not")]
    pub needs_body: bool,
    /// State `RefreshPlan`: the event has a place in an order, which it keeps until it is over. So the record says which attempt is
    /// the next, and whether it is due.
    #[serde(default, skip_serializing_if = "<&bool>::not")]
    pub keeps_place: bool,
}

/// What to send, and where to, without secrets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestPlan {
    /// The receiver's URL.
    pub url: String,
    /// The HTTP method.
    pub method: String,
    /// The config's own headers.
    pub headers: BTreeMap<String, String>,
    /// The templates of headers whose values are made from the event.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub event_headers: BTreeMap<String, String>,
    /// How the event is sent as a CloudEvent, if it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cloud_events: Option<Box<CloudEvents>>,
    /// One more signature, in a format that the receiver verifies already.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extra_signature: Option<Box<ExtraSignature>>,
    /// The timeout of the attempt, in seconds.
    pub timeout_seconds: u32,
    /// The config's revision. `deliver` uses keys and credentials of this revision and no other. 0 when there are
    /// none.
    #[serde(default)]
    pub revision: u64,
}

/// Everything that a config determines for one event.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// The event's initial status: in progress or skipped.
    pub status: Status,
    /// Why the event is skipped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// What to send, and where to.
    pub request: RequestPlan,
    /// When to send again.
    pub retry: Retry,
    /// Whether an attempt may take longer than an express execution can wait.
    pub long: bool,
    /// Whether the webhook has a filter or a transform; they are applied before the event is recorded.
    #[serde(default, skip_serializing_if = "<&bool>::not", alias = "shaped")]
    pub has_payload_rules: bool,
    /// Set if the body is stored nowhere: only the execution has it. It must be stored as this part before the
    /// event waits outside the execution.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unkept: Option<BodyPart>,
    /// Where the attempt waits for its turn; absent if it is made at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lane: Option<Lane>,
    /// Whether the events behind this one in its order wait if it fails.
    #[serde(default, skip_serializing_if = "<&bool>::not")]
    pub blocks: bool,
    /// Whether the attempt waits in the delivery queue, and is made together with others.
    #[serde(default, skip_serializing_if = "<&bool>::not")]
    pub queued: bool,
    /// Whether `update-status` is to look at the receiver's health after a success, too, and how soon; absent if the receiver
    /// is healthy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub health: Option<HealthLook>,
}

/// When the health of a receiver is looked at after a success.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HealthLook {
    /// After this attempt, because its success closes the circuit.
    Always,
    /// Now and then.
    NowAndThen,
}

/// The output of `fetch-config`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum FetchConfigOutput {
    /// State `FetchConfig`.
    Event(Box<FetchedConfig>),
    /// State `RefreshPlan`.
    Refreshed {
        /// What is to be done about the next attempt.
        plan: Box<RefreshedPlan>,
        /// Where the body is, if the execution needs it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        payload: Option<StoredBody>,
        /// The number of the next attempt, if the event keeps its place in an order.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        number: Option<u32>,
    },
}

/// What is to be done about a further attempt of an event.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
#[expect(clippy::large_enum_variant, reason = "there is one at a time, and nearly all are attempts")]
pub enum RefreshedPlan {
    /// It is made like this.
    Attempt(Plan),
    /// It is not made.
    Unsent {
        /// Always `failed`, which the state machine looks at.
        status: Status,
        /// Why it is not made.
        reason: Reason,
        /// Whether the events behind this one in its order wait.
        #[serde(default, skip_serializing_if = "<&bool>::not")]
        blocks: bool,
    },
    /// It is not made now: the event keeps its place in its order.
    Held {
        /// Why.
        held: Held,
        /// The event's status.
        status: Status,
    },
    /// It has been made already: another execution delivers the event.
    Superseded {
        /// Always true.
        superseded: bool,
    },
}

/// The output of the state `FetchConfig`: the plan, the record that `RecordEvent` writes, and the body if it was
/// fetched from storage.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FetchedConfig {
    /// Everything that the config determines for the event.
    pub plan: Plan,
    /// The event's record; a DynamoDB item in JSON.
    #[serde(with = "record_item")]
    pub record: EventRecord,
    /// The body of the replayed event, or that which is stored already; absent when the input's body is used unchanged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payload: Option<Unresolved>,
}

/// The input and output of `transform`: it changes the fields in place.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TransformData {
    /// The event; a transform changes its content type.
    pub event: EventMetadata,
    /// The event's body.
    pub payload: Unresolved,
    /// Everything that the config determines for the event; a filter may mark it as skipped.
    pub plan: Plan,
    /// The event's record; a DynamoDB item in JSON.
    #[serde(with = "record_item")]
    pub record: EventRecord,
}

/// The input of `hydrate`; its output is the [`Body`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HydrateInput {
    /// The event.
    pub event: EventMetadata,
    /// The event's body, which is a claim check.
    pub payload: Unresolved,
}

/// The input of `deliver`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeliverInput {
    /// The event.
    pub event: EventMetadata,
    /// What to send, and where to.
    pub request: RequestPlan,
    /// The body.
    pub payload: Body,
    /// The number of the attempt, starting at 1.
    pub number: u32,
}

/// The input of the function `deliver`, by state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum DeliverCall {
    /// State `Deliver`: make one attempt.
    Attempt(Box<DeliverInput>),
    /// State `TestAuth`: obtain the credentials without sending anything.
    TestAuth(TestAuth),
    /// A daily call by the clock: do nothing. Lambda takes a function in a VPC out of service after 14 idle days, and
    /// its next call fails.
    KeepActive,
}

/// The output of the function `deliver`, with the same tags as [`DeliverCall`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeliverOutput {
    /// How the attempt ended.
    Attempt(Box<Attempt>),
    /// Whether the credentials could be obtained.
    AuthReport(AuthReport),
    /// Nothing was to be done.
    Active,
}

/// The output of `update-status`: the event's status, and what comes next.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Next {
    /// The event's current status.
    pub status: Status,
    /// When to send again; absent when the event has ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_at: Option<Timestamp>,
    /// Until when the receiver wants no other event of the webhook, if it has said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pause_until: Option<Timestamp>,
    /// What the attempt says about the load on its receiver, if it was made from a lane.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub load: Option<Load>,
    /// Whether a producer waits for that retry, which therefore comes soon enough for an express execution.
    #[serde(default, skip_serializing_if = "<&bool>::not")]
    pub soon: bool,
    /// The response for a waiting producer; absent in async mode.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<Delivered>,
    /// The events to publish on the bus.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub publish: Vec<DeliveryEvent>,
}

impl Next {
    /// Nothing more is to be done for an event that has this status.
    pub fn ended(status: Status) -> Self {
        Self {
            status,
            retry_at: None,
            pause_until: None,
            load: None,
            soon: false,
            answer: None,
            publish: Vec::new(),
        }
    }
}

/// The output of an execution.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WorkflowOutput {
    /// The event's status when the execution ended.
    pub status: Status,
    /// Why the event was skipped.
    #[serde(default)]
    pub reason: Option<Reason>,
    /// The response for a waiting producer.
    #[serde(default)]
    pub answer: Option<Delivered>,
    /// Whether the event waits in a lane.
    #[serde(default)]
    pub in_lane: bool,
}

impl WorkflowOutput {
    /// The response after an execution ended; if the execution has none, that of an event that was not sent.
    pub fn answer_for(self, event_id: EventId) -> Delivered {
        self.answer.unwrap_or(Delivered {
            event_id,
            status: self.status,
            outcome: None,
            status_code: None,
            headers: BTreeMap::new(),
            body: None,
            body_decoded: None,
            body_truncated: false,
            attempts: 0,
            duration_ms: 0,
            reason: self.reason,
        })
    }
}

impl Delivered {
    /// The response after the last attempt for an event that was accepted at `created_at`.
    pub fn after(
        attempt: &Attempt,
        event_id: EventId,
        status: Status,
        created_at: Timestamp,
        now: Timestamp,
    ) -> Self {
        Self {
            event_id,
            status,
            outcome: Some(attempt.outcome),
            status_code: attempt.status_code,
            headers: attempt.response_headers.clone(),
            body: attempt.response_body.clone(),
            body_decoded: attempt.response_decoded.clone(),
            body_truncated: attempt.response_truncated,
            attempts: attempt.number,
            duration_ms: millis_between(created_at, now),
            reason: attempt.reason.clone(),
        }
    }

    /// The response for an event that ended without another attempt.
    pub fn without_attempt(record: EventRecord, now: Timestamp) -> Self {
        Self {
            event_id: record.event_id,
            status: record.status,
            outcome: record.outcome,
            status_code: record.status_code,
            headers: BTreeMap::new(),
            body: None,
            body_decoded: None,
            body_truncated: false,
            attempts: record.attempt_count,
            duration_ms: millis_between(record.created_at, now),
            reason: record.reason,
        }
    }
}

fn millis_between(then: Timestamp, now: Timestamp) -> u64 {
    u64::try_from(now.since(then).as_millis()).unwrap_or(u64::MAX)
}

/// The response to the producer of a sync trigger.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Delivered {
    /// The event.
    pub event_id: EventId,
    /// The event's status.
    pub status: Status,
    /// How the last attempt ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Outcome>,
    /// The status of the receiver's response.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status_code: Option<u16>,
    /// The headers of the receiver's response.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// The first part of the receiver's response body.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<Content>,
    /// The `Content-Encoding` of the response, if `body` is what was inside.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body_decoded: Option<String>,
    /// Whether the response body was cut off.
    #[serde(default)]
    pub body_truncated: bool,
    /// How many attempts were made.
    #[serde(default)]
    pub attempts: u32,
    /// The time from acceptance to the end, in milliseconds.
    #[serde(default)]
    pub duration_ms: u64,
    /// Why the event failed or was skipped. Earlier versions have a sentence under the name `error`.
    #[serde(default, skip_serializing_if = "Option::is_none", alias = "error")]
    pub reason: Option<Reason>,
}
