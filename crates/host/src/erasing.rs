//! Erases deleted orgs, as the schedule of `infra/template.yaml` does on AWS.

use std::time::Duration;

use hookstep_contract::error_chain;
use hookstep_erase::{Context, Tick, handle};
use tokio::time::MissedTickBehavior;

/// The interval between two looks. One costs a read within the process, and nothing while the table has not changed.
const INTERVAL: Duration = Duration::from_secs(5);

/// Looks every few seconds whether there is an org to erase.
pub(crate) async fn run(ctx: Context) {
    let mut ticks = tokio::time::interval(INTERVAL);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    // The version of the table with which nothing was left to do.
    let mut settled = None;
    loop {
        ticks.tick().await;
        let version = ctx.orgs.version();
        if version.is_some() && version == settled {
            continue;
        }
        match handle(Tick::default(), &ctx).await {
            Ok(report) => settled = version.filter(|_| report.left == 0),
            Err(error) => {
                settled = None;
                tracing::error!(
                    error.chain = error_chain(&error),
                    "deleted orgs could not be erased further"
                );
            }
        }
    }
}
