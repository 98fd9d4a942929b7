//! The step's dependencies.

use std::time::Duration;

use hookstep_ambient::Sources;
use hookstep_contract::{HealthRules, Publish};
use hookstep_store::{Bodies, Configs, Events, ExpiringBodies, Orgs, WatchList};

use crate::{Looks, SlowLooks};

/// The tables, clients and settings that the step uses.
#[derive(Clone, Debug)]
pub struct Context {
    /// The table of events.
    pub events: Events,
    /// Which events are to be looked at after a while.
    pub watch_list: WatchList,
    /// The bodies of events that have to wait.
    pub bodies: Bodies,
    /// Which bodies are deleted before their events.
    pub expiring: ExpiringBodies,
    /// Whether bodies are kept as long as their events; otherwise only until their events have ended.
    pub keep_bodies: bool,
    /// The table of webhooks, with the health of their receivers: a response of 410 Gone disables the webhook, and a fault may
    /// come before its schedule was read.
    pub configs: Configs,
    /// Which Hookstep events the state machine publishes on the bus.
    pub publish: Publish,
    /// The orgs, which say for how long bodies are kept.
    pub orgs: Orgs,
    /// When a receiver counts as failing.
    pub health_rules: HealthRules,
    /// When the health of receivers was last looked at.
    pub looks: Looks,
    /// When the durations of receivers were last looked at; `None` if there is no queue in which attempts for slow receivers wait.
    pub slow_looks: Option<SlowLooks>,
    /// The address of the console, for links to it; `None` if it is not known.
    pub console_url: Option<String>,
    /// How long a sync trigger waits for the delivery: [`SYNC_BUDGET`](hookstep_contract::limits::SYNC_BUDGET), or less in
    /// a test.
    pub sync_budget: Duration,
    /// The clock, and randomness for the jitter.
    pub sources: Sources,
}
