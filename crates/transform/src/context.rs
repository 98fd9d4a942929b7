//! The step's dependencies.

use hookstep_claims::Claims;
use hookstep_expression::Sandbox;
use hookstep_store::{Bodies, Configs};

/// The tables, clients and settings that the step uses.
#[derive(Clone, Debug)]
pub struct Context {
    /// The table of webhooks.
    pub configs: Configs,
    /// The bodies of events.
    pub bodies: Bodies,
    /// The bucket of claim checks: large bodies are read from it and large results stored in it.
    pub claims: Claims,
    /// The sandbox in which expressions are evaluated.
    pub sandbox: Sandbox,
    /// Whether transformed bodies are kept.
    pub keep_bodies: bool,
    /// The largest body kept in the state, as serialised JSON, in bytes.
    pub inline_limit: usize,
}
