//! Looks for changes of events that keep their places in their orders: a person has cancelled one, or replayed it.

use std::collections::{BTreeMap, HashSet};

use hookstep_contract::{EventId, error_chain};

use super::orders::HeldBack;
use super::{Key, Lanes};

/// How many records are looked at each time.
const MAX_RECORDS: usize = 200;

impl Lanes {
    /// Lets those events have their turn that were held and are not what they were. All come to be looked at in turn, unless nothing
    /// has changed since all were looked at.
    pub(super) async fn look_for_changes(&mut self) {
        let version = self.events.version();
        if version.is_some() && version == self.seen {
            return;
        }
        let mut changed = BTreeMap::<Key, HashSet<EventId>>::new();
        let looked_at = self.looked_at();
        let held = self.lanes.values().map(|lane| lane.orders.held().len()).sum::<usize>();
        self.seen = version.filter(|_| looked_at.len() == held);
        for (key, held) in looked_at {
            let Some(event_id) = held.waiting.event_id() else { continue };
            match self.events.get(&key.0, key.1, event_id).await {
                Ok(Some(record)) if held.is_still(&record) => {}
                Ok(_) => drop(changed.entry(key).or_default().insert(event_id)),
                Err(error) => {
                    self.seen = None;
                    tracing::error!(error.chain = error_chain(&error), "an event cannot be looked at yet");
                }
            }
        }
        for (key, events) in changed {
            if let Some(lane) = self.lanes.get_mut(&key) {
                lane.release(|held| {
                    held.waiting.event_id().is_some_and(|event_id| events.contains(&event_id))
                });
            }
            self.changes(&key);
        }
    }

    /// The events that are looked at this time.
    fn looked_at(&mut self) -> Vec<(Key, HeldBack)> {
        let mut all: Vec<(&Key, &HeldBack)> = Vec::new();
        for (key, lane) in &self.lanes {
            all.extend(lane.orders.held().iter().map(|held| (key, held)));
        }
        let first = self.looked.checked_rem(all.len()).unwrap_or(0);
        let in_turn = all.iter().cycle().skip(first).take(MAX_RECORDS.min(all.len()));
        let looked_at: Vec<_> = in_turn.map(|(key, held)| (Key::clone(key), HeldBack::clone(held))).collect();
        self.looked = first + looked_at.len();
        looked_at
    }
}
