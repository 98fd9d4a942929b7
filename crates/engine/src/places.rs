//! How places are shared: between orgs, between the webhooks of an org, and between the addresses that are called.
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
//! An address that is called by webhooks of many orgs has no more places than one that is called by one webhook. Webhooks whose
//! address has its share are *parked*: they have no turns until somebody who calls that address leaves. So nobody looks at
//! them, however many they are.
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
    receivers: HashMap<Arc<str>, Receiver>,
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
    /// The address that those who wait will call.
    receiver: Option<Arc<str>>,
}

/// An address that is called.
#[derive(Debug, Default)]
struct Receiver {
    places: usize,
    /// The orgs and webhooks that wait until it may have more.
    parked: VecDeque<(Arc<str>, Arc<str>)>,
}

type Receivers = HashMap<Arc<str>, Receiver>;

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

/// Whether an address may have one more place: as many as if one webhook called it.
fn may_have_more(receivers: &Receivers, receiver: Option<&Arc<str>>, free: Count) -> bool {
    let held = receiver.and_then(|receiver| receivers.get(receiver)).map_or(0, |receiver| receiver.places);
    2 * held < free.places
}

fn take_for(receivers: &mut Receivers, receiver: Option<&Arc<str>>) {
    if let Some(receiver) = receiver {
        receivers.entry(Arc::clone(receiver)).or_default().places += 1;
    }
}

/// Gives back what somebody held who called an address; returns those who get turns again.
fn leave_receiver(
    receivers: &mut Receivers,
    name: Option<&Arc<str>>,
    places: usize,
) -> Vec<(Arc<str>, Arc<str>)> {
    let Some((name, receiver)) = name.and_then(|name| Some((name, receivers.get_mut(name)?))) else {
        return Vec::new();
    };
    receiver.places -= places;
    // With the last one who leaves, nobody is left who could let them have turns.
    let count = match (places, receiver.places) {
        (0, _) => 0,
        (_, 0) => receiver.parked.len(),
        _ => UNPARKED.min(receiver.parked.len()),
    };
    let unparked = receiver.parked.drain(..count).collect();
    if receiver.places == 0 {
        receivers.remove(name);
    }
    unparked
}

/// How many of those that are parked get a turn when one leaves that calls the same address: more than one, so that they may take
/// what has become free elsewhere.
const UNPARKED: usize = 2;

impl<T> Places<T> {
    /// So many places, all of them free.
    pub(crate) fn new(all: Count) -> Self {
        Self {
            free: all,
            waiting: 0,
            orgs: HashMap::new(),
            receivers: HashMap::new(),
            turns: VecDeque::new(),
        }
    }

    /// How many wait.
    pub(crate) fn waiting(&self) -> usize {
        self.waiting
    }

    /// Takes a place, busy, if there is one. Otherwise [`Self::wait`] has to follow.
    pub(crate) fn take(&mut self, share: &Share) -> bool {
        let org = self.orgs.entry(Arc::clone(&share.org)).or_default();
        let webhook = org.webhooks.entry(Arc::clone(&share.webhook)).or_default();
        let receiver = share.receiver.as_ref();
        let is_free = webhook.waiting.is_empty()
            && is_within_share(org.held, webhook.held, self.free)
            && may_have_more(&self.receivers, receiver, self.free);
        if is_free {
            take_for(&mut self.receivers, receiver);
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
        webhook.receiver.clone_from(&share.receiver);
        webhook.waiting.push_back(who);
        self.waiting += 1;
    }

    /// Lets a webhook have turns again that was parked.
    fn unpark(&mut self, name: Arc<str>, webhook: Arc<str>) {
        let Some(org) = self.orgs.get_mut(&name) else { return };
        if org.turns.is_empty() {
            self.turns.push_back(name);
        }
        org.turns.push_back(webhook);
    }

    /// Gives a place, busy, to the next one who waits and may have one.
    pub(crate) fn next(&mut self) -> Option<(Share, T)> {
        for _ in 0..self.turns.len() {
            if self.free.places == 0 || self.free.busy == 0 {
                return None;
            }
            let name = self.turns.pop_front()?;
            let org = self.orgs.get_mut(&name)?;
            let next = org.next(&name, self.free, &mut self.receivers);
            if !org.turns.is_empty() {
                self.turns.push_back(Arc::clone(&name));
            }
            if let Some((webhook, receiver, who)) = next {
                self.free.give();
                self.waiting -= 1;
                return Some((Share { org: name, webhook, receiver }, who));
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
        let unparked = leave_receiver(&mut self.receivers, share.receiver.as_ref(), count.places);
        if webhook.held.places == 0 && webhook.waiting.is_empty() {
            org.webhooks.remove(&share.webhook);
        }
        if org.webhooks.is_empty() {
            self.orgs.remove(&share.org);
        }
        unparked.into_iter().for_each(|(org, webhook)| self.unpark(org, webhook));
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
        let waits = |(org, webhook): &(Arc<str>, Arc<str>)| {
            orgs.get(org)
                .and_then(|org| org.webhooks.get(webhook))
                .is_some_and(|webhook| !webhook.waiting.is_empty())
        };
        self.receivers.values_mut().for_each(|receiver| receiver.parked.retain(waits));
        self.waiting =
            orgs.values().flat_map(|org| org.webhooks.values()).map(|webhook| webhook.waiting.len()).sum();
    }
}

impl<T> Org<T> {
    /// Gives one of these places to the next one of this org who may have one. Webhooks whose address has its share are parked.
    fn next(
        &mut self,
        org: &Arc<str>,
        free: Count,
        receivers: &mut Receivers,
    ) -> Option<(Arc<str>, Option<Arc<str>>, T)> {
        for _ in 0..self.turns.len() {
            // Not even a webhook that holds none may have one.
            if !is_within_share(self.held, Count::default(), free) {
                return None;
            }
            let name = self.turns.pop_front()?;
            let webhook = self.webhooks.get_mut(&name)?;
            let receiver = webhook.receiver.clone();
            if !may_have_more(receivers, receiver.as_ref(), free) {
                let parked = receiver.and_then(|receiver| receivers.get_mut(&receiver));
                parked.into_iter().for_each(|of| of.parked.push_back((Arc::clone(org), Arc::clone(&name))));
                continue;
            }
            let may_run = is_within_share(self.held, webhook.held, free);
            let next = if may_run { webhook.waiting.pop_front() } else { None };
            if !webhook.waiting.is_empty() {
                self.turns.push_back(Arc::clone(&name));
            }
            if let Some(who) = next {
                webhook.held.take();
                self.held.take();
                take_for(receivers, receiver.as_ref());
                return Some((name, receiver, who));
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
        Self { held: Count::default(), waiting: VecDeque::new(), receiver: None }
    }
}

#[cfg(test)]
mod tests;
