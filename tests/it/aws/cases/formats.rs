//! Cases of webhooks whose receivers want requests in a format of their own.

use bytes::Bytes;
use serde_json::{Value, json};

use super::table::with_fields;
use super::{Case, How};
use crate::world::Reply;

/// The header of the extra signature in these cases.
pub(super) const SIGNATURE_HEADER: &str = "x-hub-signature-256";

pub(super) fn cases() -> Vec<Case> {
    let signature = json!({"extra_signature": {"type": "hmac", "header": SIGNATURE_HEADER, "prefix": "sha256="},
        "retry": {"schedule_seconds": [1]}});
    let attempt =
        |outcome: &str| json!({"outcome": outcome, "request_headers": {SIGNATURE_HEADER: "sha256=***"}});
    let signed = json!({"headers": {SIGNATURE_HEADER: "sha256=…"}, "signatures": ["v1", "v1a"]});
    let twice = json!({
        "event": {"status": "succeeded", "attempts": [attempt("failed_http"), attempt("succeeded")]},
        "requests": [signed, signed],
    });
    let case = |name, how, expected: &Value| Case {
        how,
        replies: [503, 200].map(Reply::status).to_vec(),
        ..with_fields(name, signature.clone(), expected.clone())
    };
    let event = json!({"mode": "structured", "source": "/orders", "type": "com.example.order"});
    let binary = json!({"ce-specversion": "1.0", "ce-source": "/orders", "ce-type": "com.example.order"});
    let structured = json!({"content-type": "application/cloudevents+json; charset=utf-8"});
    let envelope = json!({"specversion": "1.0", "source": "/orders", "type": "com.example.order", "datacontenttype": "application/json"});
    let cloud_events = |name, how, mode: &str, request: Value| {
        let mut webhook = json!({"cloud_events": event});
        webhook["cloud_events"]["mode"] = json!(mode);
        let expected = json!({"event": {"status": "succeeded"}, "requests": [request]});
        Case { how, ..with_fields(name, webhook, expected) }
    };
    let order = json!({"event_headers": {"X-Order": "{{org_id}}-{{body.order}}", "X-Try": "{{attempt}}"}});
    let made = json!({"headers": {"x-order": "acme-1042", "x-try": "1"}});
    let from_the_event = |how, name| Case {
        how,
        body: Bytes::from_static(b"{\"order\": 1042}"),
        ..with_fields(name, order.clone(), json!({"event": {"status": "succeeded"}, "requests": [made]}))
    };
    let faulty = json!({"event": {"status": "failed", "reason": {"code": "header_fault"}}, "requests": []});
    vec![
        from_the_event(How::Sync, "headers from the event"),
        from_the_event(How::Upload, "headers from an upload"),
        Case {
            body: Bytes::from_static(b"{\"order\": \"1\\n2\"}"),
            ..with_fields("a header that cannot be made", order.clone(), faulty)
        },
        cloud_events("CloudEvents, binary", How::Async, "binary", json!({"headers": binary})),
        cloud_events("CloudEvents, binary, of an upload", How::Upload, "binary", json!({"headers": binary})),
        cloud_events(
            "CloudEvents, structured",
            How::Sync,
            "structured",
            json!({"headers": structured, "body": envelope}),
        ),
        cloud_events(
            "CloudEvents, structured, of an upload",
            How::Upload,
            "structured",
            json!({"headers": structured, "body": envelope}),
        ),
        case("an extra signature", How::Async, &twice),
        case("an extra signature of an upload", How::Upload, &twice),
    ]
}
