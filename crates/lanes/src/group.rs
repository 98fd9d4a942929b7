//! The messages of one group in a batch.

use std::time::Duration;

use futures_util::stream::{FuturesUnordered, StreamExt};
use hookstep_contract::{Batch, Load, Pace, Resumed};
use tokio::time::{Instant, sleep_until};

use crate::Deadlines;
use crate::message::Message;
use crate::part::Part;

/// What has become of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// Its execution has ended: the event has left the lane.
    Left,
    /// Its execution was not begun.
    Waits,
    /// Its execution may still run, or was never begun.
    Unknown,
}

/// A turn that was taken.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Taken {
    pub(crate) end: End,
    /// How long the receiver wants nothing, if it has said so.
    pub(crate) pause: Option<Duration>,
    /// Whether there may have been no attempt.
    pub(crate) may_have_sent_nothing: bool,
    /// What the attempt says about the load on the receiver, if one was made.
    pub(crate) load: Option<Load>,
}

/// What has become of a group.
#[derive(Debug)]
pub(crate) struct Ran {
    /// What has become of each message.
    pub(crate) ends: Vec<End>,
    /// How long the receiver still wants nothing.
    pub(crate) pause: Duration,
}

impl From<End> for Taken {
    fn from(end: End) -> Self {
        Self { end, pause: None, may_have_sent_nothing: false, load: None }
    }
}

/// The messages of one group, in their order.
#[derive(Debug)]
pub(crate) struct Group {
    id: String,
    pub(crate) messages: Vec<Message>,
}

impl Group {
    /// The groups of a batch.
    pub(crate) fn all_of(batch: Batch) -> Vec<Self> {
        let mut groups: Vec<Self> = Vec::new();
        for message in batch.messages {
            let id = message.attributes.message_group_id.clone();
            let message = Message::from(message);
            match groups.iter_mut().find(|group| group.id == id) {
                Some(group) => group.messages.push(message),
                None => groups.push(Self { id, messages: vec![message] }),
            }
        }
        groups
    }

    /// The event by which the limits of the group are found: that which knows of the most groups beside its own, so that
    /// right after a change of the limits the group has the smaller part. `None` if no message can be read.
    pub(crate) fn lane(&self) -> Option<Resumed> {
        let read = self.messages.iter().filter_map(|message| message.resumed.as_ref());
        read.max_by_key(|resumed| resumed.lane.as_ref().map(|lane| lane.groups)).cloned()
    }

    /// The end of a group of which nothing is begun.
    pub(crate) fn run_nothing(&self) -> Ran {
        Ran { ends: vec![End::Waits; self.messages.len()], pause: Duration::ZERO }
    }

    /// The receipts of the messages that had this end.
    pub(crate) fn receipts(&self, ends: &[End], end: End) -> Vec<String> {
        let with = self.messages.iter().zip(ends).filter(|(_, of)| **of == end);
        with.map(|(message, _)| message.receipt.clone()).collect()
    }

    /// Runs the executions of the messages in their order, as `part` lets them through, and returns how each ended.
    ///
    /// After the first that could not be begun, no further one is: the messages of a group stay in order. One that cannot be
    /// read is passed over.
    pub(crate) async fn run(
        &self,
        part: Part,
        deadlines: Deadlines,
        take: impl AsyncFn(&Message) -> Taken,
    ) -> Ran {
        self.run_those(|_| true, part, deadlines, take).await
    }

    /// The same for some of the messages, and nothing for the others.
    pub(crate) async fn run_those(
        &self,
        is_meant: impl Fn(&Message) -> bool,
        part: Part,
        deadlines: Deadlines,
        take: impl AsyncFn(&Message) -> Taken,
    ) -> Ran {
        let Ran { mut ends, .. } = self.run_nothing();
        let mut paused_until = Instant::now();
        let (mut running, mut pace, spacing) = (FuturesUnordered::new(), Pace::default(), part.spacing);
        let (mut is_first, mut is_stopped) = (true, false);
        let read = self.messages.iter().enumerate().filter(|(_, message)| message.resumed.is_some());
        let read = read.filter(|(_, message)| is_meant(message));
        let mut waiting = read.peekable();
        loop {
            let may_begin = !is_stopped && running.len() < part.in_flight.max(1) as usize;
            let now = Instant::now().max(paused_until);
            let next = waiting.peek().filter(|_| may_begin).map(|_| pace.earliest(&spacing, now));
            // The first one begins however long it is worth, or nothing would ever leave a lane whose limits have become
            // very narrow while events waited in it.
            let is_paid = |next: Instant| {
                let mut then = pace;
                then.begin(&spacing, next, Duration::ZERO);
                is_first || then.paid(&spacing, next) <= Some(deadlines.end)
            };
            let next = next.filter(|next| *next <= deadlines.begin && is_paid(*next));
            if next.is_none() && running.is_empty() {
                break;
            }
            tokio::select! {
                Some((index, Taken { end, pause, .. })) = running.next() => {
                    ends[index] = end;
                    is_stopped |= end != End::Left;
                    paused_until = paused_until.max(Instant::now() + pause.unwrap_or_default());
                }
                () = sleep_until(next.unwrap_or_else(Instant::now)), if next.is_some() => {
                    if let Some((index, message)) = waiting.next() {
                        let taken = take(message);
                        running.push(async move { (index, taken.await) });
                        pace.begin(&spacing, Instant::now(), Duration::ZERO);
                        is_first = false;
                    }
                }
            }
        }
        // SQS holds the group as long as messages of it are kept back; with none left, the function does.
        let paid = pace.paid(&spacing, Instant::now()).unwrap_or_else(Instant::now);
        let held_until = if ends.contains(&End::Waits) { paid } else { paid.max(paused_until) };
        sleep_until(held_until.min(deadlines.end)).await;
        Ran { ends, pause: paused_until.duration_since(Instant::now()) }
    }
}

#[cfg(test)]
mod tests;
