//! The input of `update-status`.

use serde::{Deserialize, Serialize};

use crate::{
    Attempt, BodyPart, Content, EventMetadata, EventRecord, HealthLook, PinnedObject, Reason, Retry, Source,
    record_item,
};

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
        /// Whether a success says something new about the receiver; absent if it is healthy.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        health: Option<HealthLook>,
        /// Whether the attempt was made from a lane, where the load on the receiver matters.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        in_lane: Option<bool>,
        /// The object that is the body, unless the body is inline.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        object: Option<PinnedObject>,
        /// The body, if only the execution has it: it is stored if the event has to wait.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        unkept: Option<UnkeptBody>,
        /// Whether it was made from the delivery queue.
        #[serde(default)]
        queued: bool,
    },
    /// State `RecordMissed`: a fault of the platform kept an attempt from being made, or from being recorded.
    Missed(Box<MissedAttempt>),
    /// State `EndEvent`: there is no further attempt, because the webhook is disabled or deleted.
    Unsent {
        /// The event.
        event: EventMetadata,
        /// The execution that delivers the event.
        execution: String,
        /// The number of the attempt that is not made; absent if an earlier version started the execution.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        number: Option<u32>,
        /// Why there is no further attempt.
        reason: Reason,
    },
    /// State `RecordException`: an internal error that can never pass stopped the delivery.
    Exception {
        /// The event.
        event: EventMetadata,
        /// The execution that the error stopped.
        execution: String,
        /// The number of the attempt that was to be made; absent if an earlier version started the execution.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        number: Option<u32>,
        /// The error.
        exception: Exception,
    },
}

/// An attempt that a fault of the platform stopped.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MissedAttempt {
    /// The event.
    pub event: EventMetadata,
    /// The execution that the fault stopped.
    pub execution: String,
    /// The number of the attempt, starting at 1.
    pub number: u32,
    /// Whether the event keeps its place in an order, and `number` is that of its first attempt: the fault came before it was found
    /// out which one this is.
    #[serde(default)]
    pub keeps_place: bool,
    /// When to send again; absent if the fault came before the webhook was read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry: Option<Retry>,
    /// The fault.
    pub exception: Exception,
    /// What is known about an event that has no record yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unrecorded: Option<Unrecorded>,
    /// The body, if only the execution has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unkept: Option<UnkeptBody>,
}

/// What an execution knows about an event that it has not recorded.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Unrecorded {
    /// The event's body.
    pub payload: Source,
    /// The event's record, if only the state `RecordEvent` was still to be done; a DynamoDB item in JSON.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "record_item::optional")]
    pub record: Option<EventRecord>,
}

/// A body that only an execution has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnkeptBody {
    /// The part of the event that it is stored as.
    pub part: BodyPart,
    /// The body.
    pub content: Content,
}

/// An error that the state machine caught.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Exception {
    /// The error's name.
    pub error: String,
    /// What is known about the cause.
    #[serde(default)]
    pub cause: Option<String>,
}
