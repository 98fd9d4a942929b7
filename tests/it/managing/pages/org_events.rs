//! The page with the events of all webhooks.

use serde_json::json;

use super::{Browser, location, text};
use crate::world::{Answer, NOBODY, Receiver, Reply, World, accepted};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn events_of_all_webhooks_are_searched_and_the_search_is_in_the_address() {
    let world = World::start().await;
    let (good, bad) = (Receiver::ok().await, Receiver::answering([Reply::status(404)]).await);
    let api = &world.api;
    let browser = Browser::signed_in(&world, api).await;
    assert!(browser.page("/console/events").await.contains("No events yet"));
    let orders =
        api.create_webhook(&good.url, json!({"name": "Orders <1>", "event_types": ["order.*"]})).await;
    let broken = api.create_webhook(&bad.url, json!({"name": "Broken"})).await;
    let request = api.triggering(&broken, "", r#"{"note": "find me"}"#).header("x-correlation-id", "order-7");
    let failed = accepted(&Answer::to(request).await);
    api.ended(&broken, &failed).await;
    let published = api.post("/events", &json!({"event_type": "order.paid", "payload": 1})).await.json();
    let paid = published["deliveries"][0]["event_id"].as_str().unwrap_or_default().to_owned();
    api.ended(&orders, &paid).await;
    let page = browser.page("/console/events").await;
    for part in
        [&*failed, &*paid, "Orders &lt;1&gt;", "Broken", "class=\"chart\"", "aria-current=\"true\">Events"]
    {
        assert!(page.contains(part), "{part}: {page}");
    }
    for (query, found, other) in [
        ("type=order.*", &paid, &failed),
        ("status=failed", &failed, &paid),
        ("code=4xx&type=", &failed, &paid),
        ("correlation_id=order-7&status=&period=1h", &failed, &paid),
        ("text=find+me&host=127.0.0.1", &failed, &paid),
        (&format!("config_id={orders}"), &paid, &failed),
    ] {
        let page = browser.page(&format!("/console/events?{query}")).await;
        assert!(page.contains(found.as_str()) && !page.contains(other.as_str()), "{query}: {page}");
    }
    let page = browser.page("/console/events?text=find+me&code=5xx&from=2026-01-01T08:00").await;
    for part in ["No such events", "value=\"find me\"", "value=\"5xx\"", "value=\"2026-01-01T08:00\""] {
        assert!(page.contains(part), "{part}: {page}");
    }
    let one = browser.get(&format!("/console/events?event_id={failed}&type=whatever")).await;
    assert_eq!(location(&one), format!("/console/webhooks/{broken}/events/{failed}"));
    assert!(browser.page(&format!("/console/events?event_id={NOBODY}")).await.contains("No such events"));
    let wrong = browser.get("/console/events?code=abc&type=order.*").await;
    assert_eq!(wrong.status, 422);
    let page = text(&wrong);
    for part in ["Must be a status code like 503", "id=\"code-wrong\"", "value=\"abc\"", "value=\"order.*\""]
    {
        assert!(page.contains(part), "{part}: {page}");
    }
    assert!(!page.contains("No such events"), "nothing was searched");
    assert_eq!(api.delete(&format!("/webhook/{broken}")).await.status, 204);
    assert!(!browser.page("/console/events").await.contains(&failed));
    let page = browser.page(&format!("/console/events?config_id={broken}")).await;
    assert!(page.contains(&failed) && page.contains(&format!("Deleted: {broken}")), "{page}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_of_events_follow_each_other_with_the_same_search() {
    let (world, receiver) = (World::start().await, Receiver::ok().await);
    let api = &world.api;
    let webhooks = [
        api.create_webhook(&receiver.url, json!({})).await,
        api.create_webhook(&receiver.url, json!({})).await,
    ];
    let mut sent = Vec::new();
    for number in 0..30 {
        let event = api.deliver(&webhooks[number % 2], "{}").await;
        sent.push(event["event_id"].as_str().unwrap_or_default().to_owned());
    }
    let browser = Browser::signed_in(&world, api).await;
    let first = browser.page("/console/events?status=succeeded").await;
    assert!(sent[5..].iter().all(|id| first.contains(id)) && !sent[..5].iter().any(|id| first.contains(id)));
    let older = first.split("rel=\"next\" href=\"").nth(1).and_then(|rest| rest.split('"').next());
    let older = older.unwrap_or_default().replace("&amp;", "&");
    assert!(older.contains("status=succeeded"), "{older}");
    let second = browser.page(&older).await;
    assert!(sent[..5].iter().all(|id| second.contains(id)) && !second.contains(&sent[5]), "{second}");
    assert!(second.contains("Newest") && !second.contains("rel=\"next\""), "{second}");
}
