//! Events on the bus that name their webhook, from what the rule passes on to what the receiver gets.
#![expect(clippy::unwrap_used, reason = "an event that cannot be dispatched fails the test")]

use hookstep_dispatch::handle;
use serde_json::json;

use super::rule::{self, EVENT_ID};
use crate::world::{ORG, Receiver, World};

const DIRECT: &str = "Webhook Trigger";

#[tokio::test]
async fn a_payload_is_sent_to_the_digit_and_a_string_as_it_is() {
    let world = World::start().await;
    for (payload, body) in [
        (r#"{"b":1.0, "a":["\u00fc",null,true,0.50]}"#, r#"{"b":1.0, "a":["\u00fc",null,true,0.50]}"#),
        ("12345678901234567890.10", "12345678901234567890.10"),
        (r#""{\"reading\": 1.0}\n""#, "{\"reading\": 1.0}\n"),
        ("null", "null"),
    ] {
        let receiver = Receiver::ok().await;
        let config_id = world.api.create_webhook(&receiver.url, json!({})).await;
        let fields = format!(r#""payload": {payload}, "correlation_id": "order 7""#);
        assert_eq!(put(&world, &config_id, &fields).await, 1);
        let event = world.api.ended(&config_id, EVENT_ID).await;
        assert_eq!(event["status"], "succeeded", "{event}");
        assert_eq!(event["origin"], "event_bridge", "{event}");
        assert_eq!(event["correlation_id"], "order 7", "{event}");
        assert_eq!(event["created_at"], "2026-11-24T03:58:19.000Z", "{event}");
        assert_eq!(event["size"], body.len(), "{event}");
        let seen = receiver.only();
        assert_eq!(String::from_utf8_lossy(&seen.body), body);
        assert_eq!(seen.header("content-type"), Some("application/json"));
        assert_eq!(seen.header("webhook-id"), Some(EVENT_ID));
    }
}

#[tokio::test]
async fn an_event_that_the_bus_delivers_twice_is_sent_once() {
    let world = World::start().await;
    let receiver = Receiver::ok().await;
    let config_id = world.api.create_webhook(&receiver.url, json!({})).await;
    for _ in 0..2 {
        assert_eq!(put(&world, &config_id, r#""payload": {}"#).await, 1);
        world.api.ended(&config_id, EVENT_ID).await;
    }
    assert_eq!(receiver.calls(), 1);
    assert_eq!(world.api.event(&config_id, EVENT_ID).await["attempts"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_producer_names_the_content_type_of_a_string() {
    let world = World::start().await;
    let receiver = Receiver::ok().await;
    let config_id = world.api.create_webhook(&receiver.url, json!({})).await;
    put(&world, &config_id, r#""payload": "<a/>", "content_type": "text/xml""#).await;
    world.api.ended(&config_id, EVENT_ID).await;
    assert_eq!(receiver.only().header("content-type"), Some("text/xml"));
}

/// The bus takes a megabyte, an execution 256 KiB.
#[tokio::test]
async fn an_event_as_large_as_the_bus_takes_is_delivered() {
    let world = World::start().await;
    // A line break takes two bytes as JSON, so the limit of the state is below that of the body.
    for body in ["\n".repeat(150_000), "x".repeat(1_000_000)] {
        let receiver = Receiver::ok().await;
        let config_id = world.api.create_webhook(&receiver.url, json!({})).await;
        assert_eq!(put(&world, &config_id, &format!("\"payload\": {}", json!(body))).await, 1);
        world.api.ended(&config_id, EVENT_ID).await;
        assert!(receiver.only().body == body.as_bytes(), "{} bytes", body.len());
    }
}

#[tokio::test]
async fn an_event_without_a_body_is_recorded_as_failed_and_says_why() {
    let world = World::start().await;
    let receiver = Receiver::ok().await;
    let config_id = world.api.create_webhook(&receiver.url, json!({})).await;
    put(&world, &config_id, r#""payloads": {}"#).await;
    let event = world.api.ended(&config_id, EVENT_ID).await;
    assert_eq!(
        (&event["status"], &event["outcome"]),
        (&json!("failed"), &json!("failed_payload")),
        "{event}"
    );
    let reason =
        json!({"code": "body_missing", "detail": "the event has neither a payload nor a claim_check"});
    assert_eq!(event["attempts"][0]["reason"], reason, "{event}");
    assert_eq!(receiver.calls(), 0);
}

/// A producer's mistake is no fault of ours: it starts nothing, so that no alarm rings.
#[tokio::test]
async fn an_event_that_names_no_webhook_starts_nothing() {
    let world = World::start().await;
    let config_id = world.api.create_webhook("https://example.com/", json!({})).await;
    for detail in [
        json!({}),
        json!({"org_id": ORG, "payload": {}}),
        json!({"config_id": config_id, "payload": {}}),
        json!({"org_id": "no org", "config_id": config_id, "payload": {}}),
        json!("text"),
    ] {
        let event = rule::passed_on(DIRECT, &detail.to_string());
        assert_eq!(handle(event, &rule::target(&world)).await.unwrap().started, 0, "{detail}");
    }
    assert_eq!(world.api.events(&config_id, "").await["data"], json!([]));
}

/// Another org's webhook is not found, whoever puts the event.
#[tokio::test]
async fn an_event_reaches_only_webhooks_of_the_org_that_it_names() {
    let world = World::start().await;
    let receiver = Receiver::ok().await;
    let config_id = world.api.create_webhook(&receiver.url, json!({})).await;
    let detail = json!({"org_id": "globex", "config_id": config_id, "payload": {}}).to_string();
    handle(rule::passed_on(DIRECT, &detail), &rule::target(&world)).await.unwrap();
    let ours = json!({"org_id": ORG, "config_id": config_id, "payload": 7}).to_string();
    handle(rule::passed_on(DIRECT, &ours), &rule::target(&world)).await.unwrap();
    world.api.ended(&config_id, EVENT_ID).await;
    assert_eq!(receiver.only().body, *b"7");
}

/// Quotes and line breaks in a detail type are text like any other.
#[tokio::test]
async fn a_detail_type_may_be_any_text() {
    let world = World::start().await;
    let receiver = Receiver::ok().await;
    let odd = "order \"created\" \\ <id>";
    let config_id = world.api.create_webhook(&receiver.url, json!({"event_types": [odd]})).await;
    let event = rule::passed_on(odd, &json!({"org_id": ORG}).to_string());
    assert_eq!(handle(event, &rule::target(&world)).await.unwrap().started, 1);
    world.api.until_events_of(&config_id, 1, "succeeded").await;
    assert_eq!(world.api.first_event(&config_id).await["event_type"], odd);
}

/// Dispatches a direct event with these further fields, and returns how many deliveries it started.
async fn put(world: &World, config_id: &str, fields: &str) -> usize {
    let detail = format!(r#"{{"org_id": "{ORG}", "config_id": "{config_id}", {fields}}}"#);
    handle(rule::passed_on(DIRECT, &detail), &rule::target(world)).await.unwrap().started
}
