//! How places are shared: between orgs, and between the webhooks of an org.
//!
//! Whoever runs holds a place, and is *busy* until it waits for somebody outside for the first time. There is a number
//! of places, and a smaller number of those that may be busy, because those who are busy share the processors.
//!
//! An execution may take a place while its org and its webhook together hold fewer than are free; the same holds for
//! those that are busy. This is the dynamic threshold by which switches share their memory among queues (Choudhury and
//! Hahne, 1998): who is alone may take much, and the more there are, the less each may take, without anybody having
//! to count the others. One webhook holds a third at most, one org half; whoever holds none finds one free unless there
//! are as many others as places.
//!
//! Who finds none waits: first come, first served within a webhook, and in turn between the webhooks of an org and
//! between orgs. Whoever is passed over holds places itself, so the search for the next one takes no more steps than
//! there are places, however many wait.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use crate::ports::Share;

/// A number of places, and of those that are busy.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Count {
    pub(crate) places: usize,
    pub(crate) busy: usize,
}

/// The places, who holds them, and who waits. Everybody for whom there is a place has to be taken with [`Self::next`] before
/// somebody else arrives.
#[derive(Debug)]
pub(crate) struct Places<T> {
    free: Count,
    waiting: usize,
    orgs: HashMap<Arc<str>, Org<T>>,
    /// The orgs of those who wait, each once.
    turns: VecDeque<Arc<str>>,
}

#[derive(Debug)]
struct Org<T> {
    held: Count,
    webhooks: HashMap<Arc<str>, Webhook<T>>,
    /// The webhooks of those who wait, each once.
    turns: VecDeque<Arc<str>>,
}

#[derive(Debug)]
struct Webhook<T> {
    held: Count,
    waiting: VecDeque<T>,
}

impl Count {
    fn take(&mut self) {
        self.places += 1;
        self.busy += 1;
    }

    fn give(&mut self) {
        self.places -= 1;
        self.busy -= 1;
    }
}

/// Whether one more place may go to a webhook.
fn is_within_share(org: Count, webhook: Count, free: Count) -> bool {
    org.places + webhook.places < free.places && org.busy + webhook.busy < free.busy
}

impl<T> Places<T> {
    /// So many places, all of them free.
    pub(crate) fn new(all: Count) -> Self {
        Self { free: all, waiting: 0, orgs: HashMap::new(), turns: VecDeque::new() }
    }

    /// How many wait.
    pub(crate) fn waiting(&self) -> usize {
        self.waiting
    }

    /// Takes a place, busy, if there is one. Otherwise [`Self::wait`] has to follow.
    pub(crate) fn take(&mut self, share: &Share) -> bool {
        let org = self.orgs.entry(Arc::clone(&share.org)).or_default();
        let webhook = org.webhooks.entry(Arc::clone(&share.webhook)).or_default();
        let is_free = webhook.waiting.is_empty() && is_within_share(org.held, webhook.held, self.free);
        if is_free {
            webhook.held.take();
            org.held.take();
            self.free.give();
        }
        is_free
    }

    /// Waits for a place.
    pub(crate) fn wait(&mut self, share: &Share, who: T) {
        let org = self.orgs.entry(Arc::clone(&share.org)).or_default();
        let webhook = org.webhooks.entry(Arc::clone(&share.webhook)).or_default();
        if webhook.waiting.is_empty() {
            if org.turns.is_empty() {
                self.turns.push_back(Arc::clone(&share.org));
            }
            org.turns.push_back(Arc::clone(&share.webhook));
        }
        webhook.waiting.push_back(who);
        self.waiting += 1;
    }

    /// Gives a place, busy, to the next one who waits and may have one.
    pub(crate) fn next(&mut self) -> Option<(Share, T)> {
        for _ in 0..self.turns.len() {
            if self.free.places == 0 || self.free.busy == 0 {
                return None;
            }
            let name = self.turns.pop_front()?;
            let org = self.orgs.get_mut(&name)?;
            let next = org.next(self.free);
            if !org.turns.is_empty() {
                self.turns.push_back(Arc::clone(&name));
            }
            if let Some((webhook, who)) = next {
                self.free.give();
                self.waiting -= 1;
                return Some((Share { org: name, webhook }, who));
            }
        }
        None
    }

    /// Whoever held a place is not busy any more.
    pub(crate) fn rest(&mut self, share: &Share) {
        self.give_back(share, Count { places: 0, busy: 1 });
    }

    /// Gives a place back. `busy` is 1 if it was still busy.
    pub(crate) fn leave(&mut self, share: &Share, busy: usize) {
        self.give_back(share, Count { places: 1, busy });
    }

    fn give_back(&mut self, share: &Share, count: Count) {
        let Some(org) = self.orgs.get_mut(&share.org) else { return };
        let Some(webhook) = org.webhooks.get_mut(&share.webhook) else { return };
        for held in [&mut webhook.held, &mut org.held] {
            held.places -= count.places;
            held.busy -= count.busy;
        }
        self.free.places += count.places;
        self.free.busy += count.busy;
        if webhook.held.places == 0 && webhook.waiting.is_empty() {
            org.webhooks.remove(&share.webhook);
        }
        if org.webhooks.is_empty() {
            self.orgs.remove(&share.org);
        }
    }

    /// Sends those away who wait, but for these.
    pub(crate) fn keep_waiting(&mut self, is_kept: impl Fn(&T) -> bool) {
        for org in self.orgs.values_mut() {
            for webhook in org.webhooks.values_mut() {
                webhook.waiting.retain(&is_kept);
            }
            org.webhooks.retain(|_, webhook| webhook.held.places > 0 || !webhook.waiting.is_empty());
            let webhooks = &org.webhooks;
            org.turns.retain(|name| webhooks.get(name).is_some_and(|webhook| !webhook.waiting.is_empty()));
        }
        self.orgs.retain(|_, org| !org.webhooks.is_empty());
        let orgs = &self.orgs;
        self.turns.retain(|name| orgs.get(name).is_some_and(|org| !org.turns.is_empty()));
        self.waiting =
            orgs.values().flat_map(|org| org.webhooks.values()).map(|webhook| webhook.waiting.len()).sum();
    }
}

impl<T> Org<T> {
    /// Gives one of these places to the next one of this org who may have one.
    fn next(&mut self, free: Count) -> Option<(Arc<str>, T)> {
        for _ in 0..self.turns.len() {
            // Not even a webhook that holds none may have one.
            if !is_within_share(self.held, Count::default(), free) {
                return None;
            }
            let name = self.turns.pop_front()?;
            let webhook = self.webhooks.get_mut(&name)?;
            let may_run = is_within_share(self.held, webhook.held, free);
            let next = if may_run { webhook.waiting.pop_front() } else { None };
            if !webhook.waiting.is_empty() {
                self.turns.push_back(Arc::clone(&name));
            }
            if let Some(who) = next {
                webhook.held.take();
                self.held.take();
                return Some((name, who));
            }
        }
        None
    }
}

impl<T> Default for Org<T> {
    fn default() -> Self {
        Self { held: Count::default(), webhooks: HashMap::new(), turns: VecDeque::new() }
    }
}

impl<T> Default for Webhook<T> {
    fn default() -> Self {
        Self { held: Count::default(), waiting: VecDeque::new() }
    }
}

#[cfg(test)]
mod tests;
