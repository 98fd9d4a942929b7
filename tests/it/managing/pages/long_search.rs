//! A filter that matches next to nothing: how far it looks, and what it says.

use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use futures_util::future::try_join_all;
use hookstep_ambient::Sources;
use hookstep_contract::EventId;
use serde_json::{Value, json};

use super::Browser;
use crate::world::{ORG, World};

/// Writes events into the table, one for each second before now: the oldest failed, the others succeeded.
async fn write_events(world: &World, config_id: &str, number: u64) {
    let now = Sources::system().now();
    let text = |text: &str| AttributeValue::S(text.to_owned());
    let put = |age: u64| {
        let at = now.minus(Duration::from_secs(age));
        world
            .host
            .clients()
            .tables
            .put_item()
            .table_name("events")
            .item("pk", text(&format!("{ORG}#{config_id}")))
            .item("sk", text(&EventId::derived(at, &[b"written"]).to_string()))
            .item("status", text(if age == number { "failed" } else { "succeeded" }))
            .item("origin", text("api"))
            .item("created_at", text(&at.to_string()))
            .item("updated_at", text(&at.to_string()))
            .item("expires_at", AttributeValue::N("4000000000".to_owned()))
            .send()
    };
    let ages: Vec<u64> = (1..=number).collect();
    // Many at once share a commit.
    for ages in ages.chunks(200) {
        try_join_all(ages.iter().map(|age| put(*age))).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_search_never_claims_that_there_is_nothing_where_it_has_not_looked() {
    let world = World::start().await;
    let id = world.api.create_webhook("https://example.com/", json!({})).await;
    write_events(&world, &id, 10_200).await;
    let page = world.api.events(&id, "?status=failed").await;
    assert_eq!(page["data"], json!([]), "{page}");
    let cursor = page["next_cursor"].as_str().unwrap();
    let rest = world.api.events(&id, &format!("?status=failed&cursor={cursor}")).await;
    assert_eq!((rest["data"].as_array().unwrap().len(), &rest["next_cursor"]), (1, &Value::Null), "{rest}");

    let browser = Browser::signed_in(&world, &world.api).await;
    let page = browser.page(&format!("/console/webhooks/{id}?status=failed")).await;
    assert!(
        page.contains("Looked at 10000 events, back to ") && page.contains("Look further back"),
        "{page}"
    );
    assert!(page.contains("data-every=\"30\"") && !page.contains("No such events"), "{page}");
    let page = browser.page(&format!("/console/webhooks/{id}?status=failed&cursor={cursor}")).await;
    assert!(page.contains(">Failed</span>") && !page.contains("Looked at"), "{page}");
    let page = browser.page(&format!("/console/webhooks/{id}?status=skipped&cursor={cursor}")).await;
    assert!(page.contains("No more events") && !page.contains("No such events"), "{page}");
}
