//! Pages about events, and the actions on them.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::{Browser, header, location, text};
use crate::world::{Answer, NOBODY, Receiver, Reply, World, accepted};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_is_told_in_plain_words_and_found_again() {
    let replies = [Reply::status(404).header("X-Why", "no route").body("{\"b\":1.50,\"a\":[]}")];
    let (world, receiver) = (World::start().await, Receiver::answering(replies).await);
    let id = world.api.create_webhook(&receiver.url, json!({})).await;
    let request = world.api.triggering(&id, "", "{}").header("x-correlation-id", "order-7");
    let event_id = &accepted(&Answer::to(request).await);
    world.api.ended(&id, event_id).await;
    let browser = Browser::signed_in(&world, &world.api).await;
    let base = format!("/console/webhooks/{id}");
    let page = browser.page(&format!("{base}/events/{event_id}")).await;
    for part in
        ["There is nothing at this URL", "x-why", "no route", "1.50", "First byte", "127.0.0.1", "v1,***"]
    {
        assert!(page.contains(part), "{part}: {page}");
    }
    assert!(!page.contains("data-live"), "an event that has ended does not change");
    let found = browser.get(&format!("{base}?q={event_id}")).await;
    assert_eq!(location(&found), format!("{base}/events/{event_id}"));
    assert!(browser.page(&format!("{base}?q={NOBODY}")).await.contains("no event with this id"));
    assert!(browser.page(&format!("{base}?q=order-7")).await.contains(event_id));
    assert!(browser.page(&format!("{base}?q=order-8")).await.contains("No such events"));
    for (query, is_there) in [("status=failed", true), ("status=succeeded", false), ("period=1h", true)] {
        let table = browser.page(&format!("{base}/events?{query}")).await;
        assert_eq!(table.contains(event_id), is_there, "{query}: {table}");
    }
    assert_eq!(browser.get(&format!("{base}/events?status=lost")).await.status, 400);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn compressed_bodies_are_shown_decoded_and_downloaded_as_they_came() {
    // {"status":"paid"}, compressed with gzip.
    let gzip = STANDARD.decode("H4sIAAAAAAACA6tWKi5JLCktVrJSKkjMTFGqBQD2jiDFEQAAAA==").unwrap();
    let reply = Reply::status(200).header("Content-Encoding", "gzip").body(gzip.clone());
    let (world, receiver) = (World::start().await, Receiver::answering([reply]).await);
    let id = world.api.create_webhook(&receiver.url, json!({})).await;
    let request = world.api.triggering(&id, "", gzip.clone()).header("content-encoding", "gzip");
    let event_id = &accepted(&Answer::to(request).await);
    world.api.ended(&id, event_id).await;
    let browser = Browser::signed_in(&world, &world.api).await;
    let page = browser.page(&format!("/console/webhooks/{id}/events/{event_id}")).await;
    for part in ["encoded as gzip", "Decoded: it came, and is sent, as", "Decoded: it came as"] {
        assert!(page.contains(part), "{part}: {page}");
    }
    assert_eq!(page.matches("paid").count(), 2, "{page}");
    let download = world.api.get(&format!("/webhook/{id}/events/{event_id}/payload")).await;
    assert_eq!((download.headers["content-encoding"].to_str().unwrap(), &*download.body), ("gzip", &*gzip));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_is_replayed_and_its_body_downloaded() {
    let replies = [Reply::status(404), Reply::status(200)];
    let (world, receiver) = (World::start().await, Receiver::answering(replies).await);
    let id = world.api.create_webhook(&receiver.url, json!({})).await;
    let event = world.api.deliver(&id, "{\"a\":1.50, \"b\":\"<script>\"}").await;
    let event_id = event["event_id"].as_str().unwrap();
    let browser = Browser::signed_in(&world, &world.api).await;
    let path = format!("/console/webhooks/{id}/events/{event_id}");
    let page = browser.page(&path).await;
    assert!(page.contains("1.50") && page.contains("&lt;script&gt;"), "{page}");
    let file = browser.get(&format!("{path}/payload")).await;
    assert_eq!(text(&file), "{\"a\":1.50, \"b\":\"<script>\"}");
    assert_eq!(header(&file, "content-disposition"), format!("attachment; filename=\"{event_id}\""));
    assert_eq!(header(&file, "content-type"), "application/octet-stream");

    let replayed = browser.post(&format!("{path}/replay"), &[]).await;
    let target = location(&replayed);
    // The page exists before the event's record does.
    browser.page(target).await;
    let again = target.rsplit('/').next().unwrap().trim_end_matches("?new=1");
    assert_eq!(world.api.ended(&id, again).await["status"], "succeeded");
    assert!(browser.page(target).await.contains(&format!("{path}\">an earlier event")));
    let nothing = format!("/console/webhooks/{id}/events/{NOBODY}");
    assert_eq!(browser.get(&nothing).await.status, 404);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pending_retry_is_cancelled_by_its_page() {
    let (world, receiver) = (World::start().await, Receiver::answering([Reply::status(503)]).await);
    let id = world.api.create_webhook(&receiver.url, json!({})).await;
    let event_id = world.api.trigger(&id, "{}").await;
    world.api.until(&id, &event_id, |event| event["next_attempt_at"].is_string()).await;
    let browser = Browser::signed_in(&world, &world.api).await;
    let path = format!("/console/webhooks/{id}/events/{event_id}");
    let page = browser.page(&path).await;
    assert!(
        page.contains("Retrying") && page.contains("The next attempt is due") && page.contains("data-live")
    );
    let cancelled = browser.post(&format!("{path}/cancel"), &[]).await;
    assert_eq!(location(&cancelled), path);
    assert_eq!(world.api.event(&id, &event_id).await["status"], "failed");
    assert!(!browser.page(&path).await.contains("data-live"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_missed_is_replayed_and_its_progress_shown() {
    let replies = [Reply::status(404), Reply::status(404), Reply::status(200)];
    let (world, receiver) = (World::start().await, Receiver::answering(replies).await);
    let id = world.api.create_webhook(&receiver.url, json!({})).await;
    for _ in 0..2 {
        world.api.deliver(&id, "{}").await;
    }
    let browser = Browser::signed_in(&world, &world.api).await;
    let recover = format!("/console/webhooks/{id}/recover");
    let started = browser.post(&recover, &[("status", "failed"), ("since", "1")]).await;
    let replay_id = location(&started).rsplit('/').next().unwrap().to_owned();
    let progress = format!("/webhook/{id}/replays/{replay_id}");
    let is_open =
        |replay: Value| replay["status"] == "in_progress" || replay["results"]["in_progress"] != json!(0);
    while is_open(world.api.get(&progress).await.json()) {
        tokio::task::yield_now().await;
    }
    let page = browser.page(location(&started)).await;
    assert!(page.contains("Done") && page.contains("<dd class=\"number\">2</dd>"), "{page}");
    assert_eq!(browser.post(&recover, &[("status", "failed"), ("since", "5")]).await.status, 400);
    assert_eq!(browser.post(&recover, &[("status", "in_progress"), ("since", "1")]).await.status, 400);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn how_a_webhook_fares_is_drawn_and_told_in_numbers() {
    let replies = [Reply::status(200), Reply::status(200), Reply::status(404)];
    let (world, receiver) = (World::start().await, Receiver::answering(replies).await);
    let id = world.api.create_webhook(&receiver.url, json!({})).await;
    for _ in 0..3 {
        world.api.deliver(&id, "{}").await;
    }
    let browser = Browser::signed_in(&world, &world.api).await;
    let list = browser.page("/").await;
    let numbers = "2 succeeded, 1 failed, 0 recovered, 0 in progress, 0 skipped";
    assert!(list.contains("66.7 %") && list.contains(numbers), "{list}");
    for (range, buckets) in [("1h", 12), ("24h", 24), ("7d", 7), ("30d", 30)] {
        let charts = browser.page(&format!("/console/webhooks/{id}/charts?range={range}")).await;
        assert!(charts.contains("Events over time: 2 succeeded, 1 failed"), "{range}: {charts}");
        assert_eq!(charts.matches("<th scope=\"row\">").count(), buckets, "{range}");
        assert!(charts.contains("66.7 %") && charts.contains("HTTP error"), "{range}: {charts}");
    }
    // They are on the page itself, which works without a script; a failure leads to the events that failed like it.
    let base = format!("/console/webhooks/{id}");
    let page = browser.page(&base).await;
    assert!(page.contains("Events over time: 2 succeeded, 1 failed") && page.contains("range=7d"), "{page}");
    assert!(page.contains("status=failed&amp;outcome=failed_http#events"), "{page}");
    for (query, rows) in [
        ("status=failed&outcome=failed_http", 1),
        ("outcome=failed_timeout", 0),
        ("from=2020-01-01T00:00&offset=-60", 3),
        ("from=2020-01-01T00:00&to=2020-01-02T00:00", 0),
    ] {
        let table = browser.page(&format!("{base}/events?{query}")).await;
        assert_eq!(table.matches("class=\"row-link").count(), rows, "{query}: {table}");
    }
    let long = browser.page(&format!("{base}?from=2020-01-01T00:00")).await;
    assert!(long.contains("Nothing to draw") && long.contains("row-link"), "{long}");
    assert_eq!(browser.get(&format!("{base}?from=yesterday")).await.status, 400);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn chosen_events_are_sent_again_from_the_table() {
    let replies = [Reply::status(404), Reply::status(404), Reply::status(404), Reply::status(200)];
    let (world, receiver) = (World::start().await, Receiver::answering(replies).await);
    let id = world.api.create_webhook(&receiver.url, json!({})).await;
    let mut events = Vec::new();
    for _ in 0..3 {
        let event = world.api.deliver(&id, "{}").await;
        events.push(event["event_id"].as_str().unwrap().to_owned());
    }
    let browser = Browser::signed_in(&world, &world.api).await;
    let base = format!("/console/webhooks/{id}");
    let table = browser.page(&format!("{base}/events?status=failed")).await;
    let short = events[0].rsplit('-').next().unwrap();
    assert!(table.contains(&format!(">{short}</a>")) && table.contains("value=\"status=failed\""), "{table}");
    let chosen = [
        ("action", "replay"),
        ("back", "status=failed"),
        ("event", &events[1]),
        ("event", &events[0]),
        ("event", NOBODY),
        ("event", "nonsense"),
    ];
    let answer = browser.post(&format!("{base}/chosen"), &chosen).await;
    let told = format!("{base}?done=replay&count=2&left=1&status=failed");
    assert_eq!(location(&answer).trim_end_matches("#events"), told);
    assert!(browser.page(&told).await.contains("2 events are sent again"));
    for event in &events[..2] {
        world.api.until(&id, event, |event| event["status"] == "recovered").await;
    }
    // The oldest first: ids sort by time. The two deliveries then overtake each other as they like.
    let newest = world.api.get(&format!("/webhook/{id}/events?limit=2")).await.json();
    let replayed: Vec<_> =
        newest["data"].as_array().unwrap().iter().map(|event| &event["replay_of"]).collect();
    assert_eq!(replayed, [&events[1], &events[0]]);
    let nothing =
        browser.post(&format!("{base}/chosen"), &[("action", "cancel"), ("event", &events[2])]).await;
    assert!(browser.page(location(&nothing).trim_end_matches("#events")).await.contains("1 left out"));
    assert_eq!(browser.post(&format!("{base}/chosen"), &[("action", "delete")]).await.status, 400);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn attempts_are_compared_and_told_as_commands_without_secrets() {
    let long = format!("{{\"list\":[{}1", "12345678,".repeat(9000));
    let replies = [Reply::status(500).body("{\"why\":1}"), Reply::status(503).body(long), Reply::status(200)];
    let (world, receiver) = (World::start().await, Receiver::answering(replies).await);
    let fields = json!({"auth": {"type": "api_key", "name": "X-Key", "value": "key-secret"}, "retry": {"schedule_seconds": [1, 1]}});
    let id = world.api.create_webhook(&receiver.url, fields).await;
    let first = world.api.deliver(&id, "{\"a\": 1.0}").await["event_id"].as_str().unwrap().to_owned();
    world.api.ended(&id, &first).await;
    let second = world.api.deliver(&id, "{}").await["event_id"].as_str().unwrap().to_owned();
    let browser = Browser::signed_in(&world, &world.api).await;
    let base = format!("/console/webhooks/{id}/events");
    let page = browser.page(&format!("{base}/{first}?attempt=1&with=2")).await;
    assert!(
        page.contains("Attempts 1 and 2") && page.contains(">Status</th>") && !page.contains("key-secret"),
        "{page}"
    );
    assert!(
        page.contains("-H &#39;x-key: &lt;x-key&gt;&#39;") || page.contains("-H 'x-key: &lt;x-key&gt;'"),
        "{page}"
    );
    assert!(page.contains(&receiver.url) && page.contains("--data-binary"), "{page}");
    assert!(page.contains(&format!("href=\"{base}/{second}\"")), "the next event: {page}");
    assert!(browser.page(&format!("{base}/{second}")).await.contains("Previous event"));
    // An answer that was cut is set in lines all the same.
    let cut = browser.page(&format!("{base}/{first}?attempt=2")).await;
    assert!(cut.contains("<span class=\"n\">12345678</span>,\n"), "{cut}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_scheduled_event_says_when_it_is_sent_and_can_be_cancelled() {
    let (world, receiver) = (World::start().await, Receiver::ok().await);
    let id = world.api.create_webhook(&receiver.url, json!({})).await;
    let event_id = &accepted(&Answer::to(world.api.triggering(&id, "?delay_seconds=7200", "{}")).await);
    world.api.until(&id, event_id, |event| event["status"] == "scheduled").await;
    let browser = Browser::signed_in(&world, &world.api).await;
    let base = format!("/console/webhooks/{id}");
    let path = format!("{base}/events/{event_id}");
    let page = browser.page(&path).await;
    for part in ["Scheduled for", "It will be sent", "in 1 h", "Cancel the event", "data-live"] {
        assert!(page.contains(part), "{part}: {page}");
    }
    assert!(!page.contains("/replay\""), "{page}");
    assert!(browser.page(&format!("{base}/events?status=scheduled")).await.contains(event_id));
    assert!(!browser.page(&format!("{base}/events?status=in_progress")).await.contains(event_id));
    let charts = browser.page(&format!("{base}/charts?range=24h")).await;
    assert!(charts.contains("1 scheduled"), "{charts}");

    assert_eq!(location(&browser.post(&format!("{path}/cancel"), &[]).await), path);
    let page = browser.page(&path).await;
    assert!(page.contains("Failed") && page.contains("/replay\""), "{page}");
    assert_eq!(receiver.calls(), 0);
}
