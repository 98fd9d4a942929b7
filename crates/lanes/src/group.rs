//! The messages of one group in a batch.

use futures_util::stream::{FuturesUnordered, StreamExt};
use hookstep_contract::Resumed;
use tokio::time::{Instant, sleep_until};

use crate::Deadlines;
use crate::batch::Batch;
use crate::message::Message;
use crate::part::{Pace, Part};

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
        for record in batch.records {
            let id = record.attributes.message_group_id.clone();
            let message = Message::from(record);
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
    pub(crate) fn run_nothing(&self) -> Vec<End> {
        vec![End::Waits; self.messages.len()]
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
        take: impl AsyncFn(&Message) -> End,
    ) -> Vec<End> {
        let mut ends = self.run_nothing();
        let (mut running, mut pace) = (FuturesUnordered::new(), Pace::of(part, Instant::now()));
        let (mut is_first, mut is_stopped) = (true, false);
        let read = self.messages.iter().enumerate().filter(|(_, message)| message.resumed.is_some());
        let mut waiting = read.peekable();
        loop {
            let may_begin = !is_stopped && running.len() < part.in_flight.max(1) as usize;
            let next = waiting.peek().filter(|_| may_begin).map(|_| pace.earliest(Instant::now()));
            // The first one begins however long it is worth, or nothing would ever leave a lane whose limits have become
            // very narrow while events waited in it.
            let is_paid = |next: Instant| is_first || pace.after(next).paid() <= deadlines.end;
            let next = next.filter(|next| *next <= deadlines.begin && is_paid(*next));
            if next.is_none() && running.is_empty() {
                break;
            }
            tokio::select! {
                Some((index, end)) = running.next() => {
                    ends[index] = end;
                    is_stopped |= end != End::Left;
                }
                () = sleep_until(next.unwrap_or_else(Instant::now)), if next.is_some() => {
                    if let Some((index, message)) = waiting.next() {
                        let taken = take(message);
                        running.push(async move { (index, taken.await) });
                        (pace, is_first) = (pace.after(Instant::now()), false);
                    }
                }
            }
        }
        sleep_until(pace.paid().min(deadlines.end)).await;
        ends
    }
}

#[cfg(test)]
mod tests;
