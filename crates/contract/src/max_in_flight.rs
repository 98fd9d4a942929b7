//! How many attempts may be in flight: a number, or `"auto"`.

use std::fmt;

use serde::de::{Error, Unexpected, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::limits::MAX_IN_FLIGHT;

/// How many attempts of a webhook may be in flight at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MaxInFlight {
    /// As many as its owner says, from 1 to [`MAX_IN_FLIGHT`].
    Number(u32),
    /// As many as its receiver takes, which is learned from its answers (ADR 0052).
    Auto,
}

impl MaxInFlight {
    /// What stands for [`MaxInFlight::Auto`] in JSON.
    pub const AUTO: &str = "auto";

    /// The owner's number.
    pub fn number(self) -> Option<u32> {
        match self {
            Self::Number(number) => Some(number),
            Self::Auto => None,
        }
    }
}

impl Serialize for MaxInFlight {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Number(number) => serializer.serialize_u32(*number),
            Self::Auto => serializer.serialize_str(Self::AUTO),
        }
    }
}

impl<'de> Deserialize<'de> for MaxInFlight {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NumberOrAuto;

        impl Visitor<'_> for NumberOrAuto {
            type Value = MaxInFlight;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "1 to {MAX_IN_FLIGHT}, or {:?}", MaxInFlight::AUTO)
            }

            fn visit_u64<E: Error>(self, number: u64) -> Result<MaxInFlight, E> {
                // A number that is too large stays one, and `LaneLimits::check` says so.
                Ok(MaxInFlight::Number(u32::try_from(number).unwrap_or(u32::MAX)))
            }

            fn visit_i64<E: Error>(self, number: i64) -> Result<MaxInFlight, E> {
                match u64::try_from(number) {
                    Ok(number) => self.visit_u64(number),
                    Err(_) => Err(E::invalid_value(Unexpected::Signed(number), &self)),
                }
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<MaxInFlight, E> {
                match text {
                    MaxInFlight::AUTO => Ok(MaxInFlight::Auto),
                    _ => Err(E::invalid_value(Unexpected::Str(text), &self)),
                }
            }
        }

        deserializer.deserialize_any(NumberOrAuto)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_a_number_or_auto() {
        for (json, expected) in [
            ("5", Some(MaxInFlight::Number(5))),
            ("0", Some(MaxInFlight::Number(0))),
            ("5000000000", Some(MaxInFlight::Number(u32::MAX))),
            ("\"auto\"", Some(MaxInFlight::Auto)),
            ("\"5\"", None),
            ("\"Auto\"", None),
            ("-1", None),
            ("1.5", None),
            ("true", None),
        ] {
            assert_eq!(serde_json::from_str::<MaxInFlight>(json).ok(), expected, "{json}");
        }
        for (value, json) in [(MaxInFlight::Number(7), "7"), (MaxInFlight::Auto, "\"auto\"")] {
            assert_eq!(serde_json::to_string(&value).unwrap(), json);
        }
        let error = serde_json::from_str::<MaxInFlight>("\"many\"").unwrap_err().to_string();
        assert!(
            error.starts_with("invalid value: string \"many\", expected 1 to 1000, or \"auto\""),
            "{error}"
        );
    }
}
