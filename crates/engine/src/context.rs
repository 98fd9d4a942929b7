//! What every execution needs.

use std::time::Duration;

use tokio::sync::Semaphore;

use crate::executions::Executions;
use crate::ports::Ports;

/// How many executions run at once; the others wait their turn. As many as a new AWS account's Lambda concurrency.
const MAX_RUNNING: usize = 1000;

/// What every execution needs.
pub(crate) struct Context {
    pub(crate) executions: Executions,
    pub(crate) ports: Ports,
    /// The places of executions that run; never closed.
    pub(crate) slots: Semaphore,
}

impl Context {
    pub(crate) fn new(executions: Executions, ports: Ports) -> Self {
        Self { executions, ports, slots: Semaphore::new(MAX_RUNNING) }
    }

    /// Waits until this moment, in milliseconds since 1970.
    pub(crate) async fn sleep_until(&self, wake_at: i64) {
        let pause = wake_at - self.executions.now();
        tokio::time::sleep(Duration::from_millis(u64::try_from(pause).unwrap_or(0))).await;
    }
}
