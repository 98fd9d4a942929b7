//! What failed is sent again until it is delivered, and never once more: chains of replays.
#![expect(clippy::unwrap_used, reason = "an unexpected result in a helper fails the test")]

use std::time::Duration;

use serde_json::{Value, json};

use crate::world::{Api, Receiver, Reply, World, accepted};

const SINCE: &str = "2026-01-01T00:00:00Z";

/// Asks for a bulk replay of all that failed, and waits until its events have ended; returns it.
async fn replay_all(api: &Api, id: &str) -> Value {
    let started = start(api, id).await;
    ended(api, id, &started).await
}

async fn start(api: &Api, id: &str) -> Value {
    let started = api.post(&format!("/webhook/{id}/events/replay"), &json!({"since": SINCE})).await;
    assert_eq!(started.status, 202, "{started:?}");
    started.json()
}

async fn ended(api: &Api, id: &str, job: &Value) -> Value {
    let path = format!("/webhook/{id}/replays/{}", job["replay_id"].as_str().unwrap());
    for _ in 0..3000 {
        let job = api.get(&path).await.json();
        if job["status"] != "in_progress" && job["results"]["in_progress"] == 0 {
            return job;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("the bulk replay did not end");
}

async fn forecast(api: &Api, id: &str) -> Value {
    let asked = json!({"since": SINCE, "dry_run": true});
    let answer = api.post(&format!("/webhook/{id}/events/replay"), &asked).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()
}

async fn fail(api: &Api, id: &str, number: usize) -> Vec<String> {
    let mut failed = Vec::new();
    for body in 0..number {
        let event = api.deliver(id, body.to_string()).await;
        assert_eq!(event["status"], "failed", "{event}");
        failed.push(event["event_id"].as_str().unwrap().to_owned());
    }
    failed
}

async fn replay(api: &Api, id: &str, event_id: &str) -> Value {
    let answer = api.post(&format!("/webhook/{id}/events/{event_id}/replay"), &json!({})).await;
    api.ended(id, &accepted(&answer)).await
}

fn counts(job: &Value) -> [&Value; 5] {
    let results = &job["results"];
    [&job["found"], &job["started"], &job["skipped"], &results["succeeded"], &results["failed"]]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn however_often_a_bulk_replay_is_repeated_it_sends_an_event_once_until_it_is_delivered() {
    let replies = std::iter::repeat_n(404, 20).chain([200]).map(Reply::status);
    let (world, receiver) = (World::start().await, Receiver::answering(replies).await);
    let api = &world.api;
    let id = api.create_webhook(&receiver.url, json!({})).await;
    let failed = fail(api, &id, 5).await;
    for round in 1..=3 {
        assert_eq!(forecast(api, &id).await, json!({"events": 5, "complete": true}));
        let job = replay_all(api, &id).await;
        assert_eq!(counts(&job), [5, 5, 0, 0, 5].map(Value::from).each_ref(), "{job}");
        assert_eq!(receiver.calls(), 5 + 5 * round);
    }
    // The receiver is up again.
    let job = replay_all(api, &id).await;
    assert_eq!(counts(&job), [5, 5, 0, 5, 0].map(Value::from).each_ref(), "{job}");
    assert_eq!(receiver.calls(), 25);
    api.until_events_of(&id, 20, "recovered").await;
    assert_eq!(forecast(api, &id).await, json!({"events": 0, "complete": true}));
    let job = replay_all(api, &id).await;
    assert_eq!(counts(&job), [0, 0, 0, 0, 0].map(Value::from).each_ref(), "{job}");
    assert_eq!(receiver.calls(), 25);

    let events = api.events(&id, "?limit=100").await["data"].clone();
    let events = events.as_array().unwrap();
    let is = |event: &&Value, status: &str| event["status"] == status;
    assert_eq!(events.iter().filter(|event| is(event, "recovered")).count(), 20);
    let delivered: Vec<_> = events.iter().filter(|event| is(event, "succeeded")).collect();
    assert_eq!(delivered.len(), 5);
    for event in &failed {
        let event = api.event(&id, event).await;
        let newest = delivered.iter().find(|newest| newest["event_id"] == event["replayed_by"]).unwrap();
        assert_eq!((&newest["webhook_id"], &newest["replayed_by"]), (&event["event_id"], &Value::Null));
        assert!(newest["replay_id"].is_string(), "{newest}");
    }
    let listed = api.events(&id, "?status=recovered&limit=100").await;
    assert_eq!(listed["data"].as_array().unwrap().len(), 20);
    let totals = api.get(&format!("/webhook/{id}/stats")).await.json()["totals"].clone();
    assert_eq!(
        (&totals["failed"], &totals["recovered"], &totals["succeeded"]),
        (&json!(0), &json!(20), &json!(5))
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bulk_replays_that_run_at_once_send_an_event_once() {
    let (world, receiver) = (World::start().await, Receiver::answering([Reply::status(404)]).await);
    let api = &world.api;
    let id = api.create_webhook(&receiver.url, json!({})).await;
    fail(api, &id, 30).await;
    let jobs = futures_util::future::join_all((0..4).map(|_| start(api, &id))).await;
    let mut started = 0;
    for job in &jobs {
        started += ended(api, &id, job).await["started"].as_u64().unwrap();
    }
    assert_eq!((started, receiver.calls()), (30, 60));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_newest_replay_says_whether_an_event_has_recovered() {
    let replies = [500, 200, 500, 200].map(Reply::status);
    let (world, receiver) = (World::start().await, Receiver::answering(replies).await);
    let api = &world.api;
    let id = api.create_webhook(&receiver.url, json!({"retry": {"schedule_seconds": []}})).await;
    let first = fail(api, &id, 1).await.remove(0);
    for (result, of_the_first) in
        [("succeeded", "recovered"), ("failed", "failed"), ("succeeded", "recovered")]
    {
        let replayed = replay(api, &id, &first).await;
        assert_eq!((&replayed["status"], &replayed["replay_of"]), (&json!(result), &json!(first)));
        api.until(&id, &first, |event| event["status"] == of_the_first).await;
        assert_eq!(api.event(&id, &first).await["replayed_by"], replayed["event_id"]);
    }
    // The replay that failed in between has recovered as well.
    api.until_events_of(&id, 2, "recovered").await;
    let events = api.events(&id, "").await["data"].clone();
    let statuses: Vec<_> = events.as_array().unwrap().iter().map(|event| event["status"].clone()).collect();
    assert_eq!(statuses, ["succeeded", "recovered", "succeeded", "recovered"]);
    assert_eq!(receiver.calls(), 4);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_is_not_replayed_while_a_replay_of_it_is_being_delivered() {
    let (world, receiver) =
        (World::start().await, Receiver::answering([404, 500, 200].map(Reply::status)).await);
    let api = &world.api;
    let id = api.create_webhook(&receiver.url, json!({"retry": {"schedule_seconds": [3600]}})).await;
    let first = fail(api, &id, 1).await.remove(0);
    let path = format!("/webhook/{id}/events/{first}/replay");
    let waiting = accepted(&api.post(&path, &json!({})).await);
    api.until(&id, &waiting, |event| event["next_attempt_at"].is_string()).await;
    api.post(&path, &json!({})).await.problem(409);
    assert_eq!(forecast(api, &id).await["events"], 0);
    assert_eq!(replay_all(api, &id).await["started"], 0);
    let cancelled = api.post(&format!("/webhook/{id}/events/{waiting}/cancel"), &json!({})).await;
    assert_eq!(cancelled.status, 200, "{cancelled:?}");
    assert_eq!(replay_all(api, &id).await["results"]["succeeded"], 1);
    for event in [&first, &waiting] {
        api.until(&id, event, |event| event["status"] == "recovered").await;
    }
    assert_eq!(receiver.calls(), 3);
}
