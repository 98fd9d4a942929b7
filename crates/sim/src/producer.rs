//! Producers: they send events, and those with a key send them until they are accepted.

use std::time::Duration;

use http::Method;
use serde_json::json;
use tokio::time::sleep;

use crate::api::{Answered, Api};
use crate::check::Violation;
use crate::plan::{Event, Mode};
use crate::world::World;
use crate::{Dice, ambient};

/// The pause before a request is repeated.
const PAUSE: Duration = Duration::from_secs(7);

/// How often a request is made in one life of the host.
const MAX_TRIES: u32 = 12;

/// Sends an event when it is time, and perhaps again.
pub(crate) async fn produce(world: World, api: Api, event: Event) {
    let at = Duration::from_millis(event.at);
    sleep(at.saturating_sub(ambient::elapsed())).await;
    let known = world.state().ledger.produced.get(&event.number).cloned();
    if let Some(known) = &known
        && (known.accepted.is_some() || known.refused.is_some() || !event.keyed)
    {
        return;
    }
    for _ in 0..MAX_TRIES {
        let Some(answered) = send(&world, &api, &event).await else { return };
        if !answered.is_open() || !event.keyed {
            break;
        }
        sleep(PAUSE).await;
    }
    let mut dice = Dice::of(world.scenario().seed, "repeat", event.number.into());
    if event.keyed && dice.chance(30) {
        sleep(Duration::from_millis(dice.below(2 * 3600 * 1000))).await;
        repeat(&world, &api, &event).await;
    }
}

/// Sends an event once, and notes what its producer knows then.
async fn send(world: &World, api: &Api, event: &Event) -> Option<Answered> {
    let id = world.state().ledger.webhooks.get(&event.webhook)?.clone();
    let now = ambient::elapsed();
    {
        let mut state = world.state();
        let produced = state.ledger.produced.entry(event.number).or_default();
        if !produced.is_open {
            produced.sent_at = now;
        }
        produced.is_under_way = true;
    }
    let answered = request(api, &id, event).await;
    if world.is_dead() {
        return None;
    }
    world.log(Some(event.number), format!("triggered webhook {}: {}", event.webhook, shown(&answered)));
    let mut state = world.state();
    let produced = state.ledger.produced.entry(event.number).or_default();
    produced.is_under_way = false;
    match answered.status {
        200..300 => {
            let id = answered.text("event_id").unwrap_or_default().to_owned();
            produced.accepted = Some((id, ambient::elapsed()));
        }
        400..500 => produced.refused = Some(answered.status),
        _ => produced.is_open = true,
    }
    Some(answered)
}

/// Sends an accepted event with its key again: it is the same one.
async fn repeat(world: &World, api: &Api, event: &Event) {
    let (webhook, accepted) = {
        let state = world.state();
        let produced = state.ledger.produced.get(&event.number);
        (
            state.ledger.webhooks.get(&event.webhook).cloned(),
            produced.and_then(|produced| produced.accepted.clone()),
        )
    };
    let (Some(webhook), Some((first, _))) = (webhook, accepted) else { return };
    let answered = request(api, &webhook, event).await;
    if world.is_dead() {
        return;
    }
    world.log(Some(event.number), format!("triggered again with its key: {}", shown(&answered)));
    let second = answered.text("event_id");
    // A sync event that a fault of ours has ended may be made anew.
    if answered.is_ok() && second != Some(&*first) && event.mode != Mode::Sync {
        let detail =
            format!("was answered {} at first, and {} to the same key", first, second.unwrap_or("?"));
        world.state().found.push(Violation::of_event("two events of one key", event.number, detail));
    }
}

async fn request(api: &Api, webhook: &str, event: &Event) -> Answered {
    let query = match event.mode {
        Mode::Async => String::new(),
        Mode::Sync => "?sync=true".to_owned(),
        Mode::Delayed(seconds) => format!("?delay_seconds={seconds}"),
    };
    let mut headers = vec![("x-correlation-id", format!("sim-{}", event.number))];
    if event.keyed {
        headers.push(("idempotency-key", format!("key-{}", event.number)));
    }
    let path = format!("/webhook/{webhook}/trigger{query}");
    api.call(Method::POST, &path, &headers, &json!({"event": event.number})).await
}

fn shown(answered: &Answered) -> String {
    let what = answered.text("status").or(answered.text("detail")).unwrap_or_default();
    format!("{} {what}", answered.status)
}
