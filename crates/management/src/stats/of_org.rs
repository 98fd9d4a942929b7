//! `GET /stats`: the counts of all webhooks of an org together.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use futures_util::{StreamExt, TryStreamExt, stream};
use hookstep_api_types::{Stats, StatsStep};
use hookstep_contract::{OrgId, Tally, Timestamp};
use hookstep_http_edge::{ApiQuery, Authorized, Problem, Read};
use hookstep_store::{Events, Partitions};

use super::count::{Budget, HourlyCounts, count_hours};
use super::hours::Hour;
use super::{Asked, Hours, StatsQuery, default_from, summed};
use crate::Context;

/// How many webhooks are counted concurrently.
const MAX_CONCURRENT_COUNTS: usize = 16;

/// `GET /stats`
#[utoipa::path(
    get,
    path = "/stats",
    operation_id = "read_org_stats",
    tag = "Webhooks",
    summary = "See how the deliveries of all webhooks went",
    description = "The counts of the webhooks that exist, together, by hour or by day of those that were accepted then. 32 days at most.",
    params(StatsQuery),
    responses(
        (status = 200, description = "The counts.", body = Stats),
        (status = 400, response = hookstep_http_edge::Invalid),
        hookstep_http_edge::Authenticated,
    ),
    security(("token" = ["read"])),
)]
pub(crate) async fn read_org(
    State(ctx): State<Arc<Context>>,
    caller: Authorized<Read>,
    ApiQuery(query): ApiQuery<StatsQuery>,
) -> Result<Json<Stats>, Problem> {
    let Asked { from, to, step } = query.read(&ctx)?;
    Ok(Json(org_stats(&ctx, caller.org_id(), from, to, step).await?))
}

/// Counts the deliveries of all webhooks of an org, in the buckets that overlap `from..to`. Reads a bounded number of events of each.
///
/// # Errors
/// 400 for a period that cannot be, or if the org has more webhooks than are searched at once.
pub async fn org_stats(
    ctx: &Context,
    org_id: &OrgId,
    from: Timestamp,
    to: Timestamp,
    step: StatsStep,
) -> Result<Stats, Problem> {
    let hours = Hours::between(from, to, step, ctx.sources.now())?;
    count(ctx, org_id, &hours, step).await
}

/// Counts the deliveries of the last 24 hours of all webhooks of an org.
pub(crate) async fn last_day_of_org(ctx: &Context, org_id: &OrgId) -> Result<Stats, Problem> {
    let now = ctx.sources.now();
    let hours = Hours { first: Hour::of(default_from(StatsStep::Hour, now)), last: Hour::of(now), to: now };
    count(ctx, org_id, &hours, StatsStep::Hour).await
}

async fn count(ctx: &Context, org_id: &OrgId, hours: &Hours, step: StatsStep) -> Result<Stats, Problem> {
    let Hours { first, last, to } = *hours;
    let webhooks = ctx.configs.partitions(org_id).await?;
    if webhooks.iter().map(Partitions::count).sum::<usize>() > Events::MAX_ACROSS {
        let detail = "the org has too many webhooks to count all at once: ask for the statistics of each";
        return Err(Problem::new(StatusCode::BAD_REQUEST, detail));
    }
    let budget = Budget::shared(webhooks.len());
    let counts: Vec<_> =
        webhooks.iter().map(|webhook| count_hours(ctx, webhook, first, last, budget)).collect();
    let all: BTreeMap<Hour, Tally> = first.to(last).map(|hour| (hour, Tally::default())).collect();
    let nothing = HourlyCounts { tallies: all, complete: true };
    let add = async |mut sum: HourlyCounts, counted: HourlyCounts| {
        sum.complete &= counted.complete;
        for (hour, tally) in &counted.tallies {
            sum.tallies.entry(*hour).or_default().add(tally);
        }
        Ok(sum)
    };
    let sum = stream::iter(counts).buffer_unordered(MAX_CONCURRENT_COUNTS).try_fold(nothing, add).await?;
    Ok(summed(&sum, step, first, to))
}
