//! What happens to an event whose webhook changes between two attempts: every attempt is made from the webhook as it
//! is at that moment, or is not made.
#![expect(clippy::unwrap_used, reason = "an unexpected result in a helper fails the test")]

use std::sync::Arc;
use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hookstep_ambient::Sources;
use hookstep_catalogue::Catalogue;
use hookstep_contract::MachineKind;
use hookstep_contract::limits::RETENTION;
use hookstep_fetch_config::Watch;
use hookstep_host::{ServiceError, TableCall, TableGate};
use hookstep_signing::{Key, Secret};
use hookstep_store::{Bodies, Configs, EventTypes, Events, ExpiringBodies, Orgs, WatchList};
use serde_json::{Value, json};

use crate::managing::signing_keys::believes;
use crate::world::{Answer, Api, ORG, Receiver, Reply, World, accepted};

/// A webhook whose first attempt has failed; its next one comes in two seconds.
struct Failed {
    world: World,
    receiver: Receiver,
    config_id: String,
    event_id: String,
}

impl Failed {
    async fn once(fields: Value) -> Self {
        let world = World::start().await;
        let receiver = Receiver::answering([500, 200].map(Reply::status)).await;
        let mut all = json!({"retry": {"schedule_seconds": [2]}});
        all.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        let config_id = world.api.create_webhook(&receiver.url, all).await;
        let event_id = world.api.trigger(&config_id, r#"{"id":7}"#).await;
        world.api.until(&config_id, &event_id, |event| event["attempt_count"] == 1).await;
        Self { world, receiver, config_id, event_id }
    }

    async fn patch(&self, body: Value) {
        let answer = self.world.api.patch(&self.config_id, &body).await;
        assert_eq!(answer.status, 200, "{body}: {answer:?}");
    }

    async fn ended(&self) -> Value {
        self.world.api.ended(&self.config_id, &self.event_id).await
    }

    /// The event, which has ended without a second attempt, for the reason with this code.
    async fn unsent(&self, code: &str) -> Value {
        let event = self.ended().await;
        let expected = (json!("failed"), json!(1), json!(code), json!(null));
        let seen =
            (&event["status"], &event["attempt_count"], &event["reason"]["code"], &event["next_attempt_at"]);
        assert_eq!(seen, (&expected.0, &expected.1, &expected.2, &expected.3), "{event}");
        assert_eq!(event["attempts"].as_array().unwrap().len(), 1, "{event}");
        assert_eq!(event["attempts"][0]["reason"]["code"], "http_status", "{event}");
        self.world.settled(&self.event_id).await;
        self.receiver.only();
        event
    }
}

fn granted(token: &str) -> Reply {
    Reply::status(200).body(json!({"access_token": token, "token_type": "Bearer"}).to_string())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn new_credentials_go_to_the_new_url_alone() {
    let (old_tokens, new_tokens) =
        (Receiver::answering([granted("old")]).await, Receiver::answering([granted("new")]).await);
    let basic = |password| json!({"type": "basic", "username": "u", "password": password});
    let key = |value| json!({"type": "api_key", "name": "authorization", "value": value});
    let oauth = |url: &str| json!({"type": "oauth_client_credentials", "token_url": url, "client_id": "c", "client_secret": "s"});
    let pair = |password| format!("Basic {}", STANDARD.encode(format!("u:{password}")));
    for (before, after, old, new) in [
        (basic("old password"), basic("new password"), pair("old password"), pair("new password")),
        (key("old key"), key("new key"), "old key".to_owned(), "new key".to_owned()),
        (oauth(&old_tokens.url), oauth(&new_tokens.url), "Bearer old".to_owned(), "Bearer new".to_owned()),
    ] {
        let failed = Failed::once(json!({"auth": before})).await;
        let moved = Receiver::ok().await;
        let patch = json!({
            "url": moved.url, "auth": after, "method": "PUT", "headers": {"x-team": "blue"}, "timeout_seconds": 7,
        });
        failed.patch(patch).await;
        let event = failed.ended().await;
        assert_eq!((&event["status"], &event["attempt_count"]), (&json!("succeeded"), &json!(2)), "{event}");
        let (first, second) = (failed.receiver.only(), moved.only());
        assert_eq!(first.header("authorization"), Some(&*old));
        assert_eq!((second.header("authorization"), second.header("x-team")), (Some(&*new), Some("blue")));
        assert!(second.request_line().starts_with("PUT "), "{}", second.head);
        assert_eq!((first.header("webhook-id"), &first.body), (second.header("webhook-id"), &second.body));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_schedule_and_the_signing_secret_are_those_of_now() {
    let failed = Failed::once(json!({})).await;
    let path = format!("/webhook/{}/rotate-secret", failed.config_id);
    let rotated = failed.world.api.post(&path, &json!({"overlap_seconds": 0})).await;
    let secret: Secret = rotated.json()["signing_secret"].as_str().unwrap().parse().unwrap();
    let always = Receiver::answering([500, 500, 200].map(Reply::status)).await;
    failed.patch(json!({"url": always.url, "retry": {"schedule_seconds": [1, 1, 1]}})).await;
    let event = failed.ended().await;
    assert_eq!((&event["status"], &event["attempt_count"]), (&json!("succeeded"), &json!(4)), "{event}");
    assert!(always.seen().iter().all(|seen| believes(Key::Secret(secret.clone()), seen)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_webhook_that_is_disabled_gets_no_retry_and_its_event_can_be_replayed() {
    let failed = Failed::once(json!({})).await;
    failed.patch(json!({"enabled": false})).await;
    let event = failed.unsent("webhook_disabled").await;
    assert_eq!((&event["outcome"], &event["status_code"]), (&json!("failed_http"), &json!(500)), "{event}");
    failed.patch(json!({"enabled": true})).await;
    let path = format!("/webhook/{}/events/{}/replay", failed.config_id, failed.event_id);
    let replay = accepted(&failed.world.api.post(&path, &json!({})).await);
    let replayed = failed.world.api.ended(&failed.config_id, &replay).await;
    assert_eq!(replayed["status"], "succeeded", "{replayed}");
    let seen = failed.receiver.seen();
    assert_eq!((seen.len(), seen[0].header("webhook-id")), (2, seen[1].header("webhook-id")));
    assert_eq!(seen[0].body, seen[1].body);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_410_on_one_event_ends_the_retries_of_the_others() {
    let world = World::start().await;
    let receiver = Receiver::answering([500, 410].map(Reply::status)).await;
    let fields = json!({"retry": {"schedule_seconds": [2]}});
    let config_id = world.api.create_webhook(&receiver.url, fields).await;
    let event_id = world.api.trigger(&config_id, "1").await;
    world.api.until(&config_id, &event_id, |event| event["attempt_count"] == 1).await;
    world.api.deliver(&config_id, "2").await;
    let event = world.api.ended(&config_id, &event_id).await;
    let reason = json!({"code": "webhook_disabled", "detail": "the receiver answered 410 Gone"});
    assert_eq!(
        (&event["status"], &event["reason"], &event["attempt_count"]),
        (&json!("failed"), &reason, &json!(1))
    );
    assert_eq!(receiver.calls(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deleted_webhook_ends_its_events_and_no_execution_fails() {
    let failed = Failed::once(json!({})).await;
    assert_eq!(failed.world.api.delete(&format!("/webhook/{}", failed.config_id)).await.status, 204);
    failed.unsent("webhook_deleted").await;
    let executions =
        hookstep_host::executions_of(failed.world.dir.path(), failed.event_id.parse().unwrap()).unwrap();
    assert!(executions.iter().all(|execution| execution.status == "SUCCEEDED"), "{executions:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_retry_that_a_producer_waits_for_is_not_made_either() {
    let world = World::start().await;
    let receiver = Receiver::answering([Reply::status(503).header("Retry-After", "3")]).await;
    for (change, code) in
        [("disable", "webhook_disabled"), ("cancel", "cancelled"), ("delete", "webhook_deleted")]
    {
        let config_id = world.api.create_webhook(&receiver.url, json!({})).await;
        let calls = receiver.calls();
        let (answer, ()) = tokio::join!(world.api.trigger_sync(&config_id, "{}"), async {
            let event = world.api.first_event(&config_id).await;
            let event_id = event["event_id"].as_str().unwrap();
            world.api.until(&config_id, event_id, |event| event["attempt_count"] == 1).await;
            changed(&world.api, &config_id, event_id, change).await;
        });
        assert_eq!(
            (&answer["status"], &answer["reason"]["code"]),
            (&json!("failed"), &json!(code)),
            "{answer}"
        );
        assert_eq!((&answer["attempts"], &answer["status_code"]), (&json!(1), &json!(503)), "{answer}");
        assert_eq!(receiver.calls(), calls + 1, "{change}");
    }
}

async fn changed(api: &Api, config_id: &str, event_id: &str, change: &str) {
    let answer = match change {
        "disable" => api.patch(config_id, &json!({"enabled": false})).await,
        "cancel" => api.post(&format!("/webhook/{config_id}/events/{event_id}/cancel"), &json!({})).await,
        _ => api.delete(&format!("/webhook/{config_id}")).await,
    };
    assert!((200..300).contains(&answer.status), "{answer:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_transformed_body_stays_as_it_was_first_sent() {
    let transform = |text: &str| json!({"transform": {"jsonata": format!("{{\"{text}\": id}}")}});
    let failed = Failed::once(transform("first")).await;
    failed.patch(transform("second")).await;
    assert_eq!(failed.ended().await["status"], "succeeded");
    let bodies: Vec<_> = failed.receiver.seen().into_iter().map(|seen| seen.body).collect();
    assert_eq!(bodies, [br#"{"first":7}"#, br#"{"first":7}"#]);
}

/// The connection is written before the webhook's items: an attempt in between must not combine them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_attempt_waits_for_a_change_that_is_not_complete() {
    // Only the standard machine keeps a history.
    let world = World::with_options(|options| options.async_workflow = MachineKind::Standard).await;
    let receiver = Receiver::ok().await;
    let auth = json!({"auth": {"type": "api_key", "name": "x-key", "value": "the key"}});
    let config_id = world.api.create_webhook(&receiver.url, auth).await;
    let hold = async |until: &str| {
        let text = |text: &str| AttributeValue::S(text.to_owned());
        let update = world.host.clients().tables.update_item().table_name("configs");
        let update = update.key("org_id", text(ORG)).key("config_id", text(&config_id));
        let update = update.update_expression("SET held_until = :until, held_by = :us");
        let update = update.expression_attribute_values(":until", text(until));
        update.expression_attribute_values(":us", text("a test")).send().await.unwrap();
    };
    let now = Sources::system().now();
    hold(&now.plus(std::time::Duration::from_secs(60)).to_string()).await;
    let event_id = world.api.trigger(&config_id, "{}").await;
    world.api.until(&config_id, &event_id, |event| event["status"] == "in_progress").await;
    let history = async || world.history(&event_id).await;
    crate::world::until("the attempt waits", async || history().await.contains("WaitForChange")).await;
    assert_eq!(receiver.calls(), 0);
    // Whoever held the lease gave up long ago.
    hold(&now.to_string()).await;
    let event = world.api.ended(&config_id, &event_id).await;
    assert_eq!((&event["status"], &event["attempt_count"]), (&json!("succeeded"), &json!(1)), "{event}");
    assert_eq!(receiver.only().header("x-key"), Some("the key"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sync_trigger_that_was_answered_202_goes_on_the_schedule() {
    let budget = std::time::Duration::from_millis(1500);
    let world = World::with_options(|options| options.sync_budget = budget).await;
    let slow = Reply::status(500).after(2 * budget);
    let receiver = Receiver::answering([slow, Reply::status(404)]).await;
    let fields = json!({"retry": {"schedule_seconds": [1]}});
    let config_id = world.api.create_webhook(&receiver.url, fields).await;
    let event_id = accepted(&Answer::to(world.api.triggering(&config_id, "?sync=true", "{}")).await);
    let waiting = world.api.until(&config_id, &event_id, |event| event["attempt_count"] == 1).await;
    assert!(waiting["next_attempt_at"].is_string(), "{waiting}");
    let world = world.reopen(|options| options.sync_budget = budget).await;
    let event = world.api.ended(&config_id, &event_id).await;
    assert_eq!((&event["status"], &event["attempt_count"]), (&json!("failed"), &json!(2)), "{event}");
    let seen = receiver.seen();
    assert_eq!((seen.len(), seen[0].header("webhook-id")), (2, Some(&*event_id)));
    assert_eq!(seen[0].header("webhook-id"), seen[1].header("webhook-id"));

    // Its retry can be cancelled, as that of an async event.
    let receiver = Receiver::answering([Reply::status(500).after(2 * budget)]).await;
    let fields = json!({"url": receiver.url, "retry": {"schedule_seconds": [3600]}});
    assert_eq!(world.api.patch(&config_id, &fields).await.status, 200);
    let event_id = accepted(&Answer::to(world.api.triggering(&config_id, "?sync=true", "{}")).await);
    world.api.until(&config_id, &event_id, |event| event["next_attempt_at"].is_string()).await;
    changed(&world.api, &config_id, &event_id, "cancel").await;
    world.settled(&event_id).await;
    receiver.only();
}

/// Behind a gate, the tables of a host do not say whether they have changed, as DynamoDB does not.
#[derive(Debug)]
struct Open;

impl TableGate for Open {
    fn refuse(&self, _: &TableCall<'_>) -> Option<ServiceError> {
        None
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cached_webhook_is_used_for_first_attempts_and_never_again() {
    let world = World::with_options(|options| options.table_gate = Some(Arc::new(Open))).await;
    let receiver = Receiver::answering([Reply::status(500)]).await;
    let webhook = json!({"retry": {"schedule_seconds": [3600]}});
    let config_id = world.api.create_webhook(&receiver.url, webhook).await;
    let event_id = world.api.trigger(&config_id, "{}").await;
    world.api.until(&config_id, &event_id, |event| event["attempt_count"] == 1).await;
    let tables = world.host.clients().tables.clone();
    let ctx = hookstep_fetch_config::Context {
        orgs: Orgs::new(tables.clone(), "configs", Sources::system()),
        configs: Configs::new(tables.clone(), "configs").cached(Duration::from_secs(3600), Sources::system()),
        events: Events::new(tables.clone(), "events"),
        watch: Watch::new(WatchList::new(tables.clone(), "events"), Sources::system()),
        expiring: ExpiringBodies::new(tables.clone(), "events"),
        catalogue: Catalogue::new(EventTypes::new(tables.clone(), "configs", Sources::system())),
        bodies: Bodies::new(tables, "events"),
        keep_bodies: false,
        has_delivery_queue: false,
        retention: RETENTION,
    };
    let input = json!({
        "event": {"event_id": event_id, "org_id": ORG, "config_id": config_id, "origin": "api", "mode": "async",
                  "created_at": "2026-01-02T03:04:05Z"},
        "execution": "e", "payload": {"inline": {"text": "{}"}},
    });
    let mut again = input.clone();
    again
        .as_object_mut()
        .unwrap()
        .extend([("refresh".to_owned(), json!(true)), ("number".to_owned(), json!(2))]);
    let url = async |input: &Value| {
        let input = serde_json::from_value(input.clone()).unwrap();
        let output = hookstep_fetch_config::handle(input, &ctx).await.unwrap();
        serde_json::to_value(output).unwrap()["plan"]["request"]["url"].clone()
    };
    assert_eq!(url(&input).await, json!(receiver.url));
    assert_eq!(world.api.patch(&config_id, &json!({"url": "http://127.0.0.1:4799/new"})).await.status, 200);
    assert_eq!(url(&input).await, json!(receiver.url), "as it was read before");
    assert_eq!(url(&again).await, "http://127.0.0.1:4799/new");
}
