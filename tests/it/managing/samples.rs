//! Samples of event types: tests send them, and filters and transforms are tried on them.

use http::Method;
use serde_json::{Value, json};

use super::catalogue::{added, orders};
use crate::world::process::command;
use crate::world::{Answer, Api, Receiver, World};

/// Sends a test without a body.
async fn tested(api: &Api, config_id: &str, query: &str) -> Answer {
    Answer::to(api.request(Method::POST, &format!("/webhook/{config_id}/test{query}"))).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_test_sends_the_sample_of_an_event_type() {
    let (world, receiver) = (World::start().await, Receiver::ok().await);
    let api = &world.api;
    added(api, &orders("reject")).await;
    added(api, &json!({"name": "order.shipped", "sample": {"parcel": "p-1"}})).await;
    added(api, &json!({"name": "order.lost"})).await;
    let fields = json!({"event_types": ["invoice.*", "order.shipped", "order.created"]});
    let config_id = api.create_webhook(&receiver.url, fields).await;
    let none = api.create_webhook(&receiver.url, json!({"event_types": ["order.*", "order.lost"]})).await;

    let asked = tested(api, &config_id, "?event_type=order.created").await.json();
    let first = tested(api, &config_id, "").await.json();
    let other = tested(api, &none, "").await.json();
    let own = api.request(Method::POST, &format!("/webhook/{none}/test?event_type=order.created"));
    let own = Answer::to(own.header("content-type", "application/json").body("{\"order\": \"wrong\"}")).await;
    let bodies: Vec<Vec<u8>> = receiver.seen().iter().map(|seen| seen.body.to_vec()).collect();
    let greeting = br#"{"type": "webhook.test", "message": "Hello from Hookstep"}"#.to_vec();
    let [order, parcel] = [r#"{"order":1042}"#, r#"{"parcel":"p-1"}"#].map(|body| body.as_bytes().to_vec());
    assert_eq!(bodies, [order, parcel, greeting, b"{\"order\": \"wrong\"}".to_vec()]);
    for (config_id, answer, event_type) in [
        (&config_id, asked, json!("order.created")),
        (&config_id, first, json!("order.shipped")),
        (&none, other, Value::Null),
        (&none, own.json(), json!("order.created")),
    ] {
        let event_id = answer["event_id"].as_str().unwrap_or_default();
        let event = api.ended(config_id, event_id).await;
        assert_eq!((&event["event_type"], &event["origin"]), (&event_type, &json!("test")), "{event}");
    }
    for unknown in ["order.lost", "order.other", "a%2Fb"] {
        let refused = tested(api, &config_id, &format!("?event_type={unknown}")).await;
        assert_eq!(refused.wrong_field(), "event_type", "{refused:?}");
    }
    let shown = tested(api, &config_id, "?send=false&event_type=order.created").await.json();
    assert_eq!(shown["request"]["body"], r#"{"order":1042}"#, "{shown}");
    assert_eq!(receiver.calls(), 4);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_transform_is_tried_on_a_sample() {
    let (world, receiver) = (World::start().await, Receiver::ok().await);
    added(&world.api, &orders("ignore")).await;
    let config_id = world.api.create_webhook(&receiver.url, json!({"event_types": ["order.created"]})).await;
    let path = format!("/webhook/{config_id}/preview");
    for event_type in [json!("order.created"), Value::Null] {
        let transform = json!({"transform": {"jsonata": "{'n': order + 1}"}, "event_type": event_type});
        let tried = world.api.post(&path, &transform).await.json();
        assert_eq!(tried["request"]["body"], r#"{"n":1043}"#, "{tried}");
    }
    assert_eq!(world.api.post(&path, &json!({"event_type": "other"})).await.wrong_field(), "event_type");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_command_line_sends_a_sample() {
    let (world, receiver) = (World::start().await, Receiver::ok().await);
    added(&world.api, &orders("ignore")).await;
    let config_id = world.api.create_webhook(&receiver.url, json!({})).await;
    let run = async |more: &[&str]| {
        let mut command = command("hookstep");
        command.args(["webhooks", "test", &config_id]).args(more);
        command.env("HOOKSTEP_URL", &world.api.base).env("HOOKSTEP_TOKEN", &world.api.token);
        crate::world::process::run(&mut command).await.0.code()
    };
    assert_eq!(run(&["--event-type", "order.created"]).await, Some(0));
    assert_eq!(run(&["--data", "ping"]).await, Some(0));
    assert_eq!(run(&["--event-type", "other"]).await, Some(4));
    let seen = receiver.seen();
    assert_eq!((&*seen[0].body, &*seen[1].body), (&br#"{"order":1042}"#[..], &b"ping"[..]));
    assert_eq!(seen[1].header("content-type"), Some("text/plain; charset=utf-8"));
}
