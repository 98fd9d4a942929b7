//! What a search for events finds.

use hookstep_contract::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{Event, schema};

/// A page of the events of an org that a search has found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct FoundEvents {
    /// The events, newest first, without their attempts.
    pub data: Vec<Event>,
    /// What to send as `cursor` to go on from here; null if there are no more.
    pub next_cursor: Option<String>,
    /// The search has looked at all events that were accepted after this time, and goes on from there; null if there are no more.
    #[schema(value_type = Option<schema::Timestamp>)]
    pub looked_until: Option<Timestamp>,
    /// At how many events it has looked for this page.
    pub looked_at: u64,
    /// In how many bodies it has looked for `text`.
    pub bodies_searched: u64,
}
