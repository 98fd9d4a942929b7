//! The limits of a lane, which are those that its webhook has now.

use std::time::Duration;

use hookstep_contract::{LaneLimits, Resumed, error_chain};
use tokio::time::{Instant, sleep};

use crate::Context;
use crate::part::Part;

/// The pause before something that failed is tried again.
pub(crate) const PAUSE: Duration = Duration::from_secs(5);

/// The part of the limits of an event's webhook that its lane has; `None` if they cannot be read until `last`.
///
/// What waits for a webhook that has no limit any more, or was disabled or deleted, waits for nothing.
pub(crate) async fn part(event: &Resumed, last: Instant, ctx: &Context) -> Option<Part> {
    loop {
        match ctx.configs.get(&event.event.org_id, event.event.config_id).await {
            Ok(config) => {
                let enabled = config.filter(|config| config.fields.enabled);
                let limits = enabled.and_then(|config| LaneLimits::of(&config.fields)).unwrap_or_default();
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
