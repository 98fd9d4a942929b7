//! What receivers, producers, operators and observers know: what the host is measured by.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::plan::End;

/// What everybody outside of the host knows.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    /// The requests that reached a receiver, in order.
    pub(crate) hits: Vec<Hit>,
    /// What producers know of their events, by number.
    pub(crate) produced: BTreeMap<u32, Produced>,
    /// The ids of the webhooks that were made, by number.
    pub(crate) webhooks: BTreeMap<u32, String>,
    /// The signing secrets of each webhook, and since when they are known. Those of a rotation without an answer are not.
    pub(crate) secrets: BTreeMap<u32, Vec<(Duration, String)>>,
    /// What operators did, or have begun to do.
    pub(crate) operated: Vec<Operated>,
    /// The faults that met a task or a call of a table, and the event that they met, if that is known.
    pub(crate) faults: Vec<Fault>,
    /// When the host ended, how, and when it was there again.
    pub(crate) breaks: Vec<Pause>,
    /// When the host recorded that an event has succeeded, by its id.
    pub(crate) succeeded: BTreeMap<String, Duration>,
    /// When the clock was set forward, and by how much.
    pub(crate) jumps: Vec<(Duration, Duration)>,
    /// How many reads saw a table as it was some time before.
    pub(crate) stale_reads: u64,
    /// How many schedules started late.
    pub(crate) late_schedules: u64,
    /// The token of the API.
    pub(crate) token: String,
}

/// A request that reached its receiver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Hit {
    /// The webhook.
    pub(crate) webhook: u32,
    /// The event, by its number in the body.
    pub(crate) event: u32,
    /// The id that it came with: that of the event, or of the one that it replays.
    pub(crate) id: String,
    /// When the webhook was last edited, in seconds, by the header that operators change.
    pub(crate) edited: Option<u64>,
    /// Whether its body was made by a transform.
    pub(crate) is_made: bool,
    /// Whether it was signed with a secret of the webhook.
    pub(crate) is_genuine: bool,
    /// When it came.
    pub(crate) at: Duration,
    /// When the exchange ended, if it did before the host.
    pub(crate) ended: Option<Duration>,
    /// The status that was answered, if one was and the host was there.
    pub(crate) status: Option<u16>,
}

/// What a producer knows of an event.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Produced {
    /// When it was first sent.
    pub(crate) sent_at: Duration,
    /// When the last request was sent.
    pub(crate) asked_at: Duration,
    /// The id under which it was accepted (empty if it was not told), and when the producer knew.
    pub(crate) accepted: Option<(String, Duration)>,
    /// Whether a request ended without an answer, or with one that leaves open whether the event was accepted.
    pub(crate) is_open: bool,
    /// The status with which it was refused.
    pub(crate) refused: Option<u16>,
    /// Whether a request is under way.
    pub(crate) is_under_way: bool,
}

/// What an operator did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Operated {
    /// When the request was sent.
    pub(crate) at: Duration,
    /// What: the action's name.
    pub(crate) action: &'static str,
    /// The webhook or the event, by its number.
    pub(crate) of: u32,
    /// When the answer came, and its status, if one did.
    pub(crate) answer: Option<(Duration, u16)>,
}

impl Operated {
    /// When it was known to be done, if it was.
    pub(crate) fn done_at(&self) -> Option<Duration> {
        self.answer.filter(|(_, status)| (200..300).contains(status)).map(|(at, _)| at)
    }
}

/// A fault that met something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    /// When.
    pub(crate) at: Duration,
    /// The event, by its number, if that is known.
    pub(crate) event: Option<u32>,
    /// The state whose task it met, or the table.
    pub(crate) of: String,
}

/// A time without a host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pause {
    /// When it ended.
    pub(crate) from: Duration,
    /// When the next one was there.
    pub(crate) to: Option<Duration>,
    /// How it ended.
    pub(crate) how: End,
}

impl Ledger {
    /// A request reached a receiver. Returns its place among the hits.
    pub(crate) fn hit(&mut self, hit: Hit) -> usize {
        self.hits.push(hit);
        self.hits.len() - 1
    }

    /// The host ends: whatever was under way gets no answer.
    pub(crate) fn host_ends(&mut self, at: Duration, how: End) {
        self.breaks.push(Pause { from: at, to: None, how });
        for produced in self.produced.values_mut().filter(|produced| produced.is_under_way) {
            (produced.is_under_way, produced.is_open) = (false, true);
        }
        if how == End::Stop {
            return;
        }
        for hit in self.hits.iter_mut().rev().take_while(|hit| hit.at + LONGEST > at) {
            hit.ended.get_or_insert(at);
        }
    }

    /// The next host is there.
    pub(crate) fn host_begins(&mut self, at: Duration) {
        if let Some(last) = self.breaks.last_mut() {
            last.to.get_or_insert(at);
        }
    }

    /// When it was `wall` by the host's clock, counted from the begin: without what the clock was set forward by.
    pub(crate) fn at_wall(&self, wall: Duration) -> Duration {
        let mut at = wall;
        for (when, by) in &self.jumps {
            if at >= *when {
                // What the clock says within a jump never was.
                at = at.saturating_sub(*by).max(*when);
            }
        }
        at
    }
}

/// No request takes longer: the longest timeout of an attempt.
const LONGEST: Duration = Duration::from_secs(900);
