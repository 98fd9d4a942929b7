//! A value of a body, read only as far as a condition needs it: numbers keep every digit that the producer
//! wrote.

use hookstep_contract::{FieldKind, JsonLevel};
use serde_json::Value;
use serde_json::value::RawValue;
use time::format_description::well_known::{Iso8601, Rfc3339};
use time::{Date, OffsetDateTime, PrimitiveDateTime};

use super::decimal::Decimal;

/// A value converted to the type of its condition.
#[derive(Clone, Debug, PartialEq, PartialOrd)]
pub(crate) enum Typed {
    Text(String),
    Number(Decimal),
    Boolean(bool),
    Day(Date),
    Moment(OffsetDateTime),
}

impl Typed {
    /// Reads a text as `kind`; `None` if it is not of that kind.
    pub(crate) fn parse(text: &str, kind: FieldKind) -> Option<Self> {
        match kind {
            FieldKind::String => Some(Self::Text(text.to_owned())),
            FieldKind::Number => Decimal::parse(text).map(Self::Number),
            FieldKind::Boolean => text.parse().ok().map(Self::Boolean),
            FieldKind::Date => day(text).map(Self::Day),
            FieldKind::Datetime => moment(text).map(Self::Moment),
        }
    }

    /// Reads a value as `kind`; `None` if it is not of that kind.
    pub(crate) fn of(raw: &RawValue, kind: FieldKind) -> Result<Option<Self>, serde_json::Error> {
        Ok(text_of(raw)?.and_then(|text| Self::parse(&text, kind)))
    }
}

/// A value as text: a string itself, null nothing, and any other value its JSON form.
pub(crate) fn text_of(raw: &RawValue) -> Result<Option<String>, serde_json::Error> {
    Ok(match JsonLevel::of(raw)? {
        JsonLevel::Null => None,
        JsonLevel::Text(text) => Some(text),
        JsonLevel::Plain => Some(raw.get().to_owned()),
        JsonLevel::List(_) | JsonLevel::Object(_) => {
            // A value that nests too deep for the parser stays as it is written, blanks included.
            let compact = serde_json::from_str::<Value>(raw.get()).map(|value| value.to_string());
            Some(compact.unwrap_or_else(|_| raw.get().to_owned()))
        }
    })
}

/// A date, or the date of a date and time at its own offset.
fn day(text: &str) -> Option<Date> {
    let local = || PrimitiveDateTime::parse(text, &Iso8601::PARSING).ok().map(PrimitiveDateTime::date);
    moment(text).map(OffsetDateTime::date).or_else(|| Date::parse(text, &Iso8601::DATE).ok()).or_else(local)
}

/// A date and time with its offset, in any form of ISO 8601, or in RFC 3339, which also permits a blank in
/// place of the `T`.
fn moment(text: &str) -> Option<OffsetDateTime> {
    let parsed = OffsetDateTime::parse(text, &Rfc3339);
    parsed.or_else(|_| OffsetDateTime::parse(text, &Iso8601::PARSING)).ok()
}
