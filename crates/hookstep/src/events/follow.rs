//! `hookstep events -f`: what changes, as it does.

use std::collections::BTreeMap;
use std::error::Error;
use std::time::Duration;

use hookstep_client::{Client, ConfigId, Event, EventId, EventQuery, Status};
use hookstep_contract::Timestamp;

use super::{list, print};
use crate::settings::Outcome;

/// How often is looked.
const PERIOD: Duration = Duration::from_secs(1);

/// How much later than its acceptance an event can come to be in the list.
const LATE: Duration = Duration::from_secs(60);

/// The most events whose end is waited for; of more, the oldest are let go. Each costs a request a look.
const UNFINISHED: usize = 100;

/// The most events that are read in one look.
const NEW: usize = 10_000;

/// What was told of an event: the rest is no news.
type Told = (Status, u32);

fn told_of(event: &Event) -> Told {
    (event.status, event.attempt_count)
}

struct Follower<'a> {
    client: &'a Client,
    config_id: ConfigId,
    /// What was told of those that may still change or still be listed.
    told: BTreeMap<EventId, Told>,
    /// Older ones were left out of the list on purpose.
    oldest: Option<EventId>,
    /// Only news of this kind are told.
    status: Option<Status>,
    json: bool,
}

/// Prints these events, unless the limit is 0 and they are there only to say what is older, and what becomes of them and of those that follow.
pub(super) async fn follow(
    client: &Client,
    config_id: ConfigId,
    query: EventQuery,
    first: Vec<Event>,
    limit: usize,
    json: bool,
) -> Outcome {
    let told = BTreeMap::new();
    let oldest = first.last().filter(|_| first.len() >= limit).map(|event| event.event_id);
    let mut follower = Follower { client, config_id, told, oldest, status: query.status, json };
    for event in first.iter().rev() {
        match limit {
            0 => drop(follower.told.insert(event.event_id, told_of(event))),
            _ => follower.tell(event)?,
        }
    }
    let mut newest =
        first.first().map_or_else(|| hookstep_ambient::Sources::system().now(), |event| event.created_at);
    loop {
        let from = newest.minus(LATE);
        // An event that has another status now may come to have the one that is asked for.
        let from = Some(query.from.map_or(from, |asked| asked.max(from)));
        let look = EventQuery { status: None, from, ..query.clone() };
        newest = follower.look(&look).await?.unwrap_or(newest);
        tokio::time::sleep(PERIOD).await;
    }
}

impl Follower<'_> {
    /// Tells what is new; answers when the newest event was accepted.
    async fn look(&mut self, query: &EventQuery) -> Result<Option<Timestamp>, Box<dyn Error + Send + Sync>> {
        let events = list(self.client, self.config_id, query, NEW).await?;
        let newest = events.first().map(|event| event.created_at);
        let listed: Vec<EventId> = events.iter().map(|event| event.event_id).collect();
        for event in events.iter().rev() {
            self.tell(event)?;
        }
        let older: Vec<EventId> = self.told.keys().copied().filter(|id| !listed.contains(id)).collect();
        for event_id in older {
            if self.told.get(&event_id).is_some_and(|(status, _)| *status == Status::InProgress) {
                self.tell(&self.client.event(self.config_id, event_id).await?)?;
            } else {
                // It has ended, and is listed no more.
                self.told.remove(&event_id);
            }
        }
        while self.unfinished().count() > UNFINISHED {
            let Some(oldest) = self.unfinished().next() else { break };
            self.told.remove(&oldest);
        }
        Ok(newest)
    }

    fn unfinished(&self) -> impl Iterator<Item = EventId> {
        self.told.iter().filter(|(_, (status, _))| *status == Status::InProgress).map(|(id, _)| *id)
    }

    fn tell(&mut self, event: &Event) -> std::io::Result<()> {
        if self.oldest.is_some_and(|oldest| event.event_id < oldest) {
            return Ok(());
        }
        let now = told_of(event);
        let before = self.told.insert(event.event_id, now);
        if before == Some(now) || self.status.is_some_and(|status| status != event.status) {
            return Ok(());
        }
        print(event, self.json)
    }
}
