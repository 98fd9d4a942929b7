//! A webhook's limits: how they are set and shown, and what is told of the events that wait for them.

use std::time::Duration;

use serde_json::{Value, json};

use crate::world::{Api, Receiver, Reply, World, moment, until};

const URL: &str = "https://example.com/hook";

/// The limits of a webhook, as an answer shows them.
fn limits(webhook: &Value) -> Value {
    json!([webhook["max_in_flight"], webhook["rate_limit"]])
}

async fn read(api: &Api, id: &str) -> Value {
    api.get(&format!("/webhook/{id}")).await.json()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn limits_are_set_shown_changed_and_cleared() {
    let world = World::start().await;
    let fields = json!({"max_in_flight": 5, "rate_limit": {"events": 10}});
    let id = world.api.create_webhook(URL, fields).await;
    let rate = |events: u32, per: &str, burst: u32| json!({"events": events, "per": per, "burst": burst});
    assert_eq!(limits(&read(&world.api, &id).await), json!([5, rate(10, "second", 1)]));
    for (patch, after) in [
        (json!({"name": "m"}), json!([5, rate(10, "second", 1)])),
        (json!({"max_in_flight": 1000}), json!([1000, rate(10, "second", 1)])),
        (
            json!({"rate_limit": {"events": 10_000, "per": "minute", "burst": 10_000}}),
            json!([1000, rate(10_000, "minute", 10_000)]),
        ),
        // The parts of a rate are merged.
        (json!({"rate_limit": {"events": 1}}), json!([1000, rate(1, "minute", 10_000)])),
        (json!({"rate_limit": {"per": null, "burst": null}}), json!([1000, rate(1, "second", 1)])),
        (json!({"max_in_flight": "auto"}), json!(["auto", rate(1, "second", 1)])),
        (json!({"max_in_flight": null}), json!([null, rate(1, "second", 1)])),
        (json!({"rate_limit": null}), json!([null, null])),
        (json!({"rate_limit": null, "max_in_flight": null}), json!([null, null])),
        (
            json!({"rate_limit": {"events": 2, "per": "minute", "burst": null}}),
            json!([null, rate(2, "minute", 1)]),
        ),
    ] {
        let patched = world.api.patch(&id, &patch).await;
        assert_eq!((patched.status, limits(&patched.json())), (200, after.clone()), "{patch}");
        assert_eq!(limits(&read(&world.api, &id).await), after, "{patch}");
    }
    // A PUT that leaves them out clears them.
    let path = format!("/webhook/{id}");
    for (fields, after) in [
        (json!({"max_in_flight": 1}), json!([1, null])),
        (json!({"rate_limit": {"events": 3}}), json!([null, rate(3, "second", 1)])),
        (json!({}), json!([null, null])),
    ] {
        let mut body = json!({"name": "n", "url": URL});
        body.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        assert_eq!(limits(&world.api.put(&path, &body).await.json()), after, "{fields}");
    }
    let listed = world.api.get("/webhook").await.json();
    assert_eq!((&listed["data"][0]["lane"], read(&world.api, &id).await.get("lane")), (&Value::Null, None));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn how_attempts_are_made_is_set_shown_changed_and_cleared() {
    let world = World::start().await;
    let id = world.api.create_webhook(URL, json!({"delivery": "queued"})).await;
    assert_eq!(read(&world.api, &id).await["delivery"], "queued");
    for (patch, after) in [
        (json!({"name": "m"}), json!("queued")),
        (json!({"delivery": "direct"}), json!("direct")),
        (json!({"delivery": null}), Value::Null),
        // A lane goes before.
        (json!({"delivery": "queued", "max_in_flight": 5}), json!("queued")),
    ] {
        let patched = world.api.patch(&id, &patch).await;
        assert_eq!((patched.status, &patched.json()["delivery"]), (200, &after), "{patch}");
        assert_eq!(read(&world.api, &id).await["delivery"], after, "{patch}");
    }
    // A PUT that leaves it out clears it.
    let put = world.api.put(&format!("/webhook/{id}"), &json!({"name": "n", "url": URL})).await;
    assert_eq!(put.json()["delivery"], Value::Null);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_limit_that_cannot_be_is_named_and_nothing_is_saved() {
    let world = World::start().await;
    let id = world.api.create_webhook(URL, json!({"max_in_flight": 5})).await;
    let before = read(&world.api, &id).await;
    for (fields, field) in [
        (json!({"max_in_flight": 0}), "max_in_flight"),
        (json!({"max_in_flight": 1001}), "max_in_flight"),
        (json!({"max_in_flight": -1}), "max_in_flight"),
        (json!({"max_in_flight": 1.5}), "max_in_flight"),
        (json!({"max_in_flight": "5"}), "max_in_flight"),
        (json!({"max_in_flight": "Auto"}), "max_in_flight"),
        (json!({"max_in_flight": true}), "max_in_flight"),
        (json!({"max_in_flight": "auto", "timeout_seconds": 121}), "timeout_seconds"),
        (json!({"rate_limit": 5}), "rate_limit"),
        (json!({"rate_limit": [5, "second"]}), "rate_limit"),
        (json!({"rate_limit": {}}), "rate_limit.events"),
        (json!({"rate_limit": {"events": 0}}), "rate_limit.events"),
        (json!({"rate_limit": {"events": 10_001}}), "rate_limit.events"),
        (json!({"rate_limit": {"events": "5"}}), "rate_limit.events"),
        (json!({"rate_limit": {"events": null}}), "rate_limit.events"),
        (json!({"rate_limit": {"events": 5, "per": "hour"}}), "rate_limit.per"),
        (json!({"rate_limit": {"events": 5, "burst": 0}}), "rate_limit.burst"),
        (json!({"rate_limit": {"events": 5, "burst": 10_001}}), "rate_limit.burst"),
        (json!({"rate_limit": {"events": 5, "every": 2}}), "rate_limit.every"),
        (json!({"max_in_flight": 5, "timeout_seconds": 121}), "timeout_seconds"),
        (json!({"rate_limit": {"events": 5}, "timeout_seconds": 121}), "timeout_seconds"),
        (json!({"delivery": "soon"}), "delivery"),
        (json!({"delivery": 5}), "delivery"),
    ] {
        let mut body = json!({"name": "n", "url": URL});
        body.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        assert_eq!(world.api.post("/webhook", &body).await.wrong_field(), field, "{fields}");
        assert_eq!(world.api.put(&format!("/webhook/{id}"), &body).await.wrong_field(), field, "{fields}");
        assert_eq!(world.api.patch(&id, &fields).await.wrong_field(), field, "{fields}");
    }
    assert_eq!(read(&world.api, &id).await, before);
    // Without a limit, an attempt may take longer.
    let slow = json!({"max_in_flight": null, "timeout_seconds": 840});
    assert_eq!(world.api.patch(&id, &slow).await.status, 200);
}

/// Waits until this many events wait in the lane of a webhook; returns the lane.
async fn until_waiting(api: &Api, id: &str, waiting: u64) -> Value {
    let lane = async || read(api, id).await["lane"].clone();
    until("as many events wait in the lane", async || lane().await["waiting"] == json!(waiting)).await;
    lane().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_waits_for_its_turn_is_told_until_it_was_sent() {
    let reply = || Reply::status(200).after(Duration::from_secs(1));
    let (world, receiver) = (World::start().await, Receiver::answering([reply()]).await);
    let other = world.admin_of("other").await;
    let fields = json!({"max_in_flight": 1});
    let id = world.api.create_webhook(&receiver.url, fields.clone()).await;
    let theirs = other.create_webhook(URL, fields).await;
    let idle =
        json!({"waiting": 0, "complete": true, "oldest_since": null, "expected_seconds": 0, "blocking": []});
    assert_eq!(read(&world.api, &id).await["lane"], idle);
    world.api.deliver(&id, "{}").await;
    let mut events = Vec::new();
    for _ in 0..6 {
        events.push(world.api.trigger(&id, "{}").await);
    }
    // One is in flight. An attempt took a second, and one may be in flight.
    let lane = until_waiting(&world.api, &id, 3).await;
    assert_eq!(lane["complete"], true);
    assert!((1..=10).contains(&lane["expected_seconds"].as_u64().unwrap()), "{lane}");
    let last = world.api.event(&id, events.last().unwrap()).await;
    assert_eq!((&last["status"], &last["attempt_count"]), (&json!("in_progress"), &json!(0)));
    assert!(moment(&lane["oldest_since"]) >= moment(&read(&world.api, &id).await["created_at"]));
    // The org of another webhook has nothing to do with it.
    other.get(&format!("/webhook/{id}")).await.problem(404);
    assert_eq!(read(&other, &theirs).await["lane"], idle);
    for event in &events {
        assert_eq!(world.api.ended(&id, event).await["status"], "succeeded");
    }
    assert_eq!(read(&world.api, &id).await["lane"], idle);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn how_long_it_takes_is_known_of_one_order_and_not_of_many() {
    let slow = Reply::status(200).after(Duration::from_secs(1));
    let (world, receiver) = (World::start().await, Receiver::answering([slow]).await);
    for (ordering, is_known) in [(json!({}), true), (json!({"key": "k"}), false)] {
        let id = world.api.create_webhook(&receiver.url, json!({"ordering": ordering})).await;
        world.api.deliver(&id, r#"{"k": 1}"#).await;
        for _ in 0..6 {
            world.api.trigger(&id, r#"{"k": 1}"#).await;
        }
        let lane = until_waiting(&world.api, &id, 3).await;
        assert_eq!(lane["expected_seconds"].is_u64(), is_known, "{lane}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rate_tells_how_long_it_takes_and_what_waits_can_be_cancelled() {
    let (world, receiver) = (World::start().await, Receiver::ok().await);
    let fields = json!({"rate_limit": {"events": 1, "per": "minute"}});
    let id = world.api.create_webhook(&receiver.url, fields).await;
    world.api.deliver(&id, "{}").await;
    let mut events = Vec::new();
    for _ in 0..3 {
        events.push(world.api.trigger(&id, "{}").await);
    }
    let lane = until_waiting(&world.api, &id, 3).await;
    assert_eq!((&lane["expected_seconds"], &lane["complete"]), (&json!(180), &json!(true)));
    let cancelled = world.api.post(&format!("/webhook/{id}/events/{}/cancel", events[1]), &json!({})).await;
    assert_eq!((cancelled.status, &cancelled.json()["status"]), (200, &json!("failed")), "{cancelled:?}");
    assert_eq!(receiver.calls(), 1);
}
