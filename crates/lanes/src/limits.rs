//! What a lane lets through, which its webhook says now.

use hookstep_contract::{Gate, Resumed, WebhookConfig, error_chain};
use std::time::Duration;
use tokio::time::{Instant, sleep};

use crate::Context;

/// The pause before something that failed is tried again.
pub(crate) const PAUSE: Duration = Duration::from_secs(5);

/// What the lane of an event's webhook lets through, and the webhook; `None` if it cannot be read until `last`.
pub(crate) async fn gate(
    event: &Resumed,
    last: Instant,
    ctx: &Context,
) -> Option<(Gate, Option<WebhookConfig>)> {
    loop {
        match ctx.configs.latest(&event.event.org_id, event.event.config_id).await {
            Ok(config) => return Some((Gate::of(config.as_ref(), ctx.sources.now()), config)),
            Err(error) => {
                let chain = error_chain(&error);
                tracing::warn!(error.chain = chain, "the limits of a webhook cannot be read yet");
            }
        }
        if Instant::now() + PAUSE > last {
            return None;
        }
        sleep(PAUSE).await;
    }
}
