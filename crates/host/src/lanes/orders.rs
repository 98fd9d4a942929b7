//! The orders of one webhook's lane: of each, one event is in front, and the others wait behind it. Pure.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, VecDeque};
use std::mem;

use hookstep_contract::{EventId, EventRecord, ReasonCode, Status, Timestamp};
use tokio::time::Instant;

/// A message that waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Waiting {
    /// Its id.
    pub(super) id: String,
    /// When its event was to be sent first.
    pub(super) due_at: Timestamp,
    /// The order in which its event has a place, if it has one.
    pub(super) order: Option<String>,
}

impl Waiting {
    /// The event's id, with which the message's begins; see the state `QueueInLane`.
    pub(super) fn event_id(&self) -> Option<EventId> {
        self.id.get(..EVENT_ID_CHARS)?.parse().ok()
    }
}

/// The length of an event's id, which is a UUID.
const EVENT_ID_CHARS: usize = 36;

/// The orders in which events have their places.
#[derive(Debug, Default)]
pub(super) struct Orders {
    /// What waits behind the event in front, which waits, is in flight or is held.
    behind: HashMap<String, VecDeque<Waiting>>,
    /// The events in front of which nothing is to be sent now.
    held: Vec<HeldBack>,
    /// When the first of their next attempts is due.
    next_at: Option<Instant>,
}

/// An event that keeps its place in its order while nothing is sent of it.
#[derive(Clone, Debug)]
pub(super) struct HeldBack {
    pub(super) waiting: Waiting,
    /// Since when.
    since: Timestamp,
    /// When its next attempt is due; `None` if it waits for a person.
    at: Option<Instant>,
}

impl Orders {
    /// Puts a message at the end of its order; returns it if it is in front.
    pub(super) fn join(&mut self, waiting: Waiting) -> Option<Waiting> {
        let Some(order) = &waiting.order else { return Some(waiting) };
        match self.behind.entry(order.clone()) {
            Entry::Occupied(mut behind) => {
                behind.get_mut().push_back(waiting);
                None
            }
            Entry::Vacant(new) => {
                new.insert(VecDeque::new());
                Some(waiting)
            }
        }
    }

    /// The event in front of `order` is over; returns the next one.
    pub(super) fn leave(&mut self, order: &str) -> Option<Waiting> {
        let behind = self.behind.get_mut(order)?;
        let next = behind.pop_front();
        if next.is_none() {
            self.behind.remove(order);
        }
        next
    }

    /// Holds an event that is in front of its order until `at`, or until a person has done something about it.
    pub(super) fn hold(&mut self, waiting: Waiting, since: Timestamp, at: Option<Instant>) {
        self.next_at = self.next_at.into_iter().chain(at).min();
        self.held.push(HeldBack { waiting, since, at });
    }

    /// Whether no event has a place.
    pub(super) fn is_empty(&self) -> bool {
        self.behind.is_empty()
    }

    /// The events that are held.
    pub(super) fn held(&self) -> &[HeldBack] {
        &self.held
    }

    /// When the next event is to be looked at that is held.
    pub(super) fn next_at(&self) -> Option<Instant> {
        self.next_at
    }

    /// Takes the events that are not to be held any longer.
    pub(super) fn release(&mut self, is_released: impl Fn(&HeldBack) -> bool) -> Vec<Waiting> {
        let (released, held) = mem::take(&mut self.held).into_iter().partition(is_released);
        self.held = held;
        self.note_next();
        let released: Vec<HeldBack> = released;
        released.into_iter().map(|held| held.waiting).collect()
    }

    /// Takes the events that are to be looked at by now.
    pub(super) fn due(&mut self, now: Instant) -> Vec<Waiting> {
        if self.next_at().is_none_or(|at| at > now) {
            return Vec::new();
        }
        self.release(|held| held.at.is_some_and(|at| at <= now))
    }

    /// Takes the event whose next attempt is due first.
    pub(super) fn soonest_retry(&mut self) -> Option<Waiting> {
        let retries = self.held.iter().enumerate().filter_map(|(index, held)| Some((held.at?, index)));
        let (_, index) = retries.min()?;
        let soonest = self.held.swap_remove(index).waiting;
        self.note_next();
        Some(soonest)
    }

    fn note_next(&mut self) {
        self.next_at = self.held.iter().filter_map(|held| held.at).min();
    }
}

impl HeldBack {
    /// Whether an event with this record is still what it was when it was held.
    pub(super) fn is_still(&self, record: &EventRecord) -> bool {
        let is_cancelled = record.reason.as_ref().is_some_and(|reason| reason.code == ReasonCode::Cancelled);
        let status = if self.at.is_some() { Status::InProgress } else { Status::Failed };
        record.status == status && !is_cancelled && record.updated_at <= self.since
    }

    /// Whether the event waits for its next attempt, and was due first at `due_at` or before.
    pub(super) fn is_retried_and(&self, is_over: impl Fn(Timestamp) -> bool) -> bool {
        self.at.is_some() && is_over(self.waiting.due_at)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;

    fn waiting(order: Option<&str>, id: usize) -> Waiting {
        let due_at = Timestamp::from_unix_seconds(1_767_323_045).unwrap();
        Waiting { id: id.to_string(), due_at, order: order.map(ToOwned::to_owned) }
    }

    #[test]
    fn one_event_of_an_order_is_in_front() {
        let mut orders = Orders::default();
        let fronts = [(None, 0), (None, 1), (Some("a"), 2), (Some("a"), 3), (Some("b"), 4), (Some("a"), 5)];
        let fronts = fronts.map(|(order, id)| orders.join(waiting(order, id)).map(|front| front.id));
        assert_eq!(fronts.map(|id| id.unwrap_or_default()), ["0", "1", "2", "", "4", ""]);
        let mut next = |order| orders.leave(order).map(|next| next.id);
        assert_eq!(
            [next("a"), next("b"), next("a"), next("a")],
            [Some("3".into()), None, Some("5".into()), None]
        );
        assert!(orders.join(waiting(Some("a"), 6)).is_some());
    }

    #[test]
    fn what_is_held_is_released_in_time_or_before() {
        let (mut orders, start) = (Orders::default(), Instant::now());
        let since = Timestamp::from_unix_seconds(0).unwrap();
        for (id, seconds) in [(1, Some(9)), (2, Some(3)), (3, Some(6)), (4, None)] {
            let at = seconds.map(|seconds| start + Duration::from_secs(seconds));
            orders.hold(waiting(Some("a"), id), since, at);
        }
        let ids = |released: Vec<Waiting>| released.into_iter().map(|one| one.id).collect::<Vec<_>>();
        assert_eq!(orders.next_at(), Some(start + Duration::from_secs(3)));
        assert_eq!(ids(orders.due(start)), Vec::<String>::new());
        assert_eq!(ids(orders.due(start + Duration::from_secs(3))), ["2"]);
        assert_eq!(orders.soonest_retry().unwrap().id, "3");
        assert_eq!(ids(orders.release(|held| held.is_retried_and(|_| true))), ["1"]);
        assert_eq!((orders.next_at(), orders.soonest_retry()), (None, None));
        assert_eq!(ids(orders.release(|_| true)), ["4"]);
    }

    proptest! {
        /// However events join and are over, those of an order come one after the other, and none is forgotten.
        #[test]
        fn those_of_an_order_come_in_turn(steps in prop::collection::vec(any::<Option<u8>>(), 1..200)) {
            let (mut orders, mut fronts) = (Orders::default(), VecDeque::new());
            let (mut joined, mut seen) = (0, HashMap::<String, Vec<usize>>::new());
            let leave = |orders: &mut Orders, front: Waiting| {
                let order = front.order.unwrap();
                let next = orders.leave(&order);
                seen.entry(order).or_default().push(front.id.parse().unwrap());
                next
            };
            let mut leave = leave;
            for step in steps {
                match step {
                    Some(order) => {
                        fronts.extend(orders.join(waiting(Some(&(order % 5).to_string()), joined)));
                        joined += 1;
                    }
                    None => {
                        let next = fronts.pop_front().and_then(|front| leave(&mut orders, front));
                        fronts.extend(next);
                    }
                }
            }
            while let Some(front) = fronts.pop_front() {
                let next = leave(&mut orders, front);
                fronts.extend(next);
            }
            prop_assert_eq!(seen.values().map(Vec::len).sum::<usize>(), joined);
            prop_assert!(seen.values().all(|ids| ids.is_sorted()), "{:?}", seen);
            prop_assert!(orders.behind.is_empty());
        }
    }
}
