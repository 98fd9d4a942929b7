//! Bodies that were accepted a moment ago and are about to be sent.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;

/// How many bytes of bodies are in memory at most. Those that do not fit are read from the table.
const MAX_BYTES: usize = 16 * 1024 * 1024;

/// Bodies by their partition, each until all who need it have taken it, or until it is older than others that need its
/// room.
#[derive(Default)]
pub(crate) struct RecentBodies(Mutex<Kept>);

/// A body, and how often it will be taken.
#[derive(Debug, PartialEq, Eq)]
struct Body {
    bytes: Bytes,
    takers: usize,
}

#[derive(Default)]
struct Kept {
    bodies: HashMap<String, Body>,
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
        self.keep_for(partition, body, 1);
    }

    /// Keeps a body until it has been taken so many times.
    pub(crate) fn keep_for(&self, partition: String, bytes: Bytes, takers: usize) {
        let mut kept = self.lock();
        kept.bytes += bytes.len();
        if let Some(replaced) = kept.bodies.insert(partition.clone(), Body { bytes, takers }) {
            kept.bytes -= replaced.bytes.len();
        }
        kept.order.push_back(partition);
        kept.make_room();
    }

    pub(crate) fn take(&self, partition: &str) -> Option<Bytes> {
        let mut kept = self.lock();
        let body = kept.bodies.get_mut(partition)?;
        if body.takers > 1 {
            body.takers -= 1;
            return Some(body.bytes.clone());
        }
        let Body { bytes, .. } = kept.bodies.remove(partition)?;
        kept.bytes -= bytes.len();
        Some(bytes)
    }

    /// Forgets a body, whoever may still need it.
    pub(crate) fn forget(&self, partition: &str) {
        let mut kept = self.lock();
        if let Some(body) = kept.bodies.remove(partition) {
            kept.bytes -= body.bytes.len();
        }
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
                self.bytes -= body.bytes.len();
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

    #[test]
    fn a_body_of_several_is_there_for_each_of_them() {
        let bodies = RecentBodies::default();
        bodies.keep_for("a".to_owned(), Bytes::from_static(b"a"), 3);
        for _ in 0..3 {
            assert_eq!(bodies.take("a"), Some(Bytes::from_static(b"a")));
        }
        assert_eq!(bodies.take("a"), None);
        assert_eq!(bodies.lock().bytes, 0);
    }
}
