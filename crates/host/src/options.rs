//! How a host is set up.

use std::path::PathBuf;
use std::time::Duration;

use hookstep_ambient::Sources;
use hookstep_contract::{MachineKind, Publish};
use hookstep_egress::Policy;
use hookstep_expression::Sandbox;

/// How a host is set up.
#[derive(Clone, Debug)]
pub struct Options {
    /// The directory of all data.
    pub data_dir: PathBuf,
    /// The address under which producers reach this host: presigned upload URLs point there.
    pub public_url: String,
    /// Which receivers may be called.
    pub policy: Policy,
    /// The largest body kept in the state, as serialised JSON, in bytes.
    pub inline_limit: usize,
    /// How long a sync trigger waits for the receiver before its answer is 202:
    /// [`SYNC_BUDGET`](hookstep_contract::limits::SYNC_BUDGET), or less in a test.
    pub sync_budget: Duration,
    /// Whether the bodies of events are kept, to be looked at and sent again.
    pub keep_bodies: bool,
    /// Which events about deliveries are published on the bus.
    pub publish: Publish,
    /// The addresses that receivers see, with commas between them, as the console shows them; empty if they are not known.
    pub static_ips: String,
    /// Where filters and transforms are evaluated.
    pub sandbox: Sandbox,
    /// Which machine starts async events.
    pub async_workflow: MachineKind,
    /// The clock, ids and randomness.
    pub sources: Sources,
}
