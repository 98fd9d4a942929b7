//! `hookstep events -f`: printing changes as they happen.

use std::collections::BTreeMap;
use std::time::Duration;

use hookstep_client::{Client, ConfigId, Event, EventId, EventQuery, Status};
use hookstep_contract::Timestamp;

use super::{list, print};
use crate::settings::{BoxError, CommandResult};

/// How often events are read.
const POLL_INTERVAL: Duration = Duration::from_secs(1);

/// How long after its acceptance an event can appear in the list.
const MAX_DELAY: Duration = Duration::from_secs(60);

/// The largest number of unfinished events to follow; beyond it, the oldest are dropped. Each costs a request per poll.
const MAX_UNFINISHED: usize = 100;

/// The largest number of events that one poll reads.
const MAX_NEW: usize = 10_000;

/// What makes an event worth printing again when it changes.
type Progress = (Status, u32);

fn progress(event: &Event) -> Progress {
    (event.status, event.attempt_count)
}

struct Follower<'a> {
    client: &'a Client,
    config_id: ConfigId,
    /// The last known progress of events that may still change or still be listed.
    known: BTreeMap<EventId, Progress>,
    /// Older events were left out of the list because of its limit.
    oldest: Option<EventId>,
    /// Only events that get this status are printed.
    status: Option<Status>,
    json: bool,
}

/// Prints these events, and then every change of them and of new events. With a limit of 0 the first event is not printed: it
/// only tells which events are new.
pub(super) async fn follow(
    client: &Client,
    config_id: ConfigId,
    query: EventQuery,
    first: Vec<Event>,
    limit: usize,
    json: bool,
) -> CommandResult {
    let known = BTreeMap::new();
    let oldest = first.last().filter(|_| first.len() >= limit).map(|event| event.event_id);
    let mut follower = Follower { client, config_id, known, oldest, status: query.status, json };
    for event in first.iter().rev() {
        match limit {
            0 => drop(follower.known.insert(event.event_id, progress(event))),
            _ => follower.report(event)?,
        }
    }
    let mut newest =
        first.first().map_or_else(|| hookstep_ambient::Sources::system().now(), |event| event.created_at);
    loop {
        let from = newest.minus(MAX_DELAY);
        let from = Some(query.from.map_or(from, |wanted| wanted.max(from)));
        // Of any status: an event may get the wanted one later.
        let poll = EventQuery { status: None, from, ..query.clone() };
        newest = follower.poll(&poll).await?.unwrap_or(newest);
        tokio::time::sleep(POLL_INTERVAL).await;
    }
}

impl Follower<'_> {
    /// Prints what has changed, and returns when the newest event was accepted.
    async fn poll(&mut self, query: &EventQuery) -> Result<Option<Timestamp>, BoxError> {
        let events = list(self.client, self.config_id, query, MAX_NEW).await?;
        let newest = events.first().map(|event| event.created_at);
        let listed: Vec<EventId> = events.iter().map(|event| event.event_id).collect();
        for event in events.iter().rev() {
            self.report(event)?;
        }
        let older: Vec<EventId> = self.known.keys().copied().filter(|id| !listed.contains(id)).collect();
        for event_id in older {
            if self.known.get(&event_id).is_some_and(|(status, _)| status.is_open()) {
                self.report(&self.client.event(self.config_id, event_id).await?)?;
            } else {
                // It has ended, and is no longer listed.
                self.known.remove(&event_id);
            }
        }
        while self.unfinished().count() > MAX_UNFINISHED {
            let Some(oldest) = self.unfinished().next() else { break };
            self.known.remove(&oldest);
        }
        Ok(newest)
    }

    fn unfinished(&self) -> impl Iterator<Item = EventId> {
        self.known.iter().filter(|(_, (status, _))| status.is_open()).map(|(id, _)| *id)
    }

    fn report(&mut self, event: &Event) -> std::io::Result<()> {
        if self.oldest.is_some_and(|oldest| event.event_id < oldest) {
            return Ok(());
        }
        let now = progress(event);
        let before = self.known.insert(event.event_id, now);
        if before == Some(now) || self.status.is_some_and(|status| status != event.status) {
            return Ok(());
        }
        print(event, self.json)
    }
}
