//! The group of a webhook whose receiver takes no events.

use std::time::Duration;

use hookstep_contract::{Gate, Resumed, Timestamp, WebhookConfig, error_chain};

use crate::group::{Group, Ran};
use crate::message::Message;
use crate::part::Part;
use crate::{Context, Deadlines, limits, turn};

/// Lets those events leave that have outlived their schedule, and one more as a probe if that is due and no other group has begun
/// it. The others wait until the next probe or until the next of them has outlived its schedule; they do not wait at all if the
/// receiver took the probe.
pub(crate) async fn run(
    group: &Group,
    event: &Resumed,
    config: &WebhookConfig,
    probe_at: Timestamp,
    deadlines: Deadlines,
    ctx: &Context,
) -> Ran {
    let take = async |message: &Message| turn::take(message, deadlines.begin, ctx).await;
    let now = ctx.sources.now();
    let outlived_at = |message: &Message| {
        message.resumed.as_ref().map(|resumed| config.outlived_at(resumed.event.due_at()))
    };
    let is_outlived = |message: &Message| outlived_at(message).is_some_and(|at| at <= now);
    let Ran { mut ends, .. } = group.run_those(is_outlived, Part::UNLIMITED, deadlines, take).await;
    let is_left = |message: &Message| message.resumed.is_some() && !is_outlived(message);
    let Some(first) = group.messages.iter().position(is_left) else {
        return Ran { ends, pause: Duration::ZERO };
    };
    if probe_at <= now && is_ours(config, ctx).await {
        let is_first = |message: &Message| message.id == group.messages[first].id;
        let ran = group.run_those(is_first, Part::UNLIMITED, deadlines, take).await;
        ends[first] = ran.ends[first];
    }
    let next_at = match limits::gate(event, deadlines.begin, ctx).await {
        Some((Gate::Probe { at }, _)) => {
            let outlived = group.messages.iter().filter(|message| is_left(message)).filter_map(outlived_at);
            outlived.fold(at, Timestamp::min)
        }
        Some((Gate::Limits(_), _)) | None => now,
    };
    Ran { ends, pause: next_at.since(ctx.sources.now()) }
}

/// Whether the next probe is this group's.
async fn is_ours(config: &WebhookConfig, ctx: &Context) -> bool {
    let claimed = ctx.configs.claim_probe(config, ctx.sources.now()).await;
    claimed.unwrap_or_else(|error| {
        tracing::warn!(error.chain = error_chain(&error), "a probe cannot be claimed yet");
        false
    })
}
