//! Receivers whose limits nobody has told: how much they take is learned from their answers. How near it comes is measured on a
//! clock of its own, in the tests of `contract::learned`.
#![expect(clippy::unwrap_used, reason = "an unexpected result in a helper fails the test")]

use std::sync::Mutex;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::world::{Api, Receiver, Reply, World, until};

/// What the receivers of these tests take in a second.
const LIMIT: u32 = 20;

/// A receiver that refuses what is more than its limit in a second.
async fn refusing() -> Receiver {
    let second = Mutex::new((Instant::now(), 0));
    Receiver::deciding(move || {
        let mut second = second.lock().unwrap();
        if second.0.elapsed() >= Duration::from_secs(1) {
            *second = (Instant::now(), 0);
        }
        second.1 += 1;
        Reply::status(if second.1 > LIMIT { 429 } else { 200 })
    })
    .await
}

/// A receiver that works on one request after the other, and refuses none.
async fn queueing() -> Receiver {
    let free_at = Mutex::new(Instant::now());
    Receiver::deciding(move || {
        let (mut free_at, now) = (free_at.lock().unwrap(), Instant::now());
        *free_at = now.max(*free_at) + Duration::from_secs(1) / LIMIT;
        Reply::status(200).after(*free_at - now)
    })
    .await
}

async fn trigger(api: &Api, id: &str, count: usize) -> Vec<String> {
    let mut events = Vec::new();
    for _ in 0..count / 20 {
        events.extend(join_all((0..20).map(|_| api.trigger(id, "{}"))).await);
    }
    events
}

async fn learned(api: &Api, id: &str) -> Value {
    api.get(&format!("/webhook/{id}")).await.json()["lane"]["learned"].clone()
}

/// Until the rate of a webhook, in attempts a minute, is near to what the receivers take.
async fn until_found(api: &Api, id: &str) {
    until("the limit is found", async || {
        let rate = learned(api, id).await["attempts_per_minute"].as_u64().unwrap();
        (u64::from(LIMIT) * 30..=u64::from(LIMIT) * 90).contains(&rate)
    })
    .await;
}

/// How many attempts each event took; all were delivered.
async fn attempts(api: &Api, id: &str, events: &[String]) -> Vec<u64> {
    let mut attempts = Vec::new();
    for event_id in events {
        let event = api.ended(id, event_id).await;
        assert_eq!(event["status"], "succeeded", "{event}");
        attempts.push(event["attempt_count"].as_u64().unwrap());
    }
    attempts
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_receiver_that_refuses_what_is_too_much_gets_what_it_takes() {
    let (world, receiver) = (World::start().await, refusing().await);
    let fields = json!({"max_in_flight": "auto", "retry": {"schedule_seconds": [1, 1, 1, 1, 1, 1, 1, 1]}});
    let id = world.api.create_webhook(&receiver.url, fields).await;
    assert_eq!(learned(&world.api, &id).await, json!({"attempts_per_minute": 300, "max_in_flight": 12}));
    let events = trigger(&world.api, &id, 300).await;
    until_found(&world.api, &id).await;
    let refused = attempts(&world.api, &id, &events).await.iter().map(|count| count - 1).sum::<u64>();
    // It was found out once, by about a second in which half as many more were sent.
    assert!(refused <= 60, "{refused}");
    // Whoever refuses what is too much does well.
    let webhook = world.api.get(&format!("/webhook/{id}")).await.json();
    assert_eq!((&webhook["health"], webhook.get("receiver")), (&json!("healthy"), None), "{webhook}");
    // Another URL may be another receiver.
    let patched = world.api.patch(&id, &json!({"url": Receiver::ok().await.url})).await;
    assert_eq!((patched.status, patched.json().get("learned")), (200, None));
    assert_eq!(learned(&world.api, &id).await["attempts_per_minute"], 300);
    assert_eq!(world.api.deliver(&id, "{}").await["status"], "succeeded");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_receiver_that_refuses_nothing_is_not_buried() {
    let (world, receiver) = (World::start().await, queueing().await);
    let id = world.api.create_webhook(&receiver.url, json!({"max_in_flight": "auto"})).await;
    let events = trigger(&world.api, &id, 300).await;
    until_found(&world.api, &id).await;
    let attempts = attempts(&world.api, &id, &events).await;
    assert!(attempts.iter().all(|count| *count == 1), "{attempts:?}");
    // Without a limit, the last one would have waited for 15 s.
    let last = world.api.event(&id, events.last().unwrap()).await;
    let duration = last["attempts"][0]["duration_ms"].as_u64().unwrap();
    assert!(duration < 3_000, "{duration}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_receiver_that_says_that_nothing_remains_is_left_alone_for_as_long() {
    let replies = [
        Reply::status(200).header("RateLimit", "\"default\";r=0;t=2"),
        Reply::status(200).header("RateLimit", "\"default\";r=9;t=2"),
    ];
    let (world, receiver) = (World::start().await, Receiver::answering(replies).await);
    let id = world.api.create_webhook(&receiver.url, json!({"max_in_flight": "auto"})).await;
    world.api.deliver(&id, "{}").await;
    let events = trigger(&world.api, &id, 20).await;
    attempts(&world.api, &id, &events).await;
    let at: Vec<_> = receiver.seen().iter().map(|request| request.at).collect();
    assert!(at[1] - at[0] >= Duration::from_millis(1_900), "{:?}", at[1] - at[0]);
}
