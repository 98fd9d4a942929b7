//! What must hold when a scenario is over, compared between what the host says and what everybody outside knows.

mod delivery;
mod ends;
mod order;
mod pauses;
mod reasons;
mod requests;
mod rests;

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use crate::ledger::{Fault, Hit, Ledger, Operated};
use crate::observe::{Observed, SeenEvent};
use crate::plan::{End, Scenario, Webhook};
use crate::world::World;

/// Something that must not be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// What: the same for every case of it.
    pub kind: &'static str,
    /// The event, by its number.
    pub event: Option<u32>,
    /// This case.
    pub detail: String,
}

impl Violation {
    /// Something that is wrong with an event.
    pub fn of_event(kind: &'static str, event: u32, detail: impl Into<String>) -> Self {
        Self { kind, event: Some(event), detail: detail.into() }
    }

    /// Something that is wrong with the whole.
    pub fn of_all(kind: &'static str, detail: impl Into<String>) -> Self {
        Self { kind, event: None, detail: detail.into() }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.event {
            Some(event) => write!(f, "{}: event {event} {}", self.kind, self.detail),
            None => write!(f, "{}: {}", self.kind, self.detail),
        }
    }
}

/// What is known when a scenario is over.
pub(crate) struct Case<'a> {
    pub(crate) scenario: &'a Scenario,
    pub(crate) ledger: &'a Ledger,
    pub(crate) observed: &'a Observed,
    /// What the product has logged as a warning or an error.
    pub(crate) complaints: Vec<&'a str>,
}

/// What the checks have counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Events that were accepted.
    pub accepted: u64,
    /// Requests that reached a receiver.
    pub hits: u64,
    /// Requests that are in no record because the host ended before it could write one: at least once allows them.
    pub killed: u64,
    /// Requests that are in no record because a fault hid their answer: at least once allows them.
    pub hidden: u64,
    /// Attempts in which nothing was sent, because of a fault.
    pub missed: u64,
    /// Events that came out of order because a fault held them up until they were accepted without a place.
    pub unplaced: u64,
    /// Attempts that came before the pause after a fault that another execution of their event recorded.
    pub of_two: u64,
    /// Notes that an event waits in a lane that stay until they expire, because of a fault.
    pub notes: u64,
}

/// Everything that is wrong in a world whose scenario is over, and what was counted.
pub(crate) fn check(world: &World) -> (Vec<Violation>, Counts) {
    let state = world.state();
    let mut found = state.found.clone();
    let Some(observed) = &state.observed else {
        found.push(Violation::of_all("no end", "the scenario did not come to its end"));
        return (found, Counts::default());
    };
    let lines = state.log.iter().map(|line| line.text.as_str());
    let complaints = lines.filter(|text| text.starts_with("WARN") || text.starts_with("ERROR")).collect();
    let case = Case { scenario: world.scenario(), ledger: &state.ledger, observed, complaints };
    let mut counts = Counts {
        accepted: case.observed.events.len() as u64,
        hits: case.ledger.hits.len() as u64,
        ..Counts::default()
    };
    ends::check(&case, &mut found);
    delivery::check(&case, &mut found, &mut counts);
    reasons::check(&case, &mut found);
    requests::check(&case, &mut found);
    pauses::check(&case, &mut found, &mut counts);
    order::check(&case, &mut found, &mut counts);
    rests::check(&case, &mut found, &mut counts);
    (found, counts)
}

impl Case<'_> {
    pub(crate) fn webhook_of(&self, event: u32) -> Option<&Webhook> {
        let webhook = self.scenario.events.iter().find(|of| of.number == event)?.webhook;
        self.scenario.webhooks.iter().find(|of| of.number == webhook)
    }

    pub(crate) fn hits_of(&self, event: u32) -> impl Iterator<Item = &Hit> {
        self.ledger.hits.iter().filter(move |hit| hit.event == event)
    }

    pub(crate) fn events_of(&self, number: u32) -> impl Iterator<Item = &SeenEvent> {
        self.observed.events.iter().filter(move |event| event.number == number)
    }

    /// The faults that met this event, or of which it is not known whom they met.
    pub(crate) fn faults_of(&self, event: u32) -> impl Iterator<Item = &Fault> {
        self.ledger.faults.iter().filter(move |fault| fault.event.is_none_or(|of| of == event))
    }

    /// Whether a fault met this event between these times of the host's clock, or its host was killed.
    pub(crate) fn is_disturbed(&self, event: u32, (from, to): (Duration, Duration)) -> bool {
        let (from, to) = (self.at(from), self.at(to));
        self.faults_of(event).any(|fault| (from..=to).contains(&fault.at)) || self.is_broken_between(from, to)
    }

    /// Whether the host was killed, or its power cut, between these times.
    pub(crate) fn is_broken_between(&self, from: Duration, to: Duration) -> bool {
        let broken = self.ledger.breaks.iter().filter(|pause| pause.how != End::Stop);
        broken.into_iter().any(|pause| (from..=to).contains(&pause.from))
    }

    /// Whether nothing happened but what receivers, producers and operators did.
    pub(crate) fn is_undisturbed(&self) -> bool {
        let Ledger { faults, breaks, jumps, .. } = self.ledger;
        faults.is_empty() && breaks.is_empty() && jumps.is_empty() && self.scenario.troubles.is_empty()
    }

    /// Whether an operator did one of these things to it, with or without an answer.
    pub(crate) fn has_operated(&self, actions: &[&str], of: u32) -> bool {
        self.ledger.operated.iter().any(|operated| actions.contains(&operated.action) && operated.of == of)
    }

    /// What operators did of these things to it, and when they knew.
    pub(crate) fn done(&self, actions: &[&str], of: u32) -> impl Iterator<Item = (&Operated, Duration)> {
        let meant =
            self.ledger.operated.iter().filter(move |one| actions.contains(&one.action) && one.of == of);
        meant.filter_map(|operated| Some((operated, operated.done_at()?)))
    }

    /// When an event was accepted, without what the clock was set forward by.
    pub(crate) fn at(&self, wall: Duration) -> Duration {
        self.ledger.at_wall(wall)
    }

    /// The hits of each webhook.
    pub(crate) fn hits_by_webhook(&self) -> BTreeMap<u32, Vec<&Hit>> {
        let mut hits = BTreeMap::<u32, Vec<&Hit>>::new();
        for hit in &self.ledger.hits {
            hits.entry(hit.webhook).or_default().push(hit);
        }
        hits
    }
}
