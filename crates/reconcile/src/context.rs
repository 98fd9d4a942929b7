//! The function's dependencies.

use std::time::Duration;

use hookstep_ambient::Sources;
use hookstep_executions::{DeliveryMachines, ResumeMachine};
use hookstep_store::{Bodies, Configs, Events, Lanes, Publications, WatchList};

/// The tables, clients and settings that the function uses.
#[derive(Clone, Debug)]
pub struct Context {
    /// The table of events.
    pub events: Events,
    /// The table of webhooks, which says over how many partitions the events of one are spread.
    pub configs: Configs,
    /// The bodies of events.
    pub bodies: Bodies,
    /// Which events wait for their turn, and are not overdue.
    pub lanes: Lanes,
    /// Which events to look at.
    pub watch_list: WatchList,
    /// The publications of the events table.
    pub publications: Publications,
    /// The machines that deliver events, for publications whose deliveries could not all be started.
    pub machines: DeliveryMachines,
    /// The machine that takes an event up again.
    pub machine: ResumeMachine,
    /// How long after its moment an attempt is overdue:
    /// [`OVERDUE_AFTER`](hookstep_contract::limits::OVERDUE_AFTER), or another time in a test.
    pub overdue_after: Duration,
    /// When a run stops, to go on in the next one: [`RUN_LIMIT`](crate::RUN_LIMIT), or another time in a test.
    pub run_limit: Duration,
    /// The clock.
    pub sources: Sources,
}
