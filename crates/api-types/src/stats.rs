//! How deliveries went.

use std::collections::BTreeMap;

use hookstep_contract::{Outcome, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::schema;

/// The length of a bucket.
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
    /// Until when events are counted: the end of the last bucket, or now.
    #[schema(value_type = schema::Timestamp)]
    pub to: Timestamp,
    /// The length of a bucket.
    #[serde(rename = "by")]
    pub step: StatsStep,
    /// Whether every event was counted. If not, ask again: counting continues where it stopped.
    pub complete: bool,
    /// All buckets together.
    pub totals: StatsBucket,
    /// Oldest first, those without events included.
    pub buckets: Vec<StatsBucket>,
}

/// The events that were accepted in one period. The percentiles are of the durations of the last attempts of delivered and
/// failed events, to within 3.2 %; they are null if there are none.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = Bucket)]
pub struct StatsBucket {
    /// When it begins.
    #[schema(value_type = schema::Timestamp)]
    pub start: Timestamp,
    /// How many were delivered.
    pub succeeded: u64,
    /// How many failed and have not recovered.
    pub failed: u64,
    /// How many failed first and were delivered by their newest replay.
    #[serde(default)]
    #[schema(required = true)]
    pub recovered: u64,
    /// How many are to be sent for the first time at a later time.
    #[serde(default)]
    #[schema(required = true)]
    pub scheduled: u64,
    /// How many are being sent, or wait for their next attempt.
    pub in_progress: u64,
    /// How many of those have failed at least once, and wait for their next attempt.
    #[serde(default)]
    #[schema(required = true)]
    pub retrying: u64,
    /// How many were skipped.
    pub skipped: u64,
    /// How the last attempts of the failed events ended. Events that failed without an attempt are not counted here.
    #[schema(value_type = BTreeMap<schema::Outcome, u64>)]
    pub outcomes: BTreeMap<Outcome, u64>,
    /// Half of them took no longer.
    pub p50_ms: Option<u64>,
    /// 95 % of them took no longer.
    pub p95_ms: Option<u64>,
    /// 99 % of them took no longer.
    pub p99_ms: Option<u64>,
}

impl StatsBucket {
    /// How many events there were.
    pub fn events(&self) -> u64 {
        let Self { succeeded, failed, recovered, scheduled, in_progress, skipped, .. } = self;
        succeeded + failed + recovered + scheduled + in_progress + skipped
    }
}
