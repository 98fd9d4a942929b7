//! The function's dependencies.

use std::sync::Arc;
use std::time::Duration;

use hookstep_ambient::Sources;
use hookstep_claims::Claims;
use hookstep_executions::DeliveryMachines;
use hookstep_schedules::RetrySchedules;
use hookstep_secrets::Connections;
use hookstep_store::{
    AuditLog, Bodies, Configs, EventErasures, Events, ExpiringBodies, Lanes, Orgs, Publications, Tokens,
};

use crate::Traces;

/// The tables, clients and settings that the function uses.
#[derive(Clone, Debug)]
pub struct Context {
    /// The orgs, and what they have in the table of webhooks.
    pub orgs: Orgs,
    /// The table of API tokens.
    pub tokens: Tokens,
    /// The table of events.
    pub events: Events,
    /// The bodies in it.
    pub bodies: Bodies,
    /// Which of them are deleted before their events.
    pub expiring: ExpiringBodies,
    /// The publications in it.
    pub publications: Publications,
    /// What waits in lanes.
    pub lanes: Lanes,
    /// Which events are to be erased.
    pub erasures: EventErasures,
    /// Who deleted which webhook.
    pub audit_log: AuditLog,
    /// The table of webhooks.
    pub configs: Configs,
    /// What else has traces of events: on one machine, the journal and the file of the storage.
    pub traces: Option<Arc<dyn Traces>>,
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
