//! Receives from the queue of lanes what the limits of the webhooks let through (ADR 0048).
//!
//! On AWS, a function does this for each group of the queue by itself, with its part of the limits. Here all messages of a
//! webhook are one lane, and its limits hold exactly. They are those that the webhook has when a message is received.

mod lane;
mod pace;

use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use hookstep_ambient::Sources;
use hookstep_aws_local::{LaneMessage, LaneQueue, SentMessages, ServiceError, States, SyncResult};
use hookstep_contract::{ConfigId, LaneLimits, OrgId, Timestamp, WorkflowOutput, error_chain};
use hookstep_engine::StateMachine;
use hookstep_store::Configs;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use crate::machines::EXPRESS;
use lane::{Lane, Turn};

/// The pause before something that failed is tried again.
const PAUSE: Duration = Duration::from_secs(1);

/// Whose lane it is.
type Key = (OrgId, ConfigId);

/// A message whose execution has ended, or was not started.
type Done = (Key, String, Result<Option<SyncResult>, ServiceError>);

/// The lanes of this host.
pub(crate) struct Lanes {
    queue: LaneQueue,
    states: States,
    configs: Configs,
    sources: Sources,
    machine_arn: Arc<str>,
    lanes: HashMap<Key, Lane>,
    /// The lanes in which something has changed.
    changed: VecDeque<Key>,
    /// The lanes that wait for a time, which may have changed since.
    timers: BTreeSet<(Instant, Key)>,
    running: JoinSet<Done>,
}

impl Lanes {
    pub(crate) fn new(queue: LaneQueue, states: States, configs: Configs, sources: Sources) -> Self {
        Self {
            queue,
            states,
            configs,
            sources,
            machine_arn: StateMachine::arn_of(EXPRESS).into(),
            lanes: HashMap::new(),
            changed: VecDeque::new(),
            timers: BTreeSet::new(),
            running: JoinSet::new(),
        }
    }

    /// Receives messages, beginning with those of an earlier process. Never returns.
    pub(crate) async fn run(mut self, mut sent: SentMessages) {
        self.load(&mut sent).await;
        loop {
            while let Some(key) = self.changed.pop_front() {
                self.advance(key).await;
            }
            let next = self.timers.first().map(|(at, _)| *at);
            tokio::select! {
                Some(message) = sent.recv() => self.join(message),
                Some(Ok(done)) = self.running.join_next() => self.leave(done),
                () = sleep_until(next.unwrap_or_else(Instant::now)), if next.is_some() => {
                    if let Some((_, key)) = self.timers.pop_first() {
                        self.changed.push_back(key);
                    }
                }
            }
        }
    }

    /// Takes in what an earlier process has left.
    async fn load(&mut self, sent: &mut SentMessages) {
        let left = loop {
            match self.queue.left().await {
                Ok(left) => break left,
                Err(error) => {
                    tracing::error!(error = error.message, "the queue of lanes cannot be read yet");
                    tokio::time::sleep(PAUSE).await;
                }
            }
        };
        let known: HashSet<String> = left.iter().map(|message| message.id.clone()).collect();
        left.into_iter().for_each(|message| self.join(message));
        // What was sent meanwhile may have been read, too.
        for _ in 0..sent.len() {
            match sent.try_recv() {
                Ok(message) if !known.contains(&message.id) => self.join(message),
                _ => {}
            }
        }
    }

    fn join(&mut self, message: LaneMessage) {
        let LaneMessage { id, org_id, config_id } = message;
        let key = (org_id, config_id);
        self.lanes.entry(key.clone()).or_default().waiting.push_back(id);
        self.changed.push_back(key);
    }

    fn leave(&mut self, (key, id, result): Done) {
        let Some(lane) = self.lanes.get_mut(&key) else { return };
        lane.in_flight -= 1;
        match result {
            Ok(ended) => {
                if let Some(pause) = Self::pause_after(ended, self.sources.now()) {
                    lane.pause(Instant::now() + pause);
                }
                self.changed.push_back(key);
            }
            Err(error) => {
                tracing::error!(
                    message = id,
                    error = error.message,
                    "an event's turn could not be taken yet"
                );
                lane.waiting.push_front(id);
                self.timers.insert((Instant::now() + PAUSE, key));
            }
        }
    }

    /// How long the receiver wants nothing, if it has said so to the execution that has ended.
    fn pause_after(ended: Option<SyncResult>, now: Timestamp) -> Option<Duration> {
        let output: WorkflowOutput = serde_json::from_str(&ended?.output?).ok()?;
        Some(output.pause_until?.since(now))
    }

    /// Starts what the limits of a webhook let through.
    async fn advance(&mut self, key: Key) {
        let limits = match self.configs.get(&key.0, key.1).await {
            // What waits for a webhook that has no limit any more, or was deleted, waits for nothing.
            Ok(config) => config.and_then(|config| LaneLimits::of(&config.fields)).unwrap_or_default(),
            Err(error) => {
                let chain = error_chain(&error);
                tracing::error!(error.chain = chain, "the limits of a webhook cannot be read yet");
                self.timers.insert((Instant::now() + PAUSE, key));
                return;
            }
        };
        let Some(lane) = self.lanes.get_mut(&key) else { return };
        loop {
            match lane.next(&limits, Instant::now()) {
                Turn::Now(id) => {
                    let (queue, states, machine) =
                        (self.queue.clone(), self.states.clone(), Arc::clone(&self.machine_arn));
                    let key = key.clone();
                    self.running.spawn(async move {
                        let result = queue.run(&id, &machine, &states).await;
                        (key, id, result)
                    });
                }
                Turn::At(moment) => {
                    self.timers.insert((moment, key));
                    return;
                }
                Turn::AfterAnother => return,
                Turn::Idle => {
                    self.lanes.remove(&key);
                    return;
                }
            }
        }
    }
}
