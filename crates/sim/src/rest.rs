//! The time in which nothing happens, and which passes in leaps.
//!
//! A host at rest has no execution, and every event that has not ended has a schedule, or waits in a lane behind one that blocks it until
//! a person comes. Until the next of these is due, or the next thing of the scenario, only the loops wake up that look for something
//! every few seconds or minutes. A leap is what a process meets that was not given the processor for so long: each loop wakes up once,
//! and catches up.

use std::time::Duration;

use hookstep_host::Host;
use hookstep_tables::Item;
use tokio::time::advance;

use crate::ambient::{self, BEGIN};
use crate::api::Api;
use crate::plan::{Limit, Scenario};
use crate::world::World;

/// How long nothing must have happened.
pub(crate) const CALM: Duration = Duration::from_secs(900);

/// How long before the next thing a leap ends.
const MARGIN: Duration = Duration::from_secs(120);

/// The longest leap.
const LONGEST: Duration = Duration::from_secs(12 * 3600);

/// Watches for rest.
#[derive(Debug, Default)]
pub(crate) struct Rest {
    /// How many lines the log had when it was last looked at, and since when.
    seen: (usize, Duration),
}

impl Rest {
    /// Passes the time until the next thing happens in a leap, if the host is at rest; at most until `end`.
    pub(crate) async fn leap(&mut self, world: &World, host: &Host, api: &Api, end: Duration) {
        let (lines, now) = (world.state().happened, ambient::elapsed());
        if lines != self.seen.0 {
            self.seen = (lines, now);
        }
        let appointed = {
            let state = world.state();
            let doubles = state.doubles.iter().map(|double| double.at);
            state.appointments.values().copied().chain(doubles).min()
        };
        let next = next_of(world.scenario(), now).into_iter().chain(appointed).min();
        let next = next.unwrap_or(Duration::MAX).min(end).min(now + LONGEST);
        if now < self.seen.1 + CALM || next < now + CALM {
            return;
        }
        let Some(due) = first_due(world, host, api).await else { return };
        let until = next.min(due).saturating_sub(MARGIN);
        if until > now + CALM {
            advance(until - now).await;
        }
    }
}

/// When the next thing of a scenario happens, if there is one; `now` if the disk is in trouble.
fn next_of(scenario: &Scenario, now: Duration) -> Option<Duration> {
    let Scenario { events, operations, breaks, jumps, troubles, .. } = scenario;
    let troubles = troubles.iter().map(|trouble| (trouble.at, trouble.lasts));
    let moments = events.iter().map(|event| event.at).chain(operations.iter().map(|operation| operation.at));
    let moments =
        moments.chain(breaks.iter().map(|coming| coming.at)).chain(jumps.iter().map(|jump| jump.at));
    let things = troubles.chain(moments.map(|at| (at, 0)));
    let things = things.map(|(at, lasts)| (Duration::from_millis(at), Duration::from_millis(lasts)));
    things.filter(|(at, lasts)| *at + *lasts > now).map(|(at, _)| at.max(now)).min()
}

/// When the first schedule is due, or never if there is none; `None` if the host is not at rest.
async fn first_due(world: &World, host: &Host, api: &Api) -> Option<Duration> {
    let text = host.metrics_text()().ok()?;
    let gauge = |name: &str| -> Option<u64> {
        let line = text.lines().find(|line| line.split([' ', '{']).next() == Some(name))?;
        line.rsplit(' ').next()?.parse().ok()
    };
    let is_busy = ["executions_running", "executions_queued", "executions_waiting"];
    if !is_busy.iter().all(|name| gauge(&format!("hookstep_{name}")) == Some(0)) {
        return None;
    }
    let blocked = Blocked::of(world, api).await;
    if gauge("hookstep_attempts_in_lanes") != Some(blocked.messages) {
        return None;
    }
    let schedules = host.clients().tables.scan().table_name("schedules").send().await.ok()?;
    let mut open = 0;
    let webhooks: Vec<_> = world.state().ledger.webhooks.values().cloned().collect();
    for webhook in webhooks {
        for status in ["in_progress", "scheduled"] {
            let listed = api.get(&format!("/webhook/{webhook}/events?status={status}&limit=100")).await;
            open += listed.body["data"].as_array().map_or(0, Vec::len);
        }
    }
    // One that nothing works on is found and started again.
    if open as u64 != schedules.items().len() as u64 + blocked.waiting {
        return None;
    }
    let due = |item: &Item| item.get("due")?.as_n().ok()?.parse::<i64>().ok();
    let first = schedules.items().iter().map(|item| due(item).unwrap_or(0)).min();
    let Some(first) = first else { return Some(Duration::MAX) };
    let wall = (ambient::sources().clock)() - BEGIN;
    let due = Duration::from_millis(u64::try_from(first).unwrap_or(0));
    let begin = Duration::from_secs(u64::try_from(BEGIN.unix_timestamp()).unwrap_or(0));
    let left = due.saturating_sub(begin).saturating_sub(wall.try_into().unwrap_or_default());
    Some(ambient::elapsed() + left)
}

/// What waits in lanes until a person comes.
#[derive(Default)]
struct Blocked {
    /// How many events wait behind those that block them.
    waiting: u64,
    /// How many messages there are of all of them.
    messages: u64,
}

impl Blocked {
    async fn of(world: &World, api: &Api) -> Self {
        let mut blocked = Self::default();
        let blocking =
            world.scenario().webhooks.iter().filter(|of| of.limit == Limit::Ordered { blocks: true });
        for number in blocking.map(|webhook| webhook.number) {
            let Some(id) = world.state().ledger.webhooks.get(&number).cloned() else { continue };
            let lane = api.get(&format!("/webhook/{id}")).await.body["lane"].take();
            let heads = lane["blocking"].as_array().map_or(0, Vec::len) as u64;
            if heads > 0 {
                let waiting = lane["waiting"].as_u64().unwrap_or(0);
                blocked.waiting += waiting;
                blocked.messages += waiting + heads;
            }
        }
        blocked
    }
}
