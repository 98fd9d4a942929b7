//! The part of a webhook's limits that one lane has, and its pace. Pure.

use std::time::Duration;

use hookstep_contract::limits::LANE_BATCH;
use hookstep_contract::{Lane, LaneLimits};
use tokio::time::Instant;

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
}

/// The pace at which attempts begin: the generic cell rate algorithm (ITU-T I.371).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pace {
    part: Part,
    /// When all that has begun is worth no more time: the whole burst may begin again.
    paid: Instant,
}

impl Pace {
    /// A pace after a pause.
    pub(crate) fn of(part: Part, now: Instant) -> Self {
        Self { part, paid: now }
    }

    /// When the next attempt may begin, at `now` at the earliest.
    pub(crate) fn earliest(&self, now: Instant) -> Instant {
        let ahead = self.part.interval * (self.part.burst.max(1) - 1);
        self.paid.checked_sub(ahead).map_or(now, |earliest| earliest.max(now))
    }

    /// The pace after an attempt that begins at this time.
    pub(crate) fn after(self, begun_at: Instant) -> Self {
        Self { paid: self.paid.max(begun_at) + self.part.interval, ..self }
    }

    /// When all that has begun is worth no more time.
    pub(crate) fn paid(&self) -> Instant {
        self.paid
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
        let start = Instant::now();
        let (mut pace, mut now, mut begun) = (Pace::of(part, start), start, Vec::new());
        for _ in 0..5 {
            now = pace.earliest(now);
            begun.push((now - start).as_millis());
            pace = pace.after(now);
        }
        assert_eq!((begun, (pace.paid() - start).as_millis()), (vec![0, 0, 0, 100, 200], 500));
        let lane = Lane { group: "g".to_owned(), index: 0, groups: 1 };
        assert_eq!(Part::of(&LaneLimits::default(), &lane), Part::UNLIMITED);
    }
}
