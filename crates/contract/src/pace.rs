//! The pace at which attempts begin: the generic cell rate algorithm (ITU-T I.371). Pure: the caller has the clock.

use std::ops::{Add, Sub};
use std::time::Duration;

/// How attempts are spaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spacing {
    /// The time that each attempt is worth: that between two of them if they are evenly spaced.
    pub interval: Duration,
    /// How many may begin at once after a pause; 0 counts as 1.
    pub burst: u32,
}

/// How far the attempts of a lane are ahead of their rate. `I` is a moment of the caller's clock.
#[derive(Clone, Copy, Debug)]
pub struct Pace<I> {
    /// When all that has begun is worth no more time; `None` if nothing has begun.
    paid: Option<I>,
}

impl<I> Default for Pace<I> {
    fn default() -> Self {
        Self { paid: None }
    }
}

impl Spacing {
    /// How much earlier than evenly spaced an attempt may begin.
    fn ahead(&self) -> Duration {
        self.interval * (self.burst.max(1) - 1)
    }
}

impl<I: Copy + Ord + Add<Duration, Output = I> + Sub<Duration, Output = I>> Pace<I> {
    /// When the next attempt may begin, at `now` at the earliest.
    pub fn earliest(&mut self, spacing: &Spacing, now: I) -> I {
        self.bound(spacing, now);
        let ahead = spacing.ahead();
        match self.paid {
            Some(paid) if paid > now + ahead => paid - ahead,
            _ => now,
        }
    }

    /// Counts an attempt that begins at `now`. If it begins up to `lateness` later than it could, those after it are not
    /// delayed by that.
    pub fn begin(&mut self, spacing: &Spacing, now: I, lateness: Duration) {
        let first = match self.paid {
            Some(paid) if paid + lateness >= now => paid,
            Some(_) => now - lateness,
            None => now,
        };
        self.paid = Some(first + spacing.interval);
    }

    /// When all that has begun is worth no more time, so that the whole burst may begin again; `None` if that is so at `now`.
    pub fn paid(&mut self, spacing: &Spacing, now: I) -> Option<I> {
        self.bound(spacing, now);
        self.paid.filter(|paid| *paid > now)
    }

    /// No attempt is further ahead than a whole burst. After a change of the spacing, what was begun by the old one counts for
    /// no more than that.
    fn bound(&mut self, spacing: &Spacing, now: I) {
        self.paid = self.paid.map(|paid| paid.min(now + spacing.ahead() + spacing.interval));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The moments of these tests are durations since their begin.
    fn evenly(millis: u64, burst: u32) -> Spacing {
        Spacing { interval: Duration::from_millis(millis), burst }
    }

    const LATENESS: Duration = Duration::from_millis(20);

    #[test]
    fn a_rate_that_is_raised_holds_at_once() {
        let (mut pace, now) = (Pace::default(), Duration::from_secs(9));
        let slow = evenly(60_000, 10_000);
        for _ in 0..1000 {
            assert_eq!(pace.earliest(&slow, now), now);
            pace.begin(&slow, now, Duration::ZERO);
        }
        let fast = evenly(100, 1);
        let soon = now + fast.interval;
        assert_eq!(pace.earliest(&fast, now), soon);
        assert_eq!(pace.earliest(&fast, soon), soon);
    }

    proptest! {
        /// In no span of time do more attempts begin than the burst and what the rate has for the span, and for the lateness of
        /// timers.
        #[test]
        fn no_span_has_more_than_the_burst_and_its_part_of_the_rate(
            millis in 2..60_000_u64,
            burst in 1..50_u32,
            steps in prop::collection::vec((0..3_000_u64, any::<bool>(), 0..30_u64), 1..200),
        ) {
            let spacing = evenly(millis, burst);
            let (mut pace, mut now) = (Pace::default(), Duration::from_secs(9));
            let mut begun = Vec::new();
            for (pause, is_held, late) in steps {
                let wanted = now + if is_held { Duration::ZERO } else { Duration::from_millis(pause) };
                let earliest = pace.earliest(&spacing, wanted);
                let was_held = earliest > wanted;
                now = if was_held { earliest + Duration::from_millis(late) } else { earliest };
                pace.begin(&spacing, now, if was_held { LATENESS } else { Duration::ZERO });
                begun.push(now);
            }
            for (first, from) in begun.iter().enumerate() {
                for (last, to) in begun.iter().enumerate().skip(first) {
                    let span = (*to - *from + LATENESS).as_secs_f64();
                    let most = f64::from(burst) + span / spacing.interval.as_secs_f64();
                    prop_assert!((last - first + 1) as f64 <= most + 1e-6, "{first} to {last}");
                }
            }
        }

        /// Whoever always has something to send is not slowed down below the rate, though timers ring late.
        #[test]
        fn the_rate_is_reached(millis in 2..1_000_u64, burst in 1..50_u32, count in 2..300_u32, late in 0..20_u64) {
            let spacing = evenly(millis, burst);
            let (mut pace, start) = (Pace::default(), Duration::from_secs(9));
            let (mut now, mut lateness) = (start, Duration::ZERO);
            for _ in 0..count {
                let earliest = pace.earliest(&spacing, now);
                if earliest > now {
                    (now, lateness) = (earliest + Duration::from_millis(late), LATENESS);
                }
                pace.begin(&spacing, now, lateness);
            }
            let most = spacing.interval * count.saturating_sub(burst) + Duration::from_millis(late);
            prop_assert!(now - start <= most, "{:?} instead of {most:?}", now - start);
        }
    }
}
