//! Events that are erased by request leave nothing behind, in no file of the data directory.
#![expect(clippy::unwrap_used, reason = "an answer or a file that is not as expected fails the test")]

use std::path::Path;
use std::sync::atomic::Ordering;

use hookstep_host::Histories;
use serde_json::{Value, json};

use crate::world::{Answer, Api, NOBODY, Receiver, Reply, World, accepted, own_clock, until};

/// In the bodies, the answers and the correlation ids that are to be erased, and in nothing else.
const PLANTED: &str = "pl4nted-person";
/// The same of events that stay.
const KEPT: &str = "k3pt-person";

/// The files below a folder in which `text` occurs.
pub(super) fn files_with(text: &str, folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files_with(text, &path));
            continue;
        }
        let bytes = std::fs::read(&path).unwrap();
        if bytes.windows(text.len()).any(|window| window == text.as_bytes()) {
            found.push(path.display().to_string());
        }
    }
    found
}

async fn erase(api: &Api, what: Value) -> String {
    let answer = api.post("/erasures", &what).await;
    assert_eq!((answer.status, &answer.json()["status"]), (202, &json!("in_progress")), "{answer:?}");
    answer.json()["erasure_id"].as_str().unwrap().to_owned()
}

async fn done(api: &Api, erasure_id: &str) -> Value {
    let path = format!("/erasures/{erasure_id}");
    until("the events are erased", async || api.get(&path).await.json()["status"] == "done").await;
    api.get(&path).await.json()
}

/// Triggers an event with a correlation id; returns its id.
async fn correlated(api: &Api, config_id: &str, query: &str, who: &str, body: String) -> String {
    let request = api.triggering(config_id, query, body).header("x-correlation-id", who);
    accepted(&Answer::to(request).await)
}

/// Events of every kind for somebody: delivered, large, transformed, replayed, with a retry to come, scheduled, published, and of
/// a webhook that is deleted. Returns their webhook and one of them.
async fn events_of(api: &Api, who: &str, event_type: &str) -> (String, String) {
    let body = json!({"who": who, "filler": "x".repeat(3000)}).to_string();
    let echo = Receiver::answering([Reply::status(200).body(body.clone())]).await;
    let busy = Receiver::answering([Reply::status(503).body(body.clone())]).await;
    let fields = json!({"transform": {"jsonata": "{'person': who}"}, "shards": 2});
    let config_id = api.create_webhook(&echo.url, fields).await;
    let event_id = correlated(api, &config_id, "", who, body.clone()).await;
    api.ended(&config_id, &event_id).await;
    let replay = api.post(&format!("/webhook/{config_id}/events/{event_id}/replay"), &json!({})).await;
    api.ended(&config_id, &accepted(&replay)).await;
    let plain = api.create_webhook(&echo.url, json!({"event_types": [event_type]})).await;
    let large = json!({"who": who, "filler": "x".repeat(300_000)}).to_string();
    api.ended(&plain, &correlated(api, &plain, "", who, large.clone()).await).await;
    for payload in [&body, &large] {
        let payload: Value = serde_json::from_str(payload).unwrap();
        let event = json!({"event_type": event_type, "payload": payload, "correlation_id": who});
        let published = api.post("/events", &event).await.json();
        api.ended(&plain, published["deliveries"][0]["event_id"].as_str().unwrap()).await;
    }
    correlated(api, &plain, "?delay_seconds=7200", who, body.clone()).await;
    let failing = api.create_webhook(&busy.url, json!({"retry": {"schedule_seconds": [7200]}})).await;
    let waiting = correlated(api, &failing, "", who, body.clone()).await;
    api.until(&failing, &waiting, |event| event["next_attempt_at"].is_string()).await;
    let gone = api.create_webhook(&echo.url, json!({})).await;
    api.ended(&gone, &correlated(api, &gone, "", who, body).await).await;
    assert_eq!(api.delete(&format!("/webhook/{gone}")).await.status, 204);
    (config_id, event_id)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_what_has_a_correlation_id_nothing_stays_in_any_file() {
    own_clock!(AHEAD = 0);
    let world = World::with_options(|options| {
        options.sources.clock = clock;
        options.histories = Histories::Full;
    })
    .await;
    let api = &world.api;
    let (config_id, event_id) = events_of(api, PLANTED, "of.one").await;
    let (kept_id, kept_event) = events_of(api, KEPT, "of.another").await;
    let planted = files_with(PLANTED, world.dir.path());
    assert!(planted.len() >= 2, "the database and the bucket: {planted:?}");

    let erasure_id = erase(api, json!({"correlation_id": PLANTED})).await;
    // What has ended goes at once, and so does the content of what has not.
    until("most of it is gone", async || {
        api.get(&format!("/erasures/{erasure_id}")).await.json()["events_erased"] == 6
    })
    .await;
    api.get(&format!("/webhook/{config_id}/events/{event_id}")).await.problem(404);
    // An attempt that was under way when its event was cancelled has ended by now.
    AHEAD.store(30, Ordering::Relaxed);
    let record = done(api, &erasure_id).await;
    assert_eq!(
        (&record["events_erased"], &record["large_bodies_erased"]),
        (&json!(8), &json!(2)),
        "{record}"
    );
    assert!(record["done_at"].is_string() && !record.to_string().contains(PLANTED), "{record}");
    assert_eq!(record["correlation_id_sha256"].as_str().unwrap().len(), 64);
    assert_eq!(files_with(PLANTED, world.dir.path()), [""; 0]);
    assert_eq!(api.get("/erasures").await.json()["data"], json!([record]));
    let log = api.get("/audit").await.json();
    assert_eq!(
        (&log["data"][0]["action"], &log["data"][0]["outcome"]),
        (&json!("event.erase"), &json!("done"))
    );
    let found = api.get(&format!("/events?correlation_id={PLANTED}")).await.json();
    assert_eq!(found["data"], json!([]));

    let kept = api.get(&format!("/webhook/{kept_id}/events/{kept_event}/payload")).await;
    assert_eq!(kept.json()["who"], KEPT);
    let found = api.get(&format!("/events?correlation_id={KEPT}")).await.json();
    assert_eq!(found["data"].as_array().unwrap().len(), 7);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_event_goes_with_its_replays_and_a_publication_with_its_deliveries() {
    let (world, receiver) = (World::start().await, Receiver::ok().await);
    let api = &world.api;
    let config_id = api.create_webhook(&receiver.url, json!({"event_types": ["t"]})).await;
    let first = api.deliver(&config_id, format!("\"{PLANTED}\"")).await["event_id"].clone();
    let path = format!("/webhook/{config_id}/events");
    let replay = api.post(&format!("{path}/{}/replay", first.as_str().unwrap()), &json!({})).await;
    let replay = accepted(&replay);
    api.ended(&config_id, &replay).await;
    let other = api.deliver(&config_id, "1").await["event_id"].clone();
    let record = done(api, &erase(api, json!({"config_id": config_id, "event_id": replay})).await).await;
    assert_eq!((&record["events_erased"], &record["event_id"]), (&json!(2), &first));
    assert_eq!(files_with(PLANTED, world.dir.path()), [""; 0]);
    for gone in [first.as_str().unwrap(), &replay] {
        api.get(&format!("{path}/{gone}")).await.problem(404);
        api.post(&format!("{path}/{gone}/replay"), &json!({})).await.problem(404);
    }

    let published = api.post("/events", &json!({"event_type": "t", "payload": PLANTED})).await.json();
    let publication_id = &published["publication_id"];
    let delivery = published["deliveries"][0]["event_id"].as_str().unwrap();
    api.ended(&config_id, delivery).await;
    let shared =
        api.post("/erasures", &json!({"config_id": config_id, "event_id": delivery})).await.problem(409);
    assert!(shared["detail"].as_str().unwrap().contains(publication_id.as_str().unwrap()), "{shared}");
    let record = done(api, &erase(api, json!({"publication_id": publication_id})).await).await;
    assert_eq!((&record["events_erased"], &record["publication_id"]), (&json!(1), publication_id));
    assert_eq!(files_with(PLANTED, world.dir.path()), [""; 0]);
    api.get(&format!("/events/{}", publication_id.as_str().unwrap())).await.problem(404);
    let left = api.events(&config_id, "").await;
    assert_eq!((left["data"].as_array().unwrap().len(), &left["data"][0]["event_id"]), (1, &other));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_erasure_names_one_thing_of_the_org() {
    let (world, receiver) = (World::start().await, Receiver::ok().await);
    let config_id = world.api.create_webhook(&receiver.url, json!({})).await;
    let event_id = world.api.deliver(&config_id, "1").await["event_id"].clone();
    for (what, field) in [
        (json!({}), "correlation_id"),
        (json!({"correlation_id": ""}), "correlation_id"),
        (json!({"correlation_id": "x".repeat(1025)}), "correlation_id"),
        (json!({"event_id": event_id}), "config_id"),
        (json!({"config_id": config_id}), "event_id"),
        (json!({"config_id": config_id, "event_id": event_id, "correlation_id": "c"}), "correlation_id"),
        (json!({"publication_id": event_id, "correlation_id": "c"}), "correlation_id"),
        (json!({"config_id": "?"}), "config_id"),
    ] {
        assert_eq!(world.api.post("/erasures", &what).await.wrong_field(), field, "{what}");
    }
    let stranger = world.admin_of("globex").await;
    for what in [json!({"config_id": config_id, "event_id": event_id}), json!({"publication_id": NOBODY})] {
        stranger.post("/erasures", &what).await.problem(400);
    }
    assert_eq!(world.api.get("/erasures").await.json()["data"], json!([]));
    let erasure_id = erase(&world.api, json!({"config_id": config_id, "event_id": event_id})).await;
    stranger.get(&format!("/erasures/{erasure_id}")).await.problem(404);
    assert_eq!(stranger.get("/erasures").await.json()["data"], json!([]));
    done(&world.api, &erasure_id).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replay_under_way_goes_with_its_event_and_a_publication_that_was_just_accepted_with_its_deliveries()
{
    own_clock!(AHEAD = 0);
    let world = World::with_options(|options| options.sources.clock = clock).await;
    let api = &world.api;
    let receiver = Receiver::answering([Reply::status(200), Reply::status(503)]).await;
    let fields = json!({"event_types": ["t"], "retry": {"schedule_seconds": [7200]}});
    let config_id = api.create_webhook(&receiver.url, fields).await;
    let path = format!("/webhook/{config_id}/events");
    let first = api.deliver(&config_id, format!("\"{PLANTED}\"")).await["event_id"].clone();
    let first = first.as_str().unwrap();
    let replay = accepted(&api.post(&format!("{path}/{first}/replay"), &json!({})).await);
    api.until(&config_id, &replay, |event| event["next_attempt_at"].is_string()).await;
    let published = api.post("/events", &json!({"event_type": "t", "payload": PLANTED})).await.json();
    let of_publication = erase(api, json!({"publication_id": published["publication_id"]})).await;
    let of_event = erase(api, json!({"config_id": config_id, "event_id": first})).await;
    until("the replay is cancelled", async || {
        api.event(&config_id, &replay).await["reason"]["code"] == "cancelled"
    })
    .await;
    AHEAD.store(60, Ordering::Relaxed);
    for (erasure_id, events) in [(of_event, 2), (of_publication, 1)] {
        let record = done(api, &erasure_id).await;
        assert_eq!(record["events_erased"], json!(events), "{record}");
    }
    let delivery = published["deliveries"][0]["event_id"].as_str().unwrap();
    for gone in [first, &replay, delivery] {
        api.get(&format!("{path}/{gone}")).await.problem(404);
    }
    assert_eq!(api.events(&config_id, "").await["data"], json!([]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_erased_event_no_longer_holds_up_its_order() {
    let world = World::start().await;
    let receiver = Receiver::answering([Reply::status(500), Reply::status(200)]).await;
    let fields = json!({"ordering": {"on_failure": "block"}, "retry": {"schedule_seconds": []}});
    let config_id = world.api.create_webhook(&receiver.url, fields).await;
    let failed = world.api.deliver(&config_id, "1").await["event_id"].clone();
    let behind = world.api.trigger(&config_id, "2").await;
    until("the second waits", async || {
        world.api.get(&format!("/webhook/{config_id}")).await.json()["lane"]["blocking"] == json!([failed])
    })
    .await;
    erase(&world.api, json!({"config_id": config_id, "event_id": failed})).await;
    assert_eq!(world.api.ended(&config_id, &behind).await["status"], "succeeded");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_comes_after_the_request_with_the_same_correlation_id_is_not_erased() {
    own_clock!(AHEAD = 0);
    let world = World::with_options(|options| options.sources.clock = clock).await;
    let (api, receiver) = (&world.api, Receiver::ok().await);
    let config_id = api.create_webhook(&receiver.url, json!({})).await;
    let before = correlated(api, &config_id, "", KEPT, "1".to_owned()).await;
    api.ended(&config_id, &before).await;
    let erasure_id = erase(api, json!({"correlation_id": KEPT})).await;
    AHEAD.store(60, Ordering::Relaxed);
    let after = correlated(api, &config_id, "", KEPT, "2".to_owned()).await;
    api.ended(&config_id, &after).await;
    let replay = api.post(&format!("/webhook/{config_id}/events/{after}/replay"), &json!({})).await;
    let replay = accepted(&replay);
    api.ended(&config_id, &replay).await;
    assert_eq!(done(api, &erasure_id).await["events_erased"], json!(1));
    for stays in [&after, &replay] {
        assert_eq!(api.event(&config_id, stays).await["status"], "succeeded");
    }
}
