//! Producers: they send events, and those with a key send them until they are accepted.

use std::time::Duration;

use aws_sdk_eventbridge::types::PutEventsRequestEntry;
use http::Method;
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::api::{Answered, Api};
use crate::check::Violation;
use crate::life::ORG;
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
    if event.keyed && event.repeated {
        let pause = Duration::from_millis(dice.below(2 * 3600 * 1000));
        world.state().appointments.insert(event.number, ambient::elapsed() + pause);
        sleep(pause).await;
        world.state().appointments.remove(&event.number);
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
        (produced.asked_at, produced.is_under_way) = (now, true);
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

/// The type of the events that are published for a webhook.
pub(crate) fn event_type(webhook: u32) -> String {
    format!("sim.webhook-{webhook}")
}

async fn request(api: &Api, webhook: &str, event: &Event) -> Answered {
    match event.mode {
        Mode::Async => trigger(api, webhook, event, String::new()).await,
        Mode::Sync => trigger(api, webhook, event, "?sync=true".to_owned()).await,
        Mode::Delayed(seconds) => trigger(api, webhook, event, format!("?delay_seconds={seconds}")).await,
        Mode::Published => published(api.post("/events", &publication(event)).await),
        Mode::Batch => {
            let nobodys = json!({"event_type": "sim.nobody", "payload": {}});
            let answered = api.post("/events/batch", &json!({"events": [publication(event), nobodys]})).await;
            let entry = answered.body["events"][0].clone();
            let status = entry["problem"]["status"].as_u64().and_then(|status| status.try_into().ok());
            published(Answered { status: status.unwrap_or(answered.status), body: entry })
        }
        Mode::Bus => put(api, webhook, event).await,
    }
}

fn publication(event: &Event) -> Value {
    let mut publication = json!({
        "event_type": event_type(event.webhook),
        "payload": {"event": event.number},
        "correlation_id": format!("sim-{}", event.number),
    });
    if event.keyed {
        publication["idempotency_key"] = json!(format!("key-{}", event.number));
    }
    publication
}

/// What is known of the event of the only webhook that subscribes.
fn published(answered: Answered) -> Answered {
    let body = answered.body["deliveries"][0].clone();
    let status = if answered.is_ok() && body.is_null() { 404 } else { answered.status };
    Answered { status, body }
}

/// Puts an event on the bus. Its id is not told.
async fn put(api: &Api, webhook: &str, event: &Event) -> Answered {
    let detail = json!({
        "org_id": ORG,
        "config_id": webhook,
        "payload": {"event": event.number},
        "correlation_id": format!("sim-{}", event.number),
    });
    let entry = PutEventsRequestEntry::builder().source("sim").detail_type("Webhook Trigger");
    let put = api.bus.put_events().entries(entry.detail(detail.to_string()).build()).send().await;
    let is_taken = put.is_ok_and(|answer| answer.failed_entry_count() == 0);
    Answered { status: if is_taken { 202 } else { 503 }, body: Value::Null }
}

async fn trigger(api: &Api, webhook: &str, event: &Event, query: String) -> Answered {
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
