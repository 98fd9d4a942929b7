//! Webhooks.

mod patch;

use hookstep_contract::{Circuit, EventId, HealthState, Timestamp, WebhookConfig};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub use patch::WebhookPatch;

use crate::{Sensitive, StatsBucket, schema};

/// How a receiver does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Health {
    /// It takes no events: they wait, and now and then one is sent to find out whether it takes them again.
    Failing,
    /// It takes only a part of the events.
    Degraded,
    /// It takes the events, or none has been sent yet.
    Healthy,
    /// The webhook is disabled.
    Disabled,
}

impl From<HealthState> for Health {
    fn from(state: HealthState) -> Self {
        match state {
            HealthState::Failing => Self::Failing,
            HealthState::Degraded => Self::Degraded,
            HealthState::Healthy => Self::Healthy,
            HealthState::Disabled => Self::Disabled,
        }
    }
}

/// What is known about a receiver that does not take all events, or has not until a moment ago.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Receiver {
    /// Since when the receiver is in its state.
    #[schema(value_type = schema::Timestamp)]
    pub since: Timestamp,
    /// When the first attempt failed after which none has succeeded; null if the last known attempt has succeeded.
    #[schema(value_type = Option<schema::Timestamp>)]
    pub failing_since: Option<Timestamp>,
    /// How many attempts have failed since then, as far as they were counted.
    pub failures: u32,
    /// When an attempt last succeeded; null if that is not known.
    #[schema(value_type = Option<schema::Timestamp>)]
    pub last_success_at: Option<Timestamp>,
    /// Why the attempt failed after which the state was last changed: the code of a reason.
    pub reason_code: Option<String>,
    /// Whether events are held back.
    pub circuit: CircuitState,
    /// When an event is next sent to find out whether the receiver takes events again; null unless the circuit is open.
    #[schema(value_type = Option<schema::Timestamp>)]
    pub next_probe_at: Option<Timestamp>,
}

/// Whether the events of a webhook are held back because of its receiver.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CircuitState {
    /// They are not.
    Closed,
    /// They are, but for one at a time now and then.
    Open,
    /// The receiver takes events again: for a minute, more and more are sent at once.
    Ramping,
}

impl Receiver {
    /// What is known about a receiver. Of a webhook that is disabled, nothing is sent and nothing held back.
    pub fn of(health: &hookstep_contract::Health, is_enabled: bool, now: Timestamp) -> Self {
        let circuit = health.circuit.filter(|circuit| is_enabled && circuit.holds_back(now));
        let (circuit, next_probe_at) = match circuit {
            None => (CircuitState::Closed, None),
            Some(Circuit::Open { probe_at, .. }) => (CircuitState::Open, Some(probe_at)),
            Some(Circuit::Ramping { .. }) => (CircuitState::Ramping, None),
        };
        Self {
            since: health.since,
            failing_since: health.failing_since,
            failures: health.failures,
            last_success_at: health.last_success_at,
            reason_code: health.reason.map(|code| code.as_str().to_owned()),
            circuit,
            next_probe_at,
        }
    }
}

/// What waits in the lane of a webhook: for its turn under `max_in_flight`, `rate_limit` or `ordering`, or for a receiver that takes no events.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = Lane)]
pub struct LaneStatus {
    /// How many events wait.
    pub waiting: u64,
    /// Whether all events that wait were counted. If not, there are more: counting stops at about 10,000.
    pub complete: bool,
    /// Since when the oldest of the counted events waits; null if none waits.
    #[schema(value_type = Option<schema::Timestamp>)]
    pub oldest_since: Option<Timestamp>,
    /// About how many seconds it takes until the counted events have been sent, once the receiver takes them. Null if that
    /// cannot be said: the webhook has no rate limit, and in the last 24 hours no event has ended whose duration would tell.
    pub expected_seconds: Option<u64>,
    /// Events that have failed and block those behind them in their order, up to ten. Cancel one, or replay it with success, and
    /// the next one is sent.
    #[schema(value_type = Vec<schema::EventId>)]
    pub blocking: Vec<EventId>,
    /// What the receiver takes, as far as that was learned from its answers; only if `max_in_flight` is `auto`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    pub learned: Option<LearnedLimits>,
}

/// The limits of a webhook that follow its receiver.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LearnedLimits {
    /// How many attempts may begin in a minute, evenly spaced.
    pub attempts_per_minute: u32,
    /// How many attempts may be in flight at once.
    pub max_in_flight: u32,
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
    /// How its receiver does.
    pub health: Health,
    /// What is known about its receiver, unless that is healthy and was for a while.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    pub receiver: Option<Receiver>,
    /// The deliveries of the last 24 hours; only in lists with `include=stats`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    pub stats: Option<StatsBucket>,
    /// What waits in its lane; only in the answer to `GET /webhook/{config_id}`, if the webhook has a limit or something
    /// waits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    pub lane: Option<LaneStatus>,
    /// The signing secret. It is shown only once, in the answer to the request that made it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false, examples("whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"))]
    pub signing_secret: Option<Sensitive>,
}
