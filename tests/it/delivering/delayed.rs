//! Events that their producers want to be sent later.
#![expect(clippy::unwrap_used, reason = "an unexpected result in a helper fails the test")]

use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use hookstep_ambient::Sources;
use hookstep_contract::MachineKind;
use hookstep_contract::limits::{MAX_DELAY, RETENTION};
use hookstep_host::Options;
use serde_json::{Value, json};

use crate::world::process::{FREE_PORT, Hookstep};
use crate::world::{Answer, Api, Dir, Fault, ORG, Receiver, World, accepted, moment};

const BODY: &str = r#"{"remind": "me"}"#;

/// Triggers an event that is to be sent later; returns its id once it is recorded.
async fn scheduled(api: &Api, config_id: &str, query: &str) -> String {
    let answer = Answer::to(api.triggering(config_id, query, BODY)).await;
    let event_id = accepted(&answer);
    assert_eq!(answer.json(), json!({"event_id": event_id, "status": "scheduled"}));
    api.until(config_id, &event_id, |event| event["status"] == "scheduled").await;
    event_id
}

/// Sets the clock of a host a minute after the longest delay.
fn after_the_longest_delay(options: &mut Options) {
    options.sources = Sources {
        clock: || (Sources::system().clock)() + MAX_DELAY + Duration::from_secs(60),
        ..Sources::system()
    };
}

/// Sets the clock of a host two hours ahead.
fn later(options: &mut Options) {
    options.sources = Sources {
        clock: || (Sources::system().clock)() + Duration::from_secs(2 * 3600),
        ..Sources::system()
    };
}

/// When the table forgets the event, in seconds since 1970.
async fn expires_at(world: &World, config_id: &str, event_id: &str) -> i64 {
    let text = |value: String| AttributeValue::S(value);
    let get = world.host.clients().tables.get_item().table_name("events");
    let get = get.key("pk", text(format!("{ORG}#{config_id}"))).key("sk", text(event_id.to_owned()));
    let item = get.send().await.unwrap().item.unwrap();
    item["expires_at"].as_n().unwrap().parse().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_of_in_thirty_days_is_listed_until_then_and_sent_once() {
    let world = World::start().await;
    let receiver = Receiver::ok().await;
    let id = world.api.create_webhook(&receiver.url, json!({})).await;
    let event_id = scheduled(&world.api, &id, &format!("?delay_seconds={}", MAX_DELAY.as_secs())).await;
    let other = world.api.deliver(&id, "{}").await;
    assert_eq!(other["deliver_at"], Value::Null, "{other}");
    let listed = world.api.events(&id, "?status=scheduled").await;
    assert_eq!(listed["data"].as_array().unwrap().len(), 1, "{listed}");
    let event = &listed["data"][0];
    let due = moment(&event["deliver_at"]);
    assert_eq!(
        (&event["event_id"], &event["next_attempt_at"], due - moment(&event["created_at"])),
        (&json!(event_id), &event["deliver_at"], MAX_DELAY.try_into().unwrap())
    );
    assert_eq!((&event["attempt_count"], &event["size"]), (&json!(0), &json!(BODY.len())));
    let stats = world.api.get(&format!("/webhook/{id}/stats")).await.json();
    assert_eq!((&stats["totals"]["scheduled"], &stats["totals"]["in_progress"]), (&json!(1), &json!(0)));
    let retention = i64::try_from(RETENTION.as_secs()).unwrap();
    assert_eq!(expires_at(&world, &id, &event_id).await, due.unix_timestamp() + retention);
    let calls = receiver.calls();

    let world = world.reopen(after_the_longest_delay).await;
    let event = world.api.ended(&id, &event_id).await;
    let numbers: Vec<_> =
        event["attempts"].as_array().unwrap().iter().map(|attempt| &attempt["number"]).collect();
    assert_eq!((&event["status"], numbers), (&json!("succeeded"), vec![&json!(1)]), "{event}");
    assert_eq!(moment(&event["deliver_at"]), due, "{event}");
    let seen = &receiver.seen()[calls..];
    assert_eq!((seen.len(), &*seen[0].body), (1, BODY.as_bytes()));
    assert_eq!(seen[0].header("webhook-id"), Some(&*event_id));
    // It is the time of the attempt.
    let sent_at: i64 = seen[0].header("webhook-timestamp").unwrap().parse().unwrap();
    assert!((0..600).contains(&(sent_at - due.unix_timestamp())), "{sent_at}");
    assert_eq!(expires_at(&world, &id, &event_id).await, due.unix_timestamp() + retention);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_delayed_event_survives_kill_9_and_is_delivered_once() {
    for seconds in [3, 3600] {
        let (dir, receiver) = (Dir::new(), Receiver::ok().await);
        let host = Hookstep::start(dir.path(), FREE_PORT).await;
        let id = host.api.create_webhook(&receiver.url, json!({})).await;
        let event_id = scheduled(&host.api, &id, &format!("?delay_seconds={seconds}")).await;
        host.process.kill().await;
        let token = host.api.token;
        let world = World::open(dir, later).await;
        let api = Api { token, ..world.api.clone() };
        let event = api.ended(&id, &event_id).await;
        assert_eq!((&event["status"], &event["attempt_count"]), (&json!("succeeded"), &json!(1)), "{event}");
        world.settled(&event_id).await;
        assert_eq!(receiver.only().body, BODY.as_bytes());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_time_that_cannot_be_taken_is_refused_by_name_and_one_that_has_passed_is_now() {
    let (world, receiver) = (World::start().await, Receiver::ok().await);
    let id = world.api.create_webhook(&receiver.url, json!({})).await;
    for (query, field) in [
        ("?deliver_at=tomorrow", "deliver_at"),
        ("?deliver_at=2999-01-01T00:00:00Z", "deliver_at"),
        ("?deliver_at=2999-01-01T00:00:00Z&delay_seconds=1", "deliver_at"),
        ("?delay_seconds=-1", "delay_seconds"),
        ("?delay_seconds=2592001", "delay_seconds"),
        ("?delay_seconds=1h", "delay_seconds"),
        ("?delay_seconds=1&sync=true", "sync"),
    ] {
        let refused = Answer::to(world.api.triggering(&id, query, BODY).header("idempotency-key", "k")).await;
        assert_eq!(refused.wrong_field(), field, "{query}");
    }
    assert_eq!(world.api.events(&id, "").await["data"], json!([]));
    // The key of the refused requests is free.
    let passed = world.api.triggering(&id, "?deliver_at=2020-01-01T00:00:00Z", BODY);
    let answer = Answer::to(passed.header("idempotency-key", "k")).await;
    assert_eq!(answer.json()["status"], "in_progress", "{answer:?}");
    let event = world.api.ended(&id, &accepted(&answer)).await;
    assert_eq!((&event["status"], &event["deliver_at"]), (&json!("succeeded"), &Value::Null), "{event}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_repeated_request_is_the_same_event_at_the_first_time() {
    let (world, receiver) = (World::start().await, Receiver::ok().await);
    let id = world.api.create_webhook(&receiver.url, json!({})).await;
    let again = async |query: &str| {
        Answer::to(world.api.triggering(&id, query, BODY).header("idempotency-key", "k")).await
    };
    let event_id = accepted(&again("?delay_seconds=3600").await);
    let event = world.api.until(&id, &event_id, |event| event["status"] == "scheduled").await;
    for query in ["?delay_seconds=3600", "?delay_seconds=1", "", "?sync=true"] {
        let answer = again(query).await;
        assert_eq!(accepted(&answer), event_id, "{query}");
        if query == "?sync=true" {
            assert_eq!(answer.json()["status"], "scheduled", "its execution has seen the event");
        }
        world.settled(&event_id).await;
        assert_eq!(world.api.event(&id, &event_id).await, event, "{query}");
    }
    assert_eq!(receiver.calls(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_scheduled_event_is_not_replayed_unless_it_is_cancelled() {
    let (world, receiver) = (World::start().await, Receiver::ok().await);
    let (api, id) = (&world.api, world.api.create_webhook(&receiver.url, json!({})).await);
    let event_id = scheduled(api, &id, "?delay_seconds=3600").await;
    let path = format!("/webhook/{id}/events/{event_id}");
    let refused = api.post(&format!("{path}/replay"), &json!({})).await.problem(409);
    assert!(refused["detail"].as_str().unwrap().contains("cancel it first"), "{refused}");
    let forecast = json!({"event_ids": [event_id], "dry_run": true});
    let forecast = api.post(&format!("/webhook/{id}/events/replay"), &forecast).await.json();
    assert_eq!(forecast, json!({"events": 0, "complete": true}));

    let cancelled = api.post(&format!("{path}/cancel"), &json!({})).await.json();
    assert_eq!((&cancelled["status"], &cancelled["reason"]["code"]), (&json!("failed"), &json!("cancelled")));
    let schedules = &world.host.clients().schedules;
    let name = format!("{event_id}-1");
    let gone = schedules.get_schedule().name(name).group_name("hookstep-retries").send().await;
    assert!(gone.unwrap_err().into_service_error().is_resource_not_found_exception());
    let replay = accepted(&api.post(&format!("{path}/replay"), &json!({})).await);
    let event = api.ended(&id, &replay).await;
    assert_eq!((&event["status"], &event["deliver_at"]), (&json!("succeeded"), &Value::Null), "{event}");
    assert_eq!(receiver.only().header("webhook-id"), Some(&*event_id));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_that_is_not_kept_is_stored_until_its_event_has_ended() {
    let world = World::with_options(|options| options.keep_bodies = false).await;
    let receiver = Receiver::ok().await;
    let id = world.api.create_webhook(&receiver.url, json!({})).await;
    let event_id = scheduled(&world.api, &id, "?delay_seconds=2").await;
    let payload = format!("/webhook/{id}/events/{event_id}/payload");
    assert_eq!(world.api.get(&payload).await.body, BODY);
    assert_eq!(world.api.ended(&id, &event_id).await["status"], "succeeded");
    assert_eq!(receiver.only().body, BODY.as_bytes());
    world.settled(&event_id).await;
    world.api.get(&payload).await.problem(404);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fault_before_the_event_is_recorded_does_not_send_it_early() {
    let (world, receiver) = (World::start().await, Receiver::ok().await);
    let id = world.api.create_webhook(&receiver.url, json!({"retry": {"schedule_seconds": [1, 1]}})).await;
    world.faults.plan(&id, Fault { state: "FetchConfig", error: "Broken", times: Some(1) });
    let query = "?delay_seconds=4";
    let event_id = accepted(&Answer::to(world.api.triggering(&id, query, BODY)).await);
    let event = world.api.ended(&id, &event_id).await;
    assert_eq!((&event["status"], &event["attempt_count"]), (&json!("succeeded"), &json!(2)), "{event}");
    assert!(moment(&event["attempts"][1]["started_at"]) >= moment(&event["deliver_at"]), "{event}");
    assert_eq!(receiver.only().body, BODY.as_bytes());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_of_the_bus_is_sent_later_and_a_time_that_is_none_loses_nothing() {
    let (world, receiver) = (World::start().await, Receiver::ok().await);
    let bus = &world.host.clients().events;
    for (delay, status) in
        [(json!({"delay_seconds": 3600}), "scheduled"), (json!({"delay_seconds": -1}), "succeeded")]
    {
        let id = world.api.create_webhook(&receiver.url, json!({})).await;
        let mut detail = json!({"org_id": ORG, "config_id": id, "payload": {"remind": "me"}});
        detail.as_object_mut().unwrap().extend(delay.as_object().unwrap().clone());
        crate::aws::cases::put_events(bus, "hookstep", "Webhook Trigger", &detail.to_string()).await;
        let events =
            world.api.until_events(&id, |events| events.iter().any(|event| event["status"] == status)).await;
        assert_eq!(events.len(), 1, "{events:?}");
    }
    receiver.only();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kill_9_under_load_loses_no_scheduled_event_and_sends_none_early() {
    let (dir, receiver) = (Dir::new(), Receiver::ok().await);
    let mut host = Hookstep::start(dir.path(), FREE_PORT).await;
    let id = host.api.create_webhook(&receiver.url, json!({})).await;
    let mut events = Vec::new();
    for _ in 0..3 {
        // Some become due while the host is killed and started.
        for seconds in [1, 2, 3].into_iter().cycle().take(60) {
            let query = format!("?delay_seconds={seconds}");
            events.push(accepted(&Answer::to(host.api.triggering(&id, &query, BODY)).await));
            host.api.trigger(&id, BODY).await;
        }
        host.process.kill().await;
        host = Hookstep::start(dir.path(), FREE_PORT).await;
    }
    for event_id in &events {
        let event = host.api.ended(&id, event_id).await;
        assert_eq!((&event["status"], &event["attempt_count"]), (&json!("succeeded"), &json!(1)), "{event}");
        let (due, attempt) = (moment(&event["deliver_at"]), &event["attempts"][0]);
        assert!(moment(&attempt["started_at"]) >= due, "{event}");
    }
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_delayed_event_on_the_standard_machine_is_sent_at_its_time() {
    let world = World::with_options(|options| options.async_workflow = MachineKind::Standard).await;
    let receiver = Receiver::ok().await;
    let id = world.api.create_webhook(&receiver.url, json!({})).await;
    let event_id = scheduled(&world.api, &id, "?delay_seconds=2").await;
    let event = world.api.ended(&id, &event_id).await;
    assert_eq!((&event["status"], &event["attempt_count"]), (&json!("succeeded"), &json!(1)), "{event}");
    assert!(moment(&event["attempts"][0]["started_at"]) >= moment(&event["deliver_at"]), "{event}");
    assert_eq!(receiver.calls(), 1);
}
