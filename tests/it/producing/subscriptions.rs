//! Bus events that do not name a webhook: who receives them, exactly once, and who does not.

use std::collections::BTreeSet;

use aws_sdk_sfn::config::interceptors::BeforeTransmitInterceptorContextRef;
use aws_sdk_sfn::config::retry::RetryConfig;
use aws_sdk_sfn::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_sfn::error::BoxError;
use futures_util::{StreamExt, stream};
use hookstep_contract::{MachineKind, Publish};
use hookstep_dispatch::{BusEvent, Context};
use hookstep_executions::{DeliveryMachines, ExecutionClient};
use serde_json::{Value, json};

use super::rule;
use crate::aws::cases::put_events;
use crate::world::{Api, ORG, Receiver, Reply, World, until};

/// A webhook that subscribes to these types, and its receiver.
pub(super) async fn subscriber(api: &Api, event_types: &[&str]) -> (String, Receiver) {
    let receiver = Receiver::ok().await;
    let config_id = api.create_webhook(&receiver.url, json!({"event_types": event_types})).await;
    (config_id, receiver)
}

async fn put(world: &World, detail_type: &str, detail: &Value) {
    put_events(&world.host.clients().events, "hookstep", detail_type, &detail.to_string()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_goes_to_the_webhooks_of_its_org_that_subscribe_to_its_type() {
    let world = World::start().await;
    let other = world.admin_of("globex").await;
    let (exact, by_name) = subscriber(&world.api, &["invoice.paid", "order.created"]).await;
    let (prefix, by_prefix) = subscriber(&world.api, &["order.*"]).await;
    let (_, of_another_type) = subscriber(&world.api, &["order"]).await;
    let (_, of_no_type) = subscriber(&world.api, &[]).await;
    let (_, of_another_org) = subscriber(&other, &["*"]).await;
    let (disabled_id, disabled) = subscriber(&world.api, &["order.created"]).await;
    let off = world.api.patch(&disabled_id, &json!({"enabled": false})).await;
    assert_eq!(off.status, 200, "{off:?}");

    let detail = json!({"org_id": ORG, "correlation_id": "order 7", "order": 7});
    put(&world, "order.created", &detail).await;
    for (config_id, receiver) in [(&exact, &by_name), (&prefix, &by_prefix)] {
        world.api.until_events_of(config_id, 1, "succeeded").await;
        let event = world.api.first_event(config_id).await;
        assert_eq!(
            (&event["event_type"], &event["origin"]),
            (&json!("order.created"), &json!("event_bridge"))
        );
        assert_eq!(event["correlation_id"], "order 7");
        let seen = receiver.only();
        assert_eq!(seen.body, detail.to_string().as_bytes(), "the body is the detail");
        assert_eq!(seen.header("content-type"), Some("application/json"));
    }
    for receiver in [of_another_type, of_no_type, of_another_org, disabled] {
        assert_eq!(receiver.calls(), 0);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn numbers_and_white_space_stay_as_they_were_put() {
    let world = World::start().await;
    let (config_id, receiver) = subscriber(&world.api, &["*"]).await;
    let detail = format!("{{\"org_id\":\"{ORG}\",\n \"reading\": 1.0, \"id\": 12345678901234567890}}");
    put_events(&world.host.clients().events, "hookstep", "reading", &detail).await;
    world.api.until_events_of(&config_id, 1, "succeeded").await;
    assert_eq!(String::from_utf8_lossy(&receiver.only().body), detail);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_detail_says_of_itself_is_taken_where_it_can_be() {
    let world = World::start().await;
    let (config_id, receiver) = subscriber(&world.api, &["*"]).await;
    let long = "x".repeat(2000);
    let detail = format!(
        r#"{{"org_id":"nobody","correlation_id":"{long}","traceparent":"bad\r\nx: y","org_id":"{ORG}"}}"#
    );
    put_events(&world.host.clients().events, "hookstep", "reading", &detail).await;
    world.api.until_events_of(&config_id, 1, "succeeded").await;
    let seen = receiver.only();
    assert_eq!(seen.header("traceparent"), None);
    assert_eq!(world.api.first_event(&config_id).await["correlation_id"], Value::Null);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_of_nobody_is_nobodys() {
    let world = World::start().await;
    let (config_id, receiver) = subscriber(&world.api, &["*"]).await;
    for detail in
        [json!({}), json!({"org_id": 7}), json!({"org_id": "Not An Org"}), json!({"org_id": "globex"})]
    {
        put(&world, "order.created", &detail).await;
    }
    assert_eq!(world.api.events(&config_id, "").await["data"], json!([]));
    assert_eq!(receiver.calls(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_that_the_bus_delivers_twice_is_sent_once() {
    let world = World::start().await;
    let (config_id, receiver) = subscriber(&world.api, &["order.*"]).await;
    let ctx = rule::target(&world);
    for _ in 0..2 {
        assert_eq!(hookstep_dispatch::handle(event("order.created"), &ctx).await.unwrap().started, 1);
        world.api.until_events_of(&config_id, 1, "succeeded").await;
    }
    let event_id = world.api.first_event(&config_id).await["event_id"].as_str().unwrap().to_owned();
    world.settled(&event_id).await;
    assert_eq!(receiver.calls(), 1);
    // The event id carries the time of the bus event.
    assert_eq!(event_id.split_at(13).0, "01a20bb4-5b78");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dispatch_that_fails_in_part_is_repeated_without_a_second_delivery() {
    let world = World::start().await;
    let (first, one) = subscriber(&world.api, &["order.*"]).await;
    let (second, other) = subscriber(&world.api, &["order.*"]).await;
    let ctx = rule::target(&world);
    let broken = Context { machines: machines_that_start_none_for(&second, &world), ..ctx.clone() };
    let error = hookstep_dispatch::handle(event("order.created"), &broken).await.unwrap_err();
    assert_eq!(error.name, hookstep_contract::ErrorName::WorkflowUnavailable);
    world.api.until_events_of(&first, 1, "succeeded").await;
    assert_eq!(other.calls(), 0);

    assert_eq!(hookstep_dispatch::handle(event("order.created"), &ctx).await.unwrap().started, 2);
    world.api.until_events_of(&second, 1, "succeeded").await;
    let event_id = world.api.first_event(&first).await["event_id"].as_str().unwrap().to_owned();
    world.settled(&event_id).await;
    assert_eq!((one.calls(), other.calls()), (1, 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_large_event_becomes_a_claim_check_of_each_webhook() {
    let world = World::start().await;
    let (config_id, receiver) = subscriber(&world.api, &["order.*"]).await;
    let detail = json!({"org_id": ORG, "note": "x".repeat(250_000)});
    put(&world, "order.created", &detail).await;
    world.api.until_events_of(&config_id, 1, "succeeded").await;
    assert_eq!(receiver.only().body, detail.to_string().as_bytes());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_webhooks_get_an_event() {
    const MANY: usize = 1000;
    let world = World::start().await;
    let receiver = Receiver::answering([Reply::status(200)]).await;
    let creations =
        (0..MANY).map(|_| world.api.create_webhook(&receiver.url, json!({"event_types": ["order.*"]})));
    stream::iter(creations).buffer_unordered(16).collect::<Vec<_>>().await;
    put(&world, "order.created", &json!({"org_id": ORG})).await;
    until("all have it", async || receiver.calls() >= MANY).await;
    let ids: BTreeSet<String> =
        receiver.seen().iter().map(|seen| seen.header("webhook-id").unwrap().to_owned()).collect();
    assert_eq!(ids.len(), MANY);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_webhook_hears_of_deliveries_but_not_of_its_own() {
    let world = World::with_options(|options| options.publish = Publish::All).await;
    let (watcher, watching) = subscriber(&world.api, &["Webhook Delivery Succeeded", "*"]).await;
    let receiver = Receiver::ok().await;
    let config_id = world.api.create_webhook(&receiver.url, json!({})).await;
    let event = world.api.deliver(&config_id, "x").await;
    world.api.until_events_of(&watcher, 1, "succeeded").await;
    let told: Value = serde_json::from_slice(&watching.only().body).unwrap();
    assert_eq!((&told["event_id"], &told["outcome"]), (&event["event_id"], &json!("succeeded")), "{told}");
    let about = world.api.first_event(&watcher).await;
    assert_eq!(about["event_type"], "Webhook Delivery Succeeded");
    // The event is published before the execution ends.
    world.settled(about["event_id"].as_str().unwrap()).await;
    assert_eq!(watching.calls(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_subscription_to_what_is_never_told_is_refused() {
    let world = World::start().await;
    let asked =
        json!({"name": "n", "url": "https://example.com/", "event_types": ["Webhook Delivery Succeeded"]});
    let refused = world.api.post("/webhook", &asked).await;
    assert_eq!(refused.wrong_field(), "event_types[0]");
    assert!(String::from_utf8_lossy(&refused.body).contains("PublishEvents"), "{refused:?}");
    subscriber(&world.api, &["Webhook Delivery Failed"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_type_is_refused_and_named() {
    let world = World::start().await;
    for (event_types, field) in [
        (json!(["order.created", "order*"]), "event_types[1]"),
        (json!([""]), "event_types[0]"),
        (json!("order.created"), "event_types"),
        (json!([7]), "event_types[0]"),
        (json!(["Webhook Trigger"]), "event_types[0]"),
    ] {
        let asked = json!({"name": "n", "url": "https://example.com/", "event_types": event_types});
        assert_eq!(world.api.post("/webhook", &asked).await.wrong_field(), field, "{asked}");
    }
}

/// State machines that cannot be reached for one webhook.
fn machines_that_start_none_for(config_id: &str, world: &World) -> DeliveryMachines {
    let config = world.host.clients().states.config().to_builder();
    let config = config.retry_config(RetryConfig::disabled()).interceptor(Unreachable(config_id.to_owned()));
    let client = aws_sdk_sfn::Client::from_conf(config.build());
    DeliveryMachines::new(ExecutionClient::new(|| client), rule::EXPRESS, "", MachineKind::Express)
}

/// Fails every request that contains this text.
#[derive(Debug)]
struct Unreachable(String);

impl Intercept for Unreachable {
    fn name(&self) -> &'static str {
        "Unreachable"
    }

    fn read_before_transmit(
        &self,
        context: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let body = context.request().body().bytes().unwrap_or_default();
        match std::str::from_utf8(body)?.contains(&self.0) {
            true => Err("unreachable".into()),
            false => Ok(()),
        }
    }
}

/// An event with the org alone in its detail, as the rule passes it on.
fn event(detail_type: &str) -> BusEvent {
    rule::passed_on(detail_type, &json!({"org_id": ORG}).to_string())
}
