//! An event of Hookstep's own, as the bus passes it on.

use hookstep_contract::{DeliveryDetail, DetailType};
use serde::Deserialize;

/// An event about a webhook, in the form of EventBridge, of whose other fields none is needed.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct BusEvent {
    /// The change.
    pub detail_type: DetailType,
    /// What is known about it.
    pub detail: DeliveryDetail,
}
