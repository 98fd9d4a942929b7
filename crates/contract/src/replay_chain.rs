//! The replays of an event: which one is the newest, and whether another one is due. See
//! `docs/adr/0029-one-replay-at-a-time.md`.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{EventId, Status, Timestamp};

/// The maximum number of replays that a chain names. The oldest are forgotten first; they stay events of
/// their own.
const MAX_NAMED: usize = 100;

/// How long a replay may take from its claim to its record. One that has no record by then was never started.
const START_TIME: Duration = Duration::from_secs(15 * 60);

/// The replays of one event, and of its replays: all events with one `webhook-id`.
///
/// A chain grows before the new event is started, and only from the state that was read. So two replays that
/// begin at once cannot both believe that nobody else replays the event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReplayChain {
    /// How many replays were claimed.
    pub number: u32,
    /// The newest replays, oldest first; empty if the only one was given back.
    pub ids: Vec<EventId>,
    /// When the newest replay was claimed.
    pub claimed_at: Timestamp,
}

impl ReplayChain {
    /// The chain with a further replay.
    #[must_use]
    pub fn with(chain: Option<&Self>, event_id: EventId, now: Timestamp) -> Self {
        let known = chain.map(|chain| chain.ids.as_slice()).unwrap_or_default();
        let kept = known.get(known.len().saturating_sub(MAX_NAMED - 1)..).unwrap_or_default();
        Self {
            number: chain.map_or(0, |chain| chain.number) + 1,
            ids: kept.iter().copied().chain([event_id]).collect(),
            claimed_at: now,
        }
    }

    /// The chain without its newest replay, which could not be started.
    #[must_use]
    pub fn without_newest(&self) -> Self {
        let mut ids = self.ids.clone();
        ids.pop();
        Self { number: self.number + 1, ids, claimed_at: self.claimed_at }
    }

    /// The newest replay.
    pub fn newest(&self) -> Option<EventId> {
        self.ids.last().copied()
    }

    /// The replay that was the newest before this one.
    pub fn before(&self, event_id: EventId) -> Option<EventId> {
        let place = self.ids.iter().position(|id| *id == event_id)?;
        self.ids.get(place.checked_sub(1)?).copied()
    }

    /// Whether the newest replay, if it has no record, may still be about to start.
    pub fn is_starting(&self, now: Timestamp) -> bool {
        now.since(self.claimed_at) < START_TIME
    }
}

/// Whether a bulk replay of events with the status `selected` sends a chain again, given the status of its
/// newest event.
///
/// What was not delivered is sent until it is; what was delivered, or was left
/// out, is never sent because something else happened to it.
pub fn is_due(selected: Status, newest: Status) -> bool {
    match selected {
        Status::Failed | Status::Skipped => matches!(newest, Status::Failed | Status::Skipped),
        Status::Succeeded => newest == Status::Succeeded,
        Status::Scheduled | Status::InProgress | Status::Recovered => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(number: u8) -> EventId {
        format!("0190a000-0000-7000-8000-0000000000{number:02x}").parse().unwrap()
    }

    #[test]
    fn a_chain_knows_its_newest_replays_in_order() {
        let now = id(0).accepted_at();
        let mut chain = ReplayChain::with(None, id(1), now);
        assert_eq!((chain.number, chain.newest(), chain.before(id(1))), (1, Some(id(1)), None));
        for number in 2..=120 {
            chain = ReplayChain::with(Some(&chain), id(number), now);
        }
        assert_eq!((chain.number, chain.ids.len(), chain.ids[0]), (120, MAX_NAMED, id(21)));
        assert_eq!((chain.newest(), chain.before(id(120))), (Some(id(120)), Some(id(119))));
        let shorter = chain.without_newest();
        assert_eq!(
            (shorter.number, shorter.newest(), shorter.ids.len()),
            (121, Some(id(119)), MAX_NAMED - 1)
        );
        assert!(chain.is_starting(now) && !chain.is_starting(now.plus(START_TIME)));
    }

    #[test]
    fn what_was_delivered_is_not_sent_again_as_if_it_had_failed() {
        for (selected, newest, expected) in [
            (Status::Failed, Status::Failed, true),
            (Status::Failed, Status::Skipped, true),
            (Status::Failed, Status::Succeeded, false),
            (Status::Failed, Status::InProgress, false),
            (Status::Skipped, Status::Failed, true),
            (Status::Skipped, Status::Succeeded, false),
            (Status::Succeeded, Status::Succeeded, true),
            (Status::Succeeded, Status::Failed, false),
        ] {
            assert_eq!(is_due(selected, newest), expected, "{selected:?} {newest:?}");
        }
    }
}
