//! What the function needs.

use hookstep_claims::Claims;
use hookstep_executions::DeliveryMachines;
use hookstep_store::Configs;

/// The tables, clients and settings that the function works with.
#[derive(Clone, Debug)]
pub struct Context {
    /// The table of webhooks.
    pub configs: Configs,
    /// The bucket of claim checks, for bodies that no state can carry.
    pub claims: Claims,
    /// The state machines.
    pub machines: DeliveryMachines,
    /// The largest body kept in the state, as serialised JSON, in bytes.
    pub inline_limit: usize,
}
