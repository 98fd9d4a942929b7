//! The list of webhooks: search, states, order, and how each one is.

use serde_json::{Value, json};

use super::Browser;
use super::receivers::{degraded, failing, write_health};
use crate::world::{Api, Receiver, Reply, World};

/// The names on a page of the list, in order.
fn names(page: &str) -> Vec<&str> {
    let links = page.split("class=\"row-link\"").skip(1);
    links.filter_map(|link| link.split("<bdi>").nth(1)?.split('<').next()).collect()
}

async fn named(api: &Api, name: &str, url: &str, more: Value) -> String {
    let id = api.create_webhook(url, json!({})).await;
    let mut fields = json!({"name": name, "url": url, "retry": {"schedule_seconds": []}});
    fields.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    assert_eq!(api.put(&format!("/webhook/{id}"), &fields).await.status, 200);
    id
}

/// Five webhooks, in all states.
async fn five_webhooks(world: &World) -> Vec<String> {
    let api = &world.api;
    let well = Receiver::ok().await;
    let ill = Receiver::answering([Reply::status(503)]).await;
    let mixed = Receiver::answering([200, 200, 503].map(Reply::status)).await;
    let mut ids = Vec::new();
    for (name, receiver, more) in [
        ("Archive", &well, json!({"enabled": false})),
        ("Billing", &ill, json!({"retry": {"schedule_seconds": [3600]}})),
        ("Catalogue", &well, json!({"event_types": ["product.*"]})),
        ("Delivery", &mixed, json!({})),
        ("Export", &well, json!({})),
    ] {
        ids.push(named(api, name, &receiver.url, more).await);
    }
    for id in [&ids[1], &ids[1]] {
        let event_id = api.trigger(id, "{}").await;
        api.until(id, &event_id, |event| event["next_attempt_at"].is_string()).await;
    }
    for id in [&ids[2], &ids[3], &ids[3], &ids[3]] {
        api.deliver(id, "{}").await;
    }
    write_health(world, &ids[1], Some(failing())).await;
    write_health(world, &ids[3], Some(degraded())).await;
    ids
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_webhooks_that_fail_come_first_and_each_says_how_it_is() {
    let world = World::start().await;
    five_webhooks(&world).await;
    let browser = Browser::signed_in(&world, &world.api).await;
    let page = browser.page("/").await;
    assert_eq!(names(&page), ["Billing", "Delivery", "Export", "Catalogue", "Archive"]);
    for text in [
        "retrying <span class=\"number\">2<",
        ">66.7 %<",
        ">100 %<",
        "No events",
        ">Failing<",
        ">Degraded<",
        ">Healthy<",
    ] {
        assert!(page.contains(text), "{text}: {page}");
    }
    for (query, expected) in [
        ("sort=newest", vec!["Export", "Delivery", "Catalogue", "Billing", "Archive"]),
        ("sort=name", vec!["Archive", "Billing", "Catalogue", "Delivery", "Export"]),
        ("state=failing", vec!["Billing"]),
        ("state=disabled", vec!["Archive"]),
        ("state=enabled&sort=name", vec!["Billing", "Catalogue", "Delivery", "Export"]),
        ("q=PRODUCT", vec!["Catalogue"]),
        ("q=bill", vec!["Billing"]),
        ("q=127.0.0.1&state=healthy", vec!["Export", "Catalogue"]),
        ("q=nothing+like+it", vec![]),
        ("page=99&sort=name", vec!["Archive", "Billing", "Catalogue", "Delivery", "Export"]),
    ] {
        assert_eq!(names(&browser.page(&format!("/?{query}")).await), expected, "{query}");
    }
    assert!(browser.page("/?q=nothing+like+it").await.contains("No such webhooks"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_request_has_the_numbers_of_every_webhook() {
    let world = World::start().await;
    let ids = five_webhooks(&world).await;
    let list = world.api.get("/webhook?include=stats").await.json();
    let rows = list["data"].as_array().unwrap();
    let health: Vec<&Value> = rows.iter().map(|row| &row["health"]).collect();
    assert_eq!(health, ["disabled", "failing", "healthy", "degraded", "healthy"]);
    assert_eq!(rows[1]["stats"]["retrying"], 2);
    for (row, id) in rows.iter().zip(&ids) {
        let stats = world.api.get(&format!("/webhook/{id}/stats")).await.json();
        assert_eq!(row["stats"], stats["totals"], "{row}");
    }
    // How the receiver does is told without the numbers, too.
    let plain = world.api.get("/webhook").await.json()["data"].clone();
    for (row, number) in rows.iter().zip(0..) {
        assert_eq!((&plain[number]["health"], &plain[number]["stats"]), (&row["health"], &Value::Null));
        assert_eq!(plain[number]["receiver"], row["receiver"]);
    }
    let circuits: Vec<&Value> = rows.iter().map(|row| &row["receiver"]["circuit"]).collect();
    assert_eq!(circuits, [&Value::Null, &json!("open"), &Value::Null, &json!("closed"), &Value::Null]);
    assert_eq!(world.api.get("/webhook?include=events").await.wrong_field(), "include");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_webhooks_are_pages_of_a_bounded_size() {
    let world = World::start().await;
    for number in 0..60 {
        named(&world.api, &format!("Number {number:02}"), "https://example.com/", json!({})).await;
    }
    let browser = Browser::signed_in(&world, &world.api).await;
    let mut all = Vec::new();
    for number in 1..=3 {
        let page = browser.page(&format!("/?page={number}&sort=name")).await;
        assert!(page.len() < super::MAX_BYTES, "{}", page.len());
        all.extend(names(&page).into_iter().map(str::to_owned));
        assert_eq!(page.contains("Next page"), number < 3);
    }
    assert_eq!(all, (0..60).map(|number| format!("Number {number:02}")).collect::<Vec<_>>());
}
