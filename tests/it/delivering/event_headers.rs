//! Headers whose values are made from the event and its body.

use http::Method;
use serde_json::{Value, json};

use crate::world::{Answer, Api, Receiver, Reply, World, accepted};

async fn patch(api: &Api, id: &str, changes: &Value) -> Answer {
    let patch = api.request(Method::PATCH, &format!("/webhook/{id}"));
    Answer::to(patch.header("content-type", "application/json").body(changes.to_string())).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn they_say_what_is_known_at_each_attempt() {
    let world = World::start().await;
    let receiver = Receiver::answering([503, 200].map(Reply::status)).await;
    let fields = json!({
        "event_headers": {
            "X-Ids": "{{org_id}} {{config_id}} {{webhook_id}} {{event.id}}", "X-Try": "{{attempt}}",
            "X-Type": "{{event.type}}", "X-Correlation": "<{{event.correlation_id}}>",
            "X-Order": "{{body.order.id}}/{{body.order.items[1].sku}}", "X-None": "a{{body.none}}",
        },
        "event_types": ["order.*"], "transform": {"jsonata": "{'order': order, 'none': null}"},
        "cloud_events": {"mode": "structured"}, "retry": {"schedule_seconds": [1]},
    });
    let id = world.api.create_webhook(&receiver.url, fields).await;
    let payload =
        json!({"order": {"id": 7, "items": [{}, {"sku": "b"}]}, "none": "dropped by the transform"});
    let event = json!({"event_type": "order.paid", "payload": payload, "correlation_id": "c 7"});
    assert_eq!(world.api.post("/events", &event).await.status, 202);
    world.api.until_events_of(&id, 1, "succeeded").await;
    let event = world.api.first_event(&id).await;
    let event_id = event["event_id"].as_str().unwrap();
    let path = format!("/webhook/{id}/events/{event_id}/replay");
    let replay = accepted(&world.api.post(&path, &json!({})).await);
    assert_eq!(world.api.ended(&id, &replay).await["status"], "succeeded");
    let seen = receiver.seen();
    let expected = [(event_id, "1"), (event_id, "2"), (replay.as_str(), "1")];
    assert_eq!(seen.len(), expected.len());
    for (request, (own_id, attempt)) in seen.iter().zip(expected) {
        let ids = format!("{} {id} {event_id} {own_id}", crate::world::ORG);
        for (header, value) in [
            ("x-ids", Some(ids.as_str())),
            ("x-try", Some(attempt)),
            ("x-type", Some("order.paid")),
            ("x-correlation", Some("<c 7>")),
            ("x-order", Some("7/b")),
            ("x-none", None),
        ] {
            assert_eq!(request.header(header), value, "{header} {own_id}");
        }
    }
    let recorded = &world.api.ended(&id, event_id).await["attempts"][1]["request_headers"];
    assert_eq!((&recorded["x-order"], &recorded["x-try"]), (&json!("7/b"), &json!("2")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_value_that_is_no_header_is_not_sent() {
    let (world, receiver) = (World::start().await, Receiver::ok().await);
    let fields = json!({"event_headers": {"X-Order": "no {{body.id}}", "X-Fine": "{{attempt}}"}});
    let id = world.api.create_webhook(&receiver.url, fields).await;
    for value in [
        json!("hidden\r\nX-Evil: 1"),
        json!("hidden\n"),
        json!("hidden\u{0}"),
        json!("hidden ä"),
        json!("hidden".repeat(100)),
        json!({"a": "hidden"}),
        json!(["hidden"]),
    ] {
        let event = world.api.deliver(&id, json!({"id": value}).to_string()).await;
        let reason = &event["reason"];
        assert_eq!(
            (&event["status"], &reason["code"]),
            (&json!("failed"), &json!("header_fault")),
            "{value}"
        );
        let detail = reason["detail"].as_str().unwrap();
        assert!(detail.starts_with("the header X-Order ") && !detail.contains("hidden"), "{detail}");
        assert!(!event["attempts"].to_string().contains("hidden"), "{event}");
        assert_eq!(
            (&event["attempt_count"], &event["attempts"][0]["outcome"]),
            (&json!(1), &json!("failed_payload"))
        );
    }
    assert_eq!(receiver.seen().len(), 0);
    // Another body is delivered, one that is not JSON, too.
    for (body, value) in [("{\"id\": true}", Some("no true")), ("no JSON", None), ("{\"id\": null}", None)] {
        assert_eq!(world.api.deliver(&id, body).await["status"], "succeeded");
        assert_eq!(receiver.seen().pop().unwrap().header("x-order"), value, "{body}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_is_read_only_if_a_header_needs_it_and_up_to_a_limit() {
    let (world, receiver) = (World::start().await, Receiver::ok().await);
    let fields = json!({"event_headers": {"X-Id": "{{body.id}}"}, "retry": {"schedule_seconds": []}});
    let id = world.api.create_webhook(&receiver.url, fields).await;
    let body = |bytes: usize| {
        let start = "{\"id\": 9, \"pad\": \"";
        format!("{start}{}\"}}", "x".repeat(bytes - start.len() - 2))
    };
    assert_eq!(world.api.deliver(&id, body(1024 * 1024)).await["status"], "succeeded");
    assert_eq!(receiver.only().header("x-id"), Some("9"));
    let event = world.api.deliver(&id, body(1024 * 1024 + 1)).await;
    assert_eq!(event["reason"]["code"], "body_too_large", "{event}");
    assert_eq!(patch(&world.api, &id, &json!({"event_headers": {"X-Id": "{{event.id}}"}})).await.status, 200);
    let event = world.api.deliver(&id, body(1024 * 1024 + 1)).await;
    assert_eq!(event["status"], "succeeded", "{event}");
    assert_eq!(receiver.seen().pop().unwrap().header("x-id"), event["event_id"].as_str());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn they_are_checked_previewed_and_changed() {
    let world = World::start().await;
    let fields = json!({"headers": {"X-Team": "blue"}, "event_headers": {"X-Id": "{{body.id}} {{attempt}}"}});
    let id = world.api.create_webhook("https://example.com/", fields).await;
    for (header, template) in [
        ("X-A", "{{event.kind}}"),
        ("X-A", "{{body.}}"),
        ("X-A", "{{attempt"),
        ("X-A", "a\r\nb"),
        ("x-team", "{{attempt}}"),
        ("Webhook-Id", "{{attempt}}"),
        ("Authorization", "{{attempt}}"),
        ("x-id", "{{attempt}}"),
    ] {
        let answer = patch(&world.api, &id, &json!({"event_headers": {header: template}})).await;
        assert_eq!(answer.wrong_field(), format!("event_headers.{header}"), "{template}");
    }
    let preview = async |body: &str| {
        world.api.post(&format!("/webhook/{id}/preview"), &json!({"body": body})).await.json()
    };
    assert_eq!(preview("{\"id\": 7}").await["request"]["headers"]["x-id"], "7 ***");
    assert_eq!(preview("{}").await["request"]["headers"]["x-id"], Value::Null);
    assert_eq!(preview("{\"id\": \"a\\nb\"}").await["fault"]["field"], "event_headers.X-Id");
    let changes = json!({"event_headers": {"X-Id": null, "X-Try": "{{attempt}}"}});
    let changed = patch(&world.api, &id, &changes).await.json();
    assert_eq!(changed["event_headers"], json!({"X-Try": "{{attempt}}"}));
    let none = patch(&world.api, &id, &json!({"event_headers": null})).await.json();
    assert_eq!(none["event_headers"], json!({}));
}
