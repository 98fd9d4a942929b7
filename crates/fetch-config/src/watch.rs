//! Puts new events on the watch list, so that one whose execution dies does not stay in progress for ever.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hookstep_ambient::Sources;
use hookstep_contract::limits::{OVERDUE_AFTER, WATCH_SLOT};
use hookstep_contract::{EventMetadata, StepError, Timestamp};
use hookstep_store::{WatchList, Watched};

/// How long after its acceptance an event still belongs to its webhook's item of the list: half of the time after which
/// that item is looked at.
const LATE: Duration = Duration::from_secs(OVERDUE_AFTER.as_secs() / 2);

/// How many webhooks are remembered. Those of others are written for each of their events.
const MAX_REMEMBERED: usize = 10_000;

/// The watch list, with a memory of what this process has put on it: a busy webhook costs one write in five minutes, and
/// not one for each event.
#[derive(Clone, Debug)]
pub struct Watch {
    list: WatchList,
    sources: Sources,
    written: Arc<Mutex<Written>>,
}

impl Watch {
    /// Writes to `list`.
    pub fn new(list: WatchList, sources: Sources) -> Self {
        Self { list, sources, written: Arc::default() }
    }

    /// Puts a new event on the list: with the other events of its webhook or, if it was started long after it was accepted,
    /// by itself. In the latter case, returns the current time, at which its first attempt is due.
    pub(crate) async fn note(&self, event: &EventMetadata) -> Result<Option<Timestamp>, StepError> {
        let (now, accepted_at) = (self.sources.now(), event.event_id.accepted_at());
        let webhook = Watched { org_id: event.org_id.clone(), config_id: event.config_id, event_id: None };
        if now.since(accepted_at) > LATE {
            let event = Watched { event_id: Some(event.event_id), ..webhook };
            self.list.watch(&event, now).await?;
            return Ok(Some(now));
        }
        let slot = accepted_at.floor(WATCH_SLOT);
        if !self.written().contains(slot, &webhook) {
            self.list.watch(&webhook, slot).await?;
            self.written().insert(slot, webhook);
        }
        Ok(None)
    }

    /// Puts an event on the list that is to be sent for the first time at `due`.
    pub(crate) async fn note_scheduled(
        &self,
        event: &EventMetadata,
        due: Timestamp,
    ) -> Result<(), StepError> {
        let (org_id, config_id, event_id) = (event.org_id.clone(), event.config_id, Some(event.event_id));
        Ok(self.list.watch(&Watched { org_id, config_id, event_id }, due).await?)
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.sources.now()
    }

    fn written(&self) -> std::sync::MutexGuard<'_, Written> {
        self.written.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The webhooks that were written lately, each with its slot in seconds since 1970.
#[derive(Debug, Default)]
struct Written {
    newest: i64,
    webhooks: HashSet<(i64, Watched)>,
}

impl Written {
    fn contains(&self, slot: Timestamp, webhook: &Watched) -> bool {
        self.webhooks.contains(&(slot.unix_seconds(), webhook.clone()))
    }

    /// Remembers a webhook, and forgets those of all slots but the newest two.
    fn insert(&mut self, slot: Timestamp, webhook: Watched) {
        let slot = slot.unix_seconds();
        if slot > self.newest {
            self.newest = slot;
            let oldest = slot - WATCH_SLOT.as_secs().cast_signed();
            self.webhooks.retain(|(slot, _)| *slot >= oldest);
        }
        if self.webhooks.len() < MAX_REMEMBERED {
            self.webhooks.insert((slot, webhook));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slot(number: i64) -> Timestamp {
        Timestamp::from_unix_seconds(number * 300).unwrap()
    }

    fn webhook(number: usize) -> Watched {
        let id = format!("0190a000-0000-7000-8000-{number:012x}");
        Watched { org_id: "acme".parse().unwrap(), config_id: id.parse().unwrap(), event_id: None }
    }

    #[test]
    fn what_was_written_is_remembered_for_two_slots() {
        let mut written = Written::default();
        written.insert(slot(7), webhook(1));
        written.insert(slot(8), webhook(2));
        // Events of the slot before still come.
        written.insert(slot(7), webhook(3));
        for (number, of, expected) in [(7, 1, true), (8, 1, false), (8, 2, true), (7, 3, true)] {
            assert_eq!(written.contains(slot(number), &webhook(of)), expected, "{number} {of}");
        }
        written.insert(slot(9), webhook(1));
        assert!(!written.contains(slot(7), &webhook(1)) && written.contains(slot(8), &webhook(2)));
    }

    #[test]
    fn the_memory_is_bounded() {
        let mut written = Written::default();
        (0..MAX_REMEMBERED + 10).for_each(|number| written.insert(slot(7), webhook(number)));
        assert_eq!(written.webhooks.len(), MAX_REMEMBERED);
        written.insert(slot(9), webhook(0));
        assert_eq!(written.webhooks.len(), 1);
    }
}
