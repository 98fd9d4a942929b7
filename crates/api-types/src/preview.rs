//! Trying a filter, a transform or a whole webhook.

use std::collections::BTreeMap;

use hookstep_contract::{Filter, Transform};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{Delivered, schema};

/// What to try, and with which body. Neither has to be saved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PreviewRequest {
    /// The filter to try; by default none.
    #[schema(value_type = Option<schema::Filter>)]
    pub filter: Option<Filter>,
    /// The transform to try; by default none.
    #[schema(value_type = Option<schema::Transform>)]
    pub transform: Option<Transform>,
    /// The body to try them with, as text; by default the sample of `event_type`.
    #[schema(examples("{\"order\": 1042, \"status\": \"shipped\"}"))]
    pub body: Option<String>,
    /// Its `Content-Type`; by default `application/json`.
    pub content_type: Option<String>,
    /// The event type whose sample is the body, if none is given; by default the first one that the webhook subscribes to by its name.
    #[schema(min_length = 1, max_length = 128)]
    pub event_type: Option<String>,
}

/// What a webhook would do with a body.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Preview {
    /// Whether it would be sent.
    pub passes: bool,
    /// Why it would be skipped.
    pub reason: Option<String>,
    /// Why it could not be sent.
    pub fault: Option<PreviewFault>,
    /// What would be sent; null if nothing would.
    pub request: Option<PreviewedRequest>,
    /// The key of the order in which it would be sent; null if the webhook has no such order, or the body no key.
    pub order_key: Option<String>,
}

/// What is wrong with a filter, a transform, or the body.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PreviewFault {
    /// The field that is wrong, or `body`.
    pub field: String,
    /// Where in an expression: the number of the character, from 1, at or before which the fault is.
    pub position: Option<usize>,
    /// What is wrong.
    pub reason: String,
}

/// A request as the receiver would get it. `***` stands for secrets, and for values that are made when it is sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PreviewedRequest {
    /// The HTTP method.
    pub method: String,
    /// The receiver.
    pub url: String,
    /// Its headers.
    pub headers: BTreeMap<String, String>,
    /// Its body.
    pub body: String,
    /// `base64` if the body is not text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body_encoding: Option<String>,
}

/// What a test answers: how the delivery ended, or what would be sent.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[serde(untagged)]
pub enum Tested {
    /// How the delivery ended, if the body was sent.
    Delivered(Delivered),
    /// What would be sent, with `send=false`.
    Preview(Preview),
}
