//! Goes through one slot of the watch list.

use futures_util::{StreamExt, TryStreamExt, stream};
use hookstep_contract::limits::WATCH_SLOT;
use hookstep_contract::{EventId, EventRecord, Status, StepError, Timestamp};
use hookstep_store::{
    EventFilter, LastWatched, Partitions, WATCH_SPREAD, WatchCursor, Watched, WatchedPublication,
};

use crate::Context;
use crate::event::{Done, look_at};
use crate::publication;

/// How many events are looked at concurrently.
const MAX_CONCURRENT: usize = 16;

/// How many events of a webhook are read at once.
const PAGE: usize = 200;

/// A run within one slot.
struct Walk<'a> {
    slot: Timestamp,
    stop_at: Timestamp,
    done: &'a Done,
    ctx: &'a Context,
}

/// Looks at everything that the slot names and that the cursor has not passed. Returns where it stopped if the time ran
/// out first; it always gets a step further.
pub(crate) async fn look_through(
    cursor: &WatchCursor,
    stop_at: Timestamp,
    done: &Done,
    ctx: &Context,
) -> Result<Option<LastWatched>, StepError> {
    let walk = Walk { slot: cursor.slot, stop_at, done, ctx };
    let mut first = 0;
    let mut after = None;
    if let Some(LastWatched { spread, key, before }) = cursor.last.clone() {
        if before.is_some()
            && let Some(last) = walk.items(spread, std::slice::from_ref(&key), before).await?
        {
            return Ok(Some(last));
        }
        (first, after) = (spread, Some(key));
    }
    for spread in first..WATCH_SPREAD {
        if let Some(last) = walk.partition(spread, after.take()).await? {
            return Ok(Some(last));
        }
    }
    Ok(None)
}

impl Walk<'_> {
    /// The items of a partition of the slot, starting after `after`.
    async fn partition(
        &self,
        spread: u8,
        mut after: Option<String>,
    ) -> Result<Option<LastWatched>, StepError> {
        loop {
            let (keys, next) = self.ctx.watch_list.page(self.slot, spread, after).await?;
            for keys in keys.chunks(MAX_CONCURRENT) {
                if let Some(last) = self.items(spread, keys, None).await? {
                    return Ok(Some(last));
                }
            }
            if next.is_none() {
                return Ok(None);
            }
            after = next;
        }
    }

    /// Some items of a partition. `before` is where to go on with the events of the first one.
    async fn items(
        &self,
        spread: u8,
        keys: &[String],
        mut before: Option<EventId>,
    ) -> Result<Option<LastWatched>, StepError> {
        let watched: Vec<(&String, Watched)> =
            keys.iter().filter_map(|key| Some((key, Watched::of(key)?))).collect();
        let single: Vec<_> = watched.iter().map(|(_, watched)| self.event(watched)).collect();
        stream::iter(single).buffered(MAX_CONCURRENT).try_collect::<()>().await?;
        for publication in keys.iter().filter_map(|key| WatchedPublication::of(key)) {
            publication::look_at(&publication, self.done, self.ctx).await?;
        }
        for (key, webhook) in watched.iter().filter(|(_, watched)| watched.event_id.is_none()) {
            if let Some(before) = self.webhook(webhook, before.take()).await? {
                return Ok(Some(LastWatched { spread, key: (*key).clone(), before: Some(before) }));
            }
        }
        let last = keys.last().filter(|_| self.is_over());
        Ok(last.map(|key| LastWatched { spread, key: key.clone(), before: None }))
    }

    /// An event that is on the list itself.
    async fn event(&self, watched: &Watched) -> Result<(), StepError> {
        let Some(event_id) = watched.event_id else { return Ok(()) };
        match self.ctx.events.get(&watched.org_id, watched.config_id, event_id).await? {
            Some(event) => look_at(&event, self.done, self.ctx).await,
            None => Ok(()),
        }
    }

    /// The events of a webhook that were accepted in the slot and are in progress. Returns the last one that was looked
    /// at if the time ran out.
    async fn webhook(
        &self,
        webhook: &Watched,
        mut before: Option<EventId>,
    ) -> Result<Option<EventId>, StepError> {
        // The ids of events are to the millisecond.
        let last = WATCH_SLOT - std::time::Duration::from_millis(1);
        let Watched { org_id, config_id, .. } = webhook;
        let config = self.ctx.configs.get(org_id, *config_id).await?;
        let deleted = || Partitions::of_deleted(org_id.clone(), *config_id);
        let partitions = config.as_ref().map_or_else(deleted, Partitions::of);
        loop {
            let filter = EventFilter {
                status: Some(Status::InProgress),
                outcome: None,
                from: Some(self.slot),
                to: Some(self.slot.plus(last)),
                before,
                limit: PAGE,
            };
            let page = self.ctx.events.list(&partitions, filter).await?;
            self.events(&page.events).await?;
            before = page.next;
            if before.is_none() || self.is_over() {
                return Ok(before);
            }
        }
    }

    async fn events(&self, events: &[EventRecord]) -> Result<(), StepError> {
        let looks: Vec<_> = events.iter().map(|event| look_at(event, self.done, self.ctx)).collect();
        stream::iter(looks).buffered(MAX_CONCURRENT).try_collect().await
    }

    fn is_over(&self) -> bool {
        self.ctx.sources.now() >= self.stop_at
    }
}
