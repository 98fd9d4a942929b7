//! The simulated network and the receivers behind it.

use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt;
use hookstep_egress::{Answer, Broken, Carrying, Network, Parcel, Unreachable};
use hookstep_signing::{
    DEFAULT_TOLERANCE, ID_HEADER, Key, Received, SIGNATURE_HEADER, TIMESTAMP_HEADER, verify,
};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde::Deserialize;
use tokio::time::sleep;

use crate::ledger::Hit;
use crate::plan::Behaviour;
use crate::world::World;
use crate::{Dice, ambient};

/// How long requests may still be signed with the last secret alone: that long, an attempt uses keys that were read before.
const ROTATING: Duration = Duration::from_secs(90);

/// The body of every event of a simulation.
#[derive(Deserialize)]
struct Body {
    event: u32,
    /// Whether a transform has made it.
    #[serde(default)]
    made: bool,
}

/// The network between the host and the receivers.
#[derive(Clone, Debug)]
pub(crate) struct SimulatedNetwork(pub(crate) World);

/// The URL of the receiver of a webhook.
pub(crate) fn url(webhook: u32) -> String {
    format!("https://receiver-{webhook}.example.com/hook")
}

/// The webhook whose receiver has this host name.
fn webhook_of(host: &str) -> Option<u32> {
    host.strip_prefix("receiver-")?.split('.').next()?.parse().ok()
}

impl Network for SimulatedNetwork {
    fn carry(&self, parcel: Parcel) -> Carrying {
        let world = self.0.clone();
        async move {
            if !world.step() {
                return std::future::pending().await;
            }
            let webhook = parcel.url.host_str().and_then(webhook_of);
            let body = serde_json::from_slice::<Body>(&parcel.body).ok();
            let (Some(webhook), Some(body)) = (webhook, body) else {
                world.log(None, format!("a request to nobody: {}", parcel.url));
                return Err(Broken::Unreachable(Unreachable::Dns));
            };
            let answer = meet(&world, webhook, &body, &parcel).await;
            if !world.step() {
                return std::future::pending().await;
            }
            answer
        }
        .boxed()
    }
}

/// What a receiver does at this time.
fn behaviour(world: &World, webhook: u32) -> Behaviour {
    let now = ambient::elapsed();
    let of = world.scenario().webhooks.iter().find(|of| of.number == webhook);
    let phases = of.map(|of| &*of.phases).unwrap_or_default();
    let begun = phases.iter().filter(|phase| Duration::from_millis(phase.at) <= now);
    begun.max_by_key(|phase| phase.at).map_or(Behaviour::Quick, |phase| phase.behaviour)
}

/// Hands a request to its receiver.
async fn meet(world: &World, webhook: u32, body: &Body, parcel: &Parcel) -> Result<Answer, Broken> {
    let event = body.event;
    let behaviour = behaviour(world, webhook);
    let before = world.state().ledger.hits.iter().filter(|hit| hit.event == event).count() as u64;
    let mut dice = Dice::of(world.scenario().seed, "receiver", before << 32 | u64::from(event));
    let usual = Duration::from_millis(dice.between(5, 800));
    match behaviour {
        Behaviour::Refuse => {
            world.log(Some(event), format!("connects to receiver {webhook}, which refuses"));
            sleep(Duration::from_millis(2)).await;
            return Err(Broken::Unreachable(Unreachable::ConnectionRefused));
        }
        Behaviour::Unreachable => {
            world.log(Some(event), format!("connects to receiver {webhook} in vain"));
            sleep(Duration::from_secs(10)).await;
            return Err(Broken::NoConnectionInTime);
        }
        _ => {}
    }
    sleep(Duration::from_millis(dice.between(1, 20))).await;
    // On its way, the request outlives the process that sent it.
    if world.is_dead() {
        return std::future::pending().await;
    }
    let hit = arrived(world, webhook, body, parcel);
    let hit = world.state().ledger.hit(hit);
    let _given_up = GivenUp(world.clone(), hit);
    world.log(Some(event), format!("REACHES receiver {webhook} ({behaviour:?})"));
    let (status, retry_after) = match behaviour {
        Behaviour::Slow(millis) => {
            sleep(Duration::from_millis(millis)).await;
            (200, None)
        }
        Behaviour::Hang => return std::future::pending().await,
        Behaviour::Reset => {
            sleep(usual / 2).await;
            end(world, hit, None);
            return Err(Broken::Unreachable(Unreachable::Reset));
        }
        Behaviour::Status(status) => (status, None),
        Behaviour::Busy(status, seconds) => (status, Some(seconds)),
        Behaviour::Flap(percent) => (if dice.chance(percent.into()) { 200 } else { 500 }, None),
        Behaviour::Quick | Behaviour::BreaksOff | Behaviour::Refuse | Behaviour::Unreachable => (200, None),
    };
    sleep(usual).await;
    end(world, hit, Some(status));
    let body_after = (behaviour != Behaviour::BreaksOff).then_some(Duration::ZERO);
    Ok(answer(status, retry_after, body_after))
}

/// A request as its receiver sees it.
fn arrived(world: &World, webhook: u32, body: &Body, parcel: &Parcel) -> Hit {
    let header = |name: &str| parcel.headers.get(name).and_then(|value| value.to_str().ok());
    Hit {
        webhook,
        event: body.event,
        is_made: body.made,
        id: header("webhook-id").unwrap_or_default().to_owned(),
        edited: header("x-edited").and_then(|at| at.parse().ok()),
        is_genuine: is_genuine(world, webhook, parcel),
        at: ambient::elapsed(),
        ended: None,
        status: None,
    }
}

/// Whether a request has a signature by the webhook's secret, or by one that was the secret until a moment ago.
fn is_genuine(world: &World, webhook: u32, parcel: &Parcel) -> bool {
    let header = |name| parcel.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let received = Received {
        id: header(ID_HEADER),
        timestamp: header(TIMESTAMP_HEADER),
        signature: header(SIGNATURE_HEADER),
    };
    let state = world.state();
    let secrets = state.ledger.secrets.get(&webhook).map(Vec::as_slice).unwrap_or_default();
    let known_for = |(since, _): &(Duration, String)| ambient::elapsed().saturating_sub(*since);
    let latest = secrets.iter().rposition(|secret| known_for(secret) > ROTATING).unwrap_or(0);
    let keys: Vec<_> =
        secrets[latest..].iter().filter_map(|(_, text)| text.parse().ok()).map(Key::Secret).collect();
    let now = (ambient::sources().clock)().unix_timestamp();
    verify(received, &parcel.body, &keys, DEFAULT_TOLERANCE, now).is_ok()
}

/// The end of an exchange whose sender has given up, which drops this.
struct GivenUp(World, usize);

impl Drop for GivenUp {
    fn drop(&mut self) {
        if !self.0.is_dead() {
            self.0.state().ledger.hits[self.1].ended.get_or_insert(ambient::elapsed());
        }
    }
}

fn end(world: &World, hit: usize, status: Option<u16>) {
    if world.is_dead() {
        return;
    }
    let mut state = world.state();
    let hit = &mut state.ledger.hits[hit];
    (hit.ended, hit.status) = (Some(ambient::elapsed()), status);
    let event = hit.event;
    drop(state);
    world.log(
        Some(event),
        match status {
            Some(status) => format!("is answered {status}"),
            None => "has its connection reset".to_owned(),
        },
    );
}

fn answer(status: u16, retry_after: Option<u32>, body_after: Option<Duration>) -> Answer {
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain"));
    if let Some(seconds) = retry_after {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    Answer { status, headers, body: Bytes::from_static(b"seen"), body_after }
}
