//! Publishing events by their type.

use hookstep_contract::{ConfigId, EventId, Outcome, Reason, Status, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::{ProblemDetails, schema};

/// An event for every webhook that subscribes to its type.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PublishFields {
    /// The type of the event. Webhooks name types in `event_types`. Types that begin with `Webhook ` are Hookstep's own.
    #[schema(
        min_length = 1,
        max_length = 128,
        pattern = r"^[^\s*\x00-\x1f\x7f]([^*\x00-\x1f\x7f]*[^\s*\x00-\x1f\x7f])?$",
        examples("order.created")
    )]
    pub event_type: String,
    /// The body of the requests: any JSON, sent byte for byte as it stands in the request.
    pub payload: Value,
    /// A key of the producer's own. For 24 hours a request with the same key, type and payload answers the publication of the first
    /// one. The header `Idempotency-Key` says the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 255, pattern = "^[ -~]+$")]
    pub idempotency_key: Option<String>,
    /// The producer's own id for the event, kept with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 255, pattern = "^[ -~]+$")]
    pub correlation_id: Option<String>,
    /// When to send the event, up to 30 days ahead; at once if the time has passed. Excludes `delay_seconds`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<schema::Timestamp>)]
    pub deliver_at: Option<Timestamp>,
    /// How many seconds after its acceptance to send the event. Excludes `deliver_at`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(maximum = 2_592_000)]
    pub delay_seconds: Option<u32>,
}

/// The delivery of a publication to one webhook.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PublishedDelivery {
    /// The webhook.
    #[schema(value_type = schema::ConfigId)]
    pub config_id: ConfigId,
    /// The event that is sent to it.
    #[schema(value_type = schema::EventId)]
    pub event_id: EventId,
}

impl From<hookstep_contract::PublishedDelivery> for PublishedDelivery {
    fn from(delivery: hookstep_contract::PublishedDelivery) -> Self {
        Self { config_id: delivery.config_id, event_id: delivery.event_id }
    }
}

/// An event that was accepted for the webhooks that subscribe to its type.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Published {
    /// The id of the publication.
    #[schema(value_type = schema::EventId)]
    pub publication_id: EventId,
    /// A delivery for each subscribed webhook; none if no webhook subscribes.
    pub deliveries: Vec<PublishedDelivery>,
}

/// Several events, each for the webhooks that subscribe to its type.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PublishBatch {
    /// The events.
    #[schema(min_items = 1, max_items = 100)]
    pub events: Vec<PublishFields>,
}

/// What became of one event of a batch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(untagged)]
pub enum BatchEntry {
    /// It was accepted.
    Published(Published),
    /// It was not.
    Refused {
        /// Why.
        #[schema(value_type = ProblemDetails)]
        problem: ProblemDetails,
    },
}

/// What became of the events of a batch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PublishedBatch {
    /// An entry for each event of the request, in the same order.
    pub events: Vec<BatchEntry>,
}

/// A publication, and a page of its deliveries.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Publication {
    /// The id of the publication.
    #[schema(value_type = schema::EventId)]
    pub publication_id: EventId,
    /// The type of the event.
    pub event_type: String,
    /// When it was accepted.
    #[schema(value_type = schema::Timestamp)]
    pub created_at: Timestamp,
    /// When the producer wanted it to be sent, if not at once.
    #[schema(value_type = Option<schema::Timestamp>)]
    pub deliver_at: Option<Timestamp>,
    /// The `Content-Type` of the body.
    pub content_type: String,
    /// The size of the body in bytes.
    pub size: u64,
    /// The producer's own id for the event.
    pub correlation_id: Option<String>,
    /// How many webhooks it goes to.
    pub delivery_count: usize,
    /// The deliveries of this page, in the order of their webhooks' ids.
    pub deliveries: Vec<DeliveryState>,
    /// What to send as `cursor` for the next page of deliveries; null on the last.
    pub next_cursor: Option<String>,
}

/// How the delivery of a publication to one webhook stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DeliveryState {
    /// The webhook.
    #[schema(value_type = schema::ConfigId)]
    pub config_id: ConfigId,
    /// The event that is sent to it.
    #[schema(value_type = schema::EventId)]
    pub event_id: EventId,
    /// The status of the event.
    #[schema(value_type = schema::Status)]
    pub status: Status,
    /// How many attempts were made.
    pub attempt_count: u32,
    /// How the last attempt ended.
    #[schema(value_type = Option<schema::Outcome>)]
    pub outcome: Option<Outcome>,
    /// The status code of the last attempt.
    pub status_code: Option<u16>,
    /// When the next attempt is due.
    #[schema(value_type = Option<schema::Timestamp>)]
    pub next_attempt_at: Option<Timestamp>,
    /// Why it was skipped or failed.
    #[schema(value_type = Option<schema::Reason>)]
    pub reason: Option<Reason>,
}
