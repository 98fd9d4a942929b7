//! What the portal must not become a way around of.

use hookstep_contract::Scope;
use serde_json::json;

use super::{Portal, asked, link};
use crate::managing::catalogue::{added, orders};
use crate::world::{NOBODY, ORG, Receiver, World};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_does_no_more_than_the_token_that_asked_for_it() {
    let world = World::start().await;
    let writer = world.with_scopes(&[Scope::Manage]).await;
    for role in ["view", "replay", "manage", "manage_secrets"] {
        asked(&writer, ORG, &json!({"role": role})).await.problem(403);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_webhook_is_subscribed_to_what_a_session_does_not_show() {
    let (world, receiver) = (World::start().await, Receiver::ok().await);
    let config_id = world.api.create_webhook(&receiver.url, json!({"event_types": ["order.created"]})).await;
    let path = format!("/console/webhooks/{config_id}/edit");
    for (webhooks, event_type, status) in [
        (json!(null), "Webhook Audit Entry", 422),
        (json!([config_id]), "Webhook Audit Entry", 422),
        (json!([config_id]), "Webhook Delivery Failed", 422),
        (json!([config_id]), "order.paid", 303),
        (json!(null), "Webhook Delivery Failed", 303),
    ] {
        let portal = Portal::open(&world.api, json!({"role": "manage", "webhooks": webhooks})).await;
        let revision = world.api.get(&format!("/webhook/{config_id}")).await.json()["revision"].clone();
        let event_type = event_type.replace(' ', "+");
        let form = format!(
            "name=n&url={}&method=POST&timeout_seconds=30&retry=default&enabled=on&event_types={event_type}&revision={revision}",
            receiver.url
        );
        let answer = portal.post(&path, &form).await;
        assert_eq!(answer.status, status, "{webhooks} {event_type}: {answer:?}");
        let page = String::from_utf8_lossy(&answer.body);
        assert_eq!(status == 422, page.contains("Is not available in the portal."), "{page}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_script_is_told_where_a_large_body_is() {
    let (world, receiver) = (World::start().await, Receiver::ok().await);
    let config_id = world.api.create_webhook(&receiver.url, json!({})).await;
    let body = "4711".repeat(100_000);
    let event = world.api.deliver(&config_id, body.clone()).await;
    let portal = Portal::open(&world.api, json!({"role": "view"})).await;
    let event_id = event["event_id"].as_str().unwrap();
    let answer = portal.get(&format!("/console/webhooks/{config_id}/events/{event_id}/payload")).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let stored = reqwest::get(answer.json()["url"].as_str().unwrap()).await.unwrap();
    assert_eq!(stored.text().await.unwrap(), body);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_error_looks_like_the_other_pages_of_the_portal() {
    let world = World::start().await;
    let theme = json!({"product_name": "Acme", "light": {"accent": "#0a66c2"}});
    let fields = json!({"role": "view", "theme": theme, "return_url": "https:app.example.com/back"});
    let portal = Portal::open(&world.api, fields).await;
    let answer = portal.get(&format!("/console/webhooks/{NOBODY}")).await;
    let page = String::from_utf8_lossy(&answer.body);
    assert_eq!(answer.status, 404, "{page}");
    for part in ["· Acme</title>", "theme.css?", "href=\"https://app.example.com/back\""] {
        assert!(page.contains(part), "{part}: {page}");
    }
    assert!(!page.contains("Hookstep") && !page.contains("token"), "{page}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_name_of_a_product_has_no_characters_that_cannot_be_seen() {
    let world = World::start().await;
    for name in ["a\u{202e}b", "a\u{200b}b", " "] {
        let fields = json!({"role": "view", "theme": {"product_name": name}});
        assert_eq!(asked(&world.api, ORG, &fields).await.wrong_field(), "theme.product_name", "{name:?}");
    }
    let joined = json!({"role": "view", "theme": {"product_name": "می\u{200c}خواهم"}});
    link(&world.api, ORG, &joined).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_limited_session_is_offered_only_the_event_types_of_its_webhooks() {
    let (world, receiver) = (World::start().await, Receiver::ok().await);
    added(&world.api, &orders("ignore")).await;
    added(&world.api, &json!({"name": "payroll.run", "sample": {}})).await;
    let config_id = world.api.create_webhook(&receiver.url, json!({"event_types": ["order.*"]})).await;
    let path = format!("/console/webhooks/{config_id}");
    for (webhooks, sees_all) in [(json!(null), true), (json!([config_id]), false)] {
        let portal = Portal::open(&world.api, json!({"role": "manage", "webhooks": webhooks})).await;
        for page in ["edit", "test", "test?event_type=payroll.run"] {
            let page = portal.page(&format!("{path}/{page}")).await;
            assert!(page.contains("order.created"), "{page}");
            assert_eq!(page.contains("payroll.run"), sees_all, "{page}");
        }
    }
}
