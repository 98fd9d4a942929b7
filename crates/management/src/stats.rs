//! `GET /webhook/{config_id}/stats`: how deliveries went, hour by hour or day by day.

mod count;
mod hours;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use hookstep_contract::limits::days;
use hookstep_contract::{ConfigId, FieldError, OrgId, Outcome, Scope, Tally, Timestamp};
use hookstep_http_edge::{Caller, ConfigPath, Problem, read_query};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::Context;
use crate::events::lookup::{exists, moment};
use hours::Hour;

/// The longest time that is asked for at once.
const MAX_DAYS: usize = 32;

/// What one bucket is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// An hour.
    Hour,
    /// A day in UTC.
    Day,
}

/// How deliveries went.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Stats {
    /// When the first bucket begins.
    pub from: Timestamp,
    /// Until when events are in the last bucket: its end, or now.
    pub to: Timestamp,
    /// What one bucket is.
    #[serde(rename = "by")]
    pub step: Step,
    /// Whether every event was counted. Where not, ask again: what was counted is kept.
    pub complete: bool,
    /// All buckets together.
    pub totals: Bucket,
    /// Oldest first, those without events included.
    pub buckets: Vec<Bucket>,
}

/// The events that were accepted in one span of time. Percentiles are of how long the last attempts of the delivered and the
/// failed ones took, to within 3.2 %; null without any.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Bucket {
    /// When it begins.
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
    pub outcomes: BTreeMap<Outcome, u64>,
    /// Half of them took no longer.
    pub p50_ms: Option<u64>,
    /// 95 % of them took no longer.
    pub p95_ms: Option<u64>,
    /// 99 % of them took no longer.
    pub p99_ms: Option<u64>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct StatsQuery {
    /// From when on; 24 hours before `to`, or 30 days, unless it is said.
    #[param(value_type = Timestamp, required = false)]
    from: Option<String>,
    /// Until when; now, unless it is said.
    #[param(value_type = Timestamp, required = false)]
    to: Option<String>,
    /// What one bucket is; an hour, unless it is said.
    #[param(value_type = Step, required = false)]
    by: Option<String>,
}

/// `GET /webhook/{config_id}/stats`
#[utoipa::path(
    get,
    path = "/webhook/{config_id}/stats",
    operation_id = "read_stats",
    tag = "Webhooks",
    summary = "See how the deliveries of a webhook went",
    description = "Counts by hour or by day of those that were accepted then. 32 days at most.",
    params(
        ("config_id" = ConfigId, Path, description = "The webhook."),
        StatsQuery,
    ),
    responses(
        (status = 200, description = "The counts.", body = Stats),
        (status = 400, response = hookstep_http_edge::Invalid),
        (status = 404, response = hookstep_http_edge::NotFound),
        hookstep_http_edge::Authenticated,
    ),
    security(("token" = ["read"])),
)]
pub(crate) async fn read(
    State(ctx): State<Arc<Context>>,
    config_id: Result<ConfigPath, Problem>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Json<Stats>, Problem> {
    let caller = Caller::authenticate(&headers, &ctx.tokens, Scope::Read).await?;
    let ConfigPath(config_id) = config_id?;
    let query: StatsQuery = read_query(&uri)?;
    let step = match query.by.as_deref() {
        None | Some("hour") => Step::Hour,
        Some("day") => Step::Day,
        Some(_) => return Err(FieldError::new("by", "must be hour or day").into()),
    };
    let to = query.to.as_deref().map(|text| moment("to", text)).transpose()?;
    let to = to.unwrap_or_else(|| ctx.sources.now());
    let from = query.from.as_deref().map(|text| moment("from", text)).transpose()?;
    let from = from.unwrap_or_else(|| step.default_from(to));
    Ok(Json(stats(&ctx, caller.org_id(), config_id, from, to, step).await?))
}

/// How deliveries of a webhook went: the buckets that have any of `from..to` in them. Reads a bounded number of events, see
/// `docs/adr/0016-stats.md`.
pub async fn stats(
    ctx: &Context,
    org_id: &OrgId,
    config_id: ConfigId,
    from: Timestamp,
    to: Timestamp,
    step: Step,
) -> Result<Stats, Problem> {
    let now = ctx.sources.now();
    if now < from {
        return Err(FieldError::new("from", "must not be in the future").into());
    }
    if to <= from {
        return Err(FieldError::new("from", "must be earlier than to").into());
    }
    if to.since(from) > days(MAX_DAYS) {
        return Err(FieldError::new("from", format!("must be at most {MAX_DAYS} days before to")).into());
    }
    let first = step.first_hour(from);
    // The last hour that begins before `to` and has begun already.
    let last = Hour::of(to.minus(Duration::from_millis(1))).min(Hour::of(now));
    let counted = count::hours(ctx, org_id, config_id, first, last).await?;
    let is_empty = counted.tallies.values().all(|tally| *tally == Tally::default());
    if is_empty && !exists(ctx, org_id, config_id).await? {
        return Err(Problem::no_webhook());
    }
    let mut buckets = BTreeMap::new();
    let mut totals = Tally::default();
    for (hour, tally) in &counted.tallies {
        let start = step.first_hour(hour.start());
        buckets.entry(start).or_insert_with(Tally::default).add(tally);
        totals.add(tally);
    }
    let buckets = buckets.into_iter().map(|(hour, tally)| Bucket::of(hour.start(), tally)).collect();
    Ok(Stats {
        from: first.start(),
        to: last.next().start().min(now),
        step,
        complete: counted.complete,
        totals: Bucket::of(first.start(), totals),
        buckets,
    })
}

impl Step {
    /// The bucket of a moment begins with this hour.
    fn first_hour(self, at: Timestamp) -> Hour {
        match self {
            Self::Hour => Hour::of(at),
            Self::Day => Hour::of(at).first_of_day(),
        }
    }

    /// 24 hours, or 30 days, the last of which has `to` in it.
    fn default_from(self, to: Timestamp) -> Timestamp {
        match self {
            Self::Hour => to.minus(Duration::from_secs(23 * 3600)),
            Self::Day => to.minus(days(29)),
        }
    }
}

impl Bucket {
    fn of(start: Timestamp, tally: Tally) -> Self {
        let Tally { succeeded, failed, in_progress, skipped, outcomes, durations } = tally;
        let [p50_ms, p95_ms, p99_ms] = [50, 95, 99].map(|percent| durations.percentile(percent));
        Self { start, succeeded, failed, in_progress, skipped, outcomes, p50_ms, p95_ms, p99_ms }
    }
}
