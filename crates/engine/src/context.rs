//! State shared by all executions.

use std::sync::Arc;
use std::time::Duration;

use crate::admission::Admission;
use crate::executions::Executions;
use crate::ports::Ports;

/// State shared by all executions.
pub(crate) struct Context {
    pub(crate) executions: Executions,
    pub(crate) ports: Ports,
    pub(crate) admission: Arc<Admission>,
}

impl Context {
    pub(crate) fn new(executions: Executions, ports: Ports) -> Self {
        let admission = Arc::new(Admission::new(executions.counts.clone()));
        Self { executions, ports, admission }
    }

    /// Waits until this time, in milliseconds since 1970.
    pub(crate) async fn sleep_until(&self, wake_at: i64) {
        let pause = wake_at - self.executions.now();
        tokio::time::sleep(Duration::from_millis(u64::try_from(pause).unwrap_or(0))).await;
    }
}
