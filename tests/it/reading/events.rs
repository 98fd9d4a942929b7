//! Reading events back.
#![expect(clippy::unwrap_used, reason = "an unexpected result in a helper fails the test")]

use serde_json::{Value, json};
use time::format_description::well_known::Rfc3339;

use crate::world::{Answer, Api, NOBODY, Receiver, Reply, World, accepted, moment};

fn ids(list: &Value) -> Vec<String> {
    let data = list["data"].as_array().unwrap();
    data.iter().map(|event| event["event_id"].as_str().unwrap().to_owned()).collect()
}

/// The events on every page of a query, with `limit` events per page.
async fn paged(api: &Api, config_id: &str, limit: usize, query: &str) -> Vec<String> {
    let (mut all, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = api.events(config_id, &format!("?limit={limit}{query}{cursor}")).await;
        assert!(ids(&page).len() <= limit, "{page}");
        all.extend(ids(&page));
        let Some(next) = page["next_cursor"].as_str() else { return all };
        cursor = format!("&cursor={next}");
    }
}

/// A webhook whose receiver accepts every second event, and the ids of five events, newest first.
async fn five_events(world: &World) -> (String, Vec<String>) {
    let replies = [200, 400, 200, 400, 200].map(Reply::status);
    let receiver = Receiver::answering(replies).await;
    let id = world.api.create_webhook(&receiver.url, json!({})).await;
    let mut ids = Vec::new();
    for _ in 0..5 {
        let answer = world.api.trigger_sync(&id, "{}").await;
        ids.insert(0, answer["event_id"].as_str().unwrap().to_owned());
    }
    (id, ids)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn events_are_listed_newest_first_whatever_the_page() {
    let world = World::start().await;
    let (id, all) = five_events(&world).await;
    for limit in [1, 2, 5, 100] {
        assert_eq!(paged(&world.api, &id, limit, "").await, all, "{limit} per page");
    }
    let list = world.api.events(&id, "").await;
    assert_eq!(ids(&list), all);
    assert_eq!(list["data"][0]["attempts"], json!(null), "only the detail contains the attempts");
    assert_eq!(list["data"][0]["attempt_count"], 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn events_are_found_by_status() {
    let world = World::start().await;
    let (id, all) = five_events(&world).await;
    let [succeeded, failed] =
        [[0, 2, 4].as_slice(), &[1, 3]].map(|of| of.iter().map(|&i| all[i].clone()).collect::<Vec<_>>());
    for limit in [1, 2, 50] {
        assert_eq!(paged(&world.api, &id, limit, "&status=succeeded").await, succeeded);
        assert_eq!(paged(&world.api, &id, limit, "&status=failed").await, failed);
        assert_eq!(paged(&world.api, &id, limit, "&status=skipped").await, Vec::<String>::new());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn events_are_found_by_time() {
    let world = World::start().await;
    let (id, all) = five_events(&world).await;
    let mut times = Vec::new();
    for event_id in &all {
        times.push(world.api.event(&id, event_id).await["created_at"].as_str().unwrap().to_owned());
    }
    let (from, to) = (&times[3], &times[1]);
    assert!(moment(&json!(from)) < moment(&json!(to)), "{times:?}");
    for limit in [1, 50] {
        assert_eq!(paged(&world.api, &id, limit, &format!("&from={from}&to={to}")).await, all[1..=3]);
        assert_eq!(paged(&world.api, &id, limit, &format!("&from={from}")).await, all[..=3]);
        assert_eq!(paged(&world.api, &id, limit, &format!("&to={to}")).await, all[1..]);
        assert_eq!(
            paged(&world.api, &id, limit, &format!("&from={from}&to={to}&status=failed")).await,
            [all[1].clone(), all[3].clone()]
        );
    }
    // The same moment in another time zone.
    let elsewhere = moment(&json!(from)).to_offset(time::macros::offset!(+5:30));
    let elsewhere = elsewhere.format(&Rfc3339).unwrap().replace('+', "%2B");
    assert_eq!(paged(&world.api, &id, 50, &format!("&from={elsewhere}")).await, all[..=3]);
    assert_eq!(paged(&world.api, &id, 50, "&to=2001-01-01T00:00:00Z").await, Vec::<String>::new());
    assert_eq!(paged(&world.api, &id, 50, "&from=2101-01-01T00:00:00Z").await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_range_that_ends_before_it_begins_is_not_our_fault() {
    let world = World::start().await;
    let (id, _) = five_events(&world).await;
    let answer = world
        .api
        .get(&format!("/webhook/{id}/events?from=2026-02-01T00:00:00Z&to=2026-01-01T00:00:00Z"))
        .await;
    // An empty list is acceptable, too.
    assert!(matches!(answer.status, 200 | 400), "{answer:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_parameter_is_named() {
    let world = World::start().await;
    let id = world.api.create_webhook("https://example.com/", json!({})).await;
    for (query, field) in [
        ("limit=0", "limit"),
        ("limit=101", "limit"),
        ("limit=-1", "limit"),
        ("limit=", "limit"),
        ("cursor=nonsense", "cursor"),
        ("cursor=", "cursor"),
        ("status=done", "status"),
        ("status=", "status"),
        ("from=yesterday", "from"),
        ("to=2026-01-02", "to"),
        ("until=2026-01-02T03:04:05Z", "until"),
        ("status=failed&status=skipped", "status"),
    ] {
        let answer = world.api.get(&format!("/webhook/{id}/events?{query}")).await;
        assert_eq!(answer.wrong_field(), field, "{query}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_that_is_not_there_is_404() {
    let world = World::start().await;
    let (id, all) = five_events(&world).await;
    let other = world.api.create_webhook("https://example.com/", json!({})).await;
    for path in [
        format!("/webhook/{id}/events/{NOBODY}"),
        format!("/webhook/{id}/events/nonsense"),
        format!("/webhook/{other}/events/{}", all[0]),
        format!("/webhook/{NOBODY}/events/{}", all[0]),
        format!("/webhook/{NOBODY}/events"),
        "/webhook/nonsense/events".to_owned(),
    ] {
        world.api.get(&path).await.problem(404);
    }
    assert_eq!(world.api.events(&other, "").await, json!({"data": [], "next_cursor": null}));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deleted_webhooks_events_are_paged_to_the_end() {
    let world = World::start().await;
    let (id, all) = five_events(&world).await;
    assert_eq!(world.api.delete(&format!("/webhook/{id}")).await.status, 204);
    for limit in [2, 5] {
        assert_eq!(paged(&world.api, &id, limit, "").await, all, "{limit} per page");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_detail_tells_every_attempt() {
    let replies = [
        Reply::status(503).header("X-Busy", "yes").body("busy"),
        Reply::status(200).header("X-Part", "1").header("X-Part", "2").body("thanks"),
    ];
    let (world, receiver) = (World::start().await, Receiver::answering(replies).await);
    let fields = json!({"headers": {"X-Team": "blue"}, "retry": {"schedule_seconds": [1]}});
    let id = world.api.create_webhook(&receiver.url, fields).await;
    let request = world.api.triggering(&id, "", "{\"a\": 1}").header("x-correlation-id", "order-7");
    let event_id = accepted(&Answer::to(request).await);
    let event = world.api.ended(&id, &event_id).await;

    assert_eq!(
        (&event["event_id"], &event["config_id"], &event["org_id"]),
        (&json!(event_id), &json!(id), &json!("acme"))
    );
    assert_eq!(
        (&event["status"], &event["outcome"], &event["origin"]),
        (&json!("succeeded"), &json!("succeeded"), &json!("api"))
    );
    assert_eq!(
        (&event["status_code"], &event["attempt_count"], &event["size"]),
        (&json!(200), &json!(2), &json!(8))
    );
    assert_eq!(
        (&event["content_type"], &event["correlation_id"]),
        (&json!("application/json"), &json!("order-7"))
    );
    assert_eq!((&event["next_attempt_at"], &event["reason"]), (&json!(null), &json!(null)));
    assert!(moment(&event["created_at"]) < moment(&event["updated_at"]));

    let [first, second] = event["attempts"].as_array().unwrap().as_slice() else {
        panic!("two attempts: {event}")
    };
    assert_eq!(
        (&first["number"], &first["outcome"], &first["status_code"]),
        (&json!(1), &json!("failed_http"), &json!(503))
    );
    assert_eq!(
        (&first["response_body"], &first["error"]),
        (&json!("busy"), &json!("the receiver answered 503"))
    );
    assert_eq!(first["response_headers"]["x-busy"], "yes");
    assert_eq!(
        (&second["number"], &second["outcome"], &second["error"]),
        (&json!(2), &json!("succeeded"), &json!(null))
    );
    assert_eq!((&second["response_body"], &second["response_truncated"]), (&json!("thanks"), &json!(false)));
    assert_eq!(second["response_headers"]["x-part"], "1, 2");
    assert!(moment(&first["started_at"]) < moment(&second["started_at"]));
    for (attempt, seen) in [first, second].into_iter().zip(receiver.seen()) {
        assert_eq!(attempt["remote_ip"], "127.0.0.1");
        assert!(attempt["duration_ms"].is_u64());
        let first_byte = attempt["timings"]["first_byte"].as_f64().unwrap();
        let part = |name: &str| attempt["timings"][name].as_f64().unwrap();
        assert!(first_byte > 0.0 && part("prepare") + first_byte <= part("total"), "{attempt}");
        assert_eq!((&attempt["method"], &attempt["url"]), (&json!("POST"), &json!(receiver.url)));
        // The record shows what was sent over the wire, without the `Host` header and with only the kinds of
        // the signatures.
        let sent: Vec<_> = seen.headers().into_iter().filter(|(name, _)| name != "host").collect();
        assert_eq!(attempt["request_headers"].as_object().unwrap().len(), sent.len());
        for (name, value) in sent {
            let shown = if name == "webhook-signature" { "v1,*** v1a,***" } else { value };
            assert_eq!(attempt["request_headers"][&name], shown, "{name}");
        }
    }
    assert!(first["timings"]["connect"].as_f64().is_some_and(|ms| ms > 0.0), "{first}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rare_status_is_found_behind_many_others() {
    let replies = [404].into_iter().chain([200]).map(Reply::status);
    let (world, receiver) = (World::start().await, Receiver::answering(replies).await);
    let id = world.api.create_webhook(&receiver.url, json!({})).await;
    let failed = world.api.deliver(&id, "{}").await["event_id"].clone();
    for _ in 0..400 {
        world.api.trigger(&id, "{}").await;
    }
    world.api.until_events_of(&id, 400, "succeeded").await;
    let page = world.api.events(&id, "?status=failed&limit=10").await;
    assert_eq!((page["data"][0]["event_id"].clone(), &page["next_cursor"]), (failed, &Value::Null));
    let full = world.api.events(&id, "?status=succeeded&limit=100").await;
    assert_eq!(full["data"].as_array().unwrap().len(), 100);
    let none = world.api.events(&id, "?status=skipped").await;
    assert_eq!(none, json!({"data": [], "next_cursor": null}));
}
