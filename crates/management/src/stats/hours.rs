//! Hours, and which of them have to be counted.

use std::collections::BTreeMap;
use std::time::Duration;

use hookstep_contract::{EventId, Timestamp};
use hookstep_store::CountedHour;

const HOUR: Duration = Duration::from_secs(3600);

/// An hour, identified by its start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Hour(Timestamp);

impl Hour {
    /// The hour that contains a moment.
    pub(crate) fn of(at: Timestamp) -> Self {
        Self(at.floor(HOUR))
    }

    /// When it begins.
    pub(crate) fn start(self) -> Timestamp {
        self.0
    }

    pub(crate) fn next(self) -> Self {
        Self(self.0.plus(HOUR))
    }

    /// The first hour of its day in UTC.
    pub(crate) fn first_of_day(self) -> Self {
        Self(self.0.floor(24 * HOUR))
    }

    /// Its number within its day, from 0.
    pub(crate) fn of_day(self) -> u8 {
        // At most 23.
        (self.0.since(self.first_of_day().0).as_secs() / HOUR.as_secs()) as u8
    }

    /// The hour of the same day with this number.
    pub(crate) fn of_this_day(self, number: u8) -> Self {
        Self(self.first_of_day().0.plus(HOUR * u32::from(number)))
    }

    /// The hour in which an event was accepted.
    pub(crate) fn of_event(event_id: EventId) -> Self {
        Self::of(event_id.accepted_at())
    }

    /// The hours from this one to `last`.
    pub(crate) fn to(self, last: Self) -> impl DoubleEndedIterator<Item = Self> {
        let number = if last < self { 0 } else { last.0.since(self.0).as_secs() / HOUR.as_secs() + 1 };
        (0..number).map(move |index| Self(self.0.plus(HOUR * index as u32)))
    }
}

/// Consecutive hours that are counted together, since a page of events may span several hours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stretch {
    pub(crate) first: Hour,
    pub(crate) last: Hour,
    /// In the last hour, events from this one on were counted before.
    pub(crate) before: Option<EventId>,
}

/// The stretches of `first..=last` that have to be counted, newest first. Hours whose count is `settled` are left out.
pub(crate) fn stretches(
    first: Hour,
    last: Hour,
    known: &BTreeMap<Hour, CountedHour>,
    settled: impl Fn(Hour, &CountedHour) -> bool,
) -> Vec<Stretch> {
    let mut stretches: Vec<Stretch> = Vec::new();
    for hour in first.to(last).rev() {
        let counted = known.get(&hour);
        let before = counted.and_then(|counted| counted.rest);
        match stretches.last_mut() {
            _ if counted.is_some_and(|counted| before.is_none() && settled(hour, counted)) => {}
            Some(stretch) if stretch.first == hour.next() && before.is_none() => stretch.first = hour,
            _ => stretches.push(Stretch { first: hour, last: hour, before }),
        }
    }
    stretches
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hour(number: u32) -> Hour {
        let day: Timestamp = serde_json::from_str(r#""2026-01-02T00:00:00Z""#).unwrap();
        Hour::of(day.plus(HOUR * number + Duration::from_secs(1234)))
    }

    #[test]
    fn an_hour_knows_its_day() {
        let (last, first) = (hour(23), hour(24));
        assert_eq!((last.of_day(), first.of_day(), last.next()), (23, 0, first));
        assert_eq!((last.first_of_day(), first.first_of_day()), (hour(0), first));
        assert_eq!(first.of_this_day(7), hour(31));
        assert_eq!(hour(22).to(first).collect::<Vec<_>>(), [hour(22), last, first]);
        assert_eq!(first.to(last).count(), 0);
    }

    #[test]
    fn counted_hours_divide_the_rest_into_stretches() {
        let rest: EventId = "0190a000-0000-7000-8000-00000000000a".parse().unwrap();
        let counted = |rest| CountedHour { rest, ..CountedHour::default() };
        let known = BTreeMap::from([
            (hour(2), counted(None)),
            (hour(5), counted(Some(rest))),
            (hour(6), counted(None)),
            (hour(8), counted(None)),
        ]);
        let stretch = |first, last, before| Stretch { first: hour(first), last: hour(last), before };
        let found = stretches(hour(0), hour(9), &known, |at, _| at != hour(6));
        assert_eq!(
            found,
            [stretch(9, 9, None), stretch(6, 7, None), stretch(3, 5, Some(rest)), stretch(0, 1, None)]
        );
        assert_eq!(stretches(hour(0), hour(9), &BTreeMap::new(), |_, _| true), [stretch(0, 9, None)]);
        assert_eq!(stretches(hour(8), hour(8), &known, |_, _| true), []);
    }
}
