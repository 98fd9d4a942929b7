//! How deliveries went.

use std::collections::BTreeMap;

use hookstep_contract::{Outcome, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::schema;

/// What one bucket is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = Step)]
pub enum StatsStep {
    /// An hour.
    Hour,
    /// A day in UTC.
    Day,
}

/// How deliveries went.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Stats {
    /// When the first bucket begins.
    #[schema(value_type = schema::Timestamp)]
    pub from: Timestamp,
    /// Until when events are in the last bucket: its end, or now.
    #[schema(value_type = schema::Timestamp)]
    pub to: Timestamp,
    /// What one bucket is.
    #[serde(rename = "by")]
    pub step: StatsStep,
    /// Whether every event was counted. Where not, ask again: what was counted is kept.
    pub complete: bool,
    /// All buckets together.
    pub totals: StatsBucket,
    /// Oldest first, those without events included.
    pub buckets: Vec<StatsBucket>,
}

/// The events that were accepted in one span of time. Percentiles are of how long the last attempts of the delivered and the
/// failed ones took, to within 3.2 %; null without any.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = Bucket)]
pub struct StatsBucket {
    /// When it begins.
    #[schema(value_type = schema::Timestamp)]
    pub start: Timestamp,
    /// How many were delivered.
    pub succeeded: u64,
    /// How many were given up.
    pub failed: u64,
    /// How many are being sent, or wait to be sent again.
    pub in_progress: u64,
    /// How many were not to be sent.
    pub skipped: u64,
    /// How the last attempts of the failed ones ended. Those that failed without an attempt are not in it.
    #[schema(value_type = BTreeMap<schema::Outcome, u64>)]
    pub outcomes: BTreeMap<Outcome, u64>,
    /// Half of them took no longer.
    pub p50_ms: Option<u64>,
    /// 95 % of them took no longer.
    pub p95_ms: Option<u64>,
    /// 99 % of them took no longer.
    pub p99_ms: Option<u64>,
}
