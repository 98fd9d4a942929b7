//! The function's dependencies.

use std::time::Duration;

use hookstep_ambient::Sources;
use hookstep_claims::Claims;
use hookstep_executions::DeliveryMachines;
use hookstep_schedules::RetrySchedules;
use hookstep_secrets::Connections;
use hookstep_store::{Events, Orgs, Tokens};

/// The tables, clients and settings that the function uses.
#[derive(Clone, Debug)]
pub struct Context {
    /// The orgs, and what they have in the table of webhooks.
    pub orgs: Orgs,
    /// The table of API tokens.
    pub tokens: Tokens,
    /// The table of events.
    pub events: Events,
    /// The bucket of claim checks.
    pub claims: Claims,
    /// The connections of webhooks.
    pub connections: Connections,
    /// The schedules of further attempts.
    pub schedules: RetrySchedules,
    /// The machines on which attempts may wait.
    pub machines: DeliveryMachines,
    /// For how long after the last attempt or upload something may still be written: [`SETTLE`](crate::SETTLE), or another time in a
    /// test.
    pub settle: Duration,
    /// When a run stops, to go on in the next one: [`RUN_LIMIT`](crate::RUN_LIMIT), or another time in a test.
    pub run_limit: Duration,
    /// The clock.
    pub sources: Sources,
}
