//! The period of which events and charts are shown: one of a list, or from one moment to another.

use std::time::Duration;

use hookstep_contract::{FieldError, Timestamp};
use maud::{Markup, html};
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;
use time::{PrimitiveDateTime, UtcOffset};

use crate::form::Query;

/// What browsers send for a day and a time.
const TYPED: &[BorrowedFormatItem<'_>] = format_description!("[year]-[month]-[day]T[hour]:[minute]");
const TYPED_CHARS: usize = "2026-01-01T00:00".len();

/// The periods to choose from: the value in the address, its name, and its hours.
pub(crate) const PERIODS: [(&str, &str, u64); 5] = [
    ("", "Any time", 0),
    ("1h", "Last hour", 1),
    ("24h", "Last 24 hours", 24),
    ("7d", "Last 7 days", 168),
    ("30d", "Last 30 days", 720),
];

/// The period as it stands in the address.
#[derive(Clone, Debug, Default)]
pub(crate) struct Period {
    name: String,
    from: String,
    to: String,
    /// How many minutes UTC is ahead of the visitor's clock; the script fills it in.
    offset: String,
}

impl Period {
    pub(crate) fn of(query: &Query) -> Self {
        let part = |name: &str| query.get(name).to_owned();
        Self { name: part("period"), from: part("from"), to: part("to"), offset: part("offset") }
    }

    /// The value of the period that is chosen, unless there is an own range.
    pub(crate) fn name(&self) -> &str {
        if self.is_free() { "" } else { &self.name }
    }

    /// When the own range begins, as it was typed.
    pub(crate) fn from(&self) -> &str {
        &self.from
    }

    /// When the own range ends, as it was typed.
    pub(crate) fn to(&self) -> &str {
        &self.to
    }

    pub(crate) fn is_free(&self) -> bool {
        !(self.from.is_empty() && self.to.is_empty())
    }

    pub(crate) fn is_given(&self) -> bool {
        self.is_free() || !self.name.is_empty()
    }

    /// The parts of the address.
    pub(crate) fn pairs(&self) -> [(&'static str, &str); 4] {
        let offset = if self.is_free() { self.offset.as_str() } else { "" };
        [("period", &self.name), ("from", &self.from), ("to", &self.to), ("offset", offset)]
    }

    /// Its first and its last moment.
    ///
    /// # Errors
    /// If a moment cannot be read.
    pub(crate) fn bounds(
        &self,
        now: Timestamp,
    ) -> Result<(Option<Timestamp>, Option<Timestamp>), FieldError> {
        if self.is_free() {
            return Ok((self.moment("from", &self.from)?, self.moment("to", &self.to)?));
        }
        let hours = PERIODS.iter().find(|(name, ..)| *name == self.name).map_or(0, |(.., hours)| *hours);
        Ok(((hours > 0).then(|| now.minus(Duration::from_secs(hours * 3600))), None))
    }

    fn moment(&self, field: &str, text: &str) -> Result<Option<Timestamp>, FieldError> {
        if text.is_empty() {
            return Ok(None);
        }
        let wrong = || FieldError::new(field, "must be a day and a time like 2026-01-31T08:00");
        let typed = text.get(..TYPED_CHARS).ok_or_else(wrong)?;
        let typed = PrimitiveDateTime::parse(typed, TYPED).map_err(|_| wrong())?;
        let minutes: i32 = self.offset.parse().unwrap_or(0);
        let zone = UtcOffset::from_whole_seconds(minutes.clamp(-1000, 1000) * -60).map_err(|_| wrong())?;
        Ok(Some(Timestamp::new(typed.assume_offset(zone).to_offset(UtcOffset::UTC))))
    }

    /// The controls; `hidden` are the other filters.
    pub(crate) fn controls(&self, base: &str, hidden: &[(&str, &str)]) -> Markup {
        let kept = || {
            html! {
                @for (name, value) in hidden { @if !value.is_empty() { input type="hidden" name=(name) value=(value); } }
            }
        };
        html! {
            form.inline method="get" action={(base) "#events"} data-submit {
                (kept())
                label.hidden for="period" { "Period" }
                select #period name="period" {
                    @if self.is_free() { option value="" selected { "Own range" } }
                    @for (value, name, _) in PERIODS { option value=(value) selected[!self.is_free() && self.name == value] { (name) } }
                }
                noscript { button { "Apply" } }
            }
            details.range open[self.is_free()] {
                summary { "Own range" }
                form.inline method="get" action={(base) "#events"} {
                    (kept())
                    input type="hidden" name="offset" value="" data-offset;
                    label { span { "From" span data-utc { " (UTC)" } } input type="datetime-local" name="from" value=(self.from); }
                    label { span { "To" span data-utc { " (UTC)" } } input type="datetime-local" name="to" value=(self.to); }
                    button { "Show" }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_of_the_visitors_clock() {
        let period = |from: &str, offset: &str| Period {
            from: from.to_owned(),
            offset: offset.to_owned(),
            ..Period::default()
        };
        let now: Timestamp = serde_json::from_str("\"2026-03-01T12:00:00Z\"").unwrap();
        for (from, offset, expected) in [
            ("2026-02-28T23:30", "", "2026-02-28T23:30:00"),
            ("2026-02-28T23:30", "-60", "2026-02-28T22:30:00"),
            ("2026-02-28T23:30:15", "300", "2026-03-01T04:30:00"),
        ] {
            let (at, to) = period(from, offset).bounds(now).unwrap();
            assert!(at.unwrap().to_string().starts_with(expected) && to.is_none(), "{at:?}");
        }
        assert!(period("yesterday", "").bounds(now).is_err());
    }
}
