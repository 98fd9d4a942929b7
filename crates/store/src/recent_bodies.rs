//! Bodies that were accepted a moment ago and are about to be sent.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;

/// How many bytes of bodies are in memory at most. Those that do not fit are read from the table.
const MAX_BYTES: usize = 16 * 1024 * 1024;

/// Bodies by their partition, each until it is taken or older than others that need its room.
#[derive(Default)]
pub(crate) struct RecentBodies(Mutex<Kept>);

#[derive(Default)]
struct Kept {
    bodies: HashMap<String, Bytes>,
    /// The partitions in the order of their bodies; some of these may have been taken.
    order: VecDeque<String>,
    bytes: usize,
}

impl fmt::Debug for RecentBodies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RecentBodies")
    }
}

impl RecentBodies {
    pub(crate) fn keep(&self, partition: String, body: Bytes) {
        let mut kept = self.lock();
        kept.bytes += body.len();
        if let Some(replaced) = kept.bodies.insert(partition.clone(), body) {
            kept.bytes -= replaced.len();
        }
        kept.order.push_back(partition);
        kept.make_room();
    }

    pub(crate) fn take(&self, partition: &str) -> Option<Bytes> {
        let mut kept = self.lock();
        let body = kept.bodies.remove(partition)?;
        kept.bytes -= body.len();
        Some(body)
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    /// Forgets the oldest until the others fit, and the names of those that were taken.
    fn make_room(&mut self) {
        while let Some(oldest) = self.order.front()
            && (self.bytes > MAX_BYTES || !self.bodies.contains_key(oldest))
        {
            if let Some(body) = self.bodies.remove(oldest) {
                self.bytes -= body.len();
            }
            self.order.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_there_once_and_the_oldest_make_room_for_others() {
        let bodies = RecentBodies::default();
        let half = Bytes::from(vec![b'a'; MAX_BYTES / 2]);
        for name in ["a", "b", "c"] {
            bodies.keep(name.to_owned(), half.clone());
        }
        assert_eq!(bodies.take("a"), None);
        assert_eq!(bodies.take("b").as_ref(), Some(&half));
        assert_eq!(bodies.take("b"), None);
        bodies.keep("c".to_owned(), Bytes::from_static(b"c"));
        assert_eq!(bodies.take("c"), Some(Bytes::from_static(b"c")));
        bodies.keep("d".to_owned(), half);
        let kept = bodies.lock();
        assert_eq!((kept.bytes, kept.order.len()), (MAX_BYTES / 2, 1));
    }
}
