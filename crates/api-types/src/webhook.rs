//! Webhooks.

mod patch;

use hookstep_contract::WebhookConfig;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub use patch::WebhookPatch;

use crate::{Sensitive, schema};

/// A webhook.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Webhook {
    /// What its owner set, and what Hookstep added.
    #[serde(flatten)]
    #[schema(value_type = schema::WebhookConfig)]
    pub config: WebhookConfig,
    /// Problems that its owner should solve, though deliveries work.
    pub warnings: Vec<String>,
    /// The signing secret. It is shown only once, in the answer to the request that made it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false, examples("whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"))]
    pub signing_secret: Option<Sensitive>,
}
