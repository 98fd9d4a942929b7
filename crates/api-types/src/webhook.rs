//! Webhooks.

mod patch;

use hookstep_contract::WebhookConfig;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub use patch::WebhookPatch;

use crate::{Sensitive, StatsBucket, schema};

/// How the deliveries of a webhook go, by the events that were accepted in the last 24 hours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Health {
    /// At least as many events failed or wait for a retry as were delivered.
    Failing,
    /// Some events failed or wait for a retry, but more were delivered.
    Degraded,
    /// No event failed or waits for a retry.
    Healthy,
    /// Nothing was delivered, failed or waits for a retry.
    Idle,
    /// The webhook is disabled.
    Disabled,
}

impl Health {
    /// The health of a webhook with these deliveries. An event that has recovered counts by the replay that delivered it.
    pub fn of(enabled: bool, StatsBucket { succeeded, failed, retrying, .. }: &StatsBucket) -> Self {
        match failed + retrying {
            _ if !enabled => Self::Disabled,
            0 if *succeeded == 0 => Self::Idle,
            0 => Self::Healthy,
            bad if bad < *succeeded => Self::Degraded,
            _ => Self::Failing,
        }
    }
}

/// A webhook.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Webhook {
    /// What its owner set, and what Hookstep added.
    #[serde(flatten)]
    #[schema(value_type = schema::WebhookConfig)]
    pub config: WebhookConfig,
    /// Problems that its owner should solve, though deliveries work.
    pub warnings: Vec<String>,
    /// How its deliveries go; only in lists with `include=stats`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    pub health: Option<Health>,
    /// The deliveries of the last 24 hours; only in lists with `include=stats`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    pub stats: Option<StatsBucket>,
    /// The signing secret. It is shown only once, in the answer to the request that made it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false, examples("whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"))]
    pub signing_secret: Option<Sensitive>,
}
