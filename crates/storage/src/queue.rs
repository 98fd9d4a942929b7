//! The changes on their way to the writer, in the order in which they arrived.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::job::Job;

/// How long a change that has time waits for one that has none. Usually another comes before, and both share a commit.
pub(crate) const MAX_DELAY: Duration = Duration::from_millis(20);

/// What the writer is told.
pub(crate) enum Command {
    Change(Box<dyn Job>),
    /// Starts the write-ahead log from its beginning again, if all of it is in the database.
    Restart,
}

/// When the writer has to take a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Urgency {
    Now,
    /// With the next command that is urgent, or after [`MAX_DELAY`].
    HasTime,
}

/// What the writer does when there is nothing urgent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Writer {
    Works,
    /// It looks again by itself, so that a command that has time need not wake it.
    WaitsForAWhile,
    Waits,
}

struct State {
    commands: VecDeque<Command>,
    is_urgent: bool,
    is_closed: bool,
    writer: Writer,
}

/// A queue of commands for one writer.
pub(crate) struct Queue {
    state: Mutex<State>,
    arrived: Condvar,
}

/// The queue is closed: nothing goes in, or nothing is left in it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Closed;

impl Default for Queue {
    fn default() -> Self {
        let state =
            State { commands: VecDeque::new(), is_urgent: false, is_closed: false, writer: Writer::Works };
        Self { state: Mutex::new(state), arrived: Condvar::new() }
    }
}

impl Queue {
    pub(crate) fn push(&self, command: Command, urgency: Urgency) -> Result<(), Closed> {
        let mut state = self.lock();
        if state.is_closed {
            return Err(Closed);
        }
        state.commands.push_back(command);
        state.is_urgent |= urgency == Urgency::Now;
        let is_awaited = match urgency {
            Urgency::Now => state.writer != Writer::Works,
            Urgency::HasTime => state.writer == Writer::Waits,
        };
        drop(state);
        if is_awaited {
            self.arrived.notify_one();
        }
        Ok(())
    }

    /// Nothing follows. What is in the queue is still taken.
    pub(crate) fn close(&self) {
        self.lock().is_closed = true;
        self.arrived.notify_one();
    }

    /// Waits until there is something urgent, or something has waited for long enough. Returns up to `limit` commands.
    pub(crate) fn take(&self, limit: usize) -> Result<Vec<Command>, Closed> {
        let mut state = self.lock();
        let mut end = Instant::now() + MAX_DELAY;
        loop {
            if state.is_urgent || state.is_closed {
                return state.take(limit);
            }
            let left = end.saturating_duration_since(Instant::now());
            state = if !left.is_zero() {
                state.writer = Writer::WaitsForAWhile;
                self.wait(state, left)
            } else if state.commands.is_empty() {
                state.writer = Writer::Waits;
                let woken = self.arrived.wait(state).unwrap_or_else(PoisonError::into_inner);
                end = Instant::now() + MAX_DELAY;
                woken
            } else {
                return state.take(limit);
            };
            state.writer = Writer::Works;
        }
    }

    /// Returns up to `limit` commands without waiting.
    pub(crate) fn take_now(&self, limit: usize) -> Result<Vec<Command>, Closed> {
        self.lock().take(limit)
    }

    /// Waits until this time, or until the queue is closed, and takes everything that has arrived by then.
    pub(crate) fn take_at(&self, end: Instant) -> Result<Vec<Command>, Closed> {
        let mut state = self.lock();
        while !state.is_closed {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            state = self.wait(state, left);
        }
        state.take(usize::MAX)
    }

    fn wait<'s>(&self, state: MutexGuard<'s, State>, left: Duration) -> MutexGuard<'s, State> {
        self.arrived.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn take(&mut self, limit: usize) -> Result<Vec<Command>, Closed> {
        if self.commands.is_empty() {
            return if self.is_closed { Err(Closed) } else { Ok(Vec::new()) };
        }
        let count = self.commands.len().min(limit);
        // What is left over was behind something urgent.
        self.is_urgent &= count < self.commands.len();
        Ok(self.commands.drain(..count).collect())
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    fn push(queue: &Queue, urgency: Urgency) {
        assert!(queue.push(Command::Restart, urgency).is_ok());
    }

    #[test]
    fn what_has_time_comes_with_what_is_urgent_and_in_its_order() {
        let queue = Queue::default();
        push(&queue, Urgency::HasTime);
        push(&queue, Urgency::HasTime);
        push(&queue, Urgency::Now);
        assert_eq!(queue.take(2).unwrap().len(), 2);
        assert_eq!(queue.take(2).unwrap().len(), 1, "the rest is urgent itself");
        assert!(queue.take_now(2).unwrap().is_empty());
    }

    #[test]
    fn what_has_time_is_taken_when_nothing_urgent_comes() {
        let queue = Queue::default();
        thread::scope(|scope| {
            let taken = scope.spawn(|| queue.take(10).unwrap().len());
            push(&queue, Urgency::HasTime);
            assert_eq!(taken.join().unwrap(), 1);
        });
    }

    #[test]
    fn a_writer_that_waits_without_an_end_is_woken() {
        let queue = Queue::default();
        thread::scope(|scope| {
            for urgency in [Urgency::HasTime, Urgency::Now] {
                let taken = scope.spawn(|| queue.take(10).unwrap().len());
                while queue.lock().writer != Writer::Waits {
                    thread::yield_now();
                }
                push(&queue, urgency);
                assert_eq!(taken.join().unwrap(), 1);
            }
        });
    }

    #[test]
    fn a_closed_queue_takes_nothing_and_gives_what_it_has() {
        let queue = Queue::default();
        push(&queue, Urgency::HasTime);
        queue.close();
        assert!(queue.push(Command::Restart, Urgency::Now).is_err());
        assert_eq!(queue.take_at(Instant::now() + Duration::from_secs(3600)).unwrap().len(), 1);
        assert!(queue.take(1).is_err());
        assert!(queue.take_now(1).is_err());
    }
}
