//! Bodies that an org keeps for less long than their events are in no file afterwards.
#![expect(clippy::unwrap_used, reason = "an answer that is not as expected fails the test")]

use std::sync::atomic::Ordering;

use hookstep_host::Histories;
use serde_json::{Value, json};

use super::event_erasure::files_with;
use super::orgs::{made, patch_org, platform};
use super::pages::Browser;
use crate::world::{Answer, Api, ORG, Receiver, Reply, World, accepted, own_clock, until};

/// In bodies and answers of events that end at once, and in nothing else.
const PLANTED: &str = "pl4nted-body";
/// The same of events that wait.
const WAITING: &str = "w4iting-body";

/// Events of every kind that end at once. Returns the webhook that transforms, and its event.
async fn ended_events(api: &Api) -> (String, String) {
    let body = json!({"who": PLANTED, "filler": "x".repeat(3000)}).to_string();
    let echo = Receiver::answering([Reply::status(200).body(body.clone())]).await;
    let fields =
        json!({"transform": {"jsonata": "{'person': who}"}, "event_headers": {"x-who": "{{body.person}}"}});
    let config_id = api.create_webhook(&echo.url, fields).await;
    let event_id = api.deliver(&config_id, body.clone()).await["event_id"].as_str().unwrap().to_owned();
    let replay = api.post(&format!("/webhook/{config_id}/events/{event_id}/replay"), &json!({})).await;
    api.ended(&config_id, &accepted(&replay)).await;
    let plain = api.create_webhook(&echo.url, json!({"event_types": ["t"]})).await;
    let large = json!({"who": PLANTED, "filler": "x".repeat(300_000)}).to_string();
    let uploaded = api.deliver(&plain, large.clone()).await["event_id"].as_str().unwrap().to_owned();
    let replay = api.post(&format!("/webhook/{plain}/events/{uploaded}/replay"), &json!({})).await;
    api.ended(&plain, &accepted(&replay)).await;
    for payload in [&body, &large] {
        let payload: Value = serde_json::from_str(payload).unwrap();
        let published = api.post("/events", &json!({"event_type": "t", "payload": payload})).await.json();
        api.ended(&plain, published["deliveries"][0]["event_id"].as_str().unwrap()).await;
    }
    (config_id, event_id)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_their_hours_bodies_are_gone_and_events_are_not() {
    // The hours begin in the past: what is shared and may be older than they are stays.
    own_clock!(AHEAD = -2);
    let world = World::with_options(|options| {
        options.sources.clock = clock;
        options.histories = Histories::Full;
    })
    .await;
    let api = &world.api;
    let before = api.create_webhook(&Receiver::ok().await.url, json!({})).await;
    let kept = api.deliver(&before, "\"of before\"").await["event_id"].as_str().unwrap().to_owned();
    let org = json!({"org_id": ORG, "name": "Acme", "body_retention_hours": 1});
    assert_eq!(made(&platform(&world).await, org).await["body_retention_hours"], 1);
    AHEAD.store(0, Ordering::Relaxed);

    let (config_id, event_id) = ended_events(api).await;
    let path = format!("/webhook/{config_id}/events/{event_id}");
    let event = api.get(&path).await.json();
    assert!(event["bodies_kept_until"].is_string() && event.to_string().contains(PLANTED), "{event}");
    let busy = Receiver::answering([Reply::status(503).body(WAITING)]).await;
    let failing = api.create_webhook(&busy.url, json!({"retry": {"schedule_seconds": [36_000]}})).await;
    let waiting = api.trigger(&failing, format!("\"{WAITING}\"")).await;
    let waits = api.until(&failing, &waiting, |event| event["next_attempt_at"].is_string()).await;
    assert_eq!(waits["bodies_kept_until"], json!(null));
    let query = "?delay_seconds=36000";
    let later = Answer::to(api.triggering(&failing, query, format!("\"{WAITING}\""))).await;
    let later = accepted(&later);

    AHEAD.store(59, Ordering::Relaxed);
    assert_eq!(api.get(&format!("{path}/payload")).await.json()["who"], PLANTED);
    AHEAD.store(62, Ordering::Relaxed);
    api.get(&format!("{path}/payload")).await.problem(404);
    until("the bodies are in no file", async || files_with(PLANTED, world.dir.path()).is_empty()).await;
    let event = api.get(&path).await.json();
    assert_eq!((&event["status"], &event["attempts"][0]["status_code"]), (&json!("succeeded"), &json!(200)));
    assert_eq!(event["attempts"][0]["response_body"], json!(null));
    assert!(event["attempts"][0]["request_headers"]["webhook-id"].is_string(), "{event}");
    let refused = api.post(&format!("{path}/replay"), &json!({})).await;
    assert!(refused.problem(409)["detail"].as_str().unwrap().contains("keeps bodies for 1 h"), "{refused:?}");
    api.get(&format!("{path}/payload?of=sent")).await.problem(404);
    let found = api.get(&format!("/events?text={PLANTED}")).await.json();
    assert_eq!(found["data"], json!([]));
    let page = format!("/console/webhooks/{config_id}/events/{event_id}");
    let page = Browser::signed_in(&world, api).await.page(&page).await;
    assert!(page.contains("It is no longer kept: bodies are deleted 1 h"), "{page}");

    // What waits has its body, and what was accepted before the org said so, too.
    for (config_id, event_id) in [(&failing, &waiting), (&failing, &later), (&before, &kept)] {
        let payload = api.get(&format!("/webhook/{config_id}/events/{event_id}/payload")).await;
        assert_eq!(payload.status, 200, "{payload:?}");
    }
    for event_id in [&waiting, &later] {
        api.post(&format!("/webhook/{failing}/events/{event_id}/cancel"), &json!({})).await;
        api.ended(&failing, event_id).await;
    }
    AHEAD.store(124, Ordering::Relaxed);
    until("they are gone after their end", async || files_with(WAITING, world.dir.path()).is_empty()).await;
}

/// Whether the record of an event notes that its bodies are deleted.
async fn is_deleted(world: &World, event_id: &str) -> bool {
    let items = world.host.clients().tables.scan().table_name("events").send().await.unwrap().items.unwrap();
    let event = items.iter().find(|item| item["sk"].as_s().unwrap() == event_id).unwrap();
    event.contains_key("bodies_deleted_at")
}

/// Whether an event is on the list of those whose bodies are to be deleted.
async fn is_listed(world: &World, event_id: &str) -> bool {
    let items = world.host.clients().tables.scan().table_name("events").send().await.unwrap().items.unwrap();
    items.iter().any(|item| {
        let [pk, sk] = ["pk", "sk"].map(|name| item[name].as_s().unwrap());
        pk.starts_with("#expiring/") && sk.ends_with(event_id)
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upload_stays_for_as_long_as_one_of_its_events_needs_it() {
    // The hours begin in the past.
    own_clock!(AHEAD = -2);
    let world = World::with_options(|options| options.sources.clock = clock).await;
    let (api, platform) = (&world.api, platform(&world).await);
    made(&platform, json!({"org_id": ORG, "name": "Acme", "body_retention_hours": 2})).await;
    AHEAD.store(0, Ordering::Relaxed);
    let receiver = Receiver::answering([Reply::status(200), Reply::status(503)]).await;
    let fields = json!({"event_types": ["t"], "retry": {"schedule_seconds": [36_000]}});
    let config_id = api.create_webhook(&receiver.url, fields).await;
    let large = format!("\"{PLANTED}{}\"", "x".repeat(300_000));
    let first = api.deliver(&config_id, large).await["event_id"].as_str().unwrap().to_owned();
    let path = format!("/webhook/{config_id}/events/{first}");
    let replay = accepted(&api.post(&format!("{path}/replay"), &json!({})).await);
    api.until(&config_id, &replay, |event| event["next_attempt_at"].is_string()).await;

    AHEAD.store(122, Ordering::Relaxed);
    until("the body of the first is deleted", async || is_deleted(&world, &first).await).await;
    api.get(&format!("{path}/payload")).await.problem(404);
    assert_eq!(files_with(PLANTED, world.dir.path()).len(), 1, "the object, for the replay");
    api.post(&format!("/webhook/{config_id}/events/{replay}/cancel"), &json!({})).await;
    api.ended(&config_id, &replay).await;
    AHEAD.store(244, Ordering::Relaxed);
    until("the object is deleted", async || files_with(PLANTED, world.dir.path()).is_empty()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upload_from_before_the_hours_stays_for_its_older_event() {
    own_clock!(AHEAD = 0);
    let world = World::with_options(|options| options.sources.clock = clock).await;
    let (api, platform) = (&world.api, platform(&world).await);
    let config_id = api.create_webhook(&Receiver::ok().await.url, json!({})).await;
    let large = format!("\"{PLANTED}{}\"", "x".repeat(300_000));
    let older = api.deliver(&config_id, large).await["event_id"].as_str().unwrap().to_owned();
    made(&platform, json!({"org_id": ORG, "name": "Acme", "body_retention_hours": 1})).await;
    let path = format!("/webhook/{config_id}/events/{older}");
    let replay = accepted(&api.post(&format!("{path}/replay"), &json!({})).await);
    let ended = api.ended(&config_id, &replay).await;
    assert!(ended["bodies_kept_until"].is_string(), "{ended}");

    AHEAD.store(62, Ordering::Relaxed);
    until("the replay has lost its body", async || is_deleted(&world, &replay).await).await;
    until("nothing is left to do", async || !is_listed(&world, &replay).await).await;
    assert_eq!(files_with(PLANTED, world.dir.path()).len(), 1, "the object");
    // The bucket has a clock of its own, and refuses what was signed in the future.
    AHEAD.store(0, Ordering::Relaxed);
    let payload = api.get(&format!("{path}/payload")).await;
    assert_eq!(payload.status, 200, "{payload:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_that_holds_up_others_keeps_its_body() {
    own_clock!(AHEAD = 0);
    let world = World::with_options(|options| options.sources.clock = clock).await;
    let (api, platform) = (&world.api, platform(&world).await);
    made(&platform, json!({"org_id": ORG, "name": "Acme", "body_retention_hours": 1})).await;
    let receiver = Receiver::answering([Reply::status(500), Reply::status(200)]).await;
    let fields = json!({"ordering": {"on_failure": "block"}, "retry": {"schedule_seconds": []}});
    let config_id = api.create_webhook(&receiver.url, fields).await;
    let failed = api.deliver(&config_id, "1").await["event_id"].as_str().unwrap().to_owned();
    let plain = api.create_webhook(&Receiver::ok().await.url, json!({})).await;
    let other = api.deliver(&plain, "2").await["event_id"].as_str().unwrap().to_owned();
    AHEAD.store(62, Ordering::Relaxed);
    until("that of the other is deleted", async || {
        let page = api.get(&format!("/webhook/{plain}/events/{other}")).await.json();
        page["bodies_kept_until"].is_string()
            && api.get(&format!("/webhook/{plain}/events/{other}/payload")).await.status == 404
    })
    .await;
    let replay = api.post(&format!("/webhook/{config_id}/events/{failed}/replay"), &json!({})).await;
    assert_eq!(api.ended(&config_id, &accepted(&replay)).await["status"], "succeeded");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_hours_are_at_most_those_of_the_events() {
    let world = World::start().await;
    let platform = platform(&world).await;
    made(&platform, json!({"org_id": ORG, "name": "Acme", "retention_days": 2})).await;
    for hours in [0, 49] {
        let refused = patch_org(&platform, ORG, json!({"body_retention_hours": hours})).await;
        assert_eq!(refused.wrong_field(), "body_retention_hours");
    }
    let patched = patch_org(&platform, ORG, json!({"body_retention_hours": 48})).await;
    assert_eq!(patched.json()["body_retention_hours"], 48);
    let cleared = patch_org(&platform, ORG, json!({"body_retention_hours": null})).await;
    assert_eq!(cleared.json()["body_retention_hours"], json!(null));
}
