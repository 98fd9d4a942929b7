//! The group of a webhook whose receiver takes no events.

use std::cell::Cell;
use std::time::Duration;

use hookstep_contract::{Gate, Health, Resumed, Timestamp, WebhookConfig, error_chain};

use crate::group::{Group, Ran};
use crate::message::Message;
use crate::part::Part;
use crate::{Context, Deadlines, limits, turn};

/// How soon a group looks again whether the probe of another one has ended.
const LOOK: Duration = Duration::from_secs(30);

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
    if probe_at <= now
        && let Some(claimed) = claim(config, ctx).await
    {
        let sent_nothing = Cell::new(false);
        let take_note = async |message: &Message| {
            let taken = take(message).await;
            sent_nothing.set(taken.may_have_sent_nothing);
            taken
        };
        let is_first = |message: &Message| message.id == group.messages[first].id;
        let ran = group.run_those(is_first, Part::UNLIMITED, deadlines, take_note).await;
        ends[first] = ran.ends[first];
        if sent_nothing.get() {
            give_back(config, &claimed, ctx).await;
        }
    }
    let gate = limits::gate(event, deadlines.begin, ctx).await;
    let now = ctx.sources.now();
    let pause = match gate {
        Some((Gate::Probe { at }, latest)) => {
            let outlived = group.messages.iter().filter(|message| is_left(message)).filter_map(outlived_at);
            let next_at = outlived.fold(at, Timestamp::min);
            // Another group's probe may succeed long before the time after which nobody waits for it any more.
            let is_under_way = latest.is_some_and(|latest| latest.is_probed());
            let longest = if is_under_way { LOOK } else { Duration::MAX };
            // Not at once: whatever keeps this group from its probe, it would come back again and again.
            next_at.since(now).clamp(limits::PAUSE.min(longest), longest)
        }
        Some((Gate::Limits(_), _)) | None => Duration::ZERO,
    };
    Ran { ends, pause }
}

/// Claims the next probe; `None` if it is not this group's.
async fn claim(config: &WebhookConfig, ctx: &Context) -> Option<Health> {
    let claimed = ctx.configs.claim_probe(config, ctx.sources.now()).await;
    claimed.unwrap_or_else(|error| {
        tracing::warn!(error.chain = error_chain(&error), "a probe cannot be claimed yet");
        None
    })
}

/// Gives a probe back that may not have been made, because its event was cancelled or had ended.
async fn give_back(config: &WebhookConfig, claimed: &Health, ctx: &Context) {
    let now = ctx.sources.now();
    if let Err(error) = ctx.configs.return_probe(&config.org_id, config.config_id, claimed, now).await {
        tracing::warn!(error.chain = error_chain(&error), "a probe cannot be given back");
    }
}
