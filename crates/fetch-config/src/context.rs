//! The step's dependencies.

use std::time::Duration;

use hookstep_catalogue::Catalogue;
use hookstep_store::{Bodies, Configs, Events, ExpiringBodies, Orgs};

use crate::Watch;

/// The tables, clients and settings that the step uses.
#[derive(Clone, Debug)]
pub struct Context {
    /// The orgs, which may be suspended.
    pub orgs: Orgs,
    /// The table of webhooks. It may be cached: only first attempts read it in that way.
    pub configs: Configs,
    /// The table of events.
    pub events: Events,
    /// Which events are to be looked at after a while.
    pub watch: Watch,
    /// The bodies of events.
    pub bodies: Bodies,
    /// Which bodies are deleted before their events.
    pub expiring: ExpiringBodies,
    /// The schemas of the versions that webhooks pin.
    pub catalogue: Catalogue,
    /// Whether the bodies of new events are kept.
    pub keep_bodies: bool,
    /// Whether there is a queue in which attempts for slow receivers wait; one machine has none, since an attempt that waits costs
    /// it nothing.
    pub has_delivery_queue: bool,
    /// How long the event's record is kept.
    pub retention: Duration,
}
