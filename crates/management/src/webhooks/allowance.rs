//! What an org allows its webhooks: how many there may be, and for how long their events are kept.

use std::time::Duration;

use axum::http::StatusCode;
use hookstep_contract::limits::days;
use hookstep_contract::{FieldError, Org, OrgId};
use hookstep_http_edge::Problem;

use super::overview;
use crate::Context;

/// How long the events of an org are kept.
pub(crate) async fn retention(ctx: &Context, org_id: &OrgId) -> Result<Duration, Problem> {
    Ok(retention_of(ctx, ctx.orgs.latest(org_id).await?.as_ref()))
}

/// Checks that an org may have one more webhook; returns how long its events are kept. Requests at the same time may all find
/// the last place free.
///
/// # Errors
/// 409 if it has as many as it may have.
pub(crate) async fn for_another(ctx: &Context, org_id: &OrgId) -> Result<Duration, Problem> {
    let org = ctx.orgs.latest(org_id).await?;
    if let Some(most) = org.as_ref().and_then(|org| org.fields.limits.max_webhooks)
        && ctx.configs.count(org_id).await? >= most as usize
    {
        let detail = format!("the org may have at most {most} webhooks, and has as many");
        return Err(Problem::new(StatusCode::CONFLICT, detail));
    }
    Ok(retention_of(ctx, org.as_ref()))
}

fn retention_of(ctx: &Context, org: Option<&Org>) -> Duration {
    let own = org.and_then(|org| org.fields.retention_days);
    own.map_or(ctx.events.retention(), |number| days(number as usize))
}

/// Checks that the events of all webhooks of an org outlive their retries when they are kept for `retention_days`.
///
/// # Errors
/// 400 that names the first webhook whose events would not.
pub(crate) async fn check_schedules(
    ctx: &Context,
    org_id: &OrgId,
    retention_days: Option<u32>,
) -> Result<(), Problem> {
    let Some(number) = retention_days else { return Ok(()) };
    for webhook in overview::configs(ctx, org_id).await? {
        if let Err(FieldError { reason, .. }) = webhook.fields.check_retention(days(number as usize)) {
            let config_id = webhook.config_id;
            let reason =
                format!("is too short for the retry schedule of the webhook {config_id}, which {reason}");
            return Err(FieldError::new("retention_days", reason).into());
        }
    }
    Ok(())
}
