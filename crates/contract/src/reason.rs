//! Why an event was not delivered or an attempt failed: a code for programs and a sentence for people.

use std::fmt;

use serde::de::{MapAccess, Visitor, value};
use serde::{Deserialize, Deserializer, Serialize};

use crate::ReasonCode;

/// Why an event was not delivered or an attempt failed. Programs rely on the code; the detail is for people
/// and may change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Reason {
    /// The kind of failure. Stable.
    pub code: ReasonCode,
    /// The failure, described in a sentence.
    pub detail: String,
}

impl Reason {
    /// A reason with this code and this description.
    pub fn new(code: ReasonCode, detail: impl Into<String>) -> Self {
        Self { code, detail: detail.into() }
    }

    /// A reason with this code, described by the code's general meaning.
    pub fn of(code: ReasonCode) -> Self {
        Self::new(code, code.meaning())
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.detail)
    }
}

/// Before codes existed, a reason was a plain sentence; tables and waiting executions still contain such
/// reasons.
impl<'de> Deserialize<'de> for Reason {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Fields {
            code: ReasonCode,
            detail: String,
        }

        struct SentenceOrFields;

        impl<'de> Visitor<'de> for SentenceOrFields {
            type Value = Reason;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a reason")
            }

            fn visit_str<E>(self, sentence: &str) -> Result<Reason, E> {
                Ok(Reason::new(ReasonCode::Unclassified, sentence))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Reason, A::Error> {
                let Fields { code, detail } = Fields::deserialize(value::MapAccessDeserializer::new(map))?;
                Ok(Reason { code, detail })
            }
        }

        deserializer.deserialize_any(SentenceOrFields)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_read_as_it_was_written_and_as_it_was_before_there_were_codes() {
        let reason = Reason::new(ReasonCode::Dns, "the host name does not resolve");
        let json = r#"{"code":"dns","detail":"the host name does not resolve"}"#;
        assert_eq!(serde_json::to_string(&reason).unwrap(), json);
        assert_eq!(serde_json::from_str::<Reason>(json).unwrap(), reason);
        let old: Reason = serde_json::from_str("\"the host name does not resolve\"").unwrap();
        assert_eq!(old, Reason::new(ReasonCode::Unclassified, "the host name does not resolve"));
        assert_eq!(serde_json::from_str::<Option<Reason>>("null").unwrap(), None);
        assert!(serde_json::from_str::<Reason>(r#"{"detail":"no code"}"#).is_err());
    }
}
