//! When a producer wants an event to be sent.

use std::time::Duration;

use crate::limits::{MAX_DELAY, MAX_DELAY_DAYS};
use crate::{FieldError, Timestamp};

/// The time for which a producer schedules an event: `deliver_at` or `delay_seconds`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delay {
    /// At this time.
    Until(Timestamp),
    /// So long after the event is accepted.
    For(Duration),
}

impl Delay {
    /// The field for a point in time.
    pub const DELIVER_AT: &str = "deliver_at";
    /// The field for a number of seconds.
    pub const DELAY_SECONDS: &str = "delay_seconds";

    /// Reads the two fields, of which a producer gives at most one.
    ///
    /// # Errors
    /// Names the field that cannot be read.
    pub fn parse(deliver_at: Option<&str>, delay_seconds: Option<&str>) -> Result<Option<Self>, FieldError> {
        match (deliver_at, delay_seconds) {
            (None, None) => Ok(None),
            (Some(_), Some(_)) => {
                Err(FieldError::new(Self::DELIVER_AT, "excludes delay_seconds: give one of the two"))
            }
            (Some(at), None) => match at.parse() {
                Ok(at) => Ok(Some(Self::Until(at))),
                Err(_) => Err(FieldError::new(
                    Self::DELIVER_AT,
                    "must be a time like 2026-01-02T03:04:05Z (RFC 3339); in a URL, a plus sign is written as %2B",
                )),
            },
            (None, Some(seconds)) => match seconds.parse().map(Duration::from_secs) {
                Ok(delay) if delay <= MAX_DELAY => Ok(Some(Self::For(delay))),
                _ => Err(FieldError::new(
                    Self::DELAY_SECONDS,
                    format!(
                        "must be a whole number from 0 to {} ({MAX_DELAY_DAYS} days)",
                        MAX_DELAY.as_secs()
                    ),
                )),
            },
        }
    }

    /// When an event that is accepted `now` is to be sent; `None` for at once, also if the time has passed.
    ///
    /// # Errors
    /// If that is more than [`MAX_DELAY`] later.
    pub fn due(self, now: Timestamp) -> Result<Option<Timestamp>, FieldError> {
        let at = match self {
            Self::Until(at) => at,
            Self::For(delay) => now.plus(delay),
        };
        if at.since(now) > MAX_DELAY {
            let detail = format!("must be at most {MAX_DELAY_DAYS} days ahead");
            return Err(FieldError::new(Self::DELIVER_AT, detail));
        }
        Ok(Some(at).filter(|at| *at > now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_sent_at_the_time_that_its_producer_names_within_thirty_days() {
        let now: Timestamp = "2026-01-02T03:04:05.678Z".parse().unwrap();
        let deliver_at = |text: &'static str| (Some(text), None);
        let delay_seconds = |text: &'static str| (None, Some(text));
        for ((deliver_at, delay_seconds), expected) in [
            ((None, None), Ok(None)),
            (deliver_at("2026-01-02T03:04:06Z"), Ok(Some("2026-01-02T03:04:06.000Z"))),
            (deliver_at("2026-01-02T05:00:00.5+01:00"), Ok(Some("2026-01-02T04:00:00.500Z"))),
            // It has passed: at once.
            (deliver_at("2026-01-02T03:04:05.678Z"), Ok(None)),
            (deliver_at("2025-12-31T00:00:00Z"), Ok(None)),
            (deliver_at("2026-02-01T03:04:05.678Z"), Ok(Some("2026-02-01T03:04:05.678Z"))),
            (deliver_at("2026-02-01T03:04:05.679Z"), Err("deliver_at")),
            (deliver_at("9999-12-31T23:59:59Z"), Err("deliver_at")),
            (deliver_at("2026-01-02"), Err("deliver_at")),
            (deliver_at("2026-01-02T03:04:05"), Err("deliver_at")),
            (deliver_at("2026-01-02T04:04:05 01:00"), Err("deliver_at")),
            (deliver_at("1767323046"), Err("deliver_at")),
            (deliver_at(""), Err("deliver_at")),
            (delay_seconds("0"), Ok(None)),
            (delay_seconds("60"), Ok(Some("2026-01-02T03:05:05.678Z"))),
            (delay_seconds("2592000"), Ok(Some("2026-02-01T03:04:05.678Z"))),
            (delay_seconds("2592001"), Err("delay_seconds")),
            (delay_seconds("18446744073709551616"), Err("delay_seconds")),
            (delay_seconds("-1"), Err("delay_seconds")),
            (delay_seconds("1.5"), Err("delay_seconds")),
            (delay_seconds("1h"), Err("delay_seconds")),
            (delay_seconds(""), Err("delay_seconds")),
            ((Some("2026-01-02T03:04:06Z"), Some("1")), Err("deliver_at")),
        ] {
            let due = Delay::parse(deliver_at, delay_seconds)
                .and_then(|delay| delay.map_or(Ok(None), |delay| delay.due(now)));
            let due = due.map(|due| due.map(|due| due.to_string())).map_err(|error| error.field.to_string());
            let expected = expected.map(|due: Option<&str>| due.map(str::to_owned)).map_err(str::to_owned);
            assert_eq!(due, expected, "{deliver_at:?} {delay_seconds:?}");
        }
    }
}
