//! Times and durations on the command line.

use std::time::Duration;

use hookstep_contract::Timestamp;
use hookstep_contract::limits::days;
use serde::Deserialize;
use serde::de::IntoDeserializer;
use serde::de::value::{Error, StrDeserializer};

/// A time: how long ago, or when.
#[derive(Clone, Copy, Debug)]
pub(crate) enum When {
    Ago(Duration),
    At(Timestamp),
}

impl When {
    pub(crate) fn resolve(self, now: Timestamp) -> Timestamp {
        match self {
            Self::Ago(ago) => now.minus(ago),
            Self::At(at) => at,
        }
    }
}

/// Reads `90s`, `15m`, `2h`, `7d`, or a time like 2026-01-02T03:04:05Z.
pub(crate) fn when(text: &str) -> Result<When, String> {
    if let Ok(ago) = duration(text) {
        return Ok(When::Ago(ago));
    }
    let reader: StrDeserializer<'_, Error> = text.into_deserializer();
    Timestamp::deserialize(reader)
        .map(When::At)
        .map_err(|_| "must be 90s, 15m, 2h, 7d (ago), or a time like 2026-01-02T03:04:05Z".to_owned())
}

/// Reads `250ms`, `90s`, `15m`, `2h` or `7d`.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (number, unit) = text.split_at(digits);
    // A u32 does not overflow in any unit.
    let number: u32 = number.parse().map_err(|_| "must be 250ms, 90s, 15m, 2h or 7d".to_owned())?;
    let seconds = |each: u64| Duration::from_secs(u64::from(number) * each);
    match unit {
        "ms" => Ok(Duration::from_millis(number.into())),
        "s" => Ok(seconds(1)),
        "m" => Ok(seconds(60)),
        "h" => Ok(seconds(3600)),
        "d" if number <= 36_500 => Ok(days(number as usize)),
        "d" => Err("must be at most 36500d".to_owned()),
        _ => Err("needs a unit: ms, s, m, h or d".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_need_a_number_and_a_unit() {
        assert_eq!(duration("250ms"), Ok(Duration::from_millis(250)));
        assert_eq!(duration("2h"), Ok(Duration::from_secs(7200)));
        assert_eq!(duration("7d"), Ok(days(7)));
        for wrong in ["", "s", "2", "2 h", "-1s", "1.5h", "1w", "99999999999s", "4000000000d"] {
            assert!(duration(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_moment_is_a_time_or_how_long_ago() {
        let Ok(When::At(at)) = when("2026-01-02T03:04:05Z") else { panic!() };
        let Ok(ago) = when("5s") else { panic!() };
        assert_eq!(ago.resolve(at).to_string(), "2026-01-02T03:04:00.000Z");
        assert!(when("yesterday").is_err());
    }
}
