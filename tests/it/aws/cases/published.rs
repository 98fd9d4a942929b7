//! Events that are published by their type.
#![expect(clippy::unwrap_used, reason = "an unexpected answer fails the test")]

use bytes::Bytes;
use http::Method;
use serde_json::{Value, json};

use super::table::usual;
use super::{Case, How};
use crate::world::{Answer, Api, Reply};

/// Numbers and white space that would change if the payload were written anew.
const EXACT: &str = "{\"reading\": 1.0,  \"id\": 12345678901234567890}";

/// A payload that is a claim check everywhere.
const LARGE_BYTES: usize = 300_000;

pub(super) fn cases() -> Vec<Case> {
    let large: &'static str = Box::leak(format!("\"{}\"", "x".repeat(LARGE_BYTES)).into_boxed_str());
    let published = |name, event_type, payload: &'static str| Case {
        how: How::Published,
        webhook: json!({"event_types": [event_type], "retry": {"schedule_seconds": [1]}}),
        replies: [503, 200].map(Reply::status).to_vec(),
        body: Bytes::from_static(payload.as_bytes()),
        ..usual(
            name,
            json!({
                "event": {
                    "status": "succeeded", "origin": "api", "event_type": event_type, "correlation_id": "order 9",
                    "size": payload.len(), "attempt_count": 2,
                },
                "requests": [{"headers": {"content-type": "application/json"}}, {}],
            }),
        )
    };
    let mut small = published("published, sent again", "published.small", EXACT);
    small.expected["requests"] = json!([{"body": EXACT}, {"body": EXACT}]);
    let mut transformed = published("published, transformed", "published.transformed", r#"{"n": 1}"#);
    transformed.webhook["transform"] = json!({"jsonata": "{'n': n + 1}"});
    transformed.expected["requests"] = json!([{"body": r#"{"n":2}"#}, {"body": r#"{"n":2}"#}]);
    vec![
        small,
        transformed,
        published("published, with a large payload", "published.large", large),
        catalogued(),
    ]
}

/// A type of the catalogue whose payloads are marked, and whose version the webhook does not pin.
fn catalogued() -> Case {
    Case {
        how: How::Catalogued,
        webhook: json!({"event_types": ["catalogued.marked"]}),
        body: Bytes::from_static(br#"{"n": "text"}"#),
        ..usual(
            "published, of a type of the catalogue",
            json!({
                "event": {
                    "status": "succeeded", "event_type": "catalogued.marked",
                    "mismatch": {"version": "1", "path": "/n", "reason": "must be of the type integer"},
                },
                "requests": [{"body": r#"{"n": "text"}"#}],
            }),
        )
    }
}

/// Adds two types to the catalogue, one that refuses what does not match and one that marks it, and publishes the body of the case as each.
/// Returns the id of the event that is marked.
pub(super) async fn publish_catalogued(api: &Api, case: &Case, config_id: &str) -> String {
    let schema = json!({"properties": {"n": {"type": "integer"}}});
    let payload: Value = serde_json::from_slice(&case.body).unwrap();
    for (name, on_invalid) in [("catalogued.refused", "reject"), ("catalogued.marked", "mark")] {
        let fields = json!({"name": name, "on_invalid": on_invalid, "schema": schema, "sample": {"n": 1}});
        let made = api.post("/event-types", &fields).await;
        assert_eq!(made.status, 201, "{made:?}");
    }
    let refused = api.post("/events", &json!({"event_type": "catalogued.refused", "payload": payload})).await;
    assert_eq!(refused.wrong_field(), "payload.n", "{refused:?}");
    let body = format!(
        r#"{{"event_type": "catalogued.marked", "payload": {}}}"#,
        std::str::from_utf8(&case.body).unwrap()
    );
    let published = Answer::to(api.request(Method::POST, "/events").body(body)).await;
    assert_eq!(published.status, 202, "{published:?}");
    let published = published.json();
    let mut deliveries = published["deliveries"].as_array().unwrap().iter();
    let delivery = deliveries.find(|delivery| delivery["config_id"] == config_id).unwrap();
    delivery["event_id"].as_str().unwrap().to_owned()
}

/// Publishes the body of the case by the type that its webhook subscribes to, and once more by the same key. Returns the id of
/// the event for the webhook.
pub(super) async fn publish(api: &Api, case: &Case, config_id: &str) -> String {
    let (event_type, payload) = (&case.webhook["event_types"][0], std::str::from_utf8(&case.body).unwrap());
    let body = format!(
        r#"{{"event_type": {event_type}, "payload": {payload}, "correlation_id": "order 9", "idempotency_key": "{}"}}"#,
        case.name
    );
    let publish = || async { Answer::to(api.request(Method::POST, "/events").body(body.clone())).await };
    let first = publish().await;
    assert_eq!(first.status, 202, "{first:?}");
    let again = publish().await;
    assert_eq!((again.status, again.json()), (202, first.json()));
    assert_eq!(again.headers["idempotent-replayed"], "true");
    let first = first.json();
    let deliveries = first["deliveries"].as_array().unwrap();
    let delivery = deliveries.iter().find(|delivery| delivery["config_id"] == config_id);
    let event_id = delivery.unwrap_or_else(|| panic!("{first}"))["event_id"].as_str().unwrap();
    api.ended(config_id, event_id).await;
    let path = format!("/events/{}", first["publication_id"].as_str().unwrap());
    let read: Value = api.get(&path).await.json();
    let states = read["deliveries"].as_array().unwrap();
    assert!(
        states.iter().any(|state| state["event_id"] == event_id && state["attempt_count"] == 2),
        "{read}"
    );
    event_id.to_owned()
}
