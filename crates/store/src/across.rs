//! The events of several webhooks as one list, newest first (ADR 0058).
//!
//! Each partition of each webhook is asked for its newest events, a few from each. An event can be handed out once every
//! partition was read beyond it. So the partitions that were read least far are read on, each time with four times as many
//! events, until there are enough, or until the search has looked at its bound.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_sdk_dynamodb::operation::query::QueryOutput;
use futures_util::{StreamExt, TryStreamExt, stream};
use hookstep_contract::{EventId, EventRecord, Timestamp};
use hookstep_tables::Query;
use uuid::Uuid;

use crate::events::{MAX_LOOKED_AT, PAGE, bound, to_record};
use crate::item::{Item, s};
use crate::partitions::{Partitions, sort_key};
use crate::{EventSearch, Events, StoreError};

/// How many events are read from a partition at first, at least: DynamoDB charges about as many for any query.
const FEWEST: usize = 4;

/// How many times as many events are read from a partition when it is read on.
const GROWTH: usize = 4;

/// How many partitions are read on at once.
const MAX_READ_ON: usize = 16;

/// How many queries are under way at once.
const MAX_CONCURRENT_READS: usize = 32;

/// Events of several webhooks, read as far as they are asked for.
#[derive(Debug)]
pub struct Across {
    query: Query,
    /// The partitions that were not read to their end.
    open: Vec<Source>,
    /// What was read and was not handed out yet, by the number of its partition.
    found: BTreeMap<(EventId, usize), Item>,
    looked_at: usize,
    /// How many more events may be looked at.
    left: usize,
}

/// A partition, and how far it was read.
#[derive(Debug)]
struct Source {
    number: usize,
    pk: String,
    /// What it has from this event on was read.
    read_to: EventId,
    /// Where to read on; `None` before the first read.
    start: Option<Item>,
    /// How many events the next read looks at.
    limit: usize,
    /// The time that the last read has covered.
    covered: Duration,
}

impl Events {
    /// The most partitions that [`Events::across`] takes: so many are read for the first event already.
    pub const MAX_ACROSS: usize = 2_000;

    /// The events of these webhooks that `search` wants, which are no more than [`Events::MAX_ACROSS`] partitions.
    pub fn across(&self, webhooks: &[Partitions], search: &EventSearch) -> Across {
        let filter = &search.filter;
        let from = EventId(bound(filter.from, 0));
        let to = EventId(bound(filter.to, u8::MAX));
        // The start of a query must be within its bounds, which a cursor from another search need not be.
        let to = filter.before.map_or(to, |before| to.min(just_before(before)));
        let keys: Vec<String> = match from <= to {
            true => webhooks.iter().flat_map(Partitions::keys).collect(),
            false => Vec::new(),
        };
        let page = filter.limit + 1;
        let share = (2 * page).div_ceil(keys.len().max(1)).max(FEWEST);
        let source = |(number, pk)| Source {
            number,
            pk,
            read_to: EventId(Uuid::max()),
            start: None,
            limit: share.min(page),
            covered: Duration::ZERO,
        };
        let query = self.between(filter.from, None).expression_attribute_values(":to", s(to));
        Across {
            query: search.narrow(query),
            open: keys.into_iter().enumerate().map(source).collect(),
            found: BTreeMap::new(),
            looked_at: 0,
            left: MAX_LOOKED_AT,
        }
    }
}

impl Across {
    /// Up to `wanted` further events. If there are fewer, [`Across::looked_until`] says whether there may be more.
    ///
    /// # Errors
    /// If the table cannot be read.
    pub async fn next(&mut self, wanted: usize) -> Result<Vec<EventRecord>, StoreError> {
        let mut events = Vec::new();
        loop {
            let horizon = self.looked_until();
            while events.len() < wanted
                && let Some(newest) = self.found.last_entry()
                && horizon.is_none_or(|horizon| horizon <= newest.key().0)
            {
                events.push(to_record(newest.remove())?);
            }
            if events.len() == wanted || horizon.is_none() || (self.left == 0 && self.looked_at > 0) {
                return Ok(events);
            }
            self.read_on(wanted - events.len()).await?;
        }
    }

    /// The event up to which all partitions were read, so that only older ones can follow; `None` if all were read to their end.
    pub fn looked_until(&self) -> Option<EventId> {
        self.open.iter().map(|source| source.read_to).max()
    }

    /// How many events were looked at.
    pub fn looked_at(&self) -> usize {
        self.looked_at
    }

    /// Reads on where the next `wanted` events may be.
    async fn read_on(&mut self, wanted: usize) -> Result<(), StoreError> {
        let is_first = self.looked_at == 0;
        let chosen = self.choose(wanted);
        let share = (self.left / chosen.len().max(1)).max(1);
        let reads: Vec<_> = chosen
            .iter()
            .map(|index| {
                let source = &mut self.open[*index];
                let limit = if is_first { source.limit } else { source.limit.min(share) };
                source.limit = limit;
                self.query
                    .clone()
                    .expression_attribute_values(":pk", s(&source.pk))
                    .set_exclusive_start_key(source.start.take())
                    .scan_index_forward(false)
                    .limit(i32::try_from(limit).unwrap_or(i32::MAX))
                    .send()
            })
            .collect();
        let pages: Vec<QueryOutput> = stream::iter(reads)
            .buffered(MAX_CONCURRENT_READS)
            .try_collect()
            .await
            .map_err(StoreError::during("search the events of an org"))?;
        for (index, page) in chosen.into_iter().zip(pages) {
            self.keep(index, page);
        }
        self.open.retain(|source| source.start.is_some());
        if is_first {
            // None was read before, so the time is counted from the newest event.
            let newest = self.newest();
            self.open
                .iter_mut()
                .for_each(|source| source.covered = newest.since(source.read_to.accepted_at()));
        }
        Ok(())
    }

    /// The partitions to be read on, by their place.
    fn choose(&self, wanted: usize) -> Vec<usize> {
        let mut chosen: Vec<usize> = (0..self.open.len()).collect();
        if self.looked_at == 0 {
            return chosen;
        }
        chosen.sort_by_key(|index| std::cmp::Reverse(self.open[*index].read_to));
        // If enough was found, what is older than the last of it need not be known yet. Otherwise, where the read that comes next
        // will get to is about as far as the others are to be read, too.
        let enough = self.found.keys().rev().nth(wanted - 1).map(|(id, _)| *id);
        let reach = chosen.first().map(|index| {
            let least_far = &self.open[*index];
            least_far.read_to.accepted_at().minus(least_far.covered)
        });
        chosen.retain(|index| {
            let read_to = self.open[*index].read_to;
            match enough {
                Some(enough) => read_to > enough,
                None => reach.is_none_or(|reach| read_to.accepted_at() >= reach),
            }
        });
        chosen.truncate(MAX_READ_ON);
        chosen
    }

    fn keep(&mut self, index: usize, page: QueryOutput) {
        let source = &mut self.open[index];
        let scanned = usize::try_from(page.scanned_count).unwrap_or(0);
        self.looked_at += scanned;
        // A read that ended early at a megabyte counts as what it was to be.
        let spent = if page.last_evaluated_key.is_some() { source.limit } else { scanned };
        self.left = self.left.saturating_sub(spent);
        for item in page.items.unwrap_or_default() {
            let Some(id) = sort_key(&item) else { continue };
            self.found.insert((id, source.number), item);
        }
        source.start = page.last_evaluated_key;
        if let Some(read_to) = source.start.as_ref().and_then(sort_key) {
            source.covered = source.read_to.accepted_at().since(read_to.accepted_at());
            source.read_to = read_to;
            source.limit = (source.limit * GROWTH).min(PAGE);
        }
    }

    /// When the newest event that is known of was accepted.
    fn newest(&self) -> Timestamp {
        let found = self.found.keys().next_back().map(|(id, _)| *id);
        let newest = self.open.iter().map(|source| source.read_to).chain(found).max();
        newest.unwrap_or(EventId(Uuid::nil())).accepted_at()
    }
}

/// The largest id that is smaller.
fn just_before(id: EventId) -> EventId {
    EventId(Uuid::from_u128(id.0.as_u128().saturating_sub(1)))
}
