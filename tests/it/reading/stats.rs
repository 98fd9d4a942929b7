//! Delivery statistics, which are counted on request.
#![expect(clippy::unwrap_used, reason = "an unexpected result in a helper fails the test")]

use std::sync::atomic::{AtomicI64, Ordering};

use hookstep_contract::{Scope, Timestamp};
use serde_json::{Value, json};
use time::OffsetDateTime;
use uuid::{NoContext, Uuid};

use crate::world::{Api, NOBODY, Receiver, Reply, World};

/// The clock's offset in the tests that move it, in seconds. Each of these tests has its own process, or
/// waits for the others.
static LATER: AtomicI64 = AtomicI64::new(0);
static ONE_AT_A_TIME: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

fn clock() -> OffsetDateTime {
    (hookstep_ambient::Sources::system().clock)() + time::Duration::seconds(LATER.load(Ordering::Relaxed))
}

fn new_id() -> Uuid {
    let now = clock();
    Uuid::new_v7(uuid::Timestamp::from_unix(NoContext, now.unix_timestamp() as u64, now.nanosecond()))
}

async fn world_with_a_clock() -> World {
    World::with_options(|options| {
        options.sources.clock = clock;
        options.sources.new_id = new_id;
    })
    .await
}

/// Sets the clock to `hours` hours and this many minutes after midnight on a day last week.
fn set_clock(hours: i64, minutes: i64) {
    let now = (hookstep_ambient::Sources::system().clock)();
    let midnight = now.replace_time(time::Time::MIDNIGHT) - time::Duration::days(7);
    LATER.store((midnight - now).whole_seconds() + hours * 3600 + minutes * 60, Ordering::Relaxed);
}

async fn stats(api: &Api, config_id: &str, query: &str) -> Value {
    let answer = api.get(&format!("/webhook/{config_id}/stats{query}")).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()
}

/// The non-empty buckets with these counts, by the start of their hour or day.
fn counts(stats: &Value, names: &[&str]) -> Vec<(String, Vec<u64>)> {
    let buckets = stats["buckets"].as_array().unwrap().iter();
    let counts = buckets.map(|bucket| {
        let numbers = names.iter().map(|name| bucket[name].as_u64().unwrap()).collect::<Vec<_>>();
        (bucket["start"].as_str().unwrap()[8..13].to_owned(), numbers)
    });
    counts.filter(|(_, numbers)| numbers.iter().any(|number| *number > 0)).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn events_are_counted_by_what_became_of_them() {
    let replies = [200, 400, 200, 500].map(Reply::status);
    let (world, receiver) = (World::start().await, Receiver::answering(replies).await);
    let id = world.api.create_webhook(&receiver.url, json!({"retry": {"schedule_seconds": [3600]}})).await;
    for _ in 0..3 {
        world.api.deliver(&id, "{}").await;
    }
    let waiting = world.api.trigger(&id, "{}").await;
    world.api.until(&id, &waiting, |event| event["attempt_count"] == 1).await;
    let off = json!({"name": "n", "url": receiver.url, "enabled": false});
    world.api.put(&format!("/webhook/{id}"), &off).await;
    world.api.deliver(&id, "{}").await;

    let found = stats(&world.api, &id, "").await;
    let totals = &found["totals"];
    let statuses = ["succeeded", "failed", "in_progress", "skipped"];
    assert_eq!(statuses.map(|status| totals[status].as_u64().unwrap()), [2, 1, 1, 1], "{found}");
    assert_eq!(totals["outcomes"], json!({"failed_http": 1}));
    assert!(totals["p50_ms"].is_u64() && totals["p50_ms"].as_u64() <= totals["p99_ms"].as_u64(), "{totals}");
    assert_eq!((&found["by"], &found["complete"]), (&json!("hour"), &json!(true)));
    let buckets = found["buckets"].as_array().unwrap();
    assert_eq!((buckets.len(), &buckets[0]["start"]), (24, &found["from"]));
    assert_eq!((&buckets[0]["succeeded"], &buckets[0]["p50_ms"]), (&json!(0), &json!(null)));

    let by_day = stats(&world.api, &id, "?by=day").await;
    assert_eq!((by_day["buckets"].as_array().unwrap().len(), &by_day["by"]), (30, &json!("day")));
    for name in statuses.iter().chain(&["outcomes", "p50_ms", "p95_ms", "p99_ms"]) {
        assert_eq!(by_day["totals"][name], totals[name], "{name}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_is_in_the_bucket_of_its_hour() {
    let _turn = ONE_AT_A_TIME.lock().await;
    set_clock(0, 0);
    let (world, receiver) = (world_with_a_clock().await, Receiver::ok().await);
    let id = world.api.create_webhook(&receiver.url, json!({})).await;
    for (hour, minute, number) in [(1, 59, 2), (2, 0, 1), (7, 30, 3), (25, 0, 1)] {
        set_clock(hour, minute);
        for _ in 0..number {
            world.api.deliver(&id, "{}").await;
        }
    }
    let start =
        Timestamp::new(clock() - time::Duration::hours(25)).floor(std::time::Duration::from_secs(3600));
    let at = |hours: i64| Timestamp::new(start.get() + time::Duration::hours(hours)).to_string();
    // The first count is stored, so the second query returns the same.
    for _ in 0..2 {
        let found = stats(&world.api, &id, &format!("?from={}&to={}", at(0), at(26))).await;
        let numbers: Vec<_> = counts(&found, &["succeeded"])
            .into_iter()
            .map(|(start, n)| (start[3..].to_owned(), n[0]))
            .collect();
        assert_eq!(numbers, [("01", 2), ("02", 1), ("07", 3), ("01", 1)].map(|(at, n)| (at.to_owned(), n)));
        assert_eq!((&found["complete"], &found["totals"]["succeeded"]), (&json!(true), &json!(7)));
        let by_day = stats(&world.api, &id, &format!("?by=day&from={}&to={}", at(0), at(26))).await;
        let numbers: Vec<_> = counts(&by_day, &["succeeded"]).into_iter().map(|(_, n)| n[0]).collect();
        assert_eq!(numbers, [6, 1]);
        // A range that ends exactly at the start of an hour excludes that hour.
        let part = stats(&world.api, &id, &format!("?from={}&to={}", at(2), at(7))).await;
        assert_eq!(part["totals"]["succeeded"], 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_hour_that_is_over_is_counted_once() {
    let _turn = ONE_AT_A_TIME.lock().await;
    set_clock(5, 0);
    let (world, receiver) = (world_with_a_clock().await, Receiver::ok().await);
    let id = world.api.create_webhook(&receiver.url, json!({})).await;
    let succeeded = async || stats(&world.api, &id, "").await["totals"]["succeeded"].clone();
    world.api.deliver(&id, "{}").await;
    assert_eq!(succeeded().await, 1);
    // The bucket is not final yet, although it has ended.
    set_clock(6, 4);
    assert_eq!(succeeded().await, 1);
    set_clock(5, 1);
    world.api.deliver(&id, "{}").await;
    set_clock(6, 6);
    assert_eq!(succeeded().await, 2);
    set_clock(5, 2);
    world.api.deliver(&id, "{}").await;
    set_clock(6, 7);
    assert_eq!(succeeded().await, 2, "the count is cached");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_hour_with_events_in_progress_is_counted_again() {
    let _turn = ONE_AT_A_TIME.lock().await;
    set_clock(5, 0);
    let receiver = Receiver::answering([500, 200].map(Reply::status)).await;
    let world = world_with_a_clock().await;
    let id = world.api.create_webhook(&receiver.url, json!({"retry": {"schedule_seconds": [1]}})).await;
    let totals = async || {
        let totals = stats(&world.api, &id, "").await["totals"].take();
        [totals["in_progress"].clone(), totals["succeeded"].clone()]
    };
    let event_id = world.api.trigger(&id, "{}").await;
    world.api.until(&id, &event_id, |event| event["attempt_count"] == 1).await;
    set_clock(7, 0);
    assert_eq!(totals().await, [1, 0]);
    world.api.ended(&id, &event_id).await;
    set_clock(7, 9);
    assert_eq!(totals().await, [1, 0], "cached for ten minutes");
    set_clock(7, 11);
    assert_eq!(totals().await, [0, 1]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stats_are_for_those_who_may_read_the_webhook() {
    let (world, receiver) = (World::start().await, Receiver::ok().await);
    let id = world.api.create_webhook(&receiver.url, json!({})).await;
    world.api.deliver(&id, "{}").await;
    let path = format!("/webhook/{id}/stats");
    world.admin_of("other").await.get(&path).await.problem(404);
    world.with_scopes(&[Scope::Trigger, Scope::Manage]).await.get(&path).await.problem(403);
    world.api.get(&format!("/webhook/{NOBODY}/stats")).await.problem(404);
    let reader = world.with_scopes(&[Scope::Read]).await;
    assert_eq!(stats(&reader, &id, "").await["totals"]["succeeded"], 1);
    assert_eq!(world.api.delete(&format!("/webhook/{id}")).await.status, 204);
    assert_eq!(stats(&reader, &id, "").await["totals"]["succeeded"], 1, "kept like the events");
    let unused = world.api.create_webhook(&receiver.url, json!({})).await;
    assert_eq!(stats(&reader, &unused, "").await["totals"]["succeeded"], 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_parameter_is_named() {
    let world = World::start().await;
    let id = world.api.create_webhook("https://example.com/", json!({})).await;
    for (query, field) in [
        ("by=week", "by"),
        ("from=yesterday", "from"),
        ("to=2026-01-02", "to"),
        ("from=2026-01-02T00:00:00Z&to=2026-01-02T00:00:00Z", "from"),
        ("from=2026-01-01T00:00:00Z&to=2026-02-02T00:00:01Z", "from"),
        ("from=2999-01-01T00:00:00Z&to=2999-01-02T00:00:00Z", "from"),
        ("step=hour", "step"),
        ("by=day&by=hour", "by"),
    ] {
        let answer = world.api.get(&format!("/webhook/{id}/stats?{query}")).await;
        assert_eq!(answer.wrong_field(), field, "{query}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_statistics_of_an_org_are_those_of_its_webhooks_together() {
    let world = World::start().await;
    let (good, bad) = (Receiver::ok().await, Receiver::answering([Reply::status(404)]).await);
    let api = &world.api;
    let webhooks = [
        api.create_webhook(&good.url, json!({})).await,
        api.create_webhook(&bad.url, json!({})).await,
        api.create_webhook(&good.url, json!({"shards": 3})).await,
    ];
    for (webhook, number) in webhooks.iter().zip([2, 1, 3]) {
        for _ in 0..number {
            api.deliver(webhook, "{}").await;
        }
    }
    let other = world.admin_of("other").await;
    let theirs = other.create_webhook(&good.url, json!({})).await;
    other.deliver(&theirs, "{}").await;
    let whole = api.get("/stats").await.json();
    let totals = &whole["totals"];
    assert_eq!((&totals["succeeded"], &totals["failed"]), (&json!(5), &json!(1)), "{whole}");
    assert_eq!((&totals["outcomes"], &whole["complete"]), (&json!({"failed_http": 1}), &json!(true)));
    assert!(totals["p50_ms"].is_u64() && whole["buckets"].as_array().unwrap().len() == 24, "{whole}");
    let days = api.get("/stats?by=day").await.json();
    assert_eq!((&days["totals"]["succeeded"], days["buckets"].as_array().unwrap().len()), (&json!(5), 30));
    assert_eq!(other.get("/stats").await.json()["totals"]["succeeded"], 1);
    // As for a webhook, also when it is asked again, and when there is none.
    assert_eq!(api.get("/stats").await.json()["totals"], *totals);
    let newcomer = world.admin_of("newcomer").await;
    assert_eq!(newcomer.get("/stats").await.json()["totals"]["succeeded"], 0);
    for (query, field) in [("by=week", "by"), ("from=x", "from"), ("from=2099-01-01T00:00:00Z", "from")] {
        assert_eq!(api.get(&format!("/stats?{query}")).await.wrong_field(), field, "{query}");
    }
    world.with_scopes(&[Scope::Trigger]).await.get("/stats").await.problem(403);
}
