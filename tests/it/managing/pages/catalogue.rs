//! Forms that offer the catalogue of event types.

use serde_json::json;

use super::{Browser, text, webhook_form};
use crate::managing::catalogue::{added, orders};
use crate::world::{Receiver, World};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_webhook_is_subscribed_to_types_of_the_catalogue() {
    let (world, receiver) = (World::start().await, Receiver::ok().await);
    let browser = Browser::signed_in(&world, &world.api).await;
    let new = "/console/webhooks/new";
    assert!(!browser.page(new).await.contains("Add event types of the catalogue"));
    added(&world.api, &orders("ignore")).await;
    added(&world.api, &json!({"name": "invoice.paid"})).await;
    added(&world.api, &json!({"name": "invoice.old", "deprecated": true})).await;
    let page = browser.page(new).await;
    assert!(page.contains("A customer has placed an order.") && !page.contains("invoice.old"), "{page}");

    let mut form = webhook_form("Orders", &receiver.url);
    form.extend([("event_types", "a.*\r\norder.created"), ("event_type", "invoice.paid")]);
    form.extend([("event_type", "order.created"), ("timeout_seconds", "soon")]);
    // What was ticked stays so when something else is wrong.
    form.retain(|field| *field != ("timeout_seconds", "30"));
    let refused = text(&browser.post(new, &form).await);
    assert!(refused.contains("value=\"invoice.paid\" checked"), "{refused}");
    assert!(!refused.contains("value=\"order.created\" checked"), "it is written already: {refused}");
    form.retain(|(name, _)| *name != "timeout_seconds");
    form.push(("timeout_seconds", "30"));
    assert_eq!(browser.post(new, &form).await.status, 303);
    let saved = world.api.get("/webhook").await.json()["data"][0].take();
    assert_eq!(saved["event_types"], json!(["a.*", "order.created", "invoice.paid"]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_take_the_sample_of_a_type() {
    let (world, receiver) = (World::start().await, Receiver::ok().await);
    let browser = Browser::signed_in(&world, &world.api).await;
    added(&world.api, &orders("ignore")).await;
    added(&world.api, &json!({"name": "order.lost"})).await;
    let sample = "{\n  &quot;order&quot;: 1042\n}";
    let id = world.api.create_webhook(&receiver.url, json!({"event_types": ["order.created"]})).await;
    let base = format!("/console/webhooks/{id}");
    for path in ["edit", "test", "test?event_type=order.created"] {
        let page = browser.page(&format!("{base}/{path}")).await;
        assert!(page.contains(sample), "{path}: {page}");
    }
    let none = browser.page(&format!("{base}/test?event_type=order.lost")).await;
    assert!(none.contains("whose current version has a sample"), "{none}");

    let mut form = webhook_form("Orders", &receiver.url);
    form.extend([("sample", "{}"), ("sample_of", "order.created"), ("take_sample", "on")]);
    form.extend([("transform", "{\"n\": order + 1}")]);
    let page = text(&browser.post("/console/preview", &form).await);
    assert!(page.contains(sample) && page.contains("1043"), "{page}");
    form.retain(|(name, _)| *name != "sample_of");
    form.push(("sample_of", "order.lost"));
    assert!(text(&browser.post("/console/preview", &form).await).contains("There is no sample"));

    let sent = [("body", "{}"), ("content_type", "application/json"), ("event_type", "order.created")];
    let answer = text(&browser.post(&format!("{base}/test"), &sent).await);
    assert!(answer.contains("Succeeded"), "{answer}");
    assert_eq!(world.api.first_event(&id).await["event_type"], "order.created");
}
