//! Counts over many events. Tallies of parts add up to the tally of the whole, including percentiles.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{Outcome, Status};

/// How many events have each status, and how long their last attempts took.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// Delivered events.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub succeeded: u64,
    /// Failed events whose newest replay did not succeed.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub failed: u64,
    /// Failed events whose newest replay succeeded.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub recovered: u64,
    /// Events that are to be sent for the first time at a later time.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub scheduled: u64,
    /// Events that are being sent or waiting for a retry.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub in_progress: u64,
    /// Those of the events in progress that have failed at least once and wait for a retry.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub retrying: u64,
    /// Skipped events.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub skipped: u64,
    /// The outcomes of the last attempts of failed events. Events that failed without an attempt are not
    /// included.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub outcomes: BTreeMap<Outcome, u64>,
    /// How long the last attempts of delivered and failed events took, in milliseconds.
    #[serde(default, skip_serializing_if = "Histogram::is_empty")]
    pub durations: Histogram,
}

impl Tally {
    /// Counts an event.
    pub fn count(&mut self, status: Status, outcome: Option<Outcome>, duration_ms: Option<u64>) {
        let counter = match status {
            Status::Succeeded => &mut self.succeeded,
            Status::Failed => &mut self.failed,
            Status::Recovered => &mut self.recovered,
            Status::Scheduled => &mut self.scheduled,
            Status::InProgress => &mut self.in_progress,
            Status::Skipped => &mut self.skipped,
        };
        *counter += 1;
        if status == Status::InProgress && outcome.is_some() {
            self.retrying += 1;
        }
        if status == Status::Failed
            && let Some(outcome) = outcome
        {
            *self.outcomes.entry(outcome).or_default() += 1;
        }
        if matches!(status, Status::Succeeded | Status::Failed | Status::Recovered)
            && let Some(duration) = duration_ms
        {
            self.durations.record(duration);
        }
    }

    /// Adds the counts of another tally.
    pub fn add(&mut self, other: &Self) {
        self.succeeded += other.succeeded;
        self.failed += other.failed;
        self.recovered += other.recovered;
        self.scheduled += other.scheduled;
        self.in_progress += other.in_progress;
        self.retrying += other.retrying;
        self.skipped += other.skipped;
        for (outcome, number) in &other.outcomes {
            *self.outcomes.entry(*outcome).or_default() += number;
        }
        self.durations.add(&other.durations);
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// Below 2^5, every number has its own bucket; above, every doubling has 2^4 buckets. So a bucket is at most
/// 1/16 of its smallest number wide, and its midpoint is within 1/32 of every number in it.
const BITS: u32 = 4;

/// A histogram of whole numbers with buckets that grow with the numbers: the midpoint of a bucket is within
/// 3.2 % of every number in it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Histogram(BTreeMap<u16, u64>);

impl Histogram {
    /// Adds a number.
    pub fn record(&mut self, value: u64) {
        *self.0.entry(bucket(value)).or_default() += 1;
    }

    /// Adds the contents of another histogram.
    pub fn add(&mut self, other: &Self) {
        for (bucket, number) in &other.0 {
            *self.0.entry(*bucket).or_default() += number;
        }
    }

    /// Whether the histogram contains no numbers.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The mean, to within 3.2 %; `None` if the histogram is empty.
    pub fn mean(&self) -> Option<u64> {
        let sum: u128 =
            self.0.iter().map(|(bucket, number)| u128::from(middle(*bucket)) * u128::from(*number)).sum();
        let all: u64 = self.0.values().sum();
        sum.checked_div(all.into()).and_then(|mean| u64::try_from(mean).ok())
    }

    /// The given percentile (nearest-rank method), to within 3.2 %; `None` if the histogram is empty.
    pub fn percentile(&self, percent: u64) -> Option<u64> {
        let all: u64 = self.0.values().sum();
        let rank = (all * percent).div_ceil(100).max(1);
        let mut seen = 0;
        let is_reached = |(_, number): &(&u16, &u64)| {
            seen += **number;
            seen >= rank
        };
        self.0.iter().find(is_reached).map(|(bucket, _)| middle(*bucket))
    }
}

fn bucket(value: u64) -> u16 {
    // How many of the lowest bits are dropped.
    let coarse = (u64::BITS - value.leading_zeros()).saturating_sub(BITS + 1);
    // At most 59 * 16 + 31.
    (u64::from(coarse << BITS) + (value >> coarse)) as u16
}

fn middle(bucket: u16) -> u64 {
    let coarse = u64::from(bucket >> BITS).saturating_sub(1);
    let least = (u64::from(bucket) - (coarse << BITS)) << coarse;
    least + (1 << coarse) / 2
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    /// Small numbers as often as large ones.
    fn durations() -> impl Strategy<Value = Vec<u64>> {
        vec((0_u64..1 << 40, 0_u32..40).prop_map(|(value, shift)| value >> shift), 1..200)
    }

    fn of(values: &[u64]) -> Histogram {
        let mut histogram = Histogram::default();
        values.iter().for_each(|value| histogram.record(*value));
        histogram
    }

    proptest! {
        #[test]
        fn a_percentile_is_near_the_true_one(mut values in durations(), percent in 1_u64..=100) {
            let found = of(&values).percentile(percent).unwrap();
            values.sort_unstable();
            let rank = (values.len() as u64 * percent).div_ceil(100).max(1);
            let exact = values[rank as usize - 1];
            prop_assert!(found.abs_diff(exact) * 32 <= exact, "{found} for {exact}");
        }

        #[test]
        fn the_mean_is_near_the_true_one(values in durations()) {
            let exact = values.iter().sum::<u64>() / values.len() as u64;
            // Both are rounded down.
            prop_assert!(of(&values).mean().unwrap().abs_diff(exact) * 32 <= exact + 64);
        }

        #[test]
        fn parts_add_up_to_the_whole(left in durations(), right in durations()) {
            let mut parts = of(&left);
            parts.add(&of(&right));
            prop_assert_eq!(parts, of(&[left, right].concat()));
        }

        #[test]
        fn larger_numbers_are_in_no_smaller_bucket(one in any::<u64>(), other in any::<u64>()) {
            prop_assert!(bucket(one.min(other)) <= bucket(one.max(other)));
        }
    }

    #[test]
    fn there_is_no_percentile_of_nothing() {
        assert_eq!((Histogram::default().percentile(50), Histogram::default().mean()), (None, None));
        assert_eq!((bucket(u64::MAX), bucket(31), bucket(32), middle(31)), (975, 31, 32, 31));
    }

    #[test]
    fn an_event_is_counted_by_where_it_stands() {
        let mut tally = Tally::default();
        tally.count(Status::Succeeded, Some(Outcome::Succeeded), Some(10));
        tally.count(Status::Failed, Some(Outcome::FailedHttp), Some(20));
        tally.count(Status::Failed, None, None);
        tally.count(Status::InProgress, Some(Outcome::FailedTimeout), Some(30_000));
        tally.count(Status::InProgress, None, None);
        tally.count(Status::Scheduled, None, None);
        tally.count(Status::Skipped, None, None);
        tally.count(Status::Recovered, Some(Outcome::FailedHttp), Some(20));
        let json = r#"{"succeeded":1,"failed":2,"recovered":1,"scheduled":1,"in_progress":2,"retrying":1,"skipped":1,"outcomes":{"failed_http":1},"durations":{"10":1,"20":2}}"#;
        assert_eq!(serde_json::to_string(&tally).unwrap(), json);
        let mut twice = tally.clone();
        twice.add(&tally);
        assert_eq!((twice.failed, twice.recovered, twice.in_progress, twice.retrying), (4, 2, 4, 2));
        assert_eq!(twice.scheduled, 2);
        assert_eq!(twice.outcomes[&Outcome::FailedHttp], 2);
        assert_eq!(serde_json::from_str::<Tally>("{}").unwrap(), Tally::default());
    }
}
