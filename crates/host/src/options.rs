//! The host's options.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use hookstep_ambient::Sources;
use hookstep_aws_local::TableGate;
use hookstep_contract::{FrameOrigins, HealthRules, MachineKind, Publish};
use hookstep_egress::{Network, Policy};
use hookstep_engine::{Histories, TaskFaults};
use hookstep_expression::Sandbox;
use hookstep_mail::Mailer;
use hookstep_otlp::Spans;
use hookstep_storage::{Driver, Durability};

use crate::MetricsOptions;

/// The host's options.
#[derive(Clone, Debug)]
pub struct Options {
    /// The directory for all data.
    pub data_dir: PathBuf,
    /// The URL at which producers reach this host, used in presigned upload URLs.
    pub public_url: String,
    /// Which receivers may be called.
    pub policy: Policy,
    /// The largest body kept in the state, as serialised JSON, in bytes.
    pub inline_limit: usize,
    /// How long a sync trigger waits for the receiver before it responds with 202:
    /// [`SYNC_BUDGET`](hookstep_contract::limits::SYNC_BUDGET), or less in a test.
    pub sync_budget: Duration,
    /// Whether event bodies are kept for inspection and replay.
    pub keep_bodies: bool,
    /// Which events about deliveries are published on the bus.
    pub publish: Publish,
    /// When a receiver counts as failing, and when its webhook is disabled.
    pub health_rules: HealthRules,
    /// What sends mails to those who want to be told about their webhooks, if any are sent.
    pub mailer: Option<Arc<dyn Mailer>>,
    /// Whose pages may show the portal in a frame.
    pub frame_origins: FrameOrigins,
    /// The source IP addresses that receivers see, separated by
    /// commas, for display in the console; empty if unknown.
    pub static_ips: String,
    /// Where filters and transforms are evaluated.
    pub sandbox: Sandbox,
    /// The kind of machine on which async events start.
    pub async_workflow: MachineKind,
    /// When a change is answered, and so what a power cut may lose.
    pub durability: Durability,
    /// Of which executions the history is kept.
    pub histories: Histories,
    /// Whether small bodies are passed from state to state and stored by `FetchConfig`, compressed, as on AWS: for whoever counts
    /// what AWS would do. Otherwise, they are stored with the start of their executions.
    pub bodies_in_state: bool,
    /// What the metrics tell apart, and who may read them.
    pub metrics: MetricsOptions,
    /// What takes the spans of requests and attempts, if they are sent to a collector.
    pub spans: Option<Spans>,
    /// The clock, ids and randomness.
    pub sources: Sources,
    /// Which calls of the tables fail: a test's; `None` in production.
    pub table_gate: Option<Arc<dyn TableGate>>,
    /// Which tasks of the state machines fail: a test's; `None` in production.
    pub task_faults: Option<Arc<dyn TaskFaults>>,
    /// What carries requests to receivers in the place of the network: a simulation's; `None` in production.
    pub network: Option<Arc<dyn Network>>,
    /// What does the work of the storage in the place of its threads: a simulation's; `None` in production.
    pub storage_driver: Option<Arc<dyn Driver>>,
}
