//! Values that an org does not keep reach receivers, are shown to nobody, and are in no file once their event has ended.
#![expect(clippy::unwrap_used, reason = "an answer that is not as expected fails the test")]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use hookstep_host::{Histories, ServiceError, TableCall, TableGate};
use serde_json::{Value, json};

use super::event_erasure::files_with;
use super::orgs::{made, patch_org, platform};
use super::pages::Browser;
use crate::world::{Answer, ORG, Receiver, Reply, World, accepted, own_clock, until};

/// In what is redacted, and in nothing else.
const PLANTED: &str = "pl4nted@example.com";
/// In what stays.
const KEPT: &str = "k3pt";

fn planted() -> String {
    json!({"who": {"email": PLANTED}, "note": KEPT, "filler": "x".repeat(3000)}).to_string()
}

async fn redacting(world: &World, paths: &[&str]) {
    let org = json!({"org_id": ORG, "name": "Acme", "redact_paths": paths});
    assert_eq!(made(&platform(world).await, org).await["redact_paths"], json!(paths));
}

fn text(answer: &Answer) -> String {
    String::from_utf8_lossy(&answer.body).into_owned()
}

fn id(event: &Value) -> String {
    event["event_id"].as_str().unwrap().to_owned()
}

/// Reads what the API has of an event, and checks that it has nothing that is to be redacted.
async fn answered(world: &World, config_id: &str, event_id: &str) -> String {
    let path = format!("/webhook/{config_id}/events/{event_id}");
    let mut answered = String::new();
    for path in [path.clone(), format!("{path}/payload"), format!("{path}/payload?of=sent")] {
        answered.push_str(&text(&world.api.get(&path).await));
    }
    assert!(!answered.contains(PLANTED), "{answered}");
    answered
}

/// Reads everything that is shown of an event, and checks that it has nothing that is redacted.
async fn shown(world: &World, config_id: &str, event_id: &str) -> String {
    let api = &world.api;
    let mut shown = answered(world, config_id, event_id).await;
    let browser = Browser::signed_in(world, api).await;
    shown.push_str(&browser.page(&format!("/console/webhooks/{config_id}/events/{event_id}?whole=1")).await);
    assert!(!shown.contains(PLANTED), "{shown}");
    let found = api.get(&format!("/events?text={PLANTED}")).await.json();
    assert_eq!(found["data"], json!([]));
    shown
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_redacted_is_delivered_and_is_nowhere_after_the_end() {
    // The paths are older than what is uploaded: an upload that may be older than they are stays.
    own_clock!(AHEAD = -2);
    let world = World::with_options(|options| {
        options.sources.clock = clock;
        options.histories = Histories::Full;
    })
    .await;
    redacting(&world, &["$.who.email"]).await;
    AHEAD.store(0, Ordering::Relaxed);
    let (api, body) = (&world.api, planted());

    // The answer repeats the value elsewhere, and so do a header and what the transform makes.
    let echo = Reply::status(200).body(json!({"got": {"mail": PLANTED}, "ok": KEPT}).to_string());
    let receiver = Receiver::answering([echo]).await;
    let plain = api.create_webhook(&receiver.url, json!({"event_types": ["t"]})).await;
    let delivered = id(&api.deliver(&plain, body.clone()).await);
    assert_eq!(receiver.seen()[0].body, body.as_bytes());
    let fields = json!({
        "transform": {"jsonata": "{'to': who.email, 'note': note}"}, "event_headers": {"x-to": "{{body.to}}"}, "event_types": ["t"],
    });
    let transforming = api.create_webhook(&receiver.url, fields).await;
    let transformed = id(&api.deliver(&transforming, body.clone()).await);
    assert_eq!(
        serde_json::from_slice::<Value>(&receiver.seen()[1].body).unwrap(),
        json!({"to": PLANTED, "note": KEPT})
    );
    assert_eq!(receiver.seen()[1].header("x-to"), Some(PLANTED));
    let payload: Value = serde_json::from_str(&body).unwrap();
    let published = api.post("/events", &json!({"event_type": "t", "payload": payload})).await.json();
    let mut events = vec![(plain.clone(), delivered), (transforming, transformed)];
    for delivery in published["deliveries"].as_array().unwrap() {
        let [config_id, event_id] =
            ["config_id", "event_id"].map(|name| delivery[name].as_str().unwrap().to_owned());
        api.ended(&config_id, &event_id).await;
        events.push((config_id, event_id));
    }
    assert_eq!(events.len(), 4);
    // What cannot be redacted is not kept at all.
    let large = format!("{{\"who\":{{\"email\":\"{PLANTED}\"}},\"filler\":\"{}\"}}", "x".repeat(300_000));
    let mut unredactable = Vec::new();
    for body in [large, format!("mail={PLANTED}")] {
        unredactable.push((plain.clone(), id(&api.deliver(&plain, body).await)));
    }
    // What nothing is redacted of stays as it was.
    let silent = Receiver::ok().await;
    let other = api.create_webhook(&silent.url, json!({})).await;
    let whole = id(&api.deliver(&other, "{ \"note\" : 1.50 }").await);
    for (config_id, event_id) in events.iter().chain(&unredactable) {
        shown(&world, config_id, event_id).await;
    }

    assert!(!files_with(PLANTED, world.dir.path()).is_empty(), "it was stored");
    AHEAD.store(2, Ordering::Relaxed);
    until("it is in no file", async || files_with(PLANTED, world.dir.path()).is_empty()).await;
    for (config_id, event_id) in &events {
        let shown = shown(&world, config_id, event_id).await;
        assert!(shown.contains(KEPT) && shown.contains("[redacted]"), "{shown}");
        let path = format!("/webhook/{config_id}/events/{event_id}");
        let event = api.get(&path).await.json();
        assert_eq!(
            (&event["status"], &event["body_redacted"]),
            (&json!("succeeded"), &json!(true)),
            "{event}"
        );
        for reapply in [false, true] {
            let refused = api.post(&format!("{path}/replay"), &json!({"reapply": reapply})).await;
            let detail = refused.problem(409)["detail"].as_str().unwrap().to_owned();
            assert!(detail.contains("was redacted"), "{detail}");
        }
    }
    for (config_id, event_id) in &unredactable {
        shown(&world, config_id, event_id).await;
        let path = format!("/webhook/{config_id}/events/{event_id}");
        api.get(&format!("{path}/payload")).await.problem(404);
        let refused = api.post(&format!("{path}/replay"), &json!({})).await;
        let detail = refused.problem(409)["detail"].as_str().unwrap().to_owned();
        assert!(detail.contains("large or not JSON"), "{detail}");
    }
    let path = format!("/webhook/{other}/events/{whole}");
    assert_eq!(text(&api.get(&format!("{path}/payload")).await), "{ \"note\" : 1.50 }");
    let replay = api.post(&format!("{path}/replay"), &json!({})).await;
    assert_eq!(api.ended(&other, &accepted(&replay)).await["body_redacted"], false);
    assert_eq!(silent.seen()[1].body, b"{ \"note\" : 1.50 }");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_an_expression_says_about_a_value_is_not_kept() {
    let world = World::start().await;
    redacting(&world, &["$.who.email"]).await;
    let (api, receiver) = (&world.api, Receiver::ok().await);
    let expressions = [
        json!({"transform": {"jsonata": "$number(who.email)"}}),
        json!({"filter": {"jsonata": "$error('no ' & who.email)"}}),
        json!({"ordering": {"key": "$number(who.email)"}}),
    ];
    for (code, fields) in ["transform_fault", "filter_fault", "order_key_fault"].into_iter().zip(expressions)
    {
        let config_id = api.create_webhook(&receiver.url, fields).await;
        let event_id = id(&api.deliver(&config_id, planted()).await);
        let shown = shown(&world, &config_id, &event_id).await;
        assert!(shown.contains(code) && shown.contains("what it says is not kept"), "{shown}");
        let listed = text(&api.get(&format!("/webhook/{config_id}/events")).await);
        assert!(listed.contains(code) && !listed.contains(PLANTED), "{listed}");
    }
    assert_eq!(receiver.seen().len(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_waits_is_whole_is_shown_redacted_and_is_retried_whole() {
    own_clock!(AHEAD = 0);
    let world = World::with_options(|options| options.sources.clock = clock).await;
    redacting(&world, &["$..email"]).await;
    let api = &world.api;
    let refusing = Reply::status(503).body(json!({"invalid": PLANTED, "because": KEPT}).to_string());
    let receiver = Receiver::answering([refusing.clone(), Reply::status(200)]).await;
    let quick = api.create_webhook(&receiver.url, json!({"retry": {"schedule_seconds": [1]}})).await;
    let retried = id(&api.deliver(&quick, planted()).await);
    assert_eq!(receiver.seen()[1].body, planted().as_bytes());
    let busy = Receiver::answering([refusing]).await;
    let slow = api.create_webhook(&busy.url, json!({"retry": {"schedule_seconds": [36_000]}})).await;
    let waits = api.trigger(&slow, planted()).await;
    api.until(&slow, &waits, |event| event["next_attempt_at"].is_string()).await;

    // It is looked at meanwhile, and stays as it is.
    AHEAD.store(5, Ordering::Relaxed);
    let path = format!("/webhook/{quick}/events/{retried}");
    until("the other is redacted", async || api.get(&path).await.json()["body_redacted"] == true).await;
    for (config_id, event_id) in [(&quick, &retried), (&slow, &waits)] {
        let shown = shown(&world, config_id, event_id).await;
        assert!(shown.contains(KEPT) && shown.contains("[redacted]"), "{shown}");
        let event = api.get(&format!("/webhook/{config_id}/events/{event_id}")).await.json();
        let answer = &event["attempts"][0]["response_body"];
        assert_eq!(answer, "{\"invalid\":\"[redacted]\",\"because\":\"k3pt\"}");
        assert_eq!(event["body_redacted"], event["status"] == "succeeded");
    }
    assert!(!files_with(PLANTED, world.dir.path()).is_empty(), "it is whole for its retry");
    api.post(&format!("/webhook/{slow}/events/{waits}/cancel"), &json!({})).await;
    api.ended(&slow, &waits).await;
    AHEAD.store(7, Ordering::Relaxed);
    until("nothing is left", async || files_with(PLANTED, world.dir.path()).is_empty()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_body_of_a_publication_is_whole_until_its_last_delivery_has_ended() {
    own_clock!(AHEAD = 0);
    let world = World::with_options(|options| options.sources.clock = clock).await;
    redacting(&world, &["$.who.email"]).await;
    let api = &world.api;
    let quick = api.create_webhook(&Receiver::ok().await.url, json!({"event_types": ["t"]})).await;
    let receiver = Receiver::answering([Reply::status(503), Reply::status(200)]).await;
    let fields = json!({"event_types": ["t"], "retry": {"schedule_seconds": [600]}});
    let slow = api.create_webhook(&receiver.url, fields).await;
    let payload: Value = serde_json::from_str(&planted()).unwrap();
    let published = api.post("/events", &json!({"event_type": "t", "payload": payload})).await.json();
    let event_of = |config_id: &str| {
        let deliveries = published["deliveries"].as_array().unwrap();
        id(deliveries.iter().find(|delivery| delivery["config_id"] == config_id).unwrap())
    };
    let (ended, waits) = (event_of(&quick), event_of(&slow));
    api.until(&slow, &waits, |event| event["next_attempt_at"].is_string()).await;

    AHEAD.store(5, Ordering::Relaxed);
    let path = format!("/webhook/{quick}/events/{ended}");
    until("the first one is redacted", async || api.get(&path).await.json()["body_redacted"] == true).await;
    for (config_id, event_id) in [(&quick, &ended), (&slow, &waits)] {
        let shown = shown(&world, config_id, event_id).await;
        assert!(shown.contains(KEPT) && shown.contains("[redacted]"), "{shown}");
    }
    AHEAD.store(15, Ordering::Relaxed);
    let world = world.reopen(|options| options.sources.clock = clock).await;
    world.api.ended(&slow, &waits).await;
    assert_eq!(receiver.seen()[1].body, receiver.seen()[0].body, "it was sent again, as a whole");
    AHEAD.store(18, Ordering::Relaxed);
    until("it is in no file", async || files_with(PLANTED, world.dir.path()).is_empty()).await;
    shown(&world, &slow, &waits).await;
}

/// Lets some writes to the table of events through, and refuses all that follow.
#[derive(Debug)]
struct Interrupted {
    spared: AtomicUsize,
    has_refused: AtomicBool,
}

impl TableGate for Interrupted {
    fn refuse(&self, call: &TableCall<'_>) -> Option<ServiceError> {
        let reads = matches!(call.operation, "GetItem" | "BatchGetItem" | "Query" | "Scan");
        let less = |spared: usize| spared.checked_sub(1);
        if reads
            || call.table != "events"
            || self.spared.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less).is_ok()
        {
            return None;
        }
        self.has_refused.store(true, Ordering::Relaxed);
        // Not tried again by the client.
        Some(ServiceError::new("ValidationException", "planned by a test"))
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redaction_that_is_interrupted_after_any_write_is_completed_later() {
    own_clock!(AHEAD = 0);
    let mut world = World::with_options(|options| options.sources.clock = clock).await;
    redacting(&world, &["$.who.email"]).await;
    let echo = Reply::status(200).body(json!({"mail": PLANTED}).to_string());
    let receiver = Receiver::answering([echo]).await;
    let fields = json!({"event_types": ["t"], "transform": {"jsonata": "{'to': who.email, 'note': note}"}});
    let mut events = Vec::new();
    for fields in [json!({"event_types": ["t"]}), fields] {
        let config_id = world.api.create_webhook(&receiver.url, fields).await;
        events.push((config_id.clone(), id(&world.api.deliver(&config_id, planted()).await)));
    }
    let payload: Value = serde_json::from_str(&planted()).unwrap();
    let published = world.api.post("/events", &json!({"event_type": "t", "payload": payload})).await.json();
    for delivery in published["deliveries"].as_array().unwrap() {
        let config_id = delivery["config_id"].as_str().unwrap().to_owned();
        let event_id = id(delivery);
        world.api.ended(&config_id, &event_id).await;
        events.push((config_id, event_id));
    }
    AHEAD.store(2, Ordering::Relaxed);
    let mut lives = 0;
    loop {
        let gate =
            Arc::new(Interrupted { spared: AtomicUsize::new(lives), has_refused: AtomicBool::new(false) });
        let table_gate = gate.clone();
        world = world
            .reopen(|options| {
                options.sources.clock = clock;
                options.table_gate = Some(table_gate);
            })
            .await;
        let files = || files_with(PLANTED, world.dir.path());
        let is_over = async || gate.has_refused.load(Ordering::Relaxed) || files().is_empty();
        until("a write is refused, or none is left", is_over).await;
        for (config_id, event_id) in &events {
            answered(&world, config_id, event_id).await;
        }
        if !gate.has_refused.load(Ordering::Relaxed) {
            break;
        }
        lives += 1;
        assert!(lives < 60, "it does not get on");
    }
    assert!(lives > 3, "it was interrupted {lives} times");
    let world = world.reopen(|options| options.sources.clock = clock).await;
    until("it is in no file", async || files_with(PLANTED, world.dir.path()).is_empty()).await;
    for (config_id, event_id) in &events {
        let event = world.api.get(&format!("/webhook/{config_id}/events/{event_id}")).await.json();
        assert_eq!(event["body_redacted"], true, "{event}");
        let shown = shown(&world, config_id, event_id).await;
        assert!(shown.contains(KEPT) && shown.contains("[redacted]"), "{shown}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_not_redacted_when_an_org_takes_its_paths_back_stays() {
    own_clock!(AHEAD = 0);
    let world = World::with_options(|options| options.sources.clock = clock).await;
    redacting(&world, &["$.who.email"]).await;
    let (api, receiver) = (&world.api, Receiver::ok().await);
    let config_id = api.create_webhook(&receiver.url, json!({})).await;
    let early = id(&api.deliver(&config_id, planted()).await);
    AHEAD.store(2, Ordering::Relaxed);
    let early = format!("/webhook/{config_id}/events/{early}");
    until("it is redacted", async || api.get(&early).await.json()["body_redacted"] == true).await;
    let late = format!("/webhook/{config_id}/events/{}", id(&api.deliver(&config_id, planted()).await));
    patch_org(&platform(&world).await, ORG, json!({"redact_paths": null})).await;

    AHEAD.store(5, Ordering::Relaxed);
    let replay = async || api.post(&format!("{late}/replay"), &json!({})).await;
    assert_eq!(text(&api.get(&format!("{late}/payload")).await), planted());
    assert_eq!(api.ended(&config_id, &accepted(&replay().await)).await["body_redacted"], false);
    assert_eq!(receiver.seen()[2].body, planted().as_bytes());
    // Given again, the paths hold for what is accepted from then on.
    patch_org(&platform(&world).await, ORG, json!({"redact_paths": ["$.note"]})).await;
    let next = format!("/webhook/{config_id}/events/{}", id(&api.deliver(&config_id, planted()).await));
    AHEAD.store(8, Ordering::Relaxed);
    until("the next one is redacted", async || api.get(&next).await.json()["body_redacted"] == true).await;
    let left = text(&api.get(&format!("{next}/payload")).await);
    assert!(left.contains(PLANTED) && !left.contains(KEPT), "{left}");
    let left = text(&api.get(&format!("{early}/payload")).await);
    assert!(!left.contains(PLANTED), "{left}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redacted_bodies_are_deleted_after_their_hours() {
    own_clock!(AHEAD = 0);
    let world = World::with_options(|options| options.sources.clock = clock).await;
    let org = json!({"org_id": ORG, "name": "Acme", "redact_paths": ["$.who"], "body_retention_hours": 1});
    made(&platform(&world).await, org).await;
    let api = &world.api;
    let config_id = api.create_webhook(&Receiver::ok().await.url, json!({})).await;
    let event_id = id(&api.deliver(&config_id, planted()).await);
    let path = format!("/webhook/{config_id}/events/{event_id}");
    AHEAD.store(2, Ordering::Relaxed);
    until("it is redacted", async || api.get(&path).await.json()["body_redacted"] == true).await;
    assert_eq!(api.get(&format!("{path}/payload")).await.json()["who"], "[redacted]");
    AHEAD.store(62, Ordering::Relaxed);
    until("it is deleted", async || files_with(KEPT, world.dir.path()).is_empty()).await;
    api.get(&format!("{path}/payload")).await.problem(404);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_that_holds_up_others_is_whole_until_it_does_not() {
    own_clock!(AHEAD = 0);
    let world = World::with_options(|options| options.sources.clock = clock).await;
    redacting(&world, &["$.who"]).await;
    let api = &world.api;
    let receiver = Receiver::answering([Reply::status(500), Reply::status(200)]).await;
    let fields = json!({"ordering": {"on_failure": "block"}, "retry": {"schedule_seconds": []}});
    let config_id = api.create_webhook(&receiver.url, fields).await;
    let failed = id(&api.deliver(&config_id, planted()).await);
    let plain = api.create_webhook(&Receiver::ok().await.url, json!({})).await;
    let other = id(&api.deliver(&plain, planted()).await);
    AHEAD.store(2, Ordering::Relaxed);
    let other = format!("/webhook/{plain}/events/{other}");
    until("the other is redacted", async || api.get(&other).await.json()["body_redacted"] == true).await;
    let replay = api.post(&format!("/webhook/{config_id}/events/{failed}/replay"), &json!({})).await;
    assert_eq!(api.ended(&config_id, &accepted(&replay)).await["status"], "succeeded");
    assert_eq!(receiver.seen()[1].body, planted().as_bytes());
    AHEAD.store(5, Ordering::Relaxed);
    until("both are redacted", async || files_with(PLANTED, world.dir.path()).is_empty()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_path_is_named_and_changes_nothing() {
    let world = World::start().await;
    let platform = platform(&world).await;
    let org = json!({"org_id": ORG, "name": "Acme", "redact_paths": ["$.a", "b"]});
    assert_eq!(platform.post("/orgs", &org).await.wrong_field(), "redact_paths[1]");
    made(&platform, json!({"org_id": ORG, "name": "Acme", "redact_paths": ["$.a"]})).await;
    let many = vec!["$.a"; 21];
    for (paths, field) in [
        (json!(["$.a", "$[?@.b]"]), "redact_paths[1]"),
        (json!([format!("$.{}", "a".repeat(200))]), "redact_paths[0]"),
        (json!(many), "redact_paths"),
        (json!("$.a"), "redact_paths"),
    ] {
        let refused = patch_org(&platform, ORG, json!({"redact_paths": paths})).await;
        assert_eq!(refused.wrong_field(), field, "{refused:?}");
    }
    let read = platform.get(&format!("/orgs/{ORG}")).await.json();
    assert_eq!(read["redact_paths"], json!(["$.a"]));
    let cleared = patch_org(&platform, ORG, json!({"redact_paths": null})).await;
    assert_eq!(cleared.json()["redact_paths"], json!([]));
}
