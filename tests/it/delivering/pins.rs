//! Webhooks that pin versions of event types.

use http::Method;
use serde_json::{Value, json};

use crate::managing::catalogue::{added, orders};
use crate::world::{Answer, Receiver, World, accepted};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_webhook_gets_only_what_satisfies_the_version_that_it_pins() {
    let (world, receiver) = (World::start().await, Receiver::ok().await);
    let api = &world.api;
    added(api, &orders("ignore")).await;
    let texts = json!({"schema": {"properties": {"order": {"type": "string"}}}, "sample": {"order": "o-1"}});
    assert_eq!(api.post("/event-types/order.created/versions", &texts).await.status, 201);
    let fields = json!({"event_types": ["order.*"], "event_type_versions": {"order.created": "1"}});
    let pinned = api.create_webhook(&receiver.url, fields).await;
    let free = api.create_webhook(&receiver.url, json!({"event_types": ["order.*"]})).await;

    let publish = async |event_type: &str, payload: Value| -> Vec<Value> {
        let answer = api.post("/events", &json!({"event_type": event_type, "payload": payload})).await.json();
        let mut ended = Vec::new();
        for config_id in [&pinned, &free] {
            let of = |delivery: &&Value| delivery["config_id"] == json!(config_id);
            let delivery = answer["deliveries"].as_array().into_iter().flatten().find(of);
            let event_id = delivery.and_then(|delivery| delivery["event_id"].as_str()).unwrap_or_default();
            ended.push(api.ended(config_id, event_id).await);
        }
        ended
    };
    let statuses =
        |events: &[Value]| -> Vec<Value> { events.iter().map(|event| event["status"].clone()).collect() };
    let old = publish("order.created", json!({"order": 7, "added": true})).await;
    assert_eq!(statuses(&old), ["succeeded", "succeeded"], "{old:?}");
    let new = publish("order.created", json!({"order": "s3cret"})).await;
    assert_eq!(statuses(&new), ["failed", "succeeded"], "{new:?}");
    assert_eq!(new[0]["reason"]["code"], "schema_mismatch");
    let detail =
        "payload.order must be of the type integer, says version 1 of order.created, which the webhook pins";
    assert_eq!(new[0]["reason"]["detail"], detail, "{}", new[0]);
    assert_eq!(statuses(&publish("order.lost", json!({"order": "o-1"})).await), ["succeeded", "succeeded"]);
    assert_eq!(receiver.calls(), 5);

    // By a trigger it is the same; without a type, or as a test, nothing is checked.
    let trigger = async |query: &str, body: &str| {
        let path = format!("/webhook/{pinned}/trigger{query}");
        let answer = Answer::to(api.request(Method::POST, &path).body(body.to_owned())).await;
        api.ended(&pinned, &accepted(&answer)).await["status"].clone()
    };
    assert_eq!(trigger("?event_type=order.created", r#"{"order": "o-1"}"#).await, "failed");
    assert_eq!(trigger("?event_type=order.created", r#"{"order": 1}"#).await, "succeeded");
    assert_eq!(trigger("", "no JSON").await, "succeeded");
    let test =
        api.post(&format!("/webhook/{pinned}/test?event_type=order.created"), &json!({"order": "o-1"})).await;
    assert_eq!(test.json()["status"], "succeeded", "{test:?}");

    // The failed one is sent when the pin is another one.
    let event_id = new[0]["event_id"].as_str().unwrap_or_default();
    assert_eq!(api.patch(&pinned, &json!({"event_type_versions": {"order.created": "2"}})).await.status, 200);
    let replayed = api.post(&format!("/webhook/{pinned}/events/{event_id}/replay"), &json!({})).await.json();
    let replayed = api.ended(&pinned, replayed["event_id"].as_str().unwrap_or_default()).await;
    assert_eq!(replayed["status"], "succeeded", "{replayed}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pin_is_checked_when_it_is_saved_and_by_a_contract_check() {
    let (world, receiver) = (World::start().await, Receiver::ok().await);
    let api = &world.api;
    added(api, &orders("ignore")).await;
    let fields = |pins: Value| json!({"name": "n", "url": receiver.url, "event_types": ["*"], "event_type_versions": pins});
    let many: Value = (0..21).map(|number| (format!("t{number}"), json!("1"))).collect();
    for (pins, field) in [
        (json!({"order.created": "2"}), "event_type_versions.order.created"),
        (json!({"order.lost": "1"}), "event_type_versions.order.lost"),
        (json!({"order.*": "1"}), "event_type_versions.order.*"),
        (json!({"order.created": "v 1"}), "event_type_versions.order.created"),
        (many, "event_type_versions"),
    ] {
        let refused = api.post("/webhook", &fields(pins)).await;
        assert_eq!(refused.wrong_field(), field, "{refused:?}");
    }
    let made = api.post("/webhook", &fields(json!({"order.created": "1"}))).await.json();
    let config_id = made["config_id"].as_str().unwrap_or_default();
    assert_eq!(made["event_type_versions"], json!({"order.created": "1"}));
    let listeners = api.get("/event-types/order.created/webhooks").await.json();
    assert_eq!(listeners["data"][0]["pinned_version"], "1");

    let new = json!({"schema": {"properties": {"order": {"type": "string"}}}, "sample": {"order": "o-1"}});
    let checked = api.post("/event-types/order.created/check", &new).await.json();
    assert_eq!(checked["data"][0]["breaks"][0]["field"], "event_type_versions.order.created", "{checked}");
    let wider = json!({"schema": {}, "sample": {"order": 1, "added": true}});
    let checked = api.post("/event-types/order.created/check", &wider).await.json();
    assert_eq!(checked["data"][0]["breaks"], json!([]), "{checked}");

    // Without its version, a pin hinders no other change, and lets nothing through.
    assert_eq!(api.post("/event-types/order.created/versions", &json!({})).await.status, 201);
    assert_eq!(api.delete("/event-types/order.created/versions/1").await.status, 204);
    assert_eq!(api.patch(config_id, &json!({"timeout_seconds": 7})).await.status, 200);
    let path = format!("/webhook/{config_id}/trigger?event_type=order.created");
    let event = api.ended(config_id, &accepted(&api.post(&path, &json!({"order": 1})).await)).await;
    assert_eq!(event["reason"]["code"], "schema_mismatch", "{event}");
    assert_eq!(api.patch(config_id, &json!({"event_type_versions": {}})).await.status, 200);
    assert_eq!(receiver.calls(), 0);
}

/// Such an attempt is handed over to an execution that can last, and is told where the body is.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_sent_is_not_sent_to_a_receiver_that_may_take_long_either() {
    let (world, receiver) = (World::start().await, Receiver::ok().await);
    let api = &world.api;
    added(api, &orders("ignore")).await;
    for (fields, code) in [
        (json!({"event_type_versions": {"order.created": "1"}}), "schema_mismatch"),
        (json!({"transform": {"jsonata": "$error('no')"}}), "transform_fault"),
        (json!({"filter": {"jsonata": "$error('no')"}}), "filter_fault"),
    ] {
        let mut fields = fields;
        fields["timeout_seconds"] = json!(300);
        let config_id = api.create_webhook(&receiver.url, fields).await;
        let path = format!("/webhook/{config_id}/trigger?event_type=order.created");
        let body = r#"{"order": "s3cret"}"#.to_owned();
        let event_id = accepted(&Answer::to(api.request(Method::POST, &path).body(body)).await);
        let event = api.ended(&config_id, &event_id).await;
        assert_eq!(event["reason"]["code"], code, "{event}");
    }
    assert_eq!(receiver.calls(), 0);
}
