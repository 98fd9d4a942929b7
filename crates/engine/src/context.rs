//! State shared by all executions.

use std::time::Duration;

use tokio::sync::Semaphore;

use crate::executions::Executions;
use crate::ports::Ports;

/// The maximum number of concurrently running executions; others
/// queue. This equals the Lambda concurrency of a new AWS account.
pub(crate) const MAX_RUNNING: usize = 1000;

/// State shared by all executions.
pub(crate) struct Context {
    pub(crate) executions: Executions,
    pub(crate) ports: Ports,
    /// One permit for each running execution; never closed.
    pub(crate) slots: Semaphore,
}

impl Context {
    pub(crate) fn new(executions: Executions, ports: Ports) -> Self {
        Self { executions, ports, slots: Semaphore::new(MAX_RUNNING) }
    }

    /// Waits until this time, in milliseconds since 1970.
    pub(crate) async fn sleep_until(&self, wake_at: i64) {
        let pause = wake_at - self.executions.now();
        tokio::time::sleep(Duration::from_millis(u64::try_from(pause).unwrap_or(0))).await;
    }
}
