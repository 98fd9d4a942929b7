//! What the step needs.

use hookstep_ambient::Sources;
use hookstep_contract::Publish;
use hookstep_store::{Configs, Events};

/// The tables, clients and settings that the step works with.
#[derive(Clone, Debug)]
pub struct Context {
    /// The table of events.
    pub events: Events,
    /// The table of webhooks: a receiver that answers 410 Gone turns its webhook off.
    pub configs: Configs,
    /// Which events of ours the state machine is to put on the bus.
    pub publish: Publish,
    /// The clock, and randomness for the jitter.
    pub sources: Sources,
}
