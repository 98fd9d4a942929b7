//! Webhooks whose events are spread over several partitions of the table: nobody who reads them sees that.
#![expect(clippy::unwrap_used, reason = "an unexpected result in a helper fails the test")]

use std::collections::BTreeSet;

use hookstep_contract::EventId;
use hookstep_store::{Configs, Events, Partitions, Side};
use serde_json::{Value, json};

use crate::aws::cases::put_events;
use crate::world::{Answer, Api, ORG, Receiver, Reply, World, accepted};

/// The ids of a list, newest first, read in pages of this size. Pages are filled, but for the last.
async fn list(api: &Api, id: &str, query: &str, limit: usize) -> Vec<String> {
    let (mut ids, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = api.events(id, &format!("?limit={limit}{query}{cursor}")).await;
        let data = page["data"].as_array().unwrap();
        ids.extend(data.iter().map(|event| event["event_id"].as_str().unwrap().to_owned()));
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return ids,
        }
        assert_eq!(data.len(), limit, "{query}");
    }
}

async fn raise(api: &Api, id: &str, shards: u16) {
    let changed = api.patch(id, &json!({"shards": shards})).await;
    assert_eq!((changed.status, changed.json()["shards"].clone()), (200, json!(shards)), "{changed:?}");
}

/// Delivers events in turn, every third with the correlation id `third`; returns their ids, oldest first.
async fn deliver(api: &Api, id: &str, number: usize) -> Vec<String> {
    let mut ids = Vec::new();
    for number in 0..number {
        let mut request = api.triggering(id, "", "{}");
        if number % 3 == 0 {
            request = request.header("x-correlation-id", "third");
        }
        let event_id = accepted(&Answer::to(request).await);
        api.ended(id, &event_id).await;
        ids.push(event_id);
    }
    ids
}

/// The digit of an id that says its version.
fn version(id: &str) -> &str {
    &id[14..15]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lists_searches_and_counts_have_all_events_of_all_partitions_in_order() {
    let (world, receiver) = (World::start().await, Receiver::ok().await);
    let (api, id) = (&world.api, world.api.create_webhook(&receiver.url, json!({})).await);
    let mut sent = deliver(api, &id, 7).await;
    assert!(sent.iter().all(|id| version(id) == "7"));
    raise(api, &id, 2).await;
    sent.extend(deliver(api, &id, 8).await);
    raise(api, &id, 5).await;
    sent.extend(deliver(api, &id, 15).await);
    assert!(sent[7..].iter().all(|id| version(id) == "8"));
    let shards: BTreeSet<&str> = sent[15..].iter().map(|id| &id[15..18]).collect();
    assert!(shards.len() > 1 && shards.iter().all(|shard| *shard < "005"), "{shards:?}");
    sent.reverse();
    for limit in [1, 2, 7, 29, 30, 31, 100] {
        assert_eq!(list(api, &id, "", limit).await, sent, "{limit}");
        assert_eq!(list(api, &id, "&status=succeeded", limit).await, sent, "{limit}");
    }
    assert_eq!(list(api, &id, "&status=failed", 10).await, [""; 0]);
    let third: Vec<_> = sent.iter().rev().collect();
    let third =
        [&third[..7], &third[7..15], &third[15..]].map(|ids| ids.iter().step_by(3).map(|id| (*id).clone()));
    let mut third: Vec<String> = third.into_iter().flatten().collect();
    third.reverse();
    for limit in [1, 4, 100] {
        assert_eq!(list(api, &id, "&correlation_id=third", limit).await, third, "{limit}");
    }
    let stats = api.get(&format!("/webhook/{id}/stats")).await.json();
    assert_eq!(stats["totals"]["succeeded"], 30);
    // Nobody can say any more how many partitions a deleted webhook had.
    assert_eq!(api.delete(&format!("/webhook/{id}")).await.status, 204);
    assert_eq!(list(api, &id, "", 7).await, sent);
    assert_eq!(list(api, &id, "&correlation_id=third", 100).await, third);
    assert_eq!(api.get(&format!("/webhook/{id}/stats")).await.json()["totals"]["succeeded"], 30);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn replays_of_one_event_and_of_many_find_their_events_and_spread_the_new_ones() {
    let world = World::start().await;
    let receiver =
        Receiver::answering(vec![Reply::status(400); 12].into_iter().chain([Reply::status(200)])).await;
    let (api, id) = (&world.api, world.api.create_webhook(&receiver.url, json!({})).await);
    let mut failed = deliver(api, &id, 4).await;
    raise(api, &id, 3).await;
    failed.extend(deliver(api, &id, 8).await);
    let whole = json!({"since": "2026-01-01T00:00:00Z"});
    let mut dry = whole.clone();
    dry["dry_run"] = json!(true);
    let path = format!("/webhook/{id}/events/replay");
    assert_eq!(api.post(&path, &dry).await.json()["events"], 12);
    let replay = api.post(&path, &whole).await.json()["replay_id"].as_str().unwrap().to_owned();
    api.until_events_of(&id, 12, "recovered").await;
    api.until_events_of(&id, 12, "succeeded").await;
    let new: Vec<String> = list(api, &id, "&status=succeeded", 100).await;
    assert!(new.iter().all(|id| version(id) == "8"), "{new:?}");
    let progress = api.get(&format!("/webhook/{id}/replays/{replay}")).await.json();
    assert_eq!(progress["results"]["succeeded"], 12, "{progress}");
    let again = api.post(&format!("/webhook/{id}/events/{}/replay", failed[0]), &json!({})).await.json();
    let again = again["event_id"].as_str().unwrap().to_owned();
    assert_eq!(version(&again), "8");
    assert_eq!(api.ended(&id, &again).await["attempts"].as_array().map(Vec::len), Some(1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn attempts_and_neighbours_are_found_in_every_partition() {
    let world = World::start().await;
    let receiver = Receiver::answering([Reply::status(500), Reply::status(200)]).await;
    let webhook = json!({"shards": 4, "retry": {"schedule_seconds": [1]}});
    let (api, id) = (&world.api, world.api.create_webhook(&receiver.url, webhook).await);
    let sent = deliver(api, &id, 6).await;
    let first = api.event(&id, &sent[0]).await;
    let codes: Vec<&Value> =
        first["attempts"].as_array().unwrap().iter().map(|attempt| &attempt["status_code"]).collect();
    assert_eq!(codes, [500, 200]);
    let tables = &world.host.clients().tables;
    let (configs, events) = (Configs::new(tables.clone(), "configs"), Events::new(tables.clone(), "events"));
    let config = configs.get(&ORG.parse().unwrap(), id.parse().unwrap()).await.unwrap().unwrap();
    let partitions = Partitions::of(&config);
    let ids: Vec<EventId> = sent.iter().map(|id| id.parse().unwrap()).collect();
    for (index, event_id) in ids.iter().enumerate() {
        for (side, neighbour) in [(Side::Before, index.checked_sub(1)), (Side::After, Some(index + 1))] {
            let expected = neighbour.and_then(|index| ids.get(index)).copied();
            let found = events.neighbour(&partitions, *event_id, side).await.unwrap();
            assert_eq!(found, expected, "{side:?} {index}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn events_of_the_bus_and_test_sends_are_spread_too() {
    let (world, receiver) = (World::start().await, Receiver::ok().await);
    let webhook = json!({"shards": 4, "event_types": ["order.created"]});
    let (api, id) = (&world.api, world.api.create_webhook(&receiver.url, webhook).await);
    let bus = &world.host.clients().events;
    put_events(bus, "hookstep", "order.created", &json!({"org_id": ORG}).to_string()).await;
    let direct = json!({"org_id": ORG, "config_id": id, "payload": {}});
    put_events(bus, "hookstep", "Webhook Trigger", &direct.to_string()).await;
    assert_eq!(api.post(&format!("/webhook/{id}/test"), &json!({})).await.status, 200);
    api.until_events_of(&id, 3, "succeeded").await;
    let ids = list(api, &id, "", 10).await;
    assert!(ids.len() == 3 && ids.iter().all(|id| version(id) == "8"), "{ids:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn shards_are_shown_kept_raised_and_never_lowered() {
    let world = World::start().await;
    let (api, url) = (&world.api, "https://example.com/");
    let id = api.create_webhook(url, json!({})).await;
    let path = format!("/webhook/{id}");
    let shards = async || api.get(&path).await.json()["shards"].clone();
    assert_eq!(shards().await, 1);
    raise(api, &id, 8).await;
    let put = |fields: Value| {
        let mut all = json!({"name": "n", "url": url});
        all.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        all
    };
    for (fields, after) in [(json!({}), 8), (json!({"shards": null}), 8), (json!({"shards": 64}), 64)] {
        assert_eq!(api.put(&path, &put(fields.clone())).await.json()["shards"], after, "{fields}");
    }
    for wrong in [0, 1, 63, 65] {
        assert_eq!(api.put(&path, &put(json!({"shards": wrong}))).await.wrong_field(), "shards", "{wrong}");
        assert_eq!(api.patch(&id, &json!({"shards": wrong})).await.wrong_field(), "shards", "{wrong}");
    }
    assert_eq!(api.patch(&id, &json!({"shards": null, "name": "m"})).await.status, 200);
    assert_eq!(shards().await, 64);
    let created = api.post("/webhook", &put(json!({"shards": 65}))).await;
    assert_eq!(created.wrong_field(), "shards");
}
