//! The limits of a lane, which are those that its webhook has now.

use std::time::Duration;

use hookstep_contract::{LaneLimits, Resumed, error_chain};
use tokio::time::{Instant, sleep};

use crate::Context;
use crate::part::Part;

/// The pause before something that failed is tried again.
pub(crate) const PAUSE: Duration = Duration::from_secs(5);

/// The part of the limits of an event's webhook that its lane has; `None` if they cannot be read until `last`.
pub(crate) async fn part(event: &Resumed, last: Instant, ctx: &Context) -> Option<Part> {
    loop {
        match ctx.configs.get(&event.event.org_id, event.event.config_id).await {
            Ok(config) => {
                let limits = LaneLimits::of_waiting(config.as_ref());
                return Some(event.lane.as_ref().map_or(Part::UNLIMITED, |lane| Part::of(&limits, lane)));
            }
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
