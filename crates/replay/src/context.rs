//! The step's dependencies.

use hookstep_ambient::Sources;
use hookstep_executions::DeliveryMachines;
use hookstep_store::{Bodies, Events, Replays};

/// The tables, clients and settings that the step uses.
#[derive(Clone, Debug)]
pub struct Context {
    /// The table of events.
    pub events: Events,
    /// The bodies of events.
    pub bodies: Bodies,
    /// The bulk replays.
    pub replays: Replays,
    /// The state machines.
    pub machines: DeliveryMachines,
    /// The clock.
    pub sources: Sources,
}
