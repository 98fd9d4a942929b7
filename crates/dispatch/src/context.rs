//! The function's dependencies.

use hookstep_catalogue::Catalogue;
use hookstep_claims::Claims;
use hookstep_executions::DeliveryMachines;
use hookstep_store::Configs;

/// The tables, clients and settings that the function uses.
#[derive(Clone, Debug)]
pub struct Context {
    /// The table of webhooks.
    pub configs: Configs,
    /// The catalogues of event types.
    pub catalogue: Catalogue,
    /// The bucket of claim checks, for bodies that are too large for the state.
    pub claims: Claims,
    /// The state machines.
    pub machines: DeliveryMachines,
    /// The largest body kept in the state, as serialised JSON, in bytes.
    pub inline_limit: usize,
}
