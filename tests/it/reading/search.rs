//! Searching for events.
#![expect(clippy::unwrap_used, reason = "an unexpected result in a helper fails the test")]

use hookstep_contract::Scope;
use serde_json::{Value, json};

use crate::world::{Answer, Api, NOBODY, Receiver, Reply, World, accepted, moment};

fn ids(list: &Value) -> Vec<String> {
    let data = list["data"].as_array().unwrap();
    data.iter().map(|event| event["event_id"].as_str().unwrap().to_owned()).collect()
}

/// The events on every page of a query, with `limit` events per page.
async fn paged(api: &Api, config_id: &str, limit: usize, query: &str) -> Vec<String> {
    let (mut all, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = api.events(config_id, &format!("?limit={limit}&{query}{cursor}")).await;
        assert!(ids(&page).len() <= limit, "{page}");
        all.extend(ids(&page));
        let Some(next) = page["next_cursor"].as_str() else { return all };
        cursor = format!("&cursor={next}");
    }
}

/// Delivers an event with this correlation id; returns the event's id.
async fn correlated(api: &Api, config_id: &str, correlation_id: &str) -> String {
    let request = api.triggering(config_id, "", "{}").header("x-correlation-id", correlation_id);
    let event_id = accepted(&Answer::to(request).await);
    api.ended(config_id, &event_id).await;
    event_id
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn events_are_found_by_their_correlation_id() {
    let replies = [200, 400, 200, 200, 400].map(Reply::status);
    let (world, receiver) = (World::start().await, Receiver::answering(replies).await);
    let api = &world.api;
    let id = api.create_webhook(&receiver.url, json!({})).await;
    let mut of_7 = Vec::new();
    for correlation_id in ["order-7", "order-7", "order-77", "order-7", "order-7"] {
        let event_id = correlated(api, &id, correlation_id).await;
        if correlation_id == "order-7" {
            of_7.insert(0, event_id);
        }
    }
    let none = api.create_webhook(&receiver.url, json!({})).await;
    for limit in [1, 2, 3, 4, 100] {
        assert_eq!(paged(api, &id, limit, "correlation_id=order-7").await, of_7, "{limit} per page");
        let failed = [of_7[0].clone(), of_7[2].clone()];
        assert_eq!(paged(api, &id, limit, "correlation_id=order-7&status=failed").await, failed);
        assert_eq!(paged(api, &id, limit, "correlation_id=order-").await, Vec::<String>::new());
        assert_eq!(paged(api, &none, limit, "correlation_id=order-7").await, Vec::<String>::new());
    }
    let shown = api.events(&id, "?correlation_id=order-77").await;
    assert_eq!(shown["data"][0]["correlation_id"], "order-77");
    let mut event = api.event(&id, shown["data"][0]["event_id"].as_str().unwrap()).await;
    event.as_object_mut().unwrap().remove("attempts");
    assert_eq!(shown["data"], json!([event]), "as in any list");

    let at = async |index: usize| api.event(&id, &of_7[index]).await["created_at"].clone();
    let (from, to) = (at(2).await, at(1).await);
    assert!(moment(&from) < moment(&to));
    let query = format!("correlation_id=order-7&from={}&to={}", from.as_str().unwrap(), to.as_str().unwrap());
    assert_eq!(paged(api, &id, 1, &query).await, of_7[1..=2]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_is_found_by_its_id() {
    let (world, receiver) = (World::start().await, Receiver::ok().await);
    let id = world.api.create_webhook(&receiver.url, json!({})).await;
    let other = world.api.create_webhook(&receiver.url, json!({})).await;
    let event = world.api.deliver(&id, "{}").await;
    let event_id = event["event_id"].as_str().unwrap();
    let found = world.api.events(&id, &format!("?event_id={event_id}")).await;
    assert_eq!((ids(&found), &found["next_cursor"]), (vec![event_id.to_owned()], &json!(null)));
    for (config_id, event_id) in [(&id, NOBODY), (&other, event_id)] {
        let found = world.api.events(config_id, &format!("?event_id={event_id}")).await;
        assert_eq!(found, json!({"data": [], "next_cursor": null}));
    }
    world.api.get(&format!("/webhook/{NOBODY}/events?event_id={event_id}")).await.problem(404);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_finds_another_orgs_events() {
    let (world, receiver) = (World::start().await, Receiver::ok().await);
    let id = world.api.create_webhook(&receiver.url, json!({})).await;
    let event_id = correlated(&world.api, &id, "order-7").await;
    let other = world.admin_of("other").await;
    let theirs = other.create_webhook(&receiver.url, json!({})).await;
    for query in [format!("event_id={event_id}"), "correlation_id=order-7".to_owned()] {
        other.get(&format!("/webhook/{id}/events?{query}")).await.problem(404);
        assert_eq!(other.events(&theirs, &format!("?{query}")).await["data"], json!([]));
        let narrow = world.with_scopes(&[Scope::Trigger, Scope::Manage]).await;
        narrow.get(&format!("/webhook/{id}/events?{query}")).await.problem(403);
        assert_eq!(ids(&world.api.events(&id, &format!("?{query}")).await), [event_id.as_str()]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_parameter_is_named() {
    let world = World::start().await;
    let id = world.api.create_webhook("https://example.com/", json!({})).await;
    let long = "x".repeat(1025);
    for (query, field) in [
        ("event_id=nonsense".to_owned(), "event_id"),
        (format!("event_id={NOBODY}&status=failed"), "event_id"),
        (format!("event_id={NOBODY}&correlation_id=x"), "event_id"),
        (format!("event_id={NOBODY}&limit=1"), "event_id"),
        ("correlation_id=".to_owned(), "correlation_id"),
        (format!("correlation_id={long}"), "correlation_id"),
        ("correlation_id=x&cursor=nonsense".to_owned(), "cursor"),
    ] {
        let answer = world.api.get(&format!("/webhook/{id}/events?{query}")).await;
        assert_eq!(answer.wrong_field(), field, "{query}");
    }
}
