//! The pace at which attempts begin: the generic cell rate algorithm (ITU-T I.371).

use std::time::Duration;

use hookstep_contract::RateLimit;
use tokio::time::Instant;

/// How late an attempt may begin without delaying those after it: timers ring up to some milliseconds late.
const LATENESS: Duration = Duration::from_millis(20);

/// How far the attempts of a lane are ahead of their rate.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Pace {
    /// When the next attempt would begin if all were evenly spaced.
    next: Option<Instant>,
}

impl Pace {
    /// When the next attempt may begin, at `now` at the earliest.
    pub(super) fn earliest(&mut self, rate: &RateLimit, now: Instant) -> Instant {
        self.bound(rate, now);
        let ahead = rate.interval() * (rate.burst.max(1) - 1);
        self.next.and_then(|next| next.checked_sub(ahead)).map_or(now, |earliest| earliest.max(now))
    }

    /// Counts an attempt that begins at `now`. `was_held` says whether it waited for nothing but the pace: then it counts as if
    /// it had begun when it could.
    pub(super) fn begin(&mut self, rate: &RateLimit, now: Instant, was_held: bool) {
        self.bound(rate, now);
        let lateness = if was_held { LATENESS } else { Duration::ZERO };
        let first = now.checked_sub(lateness).unwrap_or(now);
        self.next = Some(self.next.map_or(now, |next| next.max(first)) + rate.interval());
    }

    /// When the whole burst may begin again, so that there is nothing to remember; `None` if that is so at `now`.
    pub(super) fn rested(&mut self, rate: &RateLimit, now: Instant) -> Option<Instant> {
        self.bound(rate, now);
        self.next.filter(|next| *next > now)
    }

    /// No attempt is further ahead than a whole burst. After a change of the rate, what was begun by the old one counts for no
    /// more than that.
    fn bound(&mut self, rate: &RateLimit, now: Instant) {
        let most = now + rate.interval() * rate.burst.max(1);
        self.next = self.next.map(|next| next.min(most));
    }
}

#[cfg(test)]
mod tests {
    use hookstep_contract::Period;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_rate_that_is_raised_holds_at_once() {
        let (mut pace, now) = (Pace::default(), Instant::now());
        let slow = RateLimit { events: 1, per: Period::Minute, burst: 10_000 };
        for _ in 0..1000 {
            assert_eq!(pace.earliest(&slow, now), now);
            pace.begin(&slow, now, false);
        }
        let fast = RateLimit { events: 10, per: Period::Second, burst: 1 };
        let soon = now + Duration::from_millis(100);
        assert_eq!(pace.earliest(&fast, now), soon);
        assert_eq!(pace.earliest(&fast, soon), soon);
    }

    proptest! {
        /// In no span of time do more attempts begin than the burst and what the rate has for the span, and for the lateness of
        /// timers.
        #[test]
        fn no_span_has_more_than_the_burst_and_its_part_of_the_rate(
            events in 1..500_u32,
            burst in 1..50_u32,
            per in prop_oneof![Just(Period::Second), Just(Period::Minute)],
            steps in prop::collection::vec((0..3_000_u64, any::<bool>(), 0..30_u64), 1..200),
        ) {
            let rate = RateLimit { events, per, burst };
            let (mut pace, mut now) = (Pace::default(), Instant::now());
            let mut begun = Vec::new();
            for (pause, is_held, late) in steps {
                let wanted = now + if is_held { Duration::ZERO } else { Duration::from_millis(pause) };
                let earliest = pace.earliest(&rate, wanted);
                let was_held = earliest > wanted;
                now = if was_held { earliest + Duration::from_millis(late) } else { earliest };
                pace.begin(&rate, now, was_held);
                begun.push(now);
            }
            for (first, from) in begun.iter().enumerate() {
                for (last, to) in begun.iter().enumerate().skip(first) {
                    let span = (*to - *from + LATENESS).as_secs_f64();
                    let most = f64::from(burst) + span / rate.interval().as_secs_f64();
                    prop_assert!((last - first + 1) as f64 <= most + 1e-6, "{first} to {last}");
                }
            }
        }

        /// Whoever always has something to send is not slowed down below the rate, though timers ring late.
        #[test]
        fn the_rate_is_reached(events in 1..500_u32, burst in 1..50_u32, count in 2..300_u32, late in 0..20_u64) {
            let rate = RateLimit { events, per: Period::Second, burst };
            let (mut pace, start) = (Pace::default(), Instant::now());
            let (mut now, mut was_held) = (start, false);
            for _ in 0..count {
                let earliest = pace.earliest(&rate, now);
                if earliest > now {
                    (now, was_held) = (earliest + Duration::from_millis(late), true);
                }
                pace.begin(&rate, now, was_held);
            }
            let most = rate.interval() * count.saturating_sub(burst) + Duration::from_millis(late);
            prop_assert!(now - start <= most, "{:?} instead of {most:?}", now - start);
        }
    }
}
