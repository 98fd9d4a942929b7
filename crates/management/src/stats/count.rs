//! Counts events, a bounded number for each request. The counts of past hours are stored, and not made again.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use hookstep_contract::{EventId, Tally, Timestamp};
use hookstep_http_edge::Problem;
use hookstep_store::{ChangedHour, CountedDay, CountedHour, EventSketch, Events, Partitions, StoreError};

use super::hours::{Hour, Stretch, stretches};
use crate::Context;

/// The most pages of events that a count reads: 1 MB or 1,000 events each.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Budget {
    pages: usize,
    /// The most of these pages for the live hours, whose counts are not stored, so that some are left for past hours.
    live_pages: usize,
}

impl Budget {
    /// For the count of one webhook.
    pub(crate) const ONE: Self = Self { pages: 20, live_pages: 10 };
    /// For each of many webhooks.
    pub(crate) const OF_MANY: Self = Self { pages: 6, live_pages: 3 };

    /// For each of so many webhooks that are counted together: 200 pages in all, but two for each.
    pub(crate) fn shared(webhooks: usize) -> Self {
        let pages = (200 / webhooks.max(1)).clamp(2, Self::ONE.pages);
        Self { pages, live_pages: pages / 2 }
    }
}

/// How long an hour stays live after its end: by then, every event that was accepted in it has been recorded.
const SETTLING: Duration = Duration::from_secs(5 * 60);

/// How long the count of an hour with events that have not ended is used before they are counted again.
const CACHE_TTL: Duration = Duration::from_secs(10 * 60);

/// The counts of a request.
pub(crate) struct HourlyCounts {
    /// One for every hour of the request.
    pub(crate) tallies: BTreeMap<Hour, Tally>,
    /// Whether every event was counted.
    pub(crate) complete: bool,
}

/// Counts the events of `first..=last`.
pub(crate) async fn count_hours(
    ctx: &Context,
    partitions: &Partitions,
    first: Hour,
    last: Hour,
    budget: Budget,
) -> Result<HourlyCounts, Problem> {
    let now = ctx.sources.now();
    let events = &ctx.events;
    let (from, to) = (first.first_of_day().start(), last.first_of_day().start());
    let (org_id, config_id) = (partitions.org_id(), partitions.config_id());
    let (kept, changed) = events.counted(org_id, config_id, from, to).await?;
    let mut known: BTreeMap<Hour, CountedHour> = kept.into_iter().flat_map(of_day).collect();
    for ChangedHour { hour, changed_at } in changed {
        let hour = Hour::of(hour);
        if known.get(&hour).is_some_and(|counted| counted.counted_at <= changed_at) {
            known.remove(&hour);
        }
    }
    // The first hour that is live.
    let live = Hour::of(now.minus(SETTLING));
    let fresh_from = now.minus(CACHE_TTL).unix_seconds();
    let settled = |_, hour: &CountedHour| {
        hour.tally.in_progress + hour.tally.scheduled == 0 || hour.counted_at > fresh_from
    };
    let over = first.to(last).rev().find(|hour| *hour < live);
    let (mut pages, mut complete) = (budget.pages, true);
    if last >= live {
        let mut left = budget.live_pages;
        let stretch = Stretch { first: first.max(live), last, before: None };
        complete &= Walk::new(stretch, &mut known, now).read(events, partitions, &mut left).await?;
        pages -= budget.live_pages - left;
    }
    for stretch in over.map(|over| stretches(first, over, &known, settled)).unwrap_or_default() {
        complete &= Walk::new(stretch, &mut known, now).read(events, partitions, &mut pages).await?;
    }
    for day in changed_days(&known, live, now) {
        events.keep_counted(org_id, config_id, &day_of(day, &known, live)).await?;
    }
    let tally = |hour| known.get(&hour).map(|counted| counted.tally.clone()).unwrap_or_default();
    Ok(HourlyCounts { tallies: first.to(last).map(|hour| (hour, tally(hour))).collect(), complete })
}

/// Counts the events of a stretch, newest first.
struct Walk<'a> {
    stretch: Stretch,
    known: &'a mut BTreeMap<Hour, CountedHour>,
    now: Timestamp,
    /// The hour that is being counted.
    hour: Hour,
    tally: Tally,
    /// Events from this one on are counted already.
    rest: Option<EventId>,
}

impl<'a> Walk<'a> {
    fn new(stretch: Stretch, known: &'a mut BTreeMap<Hour, CountedHour>, now: Timestamp) -> Self {
        // An hour that was counted in part keeps its tally, and the rest is added.
        let resumed = stretch.before.and_then(|_| known.get(&stretch.last));
        let tally = resumed.map(|counted| counted.tally.clone()).unwrap_or_default();
        Self { hour: stretch.last, rest: stretch.before, stretch, known, now, tally }
    }

    /// Reads and counts while pages are left; returns whether all events of the stretch are counted.
    async fn read(
        mut self,
        events: &Events,
        partitions: &Partitions,
        pages: &mut usize,
    ) -> Result<bool, StoreError> {
        let (from, to) = (self.stretch.first.start(), self.stretch.last.next().start());
        while *pages > 0 {
            *pages -= 1;
            let (found, next) = events.sketches(partitions, from, to, self.rest).await?;
            self.count(found, next);
            if next.is_none() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Counts a page; `next` is where the following page begins.
    fn count(&mut self, events: Vec<EventSketch>, next: Option<EventId>) {
        for event in events {
            self.go_back_to(Hour::of_event(event.event_id));
            self.tally.count(event.status, event.outcome, event.duration_ms);
        }
        self.go_back_to(next.map_or(self.stretch.first, Hour::of_event));
        self.rest = next;
        self.store(self.tally.clone(), next);
    }

    /// Goes back to `hour`, which is not after the current one. The hours between have no events.
    fn go_back_to(&mut self, hour: Hour) {
        for before in hour.to(self.hour).rev().skip(1) {
            let tally = std::mem::take(&mut self.tally);
            self.store(tally, None);
            self.hour = before;
        }
    }

    fn store(&mut self, tally: Tally, rest: Option<EventId>) {
        let counted = CountedHour { tally, counted_at: self.now.unix_seconds(), rest };
        self.known.insert(self.hour, counted);
    }
}

fn of_day(counted: CountedDay) -> impl Iterator<Item = (Hour, CountedHour)> {
    let day = Hour::of(counted.day);
    counted.hours.into_iter().map(move |(number, hour)| (day.of_this_day(number), hour))
}

/// The days with a past hour that was counted just now.
fn changed_days(known: &BTreeMap<Hour, CountedHour>, live: Hour, now: Timestamp) -> BTreeSet<Hour> {
    let changed = known.range(..live).filter(|(_, counted)| counted.counted_at == now.unix_seconds());
    changed.map(|(hour, _)| hour.first_of_day()).collect()
}

/// The counts of the past hours of a day.
fn day_of(day: Hour, known: &BTreeMap<Hour, CountedHour>, live: Hour) -> CountedDay {
    let hours = known.range(day..=day.of_this_day(23)).filter(|(hour, _)| **hour < live);
    CountedDay {
        day: day.start(),
        hours: hours.map(|(hour, counted)| (hour.of_day(), counted.clone())).collect(),
    }
}

#[cfg(test)]
mod tests {
    use hookstep_contract::{Outcome, Status};

    use super::*;

    fn at(text: &str) -> Timestamp {
        serde_json::from_str(&format!("\"{text}\"")).unwrap()
    }

    /// One event a minute from midnight, newest first.
    fn minutes(number: u32) -> Vec<EventSketch> {
        let event = |minute: u32| {
            let at = at("2026-01-02T00:00:00Z").plus(Duration::from_secs(60) * minute);
            let hex = format!("{:012x}", at.unix_millis());
            EventSketch {
                event_id: format!("{}-{}-7000-8000-000000000000", &hex[..8], &hex[8..]).parse().unwrap(),
                status: Status::Succeeded,
                outcome: Some(Outcome::Succeeded),
                duration_ms: Some(u64::from(minute)),
            }
        };
        (0..number).rev().map(event).collect()
    }

    /// Counts with this many events per page and pages per walk until all is counted; returns how many walks that took.
    fn counted(events: &[EventSketch], page: usize, pages: usize) -> (usize, BTreeMap<Hour, CountedHour>) {
        let (first, last) = (Hour::of(at("2026-01-01T22:00:00Z")), Hour::of(at("2026-01-02T05:00:00Z")));
        let mut known = BTreeMap::new();
        for walks in 1.. {
            assert!(walks < 1000, "it does not end");
            let mut left = pages;
            for stretch in stretches(first, last, &known, |_, _| true) {
                let mut walk = Walk::new(stretch, &mut known, at("2026-01-03T00:00:00Z"));
                while left > 0 {
                    left -= 1;
                    let is_in = |event: &&EventSketch| {
                        (stretch.first..=stretch.last).contains(&Hour::of_event(event.event_id))
                            && walk.rest.is_none_or(|rest| event.event_id < rest)
                    };
                    let found: Vec<_> = events.iter().filter(is_in).copied().take(page).collect();
                    let next = found.last().filter(|_| found.len() == page).map(|event| event.event_id);
                    walk.count(found, next);
                    if next.is_none() {
                        break;
                    }
                }
            }
            if stretches(first, last, &known, |_, _| true).is_empty() {
                return (walks, known);
            }
        }
        unreachable!()
    }

    #[test]
    fn however_the_pages_fall_every_event_is_counted_once() {
        let events = minutes(200);
        let (_, whole) = counted(&events, 1000, 1);
        let numbers: Vec<_> = whole.values().map(|hour| hour.tally.succeeded).collect();
        assert_eq!(numbers, [0, 0, 60, 60, 60, 20, 0, 0]);
        for (page, pages) in [(1, 1), (7, 1), (7, 3), (20, 2), (60, 1), (61, 1), (199, 1), (200, 1), (201, 1)]
        {
            let (walks, known) = counted(&events, page, pages);
            assert_eq!(known, whole, "{page} {pages}");
            assert!(walks >= (200 / page).div_ceil(pages), "{page} {pages}: {walks}");
        }
        let (walks, nothing) = counted(&[], 10, 1);
        assert_eq!((walks, nothing.len()), (1, 8));
        assert!(nothing.values().all(|hour| hour.tally == Tally::default()));
    }
}
