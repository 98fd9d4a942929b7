//! The last hour, in buckets of five minutes. It is counted anew each time: most of it is not an hour that has settled.

use std::time::Duration;

use hookstep_api_types::{Stats, StatsStep};
use hookstep_contract::{ConfigId, OrgId, Tally};
use hookstep_http_edge::Problem;

use super::bucket;
use crate::Context;
use crate::events::lookup::partitions;

const BUCKET: Duration = Duration::from_secs(5 * 60);
const BUCKETS: u32 = 12;

/// The most pages that are read: 1 MB or 1,000 events each.
const MAX_PAGES: usize = 10;

/// Counts the deliveries of the last hour.
///
/// # Errors
/// If the table cannot be read.
pub async fn last_hour(ctx: &Context, org_id: &OrgId, config_id: ConfigId) -> Result<Stats, Problem> {
    let now = ctx.sources.now();
    let first = now.floor(BUCKET).minus(BUCKET * (BUCKETS - 1));
    let starts = (0..BUCKETS).map(|index| first.plus(BUCKET * index));
    let mut tallies: Vec<_> = starts.map(|start| (start, Tally::default())).collect();
    let mut totals = Tally::default();
    let partitions = partitions(ctx, org_id, config_id).await?;
    let (mut rest, mut complete) = (None, false);
    for _ in 0..MAX_PAGES {
        let end = now.plus(Duration::from_millis(1));
        let (events, next) = ctx.events.sketches(&partitions, first, end, rest).await?;
        for event in events {
            let accepted = event.event_id.accepted_at();
            if let Some((_, tally)) = tallies.iter_mut().rev().find(|(start, _)| *start <= accepted) {
                tally.count(event.status, event.outcome, event.duration_ms);
                totals.count(event.status, event.outcome, event.duration_ms);
            }
        }
        rest = next;
        complete = next.is_none();
        if complete {
            break;
        }
    }
    let buckets = tallies.into_iter().map(|(start, tally)| bucket(start, tally)).collect();
    Ok(Stats {
        from: first,
        to: now,
        step: StatsStep::Hour,
        complete,
        totals: bucket(first, totals),
        buckets,
    })
}
