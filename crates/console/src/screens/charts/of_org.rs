//! The charts of all webhooks of an org together.

use std::time::Duration;

use axum::http::StatusCode;
use hookstep_api_types::StatsStep;
use hookstep_contract::limits::days;
use hookstep_management::Context;
use hookstep_management::stats::org_stats;
use maud::{Markup, html};

use super::{Frame, RANGES, charts};
use crate::error::PageError;
use crate::parts;
use crate::session::Visitor;

/// The charts of all webhooks of an org; `page` is the address of the page with those of a range.
pub(crate) async fn charts_of_org(
    ctx: &Context,
    visitor: &Visitor,
    range: &str,
    page: &(dyn Fn(&str) -> String + Sync),
) -> Result<Markup, PageError> {
    // The last hour is counted anew for each look, which is for one webhook.
    let ranges = &RANGES[1..];
    let range = ranges.iter().find(|(name, _)| *name == range).map_or("24h", |(name, _)| *name);
    let now = ctx.sources.now();
    let end = now.plus(Duration::from_millis(1));
    let (from, step) = match range {
        "7d" => (now.minus(days(6)), StatsStep::Day),
        "30d" => (now.minus(days(29)), StatsStep::Day),
        _ => (now.minus(Duration::from_secs(23 * 3600)), StatsStep::Hour),
    };
    match org_stats(ctx, visitor.org_id(), from, end, step).await {
        Ok(stats) => Ok(charts(&Frame { ranges, range, page, part: None, outcome: None }, &stats)),
        // There are too many webhooks.
        Err(problem) if problem.status() == StatusCode::BAD_REQUEST => {
            Ok(html! { p.hint { (parts::sentence(problem.detail())) } })
        }
        Err(problem) => Err(problem.into()),
    }
}
