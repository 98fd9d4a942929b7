//! Starts events again that nothing works on any more, as the schedule of `infra/template.yaml` does on AWS.

use std::time::Duration;

use hookstep_contract::error_chain;
use hookstep_reconcile::{Context, Tick, handle};
use tokio::time::{Instant, MissedTickBehavior, interval_at};

/// When the first run begins: the executions that go on after a start of the host come first.
const FIRST: Duration = Duration::from_secs(60);

/// The interval between two runs.
const INTERVAL: Duration = Duration::from_secs(300);

/// Reconciles every five minutes.
pub(crate) async fn run(ctx: Context) {
    let mut ticks = interval_at(Instant::now() + FIRST, INTERVAL);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        if let Err(error) = handle(Tick::default(), &ctx).await {
            tracing::error!(error.chain = error_chain(&error), "overdue events could not be started again");
        }
    }
}
