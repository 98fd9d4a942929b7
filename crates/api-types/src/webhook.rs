//! Webhooks.

mod patch;

use hookstep_contract::{Timestamp, WebhookConfig};
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

/// What waits in the lane of a webhook with `max_in_flight` or `rate_limit`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = Lane)]
pub struct LaneStatus {
    /// How many events wait for their turn.
    pub waiting: u64,
    /// Whether all events that wait were counted. If not, there are more: counting stops at about 10,000.
    pub complete: bool,
    /// Since when the oldest of the counted events waits; null if none waits.
    #[schema(value_type = Option<schema::Timestamp>)]
    pub oldest_since: Option<Timestamp>,
    /// About how many seconds it takes until the counted events have been sent. Null if that cannot be said: the webhook has
    /// no rate limit, and in the last 24 hours no event has ended whose duration would tell.
    pub expected_seconds: Option<u64>,
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
    /// What waits in its lane; only in the answer to `GET /webhook/{config_id}`, if the webhook has a limit or something
    /// still waits from when it had one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    pub lane: Option<LaneStatus>,
    /// The signing secret. It is shown only once, in the answer to the request that made it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false, examples("whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"))]
    pub signing_secret: Option<Sensitive>,
}
