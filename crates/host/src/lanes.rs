//! Receives from the queue of lanes what the limits of the webhooks and the health of their receivers let
//! through (ADR 0048, ADR 0049).
//!
//! On AWS, a function does this for each group of the queue by itself, with its part of the limits. Here all messages of a
//! webhook are one lane, and its limits hold exactly. They are those that the webhook has when a message is received.

mod changes;
mod lane;
mod learning;
mod orders;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};
use std::mem;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use hookstep_ambient::Sources;
use hookstep_aws_local::{LaneMessage, LaneQueue, SentMessages, ServiceError, States};
use hookstep_contract::{
    ConfigId, Gate, Health, Held, LaneLimits, OrgId, Timestamp, WebhookConfig, error_chain,
};
use hookstep_engine::{Executions, StateMachine};
use hookstep_executions::Resumption;
use hookstep_store::{Configs, Events};
use tokio::task::{JoinError, JoinSet};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until};

use crate::OpenError;
use crate::machines::EXPRESS;
use lane::{Lane, Turn};
use learning::Learning;
use orders::Waiting;

/// The pause before something that failed is tried again.
const PAUSE: Duration = Duration::from_secs(1);

/// How often it is looked whether webhooks have changed.
const LOOK: Duration = Duration::from_secs(1);

/// The pause after an execution that failed while its event keeps its place in its order.
const FAILED_PAUSE: Duration = Duration::from_secs(10);

/// Whose lane it is.
type Key = (OrgId, ConfigId);

/// A message whose execution has ended, or was not started, when it was begun, and what is said of the lane at its end.
type Done = (Key, Waiting, Timestamp, Result<Option<Resumption>, ServiceError>);

/// The lanes of this host.
pub(crate) struct Lanes {
    queue: LaneQueue,
    states: States,
    configs: Configs,
    events: Events,
    sources: Sources,
    machine_arn: Arc<str>,
    lanes: BTreeMap<Key, Lane>,
    /// What was learned of receivers whose webhooks have limits that follow them.
    learning: HashMap<Key, Learning>,
    /// The lanes in which something has changed.
    changed: VecDeque<Key>,
    /// The lanes that wait for a time, each for one: [`Lane::timer`].
    timers: BTreeSet<(Instant, Key)>,
    running: JoinSet<Done>,
    /// How many messages wait.
    waiting: usize,
    /// How many events that are held were looked at in this turn.
    looked: usize,
    /// The version of the table of events of which all events that are held were looked at.
    seen: Option<u64>,
}

/// What an earlier process has left in the queue. Its executions of these messages are forgotten, because they are run anew.
///
/// # Errors
/// If the queue or the journal cannot be read.
pub(crate) async fn left(queue: &LaneQueue, executions: &Executions) -> Result<Vec<LaneMessage>, OpenError> {
    let left =
        queue.left().await.map_err(|error| OpenError::during("read the queue of lanes")(error.message))?;
    let names = left.iter().map(|message| message.id.clone()).collect::<HashSet<_>>();
    executions.forget(&names).await?;
    Ok(left)
}

impl Lanes {
    pub(crate) fn new(
        queue: LaneQueue,
        states: States,
        (configs, events): (Configs, Events),
        sources: Sources,
    ) -> Self {
        Self {
            queue,
            states,
            configs,
            events,
            sources,
            machine_arn: StateMachine::arn_of(EXPRESS).into(),
            lanes: BTreeMap::new(),
            learning: HashMap::new(),
            changed: VecDeque::new(),
            timers: BTreeSet::new(),
            running: JoinSet::new(),
            waiting: 0,
            looked: 0,
            seen: None,
        }
    }

    /// Receives messages, beginning with those that an earlier process has left. Never returns.
    pub(crate) async fn run(mut self, left: Vec<LaneMessage>, mut sent: SentMessages) {
        left.into_iter().for_each(|message| self.join(message));
        let mut looks = interval(LOOK);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut version = self.configs.version();
        loop {
            while let Some(key) = self.changed.pop_front() {
                self.advance(key).await;
            }
            self.queue.tell_waiting(self.waiting);
            let next = self.timers.first().map(|(at, _)| *at);
            tokio::select! {
                // What has begun comes before what begins; a fixed order also makes a simulation repeatable.
                biased;
                Some(done) = self.running.join_next() => self.leave(done),
                () = sleep_until(next.unwrap_or_else(Instant::now)), if next.is_some() => {
                    if let Some((_, key)) = self.timers.pop_first() {
                        if let Some(lane) = self.lanes.get_mut(&key) {
                            lane.timer = None;
                        }
                        self.changes(&key);
                    }
                }
                _ = looks.tick(), if !self.lanes.is_empty() => {
                    // A webhook may have got other limits, none at all, or have been disabled or deleted.
                    let latest = self.configs.version();
                    if latest.is_none() || latest != version {
                        version = latest;
                        let keys: Vec<_> = self.lanes.keys().cloned().collect();
                        keys.iter().for_each(|key| self.changes(key));
                    }
                    self.look_for_changes().await;
                }
                Some(message) = sent.recv() => self.join(message),
            }
        }
    }

    fn join(&mut self, message: LaneMessage) {
        let LaneMessage { id, org_id, config_id, due_at, order } = message;
        let key = (org_id, config_id);
        self.lanes.entry(key.clone()).or_default().join(Waiting { id, due_at, order });
        self.waiting += 1;
        self.changes(&key);
    }

    /// Something has changed in a lane.
    fn changes(&mut self, key: &Key) {
        let Some(lane) = self.lanes.get_mut(key) else { return };
        if !mem::replace(&mut lane.is_changed, true) {
            self.changed.push_back(key.clone());
        }
    }

    /// Looks at a lane at this time, or before.
    fn look_at(&mut self, moment: Instant, key: &Key) {
        let Some(lane) = self.lanes.get_mut(key) else { return };
        match lane.timer {
            Some(earlier) if earlier <= moment => return,
            Some(later) => drop(self.timers.remove(&(later, key.clone()))),
            None => {}
        }
        lane.timer = Some(moment);
        self.timers.insert((moment, key.clone()));
    }

    fn leave(&mut self, done: Result<Done, JoinError>) {
        // A panic is a result: see `begin`. Nothing aborts these tasks.
        let Ok((key, message, began_at, result)) = done else { return };
        let Some(lane) = self.lanes.get_mut(&key) else { return };
        lane.in_flight -= 1;
        match result {
            Ok(ended) => {
                let (now, instant) = (self.sources.now(), Instant::now());
                let said = ended.unwrap_or_default();
                let mut pause = said.pause_until.map(|until| until.since(now));
                if let (Some(load), Some(learning)) = (said.load, self.learning.get_mut(&key)) {
                    learning.note(&load, began_at, now);
                    pause = pause.max(load.pause());
                }
                if let Some(pause) = pause {
                    lane.pause(instant + pause);
                }
                match said.held {
                    Some(held) => {
                        let at = held.until.map(|until| instant + until.since(now));
                        lane.orders.hold(message, now, at);
                        self.waiting += 1;
                        // It may have changed before it was held.
                        self.seen = None;
                    }
                    None => lane.leave(&message),
                }
                self.changes(&key);
            }
            Err(error) => {
                tracing::error!(
                    message = message.id,
                    error = error.message,
                    "an event's turn could not be taken yet"
                );
                lane.put_off(message);
                self.waiting += 1;
                self.look_at(Instant::now() + PAUSE, &key);
            }
        }
    }

    /// Starts what may be sent to a webhook.
    async fn advance(&mut self, key: Key) {
        let Some(lane) = self.lanes.get_mut(&key) else { return };
        lane.is_changed = false;
        let config = match self.configs.get(&key.0, key.1).await {
            Ok(config) => config,
            Err(error) => {
                let chain = error_chain(&error);
                tracing::error!(error.chain = chain, "the limits of a webhook cannot be read yet");
                self.look_at(Instant::now() + PAUSE, &key);
                return;
            }
        };
        lane.see(config.as_ref());
        let config = self.with_learned(&key, config);
        match (Gate::of(config.as_ref(), self.sources.now()), config) {
            (Gate::Limits(limits), _) => self.let_through(&key, &limits),
            (Gate::Probe { at }, Some(config)) => self.probe(&key, &config, at).await,
            // A webhook that does not exist has no circuit.
            (Gate::Probe { .. }, None) => {}
        }
    }

    /// The webhook with what was learned of its receiver, which is stored if it is time.
    fn with_learned(&mut self, key: &Key, config: Option<WebhookConfig>) -> Option<WebhookConfig> {
        let config = config?;
        if !config.learns() {
            self.learning.remove(key);
            return Some(config);
        }
        let (now, stored) = (self.sources.now(), config.learned.as_ref());
        let learning = self.learning.entry(key.clone()).or_insert_with(|| Learning::new(stored, now));
        learning.follow(stored, now);
        let learned = learning.learned.clone();
        if let Some(changed) = learning.due(now) {
            let (configs, config) = (self.configs.clone(), config.clone());
            tokio::spawn(async move {
                if let Err(error) = configs.change_learned(&config, &changed).await {
                    tracing::warn!(
                        error.chain = error_chain(&error),
                        "what a receiver takes cannot be stored"
                    );
                }
            });
        }
        Some(WebhookConfig { learned: Some(learned), ..config })
    }

    /// Starts what the limits of a webhook let through.
    fn let_through(&mut self, key: &Key, limits: &LaneLimits) {
        while let Some(lane) = self.lanes.get_mut(key) {
            lane.end_probes();
            let turn = lane.next(limits, Instant::now());
            if !self.take(key, turn) {
                return;
            }
        }
    }

    /// Starts what outlives its schedule, which is not sent any more, and a probe if one is due.
    async fn probe(&mut self, key: &Key, config: &WebhookConfig, at: Timestamp) {
        let (now, instant) = (self.sources.now(), Instant::now());
        let Some(lane) = self.lanes.get_mut(key) else { return };
        let outlived = lane.outlived(|due_at| config.outlived_at(due_at) <= now, instant);
        let turn = lane.next_probe(at.since(now), instant);
        outlived.into_iter().for_each(|waiting| self.begin(key, waiting, None));
        let Turn::Now(waiting) = turn else {
            self.take(key, turn);
            return;
        };
        match self.claim(config, now).await {
            Some(claimed) => {
                self.begin(key, waiting, Some(claimed));
                // What is over is looked for meanwhile.
                self.look_at(instant + LOOK, key);
            }
            None => {
                if let Some(lane) = self.lanes.get_mut(key) {
                    lane.give_back(waiting);
                }
                self.look_at(instant + PAUSE, key);
            }
        }
    }

    /// Claims the next probe; `None` if it is not to be sent now.
    async fn claim(&self, config: &WebhookConfig, now: Timestamp) -> Option<Health> {
        let claimed = self.configs.claim_probe(config, now).await;
        claimed.unwrap_or_else(|error| {
            tracing::error!(error.chain = error_chain(&error), "a probe cannot be claimed yet");
            None
        })
    }

    /// Does what is to be done in a lane; returns whether there may be more.
    fn take(&mut self, key: &Key, turn: Turn) -> bool {
        match turn {
            Turn::Now(waiting) => {
                self.begin(key, waiting, None);
                return true;
            }
            Turn::At(moment) => self.look_at(moment, key),
            Turn::AfterAnother => {}
            Turn::Idle => {
                let timer = self.lanes.remove(key).and_then(|lane| lane.timer);
                timer.map(|timer| self.timers.remove(&(timer, key.clone())));
            }
        }
        false
    }

    /// Runs the execution of a message, and gives the claimed probe back if the event has ended without one.
    fn begin(&mut self, key: &Key, waiting: Waiting, claimed: Option<Health>) {
        self.waiting -= 1;
        let (queue, states, machine) =
            (self.queue.clone(), self.states.clone(), Arc::clone(&self.machine_arn));
        let (configs, sources, key) = (self.configs.clone(), self.sources, key.clone());
        let began_at = sources.now();
        self.running.spawn(async move {
            let run = run(&waiting, &queue, &machine, &states, sources);
            let ran = AssertUnwindSafe(run).catch_unwind().await;
            let panicked = |_| Err(ServiceError::new("InternalError", "the task panicked"));
            let ran = ran.unwrap_or_else(panicked);
            if let Some(claimed) = claimed
                && ran.as_ref().is_ok_and(|said| said.as_ref().is_none_or(Resumption::may_have_sent_nothing))
            {
                let returned = configs.return_probe(&key.0, key.1, &claimed, sources.now()).await;
                if let Err(error) = returned {
                    tracing::error!(error.chain = error_chain(&error), "a probe cannot be given back");
                }
            }
            (key, waiting, began_at, ran)
        });
    }
}

/// Runs the execution of a message, and deletes the message unless its event keeps its place in its order. Returns what is said
/// of the lane; `None` if the message is gone.
async fn run(
    waiting: &Waiting,
    queue: &LaneQueue,
    machine_arn: &str,
    states: &States,
    sources: Sources,
) -> Result<Option<Resumption>, ServiceError> {
    let Some(ended) = queue.run(&waiting.id, machine_arn, states).await? else { return Ok(None) };
    let said: Option<Resumption> = ended.output.as_ref().and_then(|output| serde_json::from_str(output).ok());
    // A failed execution has left something undone, which the next one does.
    let failed = || Held { since: None, until: Some(sources.now().plus(FAILED_PAUSE)) };
    let held = said.map_or_else(|| Some(failed()), |said| said.held).filter(|_| waiting.order.is_some());
    if held.is_none() {
        queue.delete(&waiting.id).await?;
    }
    Ok(Some(Resumption { held, ..said.unwrap_or_default() }))
}
