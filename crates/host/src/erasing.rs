//! Erases deleted orgs, as the schedule of `infra/template.yaml` does on AWS.

use std::time::Duration;

use hookstep_contract::error_chain;
use hookstep_erase::{Context, Tick, handle};
use tokio::time::MissedTickBehavior;

/// The interval between two looks. One costs a read within the process.
const INTERVAL: Duration = Duration::from_secs(5);

/// Looks every few seconds whether there is an org to erase.
pub(crate) async fn run(ctx: Context) {
    let mut ticks = tokio::time::interval(INTERVAL);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        if let Err(error) = handle(Tick::default(), &ctx).await {
            tracing::error!(error.chain = error_chain(&error), "deleted orgs could not be erased further");
        }
    }
}
