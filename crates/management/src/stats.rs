//! `GET /webhook/{config_id}/stats` and `GET /stats`: counts of deliveries by hour or by day.

mod count;
mod hours;
pub(crate) mod of_org;
mod recent;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use hookstep_api_types::{Stats, StatsBucket, StatsStep, schema};
use hookstep_contract::limits::days;
use hookstep_contract::{ConfigId, FieldError, Histogram, OrgId, Tally, Timestamp, WebhookConfig};
use hookstep_http_edge::{ApiQuery, Authorized, ConfigPath, Problem, Read};
use hookstep_store::Partitions;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::Context;
use crate::events::lookup::{parse_time, partitions, webhook_existed};
use count::{Budget, HourlyCounts};
use hours::Hour;
pub(crate) use of_org::last_day_of_org;
pub use of_org::org_stats;
pub use recent::last_hour;

/// The longest period of one request.
const MAX_DAYS: usize = 32;

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct StatsQuery {
    /// The start of the period. By default 24 hours before `to`, or 30 days when counting by day.
    #[param(value_type = schema::Timestamp, required = false)]
    from: Option<String>,
    /// The end of the period. By default now.
    #[param(value_type = schema::Timestamp, required = false)]
    to: Option<String>,
    /// The length of a bucket. By default an hour.
    #[param(value_type = StatsStep, required = false)]
    by: Option<String>,
}

/// What a query asks for.
struct Asked {
    from: Timestamp,
    to: Timestamp,
    step: StatsStep,
}

impl StatsQuery {
    fn read(&self, ctx: &Context) -> Result<Asked, FieldError> {
        let step = match self.by.as_deref() {
            None | Some("hour") => StatsStep::Hour,
            Some("day") => StatsStep::Day,
            Some(_) => return Err(FieldError::new("by", "must be hour or day")),
        };
        let to = self.to.as_deref().map(|text| parse_time("to", text)).transpose()?;
        let to = to.unwrap_or_else(|| ctx.sources.now());
        let from = self.from.as_deref().map(|text| parse_time("from", text)).transpose()?;
        Ok(Asked { from: from.unwrap_or_else(|| default_from(step, to)), to, step })
    }
}

/// The hours to be counted, and until when.
struct Hours {
    first: Hour,
    last: Hour,
    to: Timestamp,
}

impl Hours {
    /// Those of the buckets that overlap `from..to`.
    fn between(from: Timestamp, to: Timestamp, step: StatsStep, now: Timestamp) -> Result<Self, FieldError> {
        if now < from {
            return Err(FieldError::new("from", "must not be in the future"));
        }
        if to <= from {
            return Err(FieldError::new("from", "must be earlier than to"));
        }
        if to.since(from) > days(MAX_DAYS) {
            return Err(FieldError::new("from", format!("must be at most {MAX_DAYS} days before to")));
        }
        // The last hour that has begun, and begins before `to`.
        let last = Hour::of(to.minus(Duration::from_millis(1))).min(Hour::of(now));
        Ok(Self { first: first_hour(step, from), last, to: last.next().start().min(now) })
    }
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
        ("config_id" = schema::ConfigId, Path, description = "The webhook."),
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
    caller: Authorized<Read>,
    ConfigPath(config_id): ConfigPath,
    ApiQuery(query): ApiQuery<StatsQuery>,
) -> Result<Json<Stats>, Problem> {
    let Asked { from, to, step } = query.read(&ctx)?;
    Ok(Json(stats(&ctx, caller.org_id(), config_id, from, to, step).await?))
}

/// Counts the deliveries of a webhook, in the buckets that overlap `from..to`. Reads a bounded number of events, see
/// `docs/adr/0016-stats.md`.
///
/// # Errors
/// 400 for a period that cannot be; 404 when there is no such webhook.
pub async fn stats(
    ctx: &Context,
    org_id: &OrgId,
    config_id: ConfigId,
    from: Timestamp,
    to: Timestamp,
    step: StatsStep,
) -> Result<Stats, Problem> {
    let Hours { first, last, to } = Hours::between(from, to, step, ctx.sources.now())?;
    let partitions = partitions(ctx, org_id, config_id).await?;
    let counted = count::count_hours(ctx, &partitions, first, last, Budget::ONE).await?;
    let is_empty = counted.tallies.values().all(|tally| *tally == Tally::default());
    if is_empty && !webhook_existed(ctx, &partitions).await? {
        return Err(Problem::no_webhook());
    }
    Ok(summed(&counted, step, first, to))
}

/// Counts the deliveries of the last 24 hours of a webhook that exists: one of many, so that fewer events are read.
pub(crate) async fn last_day(ctx: &Context, config: &WebhookConfig) -> Result<Stats, Problem> {
    let now = ctx.sources.now();
    let (first, counted) = last_day_by_hour(ctx, config, now).await?;
    Ok(summed(&counted, StatsStep::Hour, first, now))
}

/// How long the attempts took with which the events of the last 24 hours ended. Reads as much as [`last_day`].
pub(crate) async fn last_durations(ctx: &Context, config: &WebhookConfig) -> Result<Histogram, Problem> {
    let (_, counted) = last_day_by_hour(ctx, config, ctx.sources.now()).await?;
    let mut durations = Histogram::default();
    counted.tallies.values().for_each(|tally| durations.add(&tally.durations));
    Ok(durations)
}

async fn last_day_by_hour(
    ctx: &Context,
    config: &WebhookConfig,
    now: Timestamp,
) -> Result<(Hour, HourlyCounts), Problem> {
    let (first, last) = (Hour::of(default_from(StatsStep::Hour, now)), Hour::of(now));
    let counted = count::count_hours(ctx, &Partitions::of(config), first, last, Budget::OF_MANY).await?;
    Ok((first, counted))
}

fn summed(counted: &HourlyCounts, step: StatsStep, first: Hour, to: Timestamp) -> Stats {
    let mut buckets = BTreeMap::new();
    let mut totals = Tally::default();
    for (hour, tally) in &counted.tallies {
        let start = first_hour(step, hour.start());
        buckets.entry(start).or_insert_with(Tally::default).add(tally);
        totals.add(tally);
    }
    let buckets = buckets.into_iter().map(|(hour, tally)| bucket(hour.start(), tally)).collect();
    Stats {
        from: first.start(),
        to,
        step,
        complete: counted.complete,
        totals: bucket(first.start(), totals),
        buckets,
    }
}

/// The first hour of the bucket that contains `at`.
fn first_hour(step: StatsStep, at: Timestamp) -> Hour {
    match step {
        StatsStep::Hour => Hour::of(at),
        StatsStep::Day => Hour::of(at).first_of_day(),
    }
}

/// The start of 24 hours, or of 30 days, the last of which contains `to`.
fn default_from(step: StatsStep, to: Timestamp) -> Timestamp {
    match step {
        StatsStep::Hour => to.minus(Duration::from_secs(23 * 3600)),
        StatsStep::Day => to.minus(days(29)),
    }
}

fn bucket(start: Timestamp, tally: Tally) -> StatsBucket {
    let Tally {
        succeeded,
        failed,
        recovered,
        scheduled,
        in_progress,
        retrying,
        skipped,
        outcomes,
        durations,
    } = tally;
    let [p50_ms, p95_ms, p99_ms] = [50, 95, 99].map(|percent| durations.percentile(percent));
    StatsBucket {
        start,
        succeeded,
        failed,
        recovered,
        scheduled,
        in_progress,
        retrying,
        skipped,
        outcomes,
        p50_ms,
        p95_ms,
        p99_ms,
    }
}
