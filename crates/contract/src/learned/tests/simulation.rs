//! Lanes in front of receivers with a hidden limit, on a clock of their own. Times are in microseconds.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;

use super::super::*;
use crate::{Pace, Spacing};

/// What a receiver does with more than its limit.
#[derive(Clone, Copy, Debug)]
enum Excess {
    /// It refuses what is more in a second of its own clock, and asks for a pause of so many seconds if that is not 0.
    Window { retry_after: u64 },
    /// It refuses what a bucket does not hold that has room for a tenth of the limit.
    Bucket { retry_after: u64 },
    /// It refuses nothing: it answers one after the other, and not at all what would wait for ten seconds.
    Queue,
    /// It says with the last answer of a second that it takes nothing more in it.
    Headers,
}

#[derive(Debug)]
struct Receiver {
    limit: u32,
    excess: Excess,
    /// The second of its clock, and how many requests it had.
    second: (u64, u32),
    /// How full its bucket was, and when.
    level: (f64, u64),
    /// Until when it works on what it has.
    busy_until: u64,
}

const SECOND: u64 = 1_000_000;

impl Receiver {
    fn new(limit: u32, excess: Excess) -> Self {
        Self { limit, excess, second: (0, 0), level: (0.0, 0), busy_until: 0 }
    }

    /// Answers a request that arrives `now`: how, after what time, and the pause it asks for in seconds.
    fn answer(&mut self, now: u64, latency: u64) -> (LoadSign, u64, u64) {
        let answered = (LoadSign::Answered, latency, 0);
        let refused = |retry_after| (LoadSign::Refused, 1_000, retry_after);
        let excess = self.excess;
        match excess {
            Excess::Window { retry_after } if self.in_second(now) > self.limit => refused(retry_after),
            Excess::Window { .. } => answered,
            Excess::Headers => match self.in_second(now).cmp(&self.limit) {
                Ordering::Less => answered,
                Ordering::Equal => (LoadSign::Exhausted, latency, 1),
                Ordering::Greater => refused(1),
            },
            Excess::Bucket { retry_after } => {
                let (level, at) = self.level;
                let limit = f64::from(self.limit);
                let level = (level - now.saturating_sub(at) as f64 / SECOND as f64 * limit).max(0.0);
                let is_full = level + 1.0 > (limit / 10.0).max(2.0);
                self.level = (if is_full { level } else { level + 1.0 }, now.max(at));
                if is_full { refused(retry_after) } else { answered }
            }
            Excess::Queue => {
                let end = self.busy_until.max(now) + SECOND / u64::from(self.limit);
                if end > now + 10 * SECOND {
                    return (LoadSign::Silent, 10 * SECOND, 0);
                }
                self.busy_until = end;
                (LoadSign::Answered, end - now + latency, 0)
            }
        }
    }

    /// Counts a request; returns how many the second of the receiver's clock has had.
    fn in_second(&mut self, now: u64) -> u32 {
        let second = (now + 370_000) / SECOND;
        self.second = if self.second.0 == second { (second, self.second.1 + 1) } else { (second, 1) };
        self.second.1
    }
}

/// Random numbers from 0 to 1 (xorshift).
struct Noise(u64);

impl Noise {
    fn next(&mut self) -> f64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn up_to(&mut self, most: u64) -> u64 {
        (self.next() * most as f64) as u64
    }
}

/// An attempt in flight: when it ends and when it began, and the receiver's answer. The first to end is the greatest.
type Flight = Reverse<(u64, u64, usize, u64, u64)>;

const SIGNS: [LoadSign; 4] = [LoadSign::Answered, LoadSign::Exhausted, LoadSign::Refused, LoadSign::Silent];

/// A lane in which more waits than ever leaves it.
struct Lane {
    now: u64,
    learned: Learned,
    seen: Seen,
    pace: Pace<Duration>,
    is_held: bool,
    paused_until: u64,
    flights: BinaryHeap<Flight>,
    noise: Noise,
}

fn at(micros: u64) -> Timestamp {
    super::at(0).plus(Duration::from_micros(micros))
}

impl Lane {
    fn new(seed: u64) -> Self {
        Self {
            now: 0,
            learned: Learned::new(at(0)),
            seen: Seen::default(),
            pace: Pace::default(),
            is_held: false,
            paused_until: 0,
            flights: BinaryHeap::new(),
            noise: Noise(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1),
        }
    }

    fn spacing(&self) -> Spacing {
        Spacing { interval: Duration::from_secs(60) / self.learned.per_minute(), burst: 1 }
    }

    /// When the next attempt may begin, if there is a place.
    fn next(&mut self) -> Option<u64> {
        if self.flights.len() >= self.learned.in_flight() as usize {
            self.is_held = false;
            return None;
        }
        let spacing = self.spacing();
        let from = Duration::from_micros(self.now.max(self.paused_until));
        u64::try_from(self.pace.earliest(&spacing, from).as_micros()).ok()
    }

    fn begin(&mut self, moment: u64, receiver: &mut Receiver, latency: u64) {
        // Timers ring late.
        let late = if moment > self.now { self.noise.up_to(2_000) } else { 0 };
        self.is_held |= moment > self.now;
        self.now = moment + late;
        let lateness = Duration::from_millis(if self.is_held { 20 } else { 0 });
        let spacing = self.spacing();
        self.pace.begin(&spacing, Duration::from_micros(self.now), lateness);
        let network = (self.noise.next() * self.noise.next() * 3_000.0) as u64;
        let latency = latency / 2 + self.noise.up_to(latency);
        let (sign, took, retry_after) = receiver.answer(self.now + network, latency);
        let sign = SIGNS.iter().position(|each| *each == sign).unwrap();
        let took = network + took;
        let around = 5_000 + self.noise.up_to(10_000);
        self.flights.push(Reverse((self.now + took + around, self.now, sign, took, retry_after)));
    }

    /// Ends the attempt that ends first; returns how the receiver took it.
    fn end(&mut self) -> Option<LoadSign> {
        let Reverse((ended_at, began_at, sign, took, retry_after)) = self.flights.pop()?;
        self.now = self.now.max(ended_at);
        self.paused_until = self.paused_until.max(self.now + retry_after * SECOND);
        let pause_seconds = Some(retry_after).filter(|seconds| *seconds > 0);
        let load = Load { sign: SIGNS[sign], duration_ms: took / 1_000, pause_seconds };
        let now = at(self.now);
        if self.learned.is_about(at(began_at)) {
            self.seen.count(&load, Duration::from_micros(self.now - began_at), now);
            if self.seen.is_enough(now) {
                if let Some(after) = self.learned.after(&self.seen, 1, now) {
                    self.learned = after;
                }
                self.seen = Seen::default();
            }
        }
        Some(load.sign)
    }
}

/// The share of its limit that the receiver took, and the share of attempts that it did not take, from a minute after the first one
/// until three minutes after it.
fn run(limit: u32, excess: Excess, latency_ms: u64, seed: u64) -> (f64, f64) {
    let (mut lane, mut receiver) = (Lane::new(seed), Receiver::new(limit, excess));
    let (mut taken, mut not_taken) = (0, 0);
    while lane.now < 180 * SECOND {
        let ends_at = lane.flights.peek().map(|Reverse((ends_at, ..))| *ends_at);
        match lane.next() {
            Some(begins_at) if ends_at.is_none_or(|ends_at| begins_at <= ends_at) => {
                lane.begin(begins_at, &mut receiver, latency_ms * 1_000);
            }
            _ => match lane.end() {
                Some(_) if lane.now <= 60 * SECOND => {}
                Some(LoadSign::Answered | LoadSign::Exhausted) => taken += 1,
                _ => not_taken += 1,
            },
        }
    }
    (f64::from(taken) / f64::from(limit) / 120.0, f64::from(not_taken) / f64::from(taken + not_taken))
}

/// Within a minute it is found out what a receiver takes: from then on it gets nine tenths of that, and refuses less than a hundredth
/// of it.
#[test]
fn a_hidden_limit_is_found_within_a_minute_and_kept_to() {
    for limit in [10, 100, 1_000] {
        for excess in [
            Excess::Window { retry_after: 0 },
            Excess::Window { retry_after: 1 },
            Excess::Bucket { retry_after: 0 },
            Excess::Bucket { retry_after: 1 },
            Excess::Queue,
        ] {
            // The more attempts there are, the longer it takes.
            let seeds = if limit == 1_000 { 1..=2 } else { 1..=5 };
            for seed in seeds {
                let latency_ms = if seed % 2 == 0 { 100 } else { seed };
                let (share, rejected) = run(limit, excess, latency_ms, seed);
                let told =
                    format!("{limit}/s {excess:?} {latency_ms} ms: {share:.3}, {rejected:.4} rejected");
                assert!(share >= 0.9 && rejected < 0.01, "{told}");
            }
        }
    }
}

/// A receiver that says when it takes nothing more refuses next to nothing.
#[test]
fn a_receiver_that_says_what_remains_is_heard() {
    for limit in [10, 100, 1_000] {
        let (share, rejected) = run(limit, Excess::Headers, 5, 7);
        assert!(share >= 0.8 && rejected < 0.001, "{limit}/s: {share:.3}, {rejected:.4} rejected");
    }
}
