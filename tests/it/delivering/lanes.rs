//! Receivers that take only so many events at once, or in a period: what is more waits in the lane of the webhook.
#![expect(clippy::unwrap_used, reason = "an unexpected result in a helper fails the test")]

use std::time::{Duration, Instant};

use aws_sdk_dynamodb::types::AttributeValue;
use hookstep_contract::MachineKind;
use hookstep_store::{InLane, Lanes};
use serde_json::{Value, json};

use crate::world::process::{FREE_PORT, Hookstep};
use crate::world::{Answer, Api, Dir, Fault, ORG, Receiver, Reply, World, accepted, until};

/// A receiver that takes its time.
async fn slow(millis: u64) -> Receiver {
    Receiver::answering([Reply::status(200).after(Duration::from_millis(millis))]).await
}

/// A receiver that does not answer its first requests while the test lasts.
async fn hanging(requests: usize) -> Receiver {
    let never = Reply::status(200).after(Duration::from_secs(3600));
    Receiver::answering(std::iter::repeat_n(never, requests).chain([Reply::status(200)])).await
}

async fn trigger(api: &Api, id: &str, count: usize) -> Vec<String> {
    let mut events = Vec::new();
    for number in 0..count {
        events.push(api.trigger(id, number.to_string()).await);
    }
    events
}

/// What waits in the lane.
async fn waiting(world: &World, id: &str) -> InLane {
    let lanes = Lanes::new(world.host.clients().tables.clone(), "events");
    lanes.waiting(&ORG.parse().unwrap(), id.parse().unwrap()).await.unwrap()
}

async fn until_waiting(world: &World, id: &str, count: usize) {
    until(&format!("{count} wait"), async || waiting(world, id).await.waiting == count).await;
}

async fn patch(api: &Api, id: &str, changes: &Value) -> Answer {
    let request = api.request(http::Method::PATCH, &format!("/webhook/{id}"));
    Answer::to(request.header("content-type", "application/json").body(changes.to_string())).await
}

/// When the requests arrived.
fn arrivals(receiver: &Receiver) -> Vec<Instant> {
    receiver.seen().iter().map(|request| request.at).collect()
}

/// Of requests that take `millis`, more than `most` were never under way at once.
fn assert_at_most(most: usize, millis: u64, arrivals: &[Instant]) {
    for (number, later) in arrivals.iter().enumerate().skip(most) {
        let between = *later - arrivals[number - most];
        assert!(between >= Duration::from_millis(millis), "{number}: {between:?}");
    }
}

async fn all_succeeded(api: &Api, id: &str, events: &[String]) {
    for event_id in events {
        let event = api.ended(id, event_id).await;
        assert_eq!((&event["status"], &event["attempt_count"]), (&json!("succeeded"), &json!(1)), "{event}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_more_are_in_flight_than_the_receiver_takes_and_all_arrive() {
    let world = World::start().await;
    for most in [1, 3] {
        let receiver = slow(60).await;
        let id = world.api.create_webhook(&receiver.url, json!({"max_in_flight": most})).await;
        let events = trigger(&world.api, &id, 12).await;
        all_succeeded(&world.api, &id, &events).await;
        let arrivals = arrivals(&receiver);
        assert_eq!(arrivals.len(), 12);
        assert_at_most(most, 60, &arrivals);
        until_waiting(&world, &id, 0).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_more_begin_in_a_period_than_the_receiver_takes() {
    let world = World::start().await;
    for (burst, least_millis) in [(1, 14 * 50), (10, 5 * 50)] {
        let receiver = Receiver::ok().await;
        let rate = json!({"rate_limit": {"events": 20, "per": "second", "burst": burst}});
        let id = world.api.create_webhook(&receiver.url, rate).await;
        let events = trigger(&world.api, &id, 15).await;
        all_succeeded(&world.api, &id, &events).await;
        let arrivals = arrivals(&receiver);
        let (first, last) = (arrivals.iter().min().unwrap(), arrivals.iter().max().unwrap());
        // A request may take a little longer to arrive than another.
        let least = Duration::from_millis(least_millis - 40);
        assert!(*last - *first >= least, "{burst}: {:?}", *last - *first);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_waits_is_counted_and_another_webhook_notices_nothing() {
    let (world, receiver) = (World::start().await, hanging(2).await);
    let id = world.api.create_webhook(&receiver.url, json!({"max_in_flight": 2})).await;
    let events = trigger(&world.api, &id, 7).await;
    until_waiting(&world, &id, 5).await;
    let found = waiting(&world, &id).await;
    assert!(!found.is_more && found.since.is_some(), "{found:?}");
    assert_eq!(receiver.calls(), 2);
    for event_id in &events {
        assert_eq!(world.api.event(&id, event_id).await["status"], "in_progress");
    }
    let (other, healthy) = (world.admin_of("other").await, Receiver::ok().await);
    let others = other.create_webhook(&healthy.url, json!({"max_in_flight": 2})).await;
    assert_eq!(other.deliver(&others, "{}").await["status"], "succeeded");
    assert_eq!(waiting(&world, &others).await, InLane::default());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sync_trigger_waits_for_its_turn_within_its_budget_and_then_the_lane_has_it() {
    let world = World::with_options(|options| options.sync_budget = Duration::from_secs(3)).await;
    let replies = [
        Reply::status(200).after(Duration::from_millis(300)),
        Reply::status(201).header("x-id", "7").body("second"),
        Reply::status(404).body("third"),
        Reply::status(200).after(Duration::from_secs(5)),
        Reply::status(200),
    ];
    let receiver = Receiver::answering(replies).await;
    let id = world.api.create_webhook(&receiver.url, json!({"max_in_flight": 1})).await;
    world.api.trigger(&id, "first").await;
    until("the receiver is called", async || receiver.calls() == 1).await;
    let answer = world.api.trigger_sync(&id, "second").await;
    assert_eq!(
        (&answer["status"], &answer["status_code"], &answer["attempts"]),
        (&json!("succeeded"), &json!(201), &json!(1)),
        "{answer}"
    );
    assert_eq!((&answer["headers"]["x-id"], &answer["body"]), (&json!("7"), &json!("second")));
    let answer = world.api.trigger_sync(&id, "third").await;
    assert_eq!(
        (&answer["status"], &answer["reason"]["code"]),
        (&json!("failed"), &json!("http_status")),
        "{answer}"
    );
    // The lane is full for longer than the producer waits.
    world.api.trigger(&id, "fourth").await;
    until("the receiver is called", async || receiver.calls() == 4).await;
    let answer = Answer::to(world.api.triggering(&id, "?sync=true", "fifth")).await;
    assert_eq!(answer.status, 202, "{answer:?}");
    let event = world.api.ended(&id, &accepted(&answer)).await;
    assert_eq!(event["status"], "succeeded", "{event}");
    assert_eq!(receiver.seen()[4].body, b"fifth");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_retry_waits_for_its_turn_too_and_holds_no_place_meanwhile() {
    let world = World::start().await;
    let receiver = Receiver::answering([503, 200, 200].map(Reply::status)).await;
    let limits = json!({"max_in_flight": 1, "retry": {"schedule_seconds": [2]}});
    let id = world.api.create_webhook(&receiver.url, limits).await;
    let first = world.api.trigger(&id, "first").await;
    world.api.until(&id, &first, |event| event["attempt_count"] == 1).await;
    let second = world.api.deliver(&id, "second").await;
    assert_eq!(second["status"], "succeeded", "{second}");
    let event = world.api.ended(&id, &first).await;
    assert_eq!((&event["status"], &event["attempt_count"]), (&json!("succeeded"), &json!(2)), "{event}");
    let bodies: Vec<_> = receiver.seen().into_iter().map(|request| request.body).collect();
    assert_eq!(bodies, [b"first".to_vec(), b"second".to_vec(), b"first".to_vec()]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_receiver_that_asks_for_a_pause_gets_nothing_of_the_webhook_until_it_is_over() {
    let world = World::start().await;
    for status in [429, 503] {
        let busy = Reply::status(status).header("retry-after", "2");
        let receiver = Receiver::answering([busy, Reply::status(200)]).await;
        let limits = json!({"max_in_flight": 1, "retry": {"schedule_seconds": [1]}});
        let id = world.api.create_webhook(&receiver.url, limits).await;
        let events = trigger(&world.api, &id, 4).await;
        for event_id in &events {
            assert_eq!(world.api.ended(&id, event_id).await["status"], "succeeded");
        }
        let seen = receiver.seen();
        assert_eq!(seen.len(), 5, "requests");
        assert!(seen[1].at - seen[0].at >= Duration::from_secs(2), "{:?}", seen[1].at - seen[0].at);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn replays_and_tests_wait_as_well() {
    let (world, receiver) = (World::start().await, slow(100).await);
    let id = world.api.create_webhook(&receiver.url, json!({"max_in_flight": 1})).await;
    let events = trigger(&world.api, &id, 2).await;
    all_succeeded(&world.api, &id, &events).await;
    let replay = async |event_id: &str| {
        let answer = world.api.post(&format!("/webhook/{id}/events/{event_id}/replay"), &json!({})).await;
        world.api.ended(&id, &accepted(&answer)).await
    };
    let test = async || world.api.post(&format!("/webhook/{id}/test"), &json!({"a": 1})).await;
    let (first, second, tested) = tokio::join!(replay(&events[0]), replay(&events[1]), test());
    assert_eq!([&first["status"], &second["status"]], ["succeeded"; 2], "{first} {second}");
    assert_eq!((tested.status, &tested.json()["status"]), (200, &json!("succeeded")), "{tested:?}");
    assert_eq!(receiver.calls(), 5);
    assert_at_most(1, 100, &arrivals(&receiver));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_test_that_fails_in_a_lane_is_not_repeated() {
    let (world, receiver) = (World::start().await, Receiver::answering([Reply::status(503)]).await);
    let id = world.api.create_webhook(&receiver.url, json!({"max_in_flight": 1})).await;
    let tested = world.api.post(&format!("/webhook/{id}/test"), &json!({})).await;
    let tested = tested.json();
    assert_eq!((&tested["status"], &tested["attempts"]), (&json!("failed"), &json!(1)), "{tested}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_waits_obeys_whoever_changes_the_webhook_or_cancels_the_event() {
    let (world, receiver) = (World::start().await, hanging(1).await);
    let fields = json!({"max_in_flight": 1});
    let id = world.api.create_webhook(&receiver.url, fields).await;
    trigger(&world.api, &id, 1).await;
    until("the receiver is called", async || receiver.calls() == 1).await;
    let events = trigger(&world.api, &id, 3).await;
    until_waiting(&world, &id, 3).await;
    let cancelled = world.api.post(&format!("/webhook/{id}/events/{}/cancel", events[0]), &json!({})).await;
    assert_eq!((cancelled.status, &cancelled.json()["status"]), (200, &json!("failed")), "{cancelled:?}");
    // The limit is lifted: whatever waits is sent, and the next event has a turn.
    let lifted = patch(&world.api, &id, &json!({"max_in_flight": null})).await;
    assert_eq!(lifted.status, 200, "{lifted:?}");
    let last = world.api.deliver(&id, "last").await;
    assert_eq!(last["status"], "succeeded", "{last}");
    let limited = patch(&world.api, &id, &json!({"max_in_flight": 3})).await;
    assert_eq!(limited.status, 200, "{limited:?}");
    let another = world.api.deliver(&id, "another").await;
    assert_eq!(another["status"], "succeeded", "{another}");
    all_succeeded(&world.api, &id, &events[1..]).await;
    until_waiting(&world, &id, 0).await;
    let event = world.api.event(&id, &events[0]).await;
    assert_eq!(
        (&event["status"], &event["reason"]["code"]),
        (&json!("failed"), &json!("cancelled")),
        "{event}"
    );
    let bodies: Vec<_> = receiver.seen().into_iter().map(|request| request.body).collect();
    assert!(!bodies[1..].contains(&b"0".to_vec()), "the cancelled event was sent");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_waits_for_a_webhook_that_is_disabled_or_deleted_ends_unsent() {
    for (change, code) in [("disable", "webhook_disabled"), ("delete", "webhook_deleted")] {
        let (world, receiver) = (World::start().await, slow(1500).await);
        let id = world.api.create_webhook(&receiver.url, json!({"max_in_flight": 1})).await;
        trigger(&world.api, &id, 1).await;
        until("the receiver is called", async || receiver.calls() == 1).await;
        let waits = world.api.trigger(&id, "{}").await;
        until_waiting(&world, &id, 1).await;
        let path = format!("/webhook/{id}");
        let changed = match change {
            "disable" => patch(&world.api, &id, &json!({"enabled": false})).await,
            _ => world.api.delete(&path).await,
        };
        assert!(changed.status < 300, "{changed:?}");
        let event = world.api.ended(&id, &waits).await;
        assert_eq!((&event["status"], &event["reason"]["code"]), (&json!("failed"), &json!(code)), "{event}");
        assert_eq!(receiver.calls(), 1);
        until_waiting(&world, &id, 0).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_sent_from_a_lane_is_what_would_be_sent_without_one() {
    for keep_bodies in [true, false] {
        let world = World::with_options(|options| options.keep_bodies = keep_bodies).await;
        let receiver = Receiver::ok().await;
        let rules = json!({
            "max_in_flight": 1, "filter": {"jsonata": "amount > 1"}, "transform": {"jsonata": "{\"sum\": amount}"},
        });
        let id = world.api.create_webhook(&receiver.url, rules).await;
        let event = world.api.deliver(&id, r#"{"amount": 2}"#).await;
        assert_eq!(event["status"], "succeeded", "{event}");
        assert_eq!(world.api.deliver(&id, r#"{"amount": 1}"#).await["status"], "skipped");
        let event = world.api.deliver(&id, "not json").await;
        assert_eq!(
            (&event["status"], &event["outcome"]),
            (&json!("failed"), &json!("failed_payload")),
            "{event}"
        );
        assert_eq!(receiver.only().body, br#"{"sum":2}"#);
        // A body that is stored nowhere else.
        let plain = Receiver::ok().await;
        let id = world.api.create_webhook(&plain.url, json!({"rate_limit": {"events": 100}})).await;
        assert_eq!(world.api.deliver(&id, "[1.50]").await["status"], "succeeded");
        assert_eq!(plain.only().body, b"[1.50]");
        let large = "x".repeat(1_000_000);
        assert_eq!(world.api.deliver(&id, large.clone()).await["status"], "succeeded");
        assert_eq!(plain.seen()[1].body, large.as_bytes());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_that_is_stored_nowhere_else_is_stored_before_it_waits_for_a_retry() {
    let world = World::with_options(|options| options.keep_bodies = false).await;
    for (fields, sent) in
        [(json!({}), &b"[1.50]"[..]), (json!({"transform": {"jsonata": "$sum($)"}}), b"1.5")]
    {
        let receiver = Receiver::answering([500, 429, 200].map(Reply::status)).await;
        let mut limits = json!({"max_in_flight": 1, "retry": {"schedule_seconds": [1, 1]}});
        limits.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        let id = world.api.create_webhook(&receiver.url, limits).await;
        let event = world.api.deliver(&id, "[1.50]").await;
        assert_eq!((&event["status"], &event["attempt_count"]), (&json!("succeeded"), &json!(3)), "{event}");
        assert!(receiver.seen().iter().all(|request| request.body == sent), "{fields}");
    }
    // While it waits, the webhook gets a timeout for which its attempts go to the standard machine.
    let receiver = hanging(1).await;
    let id = world.api.create_webhook(&receiver.url, json!({"max_in_flight": 1})).await;
    trigger(&world.api, &id, 1).await;
    until("the receiver is called", async || receiver.calls() == 1).await;
    let events = trigger(&world.api, &id, 2).await;
    until_waiting(&world, &id, 2).await;
    let changes = json!({"max_in_flight": null, "timeout_seconds": 300, "retry": {"schedule_seconds": [1]}});
    assert_eq!(patch(&world.api, &id, &changes).await.status, 200);
    for event_id in &events {
        let event = world.api.ended(&id, event_id).await;
        assert_eq!(event["status"], "succeeded", "{event}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_waits_notices_a_change_of_its_webhook_by_itself() {
    let world = World::start().await;
    let slow = json!({"rate_limit": {"events": 1, "per": "minute", "burst": 2}});
    for (change, status) in [
        (json!({"rate_limit": null}), "succeeded"),
        (json!({"rate_limit": {"events": 1000, "per": "second", "burst": 1}}), "succeeded"),
        (json!({"enabled": false}), "failed"),
    ] {
        let receiver = Receiver::ok().await;
        let id = world.api.create_webhook(&receiver.url, slow.clone()).await;
        trigger(&world.api, &id, 2).await;
        until("two are sent", async || receiver.calls() == 2).await;
        let events = trigger(&world.api, &id, 3).await;
        until_waiting(&world, &id, 3).await;
        assert_eq!(patch(&world.api, &id, &change).await.status, 200);
        until_waiting(&world, &id, 0).await;
        for event_id in &events {
            let event = world.api.ended(&id, event_id).await;
            assert_eq!(event["status"], status, "{change}: {event}");
        }
    }
    // Nor does a pause hold what waits for a webhook without limits.
    let receiver =
        Receiver::answering([Reply::status(429).header("retry-after", "600"), Reply::status(200)]).await;
    let id = world.api.create_webhook(&receiver.url, json!({"max_in_flight": 1})).await;
    trigger(&world.api, &id, 1).await;
    until("the receiver is called", async || receiver.calls() == 1).await;
    let events = trigger(&world.api, &id, 2).await;
    until_waiting(&world, &id, 2).await;
    assert_eq!(patch(&world.api, &id, &json!({"max_in_flight": null})).await.status, 200);
    all_succeeded(&world.api, &id, &events).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_that_cannot_be_read_stops_no_other() {
    let (world, receiver) = (World::start().await, hanging(1).await);
    let id = world.api.create_webhook(&receiver.url, json!({"max_in_flight": 1})).await;
    trigger(&world.api, &id, 1).await;
    until("the receiver is called", async || receiver.calls() == 1).await;
    let waits = world.api.trigger(&id, "{}").await;
    until_waiting(&world, &id, 1).await;
    let text = |text: &str| AttributeValue::S(text.to_owned());
    let tables = world.host.clients().tables.clone();
    let put = tables.put_item().table_name("lanes").item("id", text("broken"));
    put.item("org_id", text("acme"))
        .item("config_id", text(&id))
        .item("body", text("{"))
        .send()
        .await
        .unwrap();
    tables.put_item().table_name("lanes").item("id", text("more broken")).send().await.unwrap();
    let world = world.reopen(|_| ()).await;
    assert_eq!(world.api.ended(&id, &waits).await["status"], "succeeded");
    assert_eq!(world.api.deliver(&id, "{}").await["status"], "succeeded");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_that_cannot_be_put_into_the_lane_fails_an_attempt_and_is_sent_on_the_schedule() {
    let (world, receiver) = (World::start().await, Receiver::ok().await);
    let limits = json!({"max_in_flight": 1, "retry": {"schedule_seconds": [1]}});
    let id = world.api.create_webhook(&receiver.url, limits).await;
    world.faults.plan(&id, Fault { state: "QueueInLane", error: "States.DataLimitExceeded", times: Some(1) });
    let event = world.api.deliver(&id, "{}").await;
    assert_eq!((&event["status"], &event["attempt_count"]), (&json!("succeeded"), &json!(2)), "{event}");
    assert_eq!(event["attempts"][0]["outcome"], "failed_platform", "{event}");
    assert_eq!(receiver.calls(), 1);
    // What only notes that the event waits is not worth an attempt.
    for state in ["JoinLane", "LeaveLane"] {
        world.faults.plan(&id, Fault { state, error: "States.DataLimitExceeded", times: None });
    }
    let event = world.api.deliver(&id, "{}").await;
    assert_eq!((&event["status"], &event["attempt_count"]), (&json!("succeeded"), &json!(1)), "{event}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn events_on_the_standard_machine_wait_for_each_of_their_turns() {
    let world = World::with_options(|options| options.async_workflow = MachineKind::Standard).await;
    let replies = [503, 200, 200].map(|status| Reply::status(status).after(Duration::from_millis(60)));
    let receiver = Receiver::answering(replies).await;
    let limits = json!({"max_in_flight": 1, "retry": {"schedule_seconds": [1]}});
    let id = world.api.create_webhook(&receiver.url, limits).await;
    let events = trigger(&world.api, &id, 5).await;
    let mut attempts = Vec::new();
    for event_id in &events {
        let event = world.api.ended(&id, event_id).await;
        assert_eq!(event["status"], "succeeded", "{event}");
        attempts.push(event["attempt_count"].as_u64().unwrap());
    }
    attempts.sort_unstable();
    assert_eq!(attempts, [1, 1, 1, 1, 2]);
    assert_at_most(1, 60, &arrivals(&receiver));
    until_waiting(&world, &id, 0).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kill_9_loses_nothing_that_waits_and_the_limit_holds_for_what_was_not_in_flight() {
    const MOST: usize = 4;
    let (dir, receiver) = (Dir::new(), slow(40).await);
    let mut host = Hookstep::start(dir.path(), FREE_PORT).await;
    let id = host.api.create_webhook(&receiver.url, json!({"max_in_flight": MOST})).await;
    let mut events = Vec::new();
    for _ in 0..3 {
        events.extend(trigger(&host.api, &id, 60).await);
        host.process.kill().await;
        host = Hookstep::start(dir.path(), FREE_PORT).await;
    }
    for event_id in &events {
        let event = host.api.ended(&id, event_id).await;
        assert_eq!(event["status"], "succeeded", "{event}");
    }
    // After a kill, those that were in flight at the receiver are sent again, in their turn.
    assert_at_most(2 * MOST, 40, &arrivals(&receiver));
    let sent = receiver.seen().len();
    assert!((180..=180 + 3 * MOST).contains(&sent), "{sent}");
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn however_often_the_host_is_killed_no_more_begin_than_may_be_in_flight() {
    const MOST: usize = 3;
    let (dir, receiver) = (Dir::new(), hanging(usize::from(u8::MAX)).await);
    let mut host = Hookstep::start(dir.path(), FREE_PORT).await;
    let id = host.api.create_webhook(&receiver.url, json!({"max_in_flight": MOST})).await;
    trigger(&host.api, &id, 20).await;
    for kill in 1..=4 {
        until("the receiver is called", async || receiver.calls() == kill * MOST).await;
        host.process.kill().await;
        host = Hookstep::start(dir.path(), FREE_PORT).await;
    }
    until("the receiver is called", async || receiver.calls() == 5 * MOST).await;
    let another = host.api.create_webhook(&Receiver::ok().await.url, json!({"max_in_flight": 1})).await;
    assert_eq!(host.api.deliver(&another, "{}").await["status"], "succeeded");
    assert_eq!(receiver.calls(), 5 * MOST);
    host.process.kill().await;
}
