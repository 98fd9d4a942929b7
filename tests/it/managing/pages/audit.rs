//! The page “Audit log”: what it shows of each entry, the search, and who may see it.

use hookstep_contract::Scope;
use serde_json::json;

use super::Browser;
use crate::world::{Receiver, World};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_log_says_who_changed_what_and_is_searched_by_an_id() {
    let (world, receiver) = (World::start().await, Receiver::ok().await);
    let browser = Browser::signed_in(&world, &world.api).await;
    let config_id = world.api.create_webhook(&receiver.url, json!({"name": "<i>orders</i>"})).await;
    assert_eq!(world.api.patch(&config_id, &json!({"timeout_seconds": 7})).await.status, 200);
    let enabled = format!("/console/webhooks/{config_id}/enabled");
    assert_eq!(browser.post(&enabled, &[("enabled", "false")]).await.status, 303);

    let page = browser.page("/console/audit").await;
    for part in [
        "Signed in",
        "Created the webhook",
        "Changed the webhook",
        "<bdi class=\"break\">&lt;i&gt;orders&lt;/i&gt;</bdi>",
        "<code>timeout_seconds</code>: <bdi>30</bdi> → <bdi>7</bdi>",
        "<code>enabled</code>: <bdi>true</bdi> → <bdi>false</bdi>",
        "in the console",
        "127.0.0.1",
    ] {
        assert!(page.contains(part), "{part}: {page}");
    }
    let about = browser.page(&format!("/console/audit?target={config_id}")).await;
    assert!(about.contains("Created the webhook") && !about.contains("Signed in"), "{about}");
    let nothing = browser.page("/console/audit?target=%22%3E").await;
    assert!(nothing.contains("No entries") && nothing.contains("value=\"&quot;&gt;\""), "{nothing}");

    let reader = Browser::signed_in(&world, &world.with_scopes(&[Scope::Read]).await).await;
    assert_eq!(reader.get("/console/audit").await.status, 403);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_long_log_has_pages() {
    let world = World::start().await;
    for number in 0..60 {
        let token = json!({"name": format!("t{number}"), "scopes": ["read"]});
        assert_eq!(world.api.post("/tokens", &token).await.status, 201);
    }
    let browser = Browser::signed_in(&world, &world.api).await;
    let first = browser.page("/console/audit").await;
    assert!(first.contains(">t59<") && !first.contains(">t9<"), "{first}");
    let next = first.split("rel=\"next\" href=\"").nth(1).and_then(|rest| rest.split('"').next());
    let second = browser.page(&next.unwrap_or_default().replace("&amp;", "&")).await;
    assert!(second.contains(">t9<") && second.contains(">t0<") && !second.contains(">t59<"), "{second}");
}
