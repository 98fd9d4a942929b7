//! A point in time, in the format of the API and the state machine.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use time::OffsetDateTime;
use time::format_description::BorrowedFormatItem;
use time::format_description::well_known::Rfc3339;
use time::macros::format_description;

/// RFC 3339, always with three fractional digits, so that the texts sort by time.
const FORMAT: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z");

/// A point in time in UTC, with millisecond precision; RFC 3339 in JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Timestamp(OffsetDateTime);

impl Timestamp {
    /// The given time, truncated to milliseconds.
    pub fn new(at: OffsetDateTime) -> Self {
        let at = at.to_offset(time::UtcOffset::UTC);
        Self(at.replace_millisecond(at.millisecond()).unwrap_or(at))
    }

    /// The time that is `seconds` after the start of 1970; `None` beyond the year 9999.
    pub fn from_unix_seconds(seconds: i64) -> Option<Self> {
        OffsetDateTime::from_unix_timestamp(seconds).ok().map(Self)
    }

    /// The time as a type of the `time` crate.
    pub fn get(self) -> OffsetDateTime {
        self.0
    }

    /// Whole seconds since 1970, for DynamoDB's TTL and `webhook-timestamp`.
    pub fn unix_seconds(self) -> i64 {
        self.0.unix_timestamp()
    }

    /// Milliseconds since 1970, as in the time part of a UUIDv7.
    pub fn unix_millis(self) -> i64 {
        self.0.unix_timestamp() * 1000 + i64::from(self.0.millisecond())
    }

    /// The time `pause` later, or the latest representable time if that is out of range.
    pub fn plus(self, pause: Duration) -> Self {
        Self(self.0.saturating_add(pause.try_into().unwrap_or(time::Duration::MAX)))
    }

    /// The time `pause` earlier, or the earliest representable time if that is out of range.
    pub fn minus(self, pause: Duration) -> Self {
        Self(self.0.saturating_sub(pause.try_into().unwrap_or(time::Duration::MAX)))
    }

    /// Rounded down to a multiple of `step` since the start of 1970: for example, the start of the hour or
    /// day.
    pub fn floor(self, step: Duration) -> Self {
        let step = i64::try_from(step.as_millis()).unwrap_or(i64::MAX).max(1);
        self.minus(Duration::from_millis(self.unix_millis().rem_euclid(step).unsigned_abs()))
    }

    /// The duration since `earlier`; zero if `earlier` is not earlier.
    pub fn since(self, earlier: Self) -> Duration {
        (self.0 - earlier.0).try_into().unwrap_or(Duration::ZERO)
    }
}

/// The text of [`FORMAT`], which every delivery needs ten times; `None` for years of other lengths.
fn digits(at: OffsetDateTime) -> Option<[u8; 24]> {
    let mut text = *b"0000-00-00T00:00:00.000Z";
    let year = u32::try_from(at.year()).ok().filter(|year| *year <= 9999)?;
    for (end, number, width) in [
        (4, year, 4),
        (7, u8::from(at.month()).into(), 2),
        (10, at.day().into(), 2),
        (13, at.hour().into(), 2),
        (16, at.minute().into(), 2),
        (19, at.second().into(), 2),
        (23, at.millisecond().into(), 3),
    ] {
        let mut rest: u32 = number;
        for place in (end - width..end).rev() {
            text[place] += (rest % 10) as u8;
            rest /= 10;
        }
    }
    Some(text)
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match digits(self.0) {
            Some(text) => f.write_str(str::from_utf8(&text).map_err(|_| fmt::Error)?),
            None => f.write_str(&self.0.format(FORMAT).map_err(|_| fmt::Error)?),
        }
    }
}

/// Reads RFC 3339.
impl FromStr for Timestamp {
    type Err = time::error::Parse;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        OffsetDateTime::parse(text, &Rfc3339).map(Self::new)
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        time::serde::rfc3339::deserialize(deserializer).map(Self::new)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_hour_has_one_beginning() {
        let at = |text: &str| -> Timestamp { serde_json::from_str(&format!("{text:?}")).unwrap() };
        for (text, hour, day) in [
            ("2026-01-02T03:04:05.678Z", "2026-01-02T03:00:00.000Z", "2026-01-02T00:00:00.000Z"),
            ("2026-01-02T00:00:00Z", "2026-01-02T00:00:00.000Z", "2026-01-02T00:00:00.000Z"),
            ("1969-12-31T23:59:59Z", "1969-12-31T23:00:00.000Z", "1969-12-31T00:00:00.000Z"),
        ] {
            let hours = |number: u64| Duration::from_secs(number * 3600);
            assert_eq!(at(text).floor(hours(1)).to_string(), hour);
            assert_eq!(at(text).floor(hours(24)).to_string(), day);
        }
    }

    #[test]
    fn texts_sort_as_moments_do() {
        for (text, shown) in [
            ("\"2026-01-02T03:04:05Z\"", "2026-01-02T03:04:05.000Z"),
            ("\"2026-01-02T03:04:05.12+01:00\"", "2026-01-02T02:04:05.120Z"),
            ("\"2026-01-02T03:04:05.1239Z\"", "2026-01-02T03:04:05.123Z"),
        ] {
            let at: Timestamp = serde_json::from_str(text).unwrap();
            assert_eq!(at.to_string(), shown);
            assert_eq!(serde_json::to_string(&at).unwrap(), format!("\"{shown}\""));
        }
    }
}
