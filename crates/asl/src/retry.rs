//! `Retry`, and matching errors against `ErrorEquals`.

use std::time::Duration;

use crate::definition::{JitterStrategy, Retrier};
use crate::error::TaskError;

/// Matches every error except the terminal ones.
pub(crate) const ALL: &str = "States.ALL";
const TASK_FAILED: &str = "States.TaskFailed";

/// Whether `ErrorEquals` matches this error.
pub(crate) fn matches(error_equals: &[String], error: &TaskError) -> bool {
    let error = error.error.as_str();
    let terminal = error == TaskError::DATA_LIMIT_EXCEEDED || error == TaskError::RUNTIME;
    error_equals.iter().any(|name| match name.as_str() {
        ALL => !terminal,
        TASK_FAILED => !terminal && error != TaskError::TIMEOUT,
        name => name == error,
    })
}

/// How often each of a state's retriers was used during one visit.
pub(crate) struct Retries<'a> {
    retriers: &'a [Retrier],
    used: Vec<u32>,
}

impl<'a> Retries<'a> {
    pub(crate) fn new(retriers: &'a [Retrier]) -> Retries<'a> {
        Retries { retriers, used: vec![0; retriers.len()] }
    }

    /// The number of retries so far.
    pub(crate) fn count(&self) -> u32 {
        self.used.iter().sum()
    }

    /// The delay before the next attempt, or `None` if the task is not retried.
    /// Only the first matching retrier counts, even if it is exhausted.
    pub(crate) fn next_delay(&mut self, error: &TaskError, random: impl FnOnce() -> f64) -> Option<Duration> {
        let index = self.retriers.iter().position(|retrier| matches(&retrier.error_equals, error))?;
        let (retrier, used) = (&self.retriers[index], &mut self.used[index]);
        if *used >= retrier.max_attempts {
            return None;
        }
        let delay = retrier.delay_secs(*used);
        *used += 1;
        let jitter = if retrier.jitter_strategy == JitterStrategy::Full { random() } else { 1.0 };
        Some(Duration::from_secs_f64(delay * jitter.clamp(0.0, 1.0)))
    }
}

impl Retrier {
    /// The longest delay that AWS accepts in a definition; here it is also the default maximum.
    const MAX_DELAY_SECS: u32 = 31_622_400;

    fn delay_secs(&self, retries: u32) -> f64 {
        let delay = f64::from(self.interval_seconds.get()) * self.backoff_rate.powf(f64::from(retries));
        let most = self.max_delay_seconds.map_or(Self::MAX_DELAY_SECS, |most| most.get());
        delay.min(f64::from(most))
    }
}
