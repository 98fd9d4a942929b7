//! How much a receiver takes, learned from its answers, for webhooks with `max_in_flight: "auto"` (ADR 0052). Pure: the caller has
//! the clock.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::limits::{LANE_BATCH, MAX_IN_FLIGHT};
use crate::{LaneLimits, Load, LoadSign, MaxInFlight, Period, RateLimit, Timestamp, WebhookConfig};

/// Attempts an hour: the unit of rates here, in which the lowest one can still be changed by a little.
const HOUR: u32 = 3600;

/// The rate with which nothing is known: five attempts a second.
const FIRST: u32 = 5 * HOUR;

/// The lowest rate: an attempt in five seconds. Who takes less says so by `Retry-After`.
const LEAST: u32 = HOUR / 5;

/// The highest rate.
const MOST: u32 = 10_000 * HOUR;

/// How long an event holds its place beyond its attempt while that is not known, in milliseconds.
const AROUND_MS: u32 = 200;

/// What is known of how much a receiver takes. It is stored with the webhook.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Learned {
    /// Counts the changes: whoever writes the next one has seen this one.
    pub change: u64,
    /// From when on attempts say something about it: those that began earlier began at another rate, or met what that had left.
    pub since: Timestamp,
    /// How many attempts may begin in an hour.
    pub per_hour: u32,
    /// The rate at which the receiver had too much; absent while none is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ceiling: Option<u32>,
    /// How long an attempt takes when the receiver does not have too much, in milliseconds; absent while that is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usual_ms: Option<u32>,
    /// How long an event holds its place beyond its attempt, in milliseconds; absent while that is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub around_ms: Option<u32>,
    /// The pause that the receiver asked for when it last had too much, in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pause_seconds: Option<u32>,
}

/// The attempts that ended in a span of time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// When the first and the last of them ended.
    ended: Option<(Timestamp, Timestamp)>,
    answered: u32,
    exhausted: u32,
    refused: u32,
    silent: u32,
    failed: u32,
    /// How long the answered ones took altogether, in milliseconds, and how much longer they held their places.
    took_ms: u64,
    around_ms: u64,
    pause_seconds: u32,
}

/// What the attempts of a span of time say.
enum Verdict {
    /// The receiver has too much; the rate that it gets now, and the one that was too much.
    TooMuch { rate: f64, ceiling: f64 },
    /// It is slower than usual though it has little.
    Slow,
    /// It takes what it gets.
    Takes,
    /// Nothing: it does not get as much as it may, or fails.
    Nothing,
}

impl Seen {
    /// Counts an attempt that ended `now`, whose event held its place for `held`.
    pub fn count(&mut self, load: &Load, held: Duration, now: Timestamp) {
        self.ended = Some((self.ended.map_or(now, |(first, _)| first), now));
        match load.sign {
            LoadSign::Answered | LoadSign::Exhausted => {
                self.answered += 1;
                self.exhausted += u32::from(load.sign == LoadSign::Exhausted);
                self.took_ms += load.duration_ms;
                let held = u64::try_from(held.as_millis()).unwrap_or(u64::MAX);
                self.around_ms = self.around_ms.saturating_add(held.saturating_sub(load.duration_ms));
            }
            LoadSign::Refused => self.refused += 1,
            LoadSign::Silent => self.silent += 1,
            LoadSign::Failed => self.failed += 1,
        }
        let pause = load.pause_seconds.map_or(0, |pause| u32::try_from(pause).unwrap_or(u32::MAX));
        self.pause_seconds = self.pause_seconds.max(pause);
    }

    /// Whether it is enough to judge by.
    pub fn is_enough(&self, now: Timestamp) -> bool {
        let is_long = self.ended.is_some_and(|(first, _)| now.since(first) >= STEP);
        is_long && (self.all() >= 5 || self.has_signs())
    }

    fn has_signs(&self) -> bool {
        self.exhausted + self.refused + self.silent > 0
    }

    fn all(&self) -> u32 {
        self.answered + self.refused + self.silent + self.failed
    }

    /// The attempts of an hour at which as many are answered as were in this span of time, by `parts` that are all like this one.
    fn answered_per_hour(&self, parts: u32) -> f64 {
        let Some((first, last)) = self.ended else { return 0.0 };
        let span = last.since(first).as_secs_f64().max(0.001);
        // Between the first and the last there is one pause less than there are attempts.
        let all = f64::from(self.all());
        let answered = f64::from(self.answered + self.failed) * (all - 1.0) / all;
        answered * f64::from(parts) / span * f64::from(HOUR)
    }

    fn mean_ms(&self, of: u64) -> Option<f64> {
        (self.answered > 0).then(|| of as f64 / f64::from(self.answered))
    }
}

/// The shortest time between two changes.
const STEP: Duration = Duration::from_secs(1);

/// The time between two changes while the rate is raised by a little.
const CREEP_STEP: Duration = Duration::from_secs(5);

/// The longest time that a rise of the rate is worth, however long ago the last one was.
const LONGEST_STEP: Duration = Duration::from_secs(10);

/// The part of a rate that was too much which is tried next.
const BELOW: f64 = 0.95;

/// Where the rise of the rate becomes slow, as a part of the one that was too much.
const NEAR: f64 = 0.85;

/// An attempt is slow if it takes twice as long as usual and this, in milliseconds: what may be due to us.
const SLOW_MS: f64 = 100.0;

/// How much of the rate that was too much is remembered at least when the receiver is too slow for less.
const FORGETTING: f64 = 0.8;

/// By how much the rate rises in a step while nothing was too much.
const SEARCH_STEP: f64 = 1.5;

/// By which part of the rate that was too much the rate rises in a second while it is far from it.
const FAR_STEP: f64 = 0.1;

/// Where a rate that was too much is forgotten, as a part of it.
const BEYOND: f64 = 1.1;

impl Learned {
    /// What is known of a receiver at first.
    pub fn new(now: Timestamp) -> Self {
        Self {
            // Whoever has seen what was learned before, and was forgotten, must not take this for it.
            change: now.unix_millis().unsigned_abs(),
            since: now,
            per_hour: FIRST,
            ceiling: None,
            usual_ms: None,
            around_ms: None,
            pause_seconds: None,
        }
    }

    /// Whether the rate is about the same as that of `other`.
    pub fn is_near(&self, other: &Self) -> bool {
        u64::from(self.per_hour.abs_diff(other.per_hour)) * 20 <= u64::from(other.per_hour)
    }

    /// Whether an attempt that began then says something.
    pub fn is_about(&self, began_at: Timestamp) -> bool {
        began_at >= self.since
    }

    /// How many attempts may begin in a minute, evenly spaced.
    pub fn per_minute(&self) -> u32 {
        self.per_hour.saturating_add(30) / 60
    }

    /// How many attempts may be in flight: as many as the rate needs while the receiver answers within twice the usual time and a
    /// tenth of a second. So it gets fewer at once if it becomes slower than that.
    pub fn in_flight(&self) -> u32 {
        let usual = u64::from(self.usual_ms.unwrap_or(1000));
        let place = u64::from(self.around_ms.unwrap_or(AROUND_MS)) + 2 * usual + 2 * SLOW_MS as u64;
        let in_flight = (u64::from(self.per_hour) * place).div_ceil(u64::from(HOUR) * 1000);
        u32::try_from(in_flight).unwrap_or(u32::MAX).clamp(1, MAX_IN_FLIGHT)
    }

    /// What `seen` says about it, which was made by one of `parts` that are all alike; `None` if nothing new.
    #[must_use]
    pub fn after(&self, seen: &Seen, parts: u32, now: Timestamp) -> Option<Self> {
        let (rate, passed) = (f64::from(self.per_hour), now.since(self.since));
        let verdict = self.verdict(seen, parts);
        let is_too_much = matches!(verdict, Verdict::TooMuch { .. });
        let (rate, ceiling) = match verdict {
            Verdict::TooMuch { rate, ceiling } => (rate, Some(ceiling)),
            Verdict::Slow => (rate, self.ceiling.map(f64::from)),
            Verdict::Takes => self.raised(passed)?,
            Verdict::Nothing => return self.with_places_for(seen),
        };
        let whole = |rate: f64| (rate.round() as u32).clamp(LEAST, MOST);
        Some(Self {
            change: self.change + 1,
            since: if is_too_much { now.plus(STEP) } else { now },
            per_hour: whole(rate),
            ceiling: ceiling.map(whole),
            usual_ms: self.usual_after(seen),
            around_ms: seen.mean_ms(seen.around_ms).map(|mean| mean as u32).or(self.around_ms),
            pause_seconds: if is_too_much { Some(seen.pause_seconds) } else { self.pause_seconds }
                .filter(|pause| *pause > 0),
        })
    }

    /// The same with as many places as our own steps need by now, if that is quite another number: with too few, the rate would
    /// never be used, and nothing learned.
    fn with_places_for(&self, seen: &Seen) -> Option<Self> {
        let around = seen.mean_ms(seen.around_ms)? as u32;
        let known = self.around_ms.unwrap_or(AROUND_MS);
        let is_other = around > known * 3 / 2 + 50 || around + 50 < known / 2;
        is_other.then(|| Self { change: self.change + 1, around_ms: Some(around), ..self.clone() })
    }

    fn verdict(&self, seen: &Seen, parts: u32) -> Verdict {
        let (rate, all) = (f64::from(self.per_hour), seen.all());
        let answered = seen.answered_per_hour(parts);
        let refused = seen.refused + seen.exhausted;
        let is_slow = self.is_slow(seen);
        // A bad minute says less than a refusal about what the receiver usually takes.
        let troubled = |rate: f64| {
            let ceiling = self.ceiling.map_or(0.0, f64::from) * FORGETTING;
            Verdict::TooMuch { rate, ceiling: ceiling.max(f64::from(self.per_hour)) }
        };
        if seen.silent >= 2 && seen.silent * 10 >= all {
            return troubled(rate / 2.0);
        }
        if is_slow && answered >= 0.3 * rate {
            return troubled(answered.clamp(rate / 2.0, rate) * BELOW);
        }
        // So many that what it answered is what it takes.
        if refused >= 3 && refused * 10 >= all {
            let taken = answered.clamp(rate / 2.0, rate);
            let ceiling = if taken > rate / 2.0 { taken } else { rate };
            return Verdict::TooMuch { rate: taken * BELOW, ceiling };
        }
        if refused > 0 || (seen.silent >= 2 && seen.silent * 100 >= all) {
            return Verdict::TooMuch { rate: rate * BELOW, ceiling: rate };
        }
        if is_slow {
            return Verdict::Slow;
        }
        let is_used = answered >= 0.7 * rate;
        if is_used && seen.failed * 20 < all { Verdict::Takes } else { Verdict::Nothing }
    }

    /// The next rate of a receiver that takes this one, and the one that is too much; `None` if it is not time yet. It rises by half while
    /// nothing was too much; then first by much, and near to what was too much by little, so that finding out whether it still is
    /// costs few refusals.
    fn raised(&self, passed: Duration) -> Option<(f64, Option<f64>)> {
        let rate = f64::from(self.per_hour);
        let Some(ceiling) = self.ceiling.map(f64::from) else {
            return (passed >= STEP && self.per_hour < MOST).then_some((rate * SEARCH_STEP, None));
        };
        let seconds = passed.min(LONGEST_STEP).as_secs_f64();
        if rate > ceiling * BEYOND {
            Some((rate, None))
        } else if rate < ceiling * NEAR {
            let raised = (rate + ceiling * FAR_STEP * seconds).min(ceiling * NEAR);
            (passed >= STEP).then_some((raised, Some(ceiling)))
        } else {
            let step = ceiling * (1.0 - BELOW) * seconds / self.probe_seconds();
            (passed >= CREEP_STEP).then_some((rate + step, Some(ceiling)))
        }
    }

    /// In how many seconds the rate rises to the one that was too much: in half a minute, but not with less than 300 attempts, and
    /// not so soon that the pause for which the receiver then asks would matter.
    fn probe_seconds(&self) -> f64 {
        let by_attempts = 300.0 * f64::from(HOUR) / f64::from(self.per_hour);
        by_attempts.clamp(30.0, 120.0).max(20.0 * f64::from(self.pause_seconds.unwrap_or(0)))
    }

    /// Whether the receiver takes longer than it usually does.
    fn is_slow(&self, seen: &Seen) -> bool {
        let usual = self.usual_ms.filter(|_| seen.answered >= 5).map(f64::from);
        usual.zip(seen.mean_ms(seen.took_ms)).is_some_and(|(usual, mean)| mean > 2.0 * usual + SLOW_MS)
    }

    /// The usual time, which falls faster than it rises.
    fn usual_after(&self, seen: &Seen) -> Option<u32> {
        let Some(mean) = seen.mean_ms(seen.took_ms) else { return self.usual_ms };
        let Some(usual) = self.usual_ms.map(f64::from) else { return Some(mean.round() as u32) };
        let part = if mean < usual { 0.5 } else { 0.1 };
        Some((usual + (mean - usual) * part).round() as u32)
    }
}

impl WebhookConfig {
    /// Whether the limits of the webhook follow its receiver.
    pub fn learns(&self) -> bool {
        self.fields.max_in_flight == Some(MaxInFlight::Auto)
    }

    /// What is known of how much the receiver takes; `None` if the limits do not follow it.
    pub fn learned(&self, now: Timestamp) -> Option<Learned> {
        self.learns().then(|| self.learned.clone().unwrap_or_else(|| Learned::new(now)))
    }

    /// The limits of the webhook; `None` if it has none. If they follow its receiver, the owner's rate holds as well.
    pub fn limits(&self, now: Timestamp) -> Option<LaneLimits> {
        let limits = LaneLimits::of(&self.fields);
        let Some(learned) = self.learned(now) else { return limits };
        let rate = RateLimit { events: learned.per_minute(), per: Period::Minute, burst: 1 };
        let rate =
            limits.and_then(|limits| limits.rate).into_iter().chain([rate]).max_by_key(RateLimit::interval);
        Some(LaneLimits { max_in_flight: Some(learned.in_flight()), rate })
    }

    /// The limits by which the events of the webhook are spread over groups. On AWS a group begins about four attempts a second
    /// if it may begin ten, because it waits for all of a batch before the next one.
    pub fn limits_of_groups(&self, now: Timestamp) -> Option<LaneLimits> {
        let limits = self.limits(now)?;
        let Some(learned) = self.learned(now) else { return Some(limits) };
        let places = learned.in_flight().max(learned.per_minute() / 60 * LANE_BATCH / 4);
        Some(LaneLimits { max_in_flight: Some(places), ..limits })
    }
}

#[cfg(test)]
mod tests;
