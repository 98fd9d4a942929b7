//! The pace at which attempts begin: the generic cell rate algorithm (ITU-T I.371).

use hookstep_contract::RateLimit;
use tokio::time::Instant;

/// How far the attempts of a lane are ahead of their rate.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Pace {
    /// When the next attempt would begin if all were evenly spaced.
    next: Option<Instant>,
}

impl Pace {
    /// When the next attempt may begin, at `now` at the earliest.
    pub(super) fn earliest(&self, rate: &RateLimit, now: Instant) -> Instant {
        let ahead = rate.interval() * (rate.burst.max(1) - 1);
        self.next.and_then(|next| next.checked_sub(ahead)).map_or(now, |earliest| earliest.max(now))
    }

    /// Counts an attempt that begins at `now`.
    pub(super) fn begin(&mut self, rate: &RateLimit, now: Instant) {
        self.next = Some(self.next.map_or(now, |next| next.max(now)) + rate.interval());
    }

    /// When the whole burst may begin again, so that there is nothing to remember; `None` if that is so at `now`.
    pub(super) fn rested(&self, now: Instant) -> Option<Instant> {
        self.next.filter(|next| *next > now)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use hookstep_contract::Period;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// In no span of time do more attempts begin than the burst and what the rate has for the span.
        #[test]
        fn no_span_has_more_than_the_burst_and_its_part_of_the_rate(
            events in 1..500_u32,
            burst in 1..50_u32,
            per in prop_oneof![Just(Period::Second), Just(Period::Minute)],
            pauses in prop::collection::vec(0..3_000_u64, 1..200),
        ) {
            let rate = RateLimit { events, per, burst };
            let (mut pace, mut now) = (Pace::default(), Instant::now());
            let mut begun = Vec::new();
            for pause in pauses {
                now = pace.earliest(&rate, now + Duration::from_millis(pause));
                pace.begin(&rate, now);
                begun.push(now);
            }
            for (first, from) in begun.iter().enumerate() {
                for (last, to) in begun.iter().enumerate().skip(first) {
                    let most = f64::from(burst) + (*to - *from).as_secs_f64() / rate.interval().as_secs_f64();
                    prop_assert!((last - first + 1) as f64 <= most + 1e-6, "{first} to {last}");
                }
            }
        }

        /// Whoever always has something to send is not slowed down below the rate.
        #[test]
        fn the_rate_is_reached(events in 1..500_u32, burst in 1..50_u32, count in 1..300_u32) {
            let rate = RateLimit { events, per: Period::Second, burst };
            let (mut pace, start) = (Pace::default(), Instant::now());
            let mut now = start;
            for _ in 0..count {
                now = pace.earliest(&rate, now);
                pace.begin(&rate, now);
            }
            prop_assert_eq!(now - start, rate.interval() * count.saturating_sub(burst));
        }
    }
}
