//! Receivers that take no events for a while, or only a part of them: how they are found out, and what becomes of the events.
#![expect(clippy::unwrap_used, reason = "an unexpected result in a helper fails the test")]

use std::iter::repeat_n;
use std::time::{Duration, Instant};

use hookstep_contract::HealthRules;
use hookstep_store::Lanes;
use serde_json::{Value, json};

use crate::managing::certificates::identity;
use crate::world::process::{FREE_PORT, Hookstep};
use crate::world::{Answer, Api, ORG, Receiver, Reply, World, until};

/// So many failures in a row open the circuit.
const FAILURES: usize = 10;

/// Rules by which a receiver counts as failing at its tenth failure.
fn quick() -> HealthRules {
    HealthRules {
        failing_for: Duration::ZERO,
        look_every: Duration::ZERO,
        first_probe_after: Duration::from_millis(300),
        ..HealthRules::default()
    }
}

async fn with_rules(rules: HealthRules) -> World {
    World::with_options(|options| {
        options.health_rules = rules;
        options.sync_budget = Duration::from_secs(2);
    })
    .await
}

/// The circuit stays open for as long as the test lasts, but for what a person does.
async fn without_probes() -> World {
    with_rules(HealthRules { first_probe_after: Duration::from_secs(3600), ..quick() }).await
}

/// A receiver that refuses its first requests.
async fn refusing(requests: usize) -> Receiver {
    Receiver::answering(repeat_n(Reply::status(503), requests).chain([Reply::status(200)])).await
}

async fn trigger(api: &Api, id: &str, count: usize) -> Vec<String> {
    let mut events = Vec::new();
    for number in 0..count {
        events.push(api.trigger(id, number.to_string()).await);
    }
    events
}

async fn webhook(api: &Api, id: &str) -> Value {
    api.get(&format!("/webhook/{id}")).await.json()
}

async fn until_health(api: &Api, id: &str, health: &str) {
    until(&format!("the webhook is {health}"), async || webhook(api, id).await["health"] == health).await;
}

async fn until_waiting(world: &World, id: &str, count: usize) {
    let lanes = Lanes::new(world.host.clients().tables.clone(), "events");
    let (org_id, config_id) = (ORG.parse().unwrap(), id.parse().unwrap());
    let waiting = async || lanes.waiting(&org_id, config_id).await.unwrap().waiting;
    until(&format!("{count} wait"), async || waiting().await == count).await;
}

/// Lets the receiver fail until its circuit is open.
async fn open_circuit(api: &Api, id: &str) -> Vec<String> {
    let events = trigger(api, id, FAILURES).await;
    until_health(api, id, "failing").await;
    events
}

/// A receiver that is told how others do.
async fn observer(world: &World) -> Receiver {
    let receiver = Receiver::ok().await;
    let types = ["Webhook Degraded", "Webhook Failing", "Webhook Recovered", "Webhook Disabled"];
    world.api.create_webhook(&receiver.url, json!({"name": "observer", "event_types": types})).await;
    receiver
}

/// What the observer was told.
fn told(observer: &Receiver) -> Vec<Value> {
    observer.seen().iter().map(|request| serde_json::from_slice(&request.body).unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_receiver_that_takes_nothing_is_probed_and_gets_everything_when_it_takes_events_again() {
    let world = with_rules(quick()).await;
    let observer = observer(&world).await;
    let receiver = refusing(FAILURES + 2).await;
    let fields = json!({"name": "orders", "retry": {"schedule_seconds": [2, 2, 60, 60]}});
    let id = world.api.create_webhook(&receiver.url, fields).await;
    assert_eq!(webhook(&world.api, &id).await["health"], "healthy");
    let mut events = open_circuit(&world.api, &id).await;
    let failing = webhook(&world.api, &id).await;
    let known = &failing["receiver"];
    assert_eq!(
        (&known["circuit"], &known["reason_code"]),
        (&json!("open"), &json!("http_status")),
        "{failing}"
    );
    assert!(known["failing_since"].is_string() && known["next_probe_at"].is_string(), "{failing}");
    events.extend(trigger(&world.api, &id, 5).await);
    for event_id in &events {
        assert_eq!(world.api.ended(&id, event_id).await["status"], "succeeded");
    }
    // Each event once, and what failed: ten that opened the circuit, and two probes.
    assert_eq!(receiver.calls(), events.len() + FAILURES + 2);
    let recovered = webhook(&world.api, &id).await;
    assert_eq!(
        (&recovered["health"], &recovered["receiver"]["circuit"]),
        (&json!("healthy"), &json!("ramping"))
    );
    until_waiting(&world, &id, 0).await;
    until("the owner is told", async || observer.calls() >= 3).await;
    let told = told(&observer);
    let webhook = json!({"name": "orders", "host": "127.0.0.1", "health": "failing", "failures": FAILURES});
    let by_health = |health: &str| told.iter().filter(|detail| detail["webhook"]["health"] == health).count();
    assert_eq!(["degraded", "failing", "healthy"].map(by_health), [1, 1, 1], "{told:?}");
    let failing = told.iter().find(|detail| detail["webhook"]["health"] == "failing").unwrap();
    for (name, value) in webhook.as_object().unwrap() {
        assert_eq!(&failing["webhook"][name], value, "{name}: {failing}");
    }
    assert_eq!(failing["reason"]["code"], "http_status", "{failing}");
    let link = failing["webhook"]["console_url"].as_str().unwrap();
    assert!(
        link.starts_with("http://127.0.0.1:") && link.ends_with(&format!("/console/webhooks/{id}")),
        "{link}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_waited_is_sent_more_and_more_at_once_and_not_all_at_once() {
    let (world, millis) = (with_rules(quick()).await, 30);
    let slow = Reply::status(200).after(Duration::from_millis(millis));
    let refused = repeat_n(Reply::status(503), FAILURES);
    let receiver = Receiver::answering(refused.chain([slow])).await;
    let id = world.api.create_webhook(&receiver.url, json!({"retry": {"schedule_seconds": [3600]}})).await;
    open_circuit(&world.api, &id).await;
    let events = trigger(&world.api, &id, 30).await;
    for event_id in &events {
        assert_eq!(world.api.ended(&id, event_id).await["status"], "succeeded");
    }
    let arrivals: Vec<Instant> = receiver.seen().iter().skip(FAILURES).map(|request| request.at).collect();
    let soon = arrivals.iter().take_while(|at| **at - arrivals[0] < Duration::from_secs(4));
    let soon: Vec<_> = soon.collect();
    assert!(soon.len() > 10, "{}", soon.len());
    for pair in soon.windows(2) {
        assert!(*pair[1] - *pair[0] >= Duration::from_millis(millis), "{soon:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_outlives_its_schedule_fails_with_its_own_code_and_is_replayed_in_one_step() {
    let (world, receiver) = (without_probes().await, refusing(FAILURES).await);
    let fields = json!({"timeout_seconds": 1, "retry": {"schedule_seconds": []}});
    let id = world.api.create_webhook(&receiver.url, fields).await;
    open_circuit(&world.api, &id).await;
    for event_id in trigger(&world.api, &id, 3).await {
        let event = world.api.ended(&id, &event_id).await;
        assert_eq!((&event["status"], &event["attempt_count"]), (&json!("failed"), &json!(0)), "{event}");
        assert_eq!(event["reason"]["code"], "circuit_open", "{event}");
    }
    assert_eq!(receiver.calls(), FAILURES);
    until_waiting(&world, &id, 0).await;
    // The owner has seen to the receiver, and enables the webhook anew.
    for enabled in [false, true] {
        let changed = patch(&world.api, &id, &json!({"enabled": enabled})).await.json();
        let health = if enabled { "healthy" } else { "disabled" };
        assert_eq!(
            (&changed["health"], changed.get("receiver").is_some()),
            (&json!(health), !enabled),
            "{changed}"
        );
    }
    let replay = json!({"since": "2026-01-01T00:00:00Z"});
    let replay = world.api.post(&format!("/webhook/{id}/events/replay"), &replay).await;
    assert_eq!(replay.status, 202, "{replay:?}");
    world.api.until_events_of(&id, FAILURES + 3, "recovered").await;
    assert_eq!(receiver.calls(), FAILURES + FAILURES + 3);
}

async fn patch(api: &Api, id: &str, changes: &Value) -> Answer {
    let request = api.request(http::Method::PATCH, &format!("/webhook/{id}"));
    Answer::to(request.header("content-type", "application/json").body(changes.to_string())).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_test_closes_the_circuit_and_so_does_the_probe_after_an_edit() {
    for is_edited in [false, true] {
        let (world, receiver) = (without_probes().await, refusing(FAILURES).await);
        let id =
            world.api.create_webhook(&receiver.url, json!({"retry": {"schedule_seconds": [3600]}})).await;
        open_circuit(&world.api, &id).await;
        let events = trigger(&world.api, &id, 3).await;
        until_waiting(&world, &id, 3).await;
        if is_edited {
            let changed = patch(&world.api, &id, &json!({"name": "mended"})).await;
            assert_eq!(changed.json()["health"], "failing", "{changed:?}");
        } else {
            let tested = world.api.post(&format!("/webhook/{id}/test"), &json!({})).await;
            assert_eq!(tested.json()["status"], "succeeded", "{tested:?}");
        }
        for event_id in &events {
            assert_eq!(world.api.ended(&id, event_id).await["status"], "succeeded");
        }
        assert_eq!(webhook(&world.api, &id).await["health"], "healthy");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sync_trigger_waits_for_the_receiver_within_its_budget_and_another_webhook_notices_nothing() {
    let (world, receiver) = (without_probes().await, refusing(FAILURES).await);
    let id = world.api.create_webhook(&receiver.url, json!({"retry": {"schedule_seconds": [3600]}})).await;
    open_circuit(&world.api, &id).await;
    let answer = Answer::to(world.api.triggering(&id, "?sync=true", "late")).await;
    assert_eq!(answer.status, 202, "{answer:?}");
    until_waiting(&world, &id, 1).await;
    let (other, healthy) = (world.admin_of("other").await, Receiver::ok().await);
    let others = other.create_webhook(&healthy.url, json!({})).await;
    assert_eq!(other.deliver(&others, "{}").await["status"], "succeeded");
    let own = world.api.create_webhook(&receiver.url, json!({})).await;
    assert_eq!(world.api.deliver(&own, "{}").await["status"], "succeeded");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_receiver_that_takes_a_part_is_degraded_until_it_takes_nearly_all() {
    let world = with_rules(quick()).await;
    let observer = observer(&world).await;
    let mixed = [503, 200, 503, 200, 503, 200, 503, 200, 503, 200].map(Reply::status);
    let receiver = Receiver::answering(mixed.into_iter().chain([Reply::status(200)])).await;
    let id = world.api.create_webhook(&receiver.url, json!({"retry": {"schedule_seconds": []}})).await;
    for _ in 0..10 {
        world.api.deliver(&id, "x").await;
    }
    // An event ends before the webhook's health is told.
    until("the last success counts", async || {
        webhook(&world.api, &id).await["receiver"]["failing_since"].is_null()
    })
    .await;
    let degraded = webhook(&world.api, &id).await;
    assert_eq!(
        (&degraded["health"], &degraded["receiver"]["circuit"]),
        (&json!("degraded"), &json!("closed"))
    );
    for number in 0..45 {
        // Five of fifty are a tenth, and five of fifty-one are less.
        let health = webhook(&world.api, &id).await["health"].clone();
        assert_eq!((number, health), (number, json!(if number <= 40 { "degraded" } else { "healthy" })));
        world.api.deliver(&id, "x").await;
    }
    assert_eq!(webhook(&world.api, &id).await.get("receiver"), None);
    until("the owner is told", async || observer.calls() == 2).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_webhook_without_a_success_for_too_long_is_disabled() {
    let rules = HealthRules { disable_after: Some(Duration::ZERO), ..quick() };
    let (world, receiver) = (with_rules(rules).await, refusing(1000).await);
    let observer = observer(&world).await;
    let id = world.api.create_webhook(&receiver.url, json!({"retry": {"schedule_seconds": [1]}})).await;
    trigger(&world.api, &id, FAILURES).await;
    until_health(&world.api, &id, "disabled").await;
    let disabled = webhook(&world.api, &id).await;
    assert_eq!(disabled["disabled_reason"], "the receiver has taken no event for too long", "{disabled}");
    world.api.until_events_of(&id, FAILURES, "failed").await;
    assert_eq!(world.api.deliver(&id, "x").await["status"], "skipped");
    until("the owner is told", async || observer.calls() >= 2).await;
    let told = told(&observer);
    let is_disabled = |detail: &&Value| detail["reason"]["code"] == "webhook_disabled";
    assert_eq!(told.iter().filter(is_disabled).count(), 1, "{told:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_webhook_with_limits_is_probed_once_at_a_time_too() {
    let (world, receiver) = (with_rules(quick()).await, refusing(FAILURES + 1).await);
    let fields = json!({"max_in_flight": 4, "retry": {"schedule_seconds": [1, 1, 1, 1]}});
    let id = world.api.create_webhook(&receiver.url, fields).await;
    let events = trigger(&world.api, &id, 30).await;
    for event_id in &events {
        assert_eq!(world.api.ended(&id, event_id).await["status"], "succeeded");
    }
    // Attempts that were in flight when the circuit was opened may be among those that failed.
    let calls = receiver.calls();
    assert_eq!(calls, events.len() + FAILURES + 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kill_9_loses_nothing_while_the_circuit_is_open_and_while_events_ramp_up() {
    let rules = HealthRules { first_probe_after: Duration::from_secs(4), ..quick() };
    let world = with_rules(rules).await;
    let slow = Reply::status(200).after(Duration::from_millis(20));
    let receiver = Receiver::answering(repeat_n(Reply::status(503), FAILURES).chain([slow])).await;
    let id = world.api.create_webhook(&receiver.url, json!({"retry": {"schedule_seconds": [3600]}})).await;
    open_circuit(&world.api, &id).await;
    let token = world.api.token.clone();
    let dir = world.stop().await;
    let mut host = Hookstep::start(dir.path(), FREE_PORT).await;
    let mut events = Vec::new();
    for _ in 0..2 {
        let api = Api { token: token.clone(), ..host.api.clone() };
        events.extend(trigger(&api, &id, 40).await);
        host.process.kill().await;
        host = Hookstep::start(dir.path(), FREE_PORT).await;
    }
    // The circuit is closed, and one event is sent at a time.
    until("some are sent", async || receiver.calls() > FAILURES + 5).await;
    host.process.kill().await;
    host = Hookstep::start(dir.path(), FREE_PORT).await;
    let api = Api { token, ..host.api.clone() };
    for event_id in &events {
        let event = api.ended(&id, event_id).await;
        assert_eq!((&event["status"], &event["attempt_count"]), (&json!("succeeded"), &json!(1)), "{event}");
    }
    assert_eq!(webhook(&api, &id).await["health"], "healthy");
    // What a kill has ended may have arrived, and is sent again.
    let sent = receiver.calls() - FAILURES;
    assert!((events.len()..=events.len() + 3).contains(&sent), "{sent}");
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_owner_is_told_once_that_a_client_certificate_expires() {
    let world = with_rules(quick()).await;
    let (observer, receiver) = (Receiver::ok().await, Receiver::ok().await);
    let types = json!({"name": "observer", "event_types": ["Webhook Certificate Expiring"]});
    world.api.create_webhook(&observer.url, types).await;
    let with = |days| {
        let (certificate, key) = identity(days);
        json!({"name": "orders", "tls": {"certificate": certificate, "private_key": key}})
    };
    let later = world.api.create_webhook(&receiver.url, with(40)).await;
    let soon = world.api.create_webhook(&receiver.url, with(20)).await;
    for id in [&later, &soon, &soon] {
        assert_eq!(world.api.deliver(id, "x").await["status"], "succeeded");
    }
    until("the owner is told", async || observer.calls() == 1).await;
    let told = told(&observer).remove(0);
    assert_eq!((&told["config_id"], &told["webhook"]["name"]), (&json!(soon), &json!("orders")), "{told}");
    let webhook = webhook(&world.api, &soon).await;
    assert_eq!(told["webhook"]["certificate_expires_at"], webhook["certificate"]["not_after"], "{told}");
    assert_eq!(
        (&webhook["health"], webhook.get("certificate_warning")),
        (&json!("healthy"), None),
        "{webhook}"
    );
    assert_eq!(observer.calls(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_probe_is_not_used_up_by_an_event_that_was_cancelled() {
    let (world, receiver) = (without_probes().await, refusing(FAILURES).await);
    let id = world.api.create_webhook(&receiver.url, json!({"retry": {"schedule_seconds": [3600]}})).await;
    open_circuit(&world.api, &id).await;
    let events = trigger(&world.api, &id, 6).await;
    until_waiting(&world, &id, 6).await;
    let (cancelled, others) = events.split_at(4);
    for event_id in cancelled {
        let path = format!("/webhook/{id}/events/{event_id}/cancel");
        assert_eq!(world.api.post(&path, &json!({})).await.status, 200);
    }
    // The next probe is due.
    assert_eq!(patch(&world.api, &id, &json!({"name": "mended"})).await.status, 200);
    for event_id in others {
        assert_eq!(world.api.ended(&id, event_id).await["status"], "succeeded");
    }
    assert_eq!(receiver.calls(), FAILURES + others.len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_receiver_is_found_failing_though_its_latest_events_were_not_attempted_yet() {
    let (world, receiver) = (without_probes().await, refusing(1000).await);
    let fields = json!({"rate_limit": {"events": 20, "burst": 1}, "retry": {"schedule_seconds": [3600]}});
    let id = world.api.create_webhook(&receiver.url, fields).await;
    trigger(&world.api, &id, 200).await;
    until_health(&world.api, &id, "failing").await;
    assert!(receiver.calls() < 100, "{}", receiver.calls());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn long_attempts_are_not_all_made_at_once_after_a_probe_either() {
    let (world, receiver) = (with_rules(quick()).await, refusing(FAILURES).await);
    let fields = json!({"timeout_seconds": 121, "retry": {"schedule_seconds": [3600]}});
    let id = world.api.create_webhook(&receiver.url, fields).await;
    open_circuit(&world.api, &id).await;
    let events = trigger(&world.api, &id, 4).await;
    for event_id in &events {
        assert_eq!(world.api.ended(&id, event_id).await["status"], "succeeded");
    }
    let mut arrivals: Vec<Instant> =
        receiver.seen().iter().skip(FAILURES).map(|request| request.at).collect();
    arrivals.sort();
    // One a second, after the probe.
    for pair in arrivals[1..].windows(2) {
        assert!(pair[1] - pair[0] >= Duration::from_millis(800), "{arrivals:?}");
    }
}
