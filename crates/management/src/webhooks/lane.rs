//! What waits in the lane of a webhook, and about how long it will take.

use std::time::Duration;

use hookstep_api_types::{LaneStatus, LearnedLimits};
use hookstep_contract::{Circuit, Delivery, LaneLimits, WebhookConfig};
use hookstep_http_edge::Problem;
use hookstep_store::InLane;

use crate::Context;
use crate::stats::last_durations;

/// How long counting the durations of attempts may take: whoever wants to know what waits does not wait for it.
const COUNT_TIMEOUT: Duration = Duration::from_secs(2);

/// What waits in the lane of a webhook; `None` if the webhook has no limit and nothing waits.
///
/// # Errors
/// If the tables cannot be read.
pub async fn status(ctx: &Context, config: &WebhookConfig) -> Result<Option<LaneStatus>, Problem> {
    let InLane { waiting, is_more, since, blocking } =
        ctx.lanes.waiting(&config.org_id, config.config_id).await?;
    let now = ctx.sources.now();
    let limits = config.limits(now);
    if limits.is_none() && config.fields.ordering.is_none() && waiting == 0 {
        return Ok(None);
    }
    let delivery = Delivery::of(config.fields.delivery, config.slow_since.is_some());
    let is_queued = limits.is_none() && config.fields.ordering.is_none() && delivery == Delivery::Queued;
    let mut limits = limits.unwrap_or(LaneLimits::UNLIMITED_WEBHOOK);
    let is_open = matches!(config.circuit(now), Some(Circuit::Open { .. }));
    let mut has_orders = false;
    if let Some(ordering) = &config.fields.ordering {
        // All events of the webhook are one order, whose attempts are made one after the other, or there is one for each key.
        limits.max_in_flight = Some(1);
        has_orders = ordering.key.is_some() && waiting > 0;
    }
    let is_known = !is_open && !has_orders && !is_queued && blocking.is_empty();
    // Durations are counted only where they matter.
    let typical = match limits.max_in_flight {
        Some(_) if waiting > 0 => mean_duration(ctx, config).await?,
        _ => None,
    };
    let waiting = waiting as u64;
    Ok(Some(LaneStatus {
        waiting,
        complete: !is_more,
        oldest_since: since,
        blocking,
        // Nobody knows when a receiver takes events again, how many orders there are, how many attempts are made at once from the
        // delivery queue, and when somebody deals with an event that blocks the others.
        expected_seconds: if is_known { expected_seconds(waiting, &limits, typical) } else { None },
        learned: config.learned(now).map(|learned| LearnedLimits {
            attempts_per_minute: learned.per_minute(),
            max_in_flight: learned.in_flight(),
        }),
    }))
}

/// The mean duration of the attempts of the last 24 hours; `None` if it is not known, or cannot be counted soon.
async fn mean_duration(ctx: &Context, config: &WebhookConfig) -> Result<Option<Duration>, Problem> {
    // What was counted is kept, which waits while the disk is full.
    let Ok(durations) = tokio::time::timeout(COUNT_TIMEOUT, last_durations(ctx, config)).await else {
        return Ok(None);
    };
    Ok(durations?.mean().map(Duration::from_millis))
}

/// About how long it takes until as many events have been sent as wait. `typical` is how long an attempt takes. `None` if
/// neither a rate nor a duration is known.
fn expected_seconds(waiting: u64, limits: &LaneLimits, typical: Option<Duration>) -> Option<u64> {
    if waiting == 0 {
        return Some(0);
    }
    let by_rate = limits.rate.map(|rate| rate.interval().as_nanos());
    let by_places =
        limits.max_in_flight.zip(typical).map(|(most, typical)| typical.as_nanos() / u128::from(most.max(1)));
    let between = by_rate.max(by_places)?;
    let seconds = between.saturating_mul(u128::from(waiting)).div_ceil(Duration::from_secs(1).as_nanos());
    Some(u64::try_from(seconds).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use hookstep_contract::{Period, RateLimit};

    use super::*;

    #[test]
    fn the_slower_of_both_limits_decides() {
        let rate = |events, per| Some(RateLimit { events, per, burst: 1 });
        let second = |events| rate(events, Period::Second);
        for (waiting, max_in_flight, rate, typical_ms, expected) in [
            // Nothing waits.
            (0, None, None, None, Some(0)),
            (0, Some(1), second(1), Some(1000), Some(0)),
            // The rate alone.
            (1, None, second(10), None, Some(1)),
            (100, None, second(10), None, Some(10)),
            (101, None, second(10), None, Some(11)),
            (90, None, rate(30, Period::Minute), None, Some(180)),
            (10_000, None, rate(1, Period::Minute), None, Some(600_000)),
            // A duration does not matter without a limit of attempts in flight.
            (100, None, second(10), Some(60_000), Some(10)),
            // The attempts in flight alone.
            (100, Some(1), None, Some(500), Some(50)),
            (100, Some(10), None, Some(500), Some(5)),
            (3, Some(1000), None, Some(20), Some(1)),
            (3, Some(4), None, Some(0), Some(0)),
            (100, Some(1), None, None, None),
            // Both.
            (100, Some(1), second(10), Some(500), Some(50)),
            (100, Some(10), second(10), Some(500), Some(10)),
            (100, Some(10), second(10), None, Some(10)),
            // The limit was removed.
            (100, None, None, Some(500), None),
            // The largest numbers.
            (u64::MAX, Some(1), rate(1, Period::Minute), Some(u64::MAX), Some(u64::MAX)),
        ] {
            let limits = LaneLimits { max_in_flight, rate };
            let typical = typical_ms.map(Duration::from_millis);
            let found = expected_seconds(waiting, &limits, typical);
            assert_eq!(found, expected, "{waiting} {limits:?} {typical:?}");
        }
    }
}
