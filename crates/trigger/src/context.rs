//! The function's dependencies.

use std::time::Duration;

use hookstep_ambient::Sources;
use hookstep_catalogue::Catalogue;
use hookstep_claims::Claims;
use hookstep_executions::DeliveryMachines;
use hookstep_http_edge::HasTokens;
use hookstep_store::{Bodies, Configs, Events, Idempotency, Orgs, Publications, Tokens, WatchList};

/// The tables, clients and settings that the function uses.
#[derive(Clone, Debug)]
pub struct Context {
    /// The table of API tokens.
    pub tokens: Tokens,
    /// The orgs.
    pub orgs: Orgs,
    /// The table of webhooks.
    pub configs: Configs,
    /// The catalogues of event types.
    pub catalogue: Catalogue,
    /// The table of events, for sync events that wait in a lane.
    pub events: Events,
    /// The idempotency keys of the events table.
    pub idempotency: Idempotency,
    /// The publications of the events table.
    pub publications: Publications,
    /// The bodies of publications.
    pub bodies: Bodies,
    /// Which publications to look at, if their deliveries could not be started.
    pub watch_list: WatchList,
    /// The bucket of claim checks.
    pub claims: Claims,
    /// The state machines.
    pub machines: DeliveryMachines,
    /// The clock and new ids.
    pub sources: Sources,
    /// The largest body kept in the state, as serialised JSON, in bytes.
    pub inline_limit: usize,
    /// How long a sync trigger waits for the receiver before it responds with 202:
    /// [`SYNC_BUDGET`](hookstep_contract::limits::SYNC_BUDGET), or less in a test.
    pub sync_budget: Duration,
}

impl HasTokens for Context {
    fn tokens(&self) -> &Tokens {
        &self.tokens
    }

    fn orgs(&self) -> &Orgs {
        &self.orgs
    }
}
