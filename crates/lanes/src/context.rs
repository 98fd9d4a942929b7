//! The function's dependencies.

use hookstep_ambient::Sources;
use hookstep_executions::ResumeMachine;
use hookstep_queues::ReceivedMessages;
use hookstep_store::Configs;

/// The table, the machine and the queue that the function uses.
#[derive(Clone, Debug)]
pub struct Context {
    /// The table of webhooks, which has their limits.
    pub configs: Configs,
    /// The machine that makes the attempts.
    pub machine: ResumeMachine,
    /// The queue of lanes.
    pub queue: ReceivedMessages,
    /// The clock.
    pub sources: Sources,
}
