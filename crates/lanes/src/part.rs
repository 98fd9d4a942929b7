//! The part of a webhook's limits that one lane has. Pure.

use std::time::Duration;

use hookstep_contract::limits::LANE_BATCH;
use hookstep_contract::{Lane, LaneLimits};

/// What a lane lets through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Part {
    /// How many executions may run at once.
    pub(crate) in_flight: u32,
    /// The time that each attempt is worth.
    pub(crate) interval: Duration,
    /// How many may begin at once.
    pub(crate) burst: u32,
}

impl Part {
    /// What a lane lets through that has no limits.
    pub(crate) const UNLIMITED: Self =
        Self { in_flight: LANE_BATCH, interval: Duration::ZERO, burst: LANE_BATCH };

    /// The part of these limits that `lane` has.
    pub(crate) fn of(limits: &LaneLimits, lane: &Lane) -> Self {
        let (in_flight, interval) = limits.part_of(lane);
        let burst = limits.rate.map_or(LANE_BATCH, |rate| (rate.burst / lane.groups.max(1)).max(1));
        Self { in_flight, interval: interval.unwrap_or_default(), burst }
    }

    /// When the next attempt may begin after `begun` others, counted from the first.
    pub(crate) fn earliest(&self, begun: u32) -> Duration {
        self.interval * begun.saturating_sub(self.burst.saturating_sub(1))
    }

    /// How long what has begun is to be counted, from the first attempt: afterwards, the whole burst may begin again.
    pub(crate) fn worth(&self, begun: u32) -> Duration {
        self.interval * begun
    }
}

#[cfg(test)]
mod tests {
    use hookstep_contract::{Period, RateLimit};

    use super::*;

    #[test]
    fn a_burst_begins_at_once_and_is_shared_by_the_lanes() {
        let rate = RateLimit { events: 20, per: Period::Second, burst: 6 };
        let limits = LaneLimits { max_in_flight: Some(5), rate: Some(rate) };
        let part = Part::of(&limits, &Lane { group: "g".to_owned(), index: 1, groups: 2 });
        assert_eq!(part, Part { in_flight: 2, interval: Duration::from_millis(100), burst: 3 });
        let earliest: Vec<_> = (0..5).map(|begun| part.earliest(begun).as_millis()).collect();
        assert_eq!(earliest, [0, 0, 0, 100, 200]);
        assert_eq!(part.worth(5).as_millis(), 500);
        let lane = Lane { group: "g".to_owned(), index: 0, groups: 1 };
        assert_eq!(Part::of(&LaneLimits::default(), &lane), Part::UNLIMITED);
    }
}
