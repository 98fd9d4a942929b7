//! The part of a webhook's limits that one lane has. Pure.

use std::time::Duration;

use hookstep_contract::limits::LANE_BATCH;
use hookstep_contract::{Lane, LaneLimits, Spacing};

/// What a lane lets through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Part {
    /// How many executions may run at once.
    pub(crate) in_flight: u32,
    /// How their begins are spaced.
    pub(crate) spacing: Spacing,
}

impl Part {
    /// What a lane lets through that has no limits.
    pub(crate) const UNLIMITED: Self = Self { in_flight: LANE_BATCH, spacing: UNSPACED };

    /// The part of these limits that `lane` has.
    pub(crate) fn of(limits: &LaneLimits, lane: &Lane) -> Self {
        let (in_flight, spacing) = limits.part_of(lane);
        Self { in_flight, spacing: spacing.unwrap_or(UNSPACED) }
    }
}

/// No spacing at all.
const UNSPACED: Spacing = Spacing { interval: Duration::ZERO, burst: LANE_BATCH };

#[cfg(test)]
mod tests {
    use hookstep_contract::{Period, RateLimit};

    use super::*;

    #[test]
    fn a_burst_is_shared_by_the_lanes() {
        let rate = RateLimit { events: 20, per: Period::Second, burst: 6 };
        let limits = LaneLimits { max_in_flight: Some(5), rate: Some(rate) };
        let part = Part::of(&limits, &Lane { group: "g".to_owned(), index: 1, groups: 2, order: None });
        let spacing = Spacing { interval: Duration::from_millis(100), burst: 3 };
        assert_eq!(part, Part { in_flight: 2, spacing });
        let lane = Lane { group: "g".to_owned(), index: 0, groups: 1, order: None };
        assert_eq!(Part::of(&LaneLimits::default(), &lane), Part::UNLIMITED);
    }
}
