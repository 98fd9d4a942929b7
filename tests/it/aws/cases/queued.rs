//! Cases of webhooks whose attempts are made from the delivery queue on AWS. The embedded host has no such queue, and does the
//! same.

use bytes::Bytes;
use serde_json::{Value, json};

use super::faulty::fault;
use super::table::{self, with_fields};
use super::{Case, How};
use crate::world::Reply;

pub(super) fn cases() -> Vec<Case> {
    let (once, again) = (table::once(), table::again());
    vec![
        queued("queued", json!({}), once.clone()),
        Case { how: How::Bus, ..queued("queued, from the bus", json!({}), once.clone()) },
        Case {
            how: How::Sync,
            ..queued(
                "queued, sync",
                json!({}),
                json!({
                    "event": {"status": "succeeded", "attempt_count": 1},
                    "answer": {"status": "succeeded", "status_code": 200, "attempts": 1},
                }),
            )
        },
        queued("queued, with a long timeout", json!({"timeout_seconds": 840}), once.clone()),
        queued("queued, in a lane", json!({"max_in_flight": 1}), once.clone()),
        Case {
            replies: [503, 200].map(Reply::status).to_vec(),
            pause: 0.89,
            ..queued("queued, sent again", json!({"retry": {"schedule_seconds": [1]}}), again.clone())
        },
        Case {
            how: How::Scheduled,
            replies: [503, 200].map(Reply::status).to_vec(),
            ..queued("queued, sent again by a schedule", json!({"retry": {"schedule_seconds": [600]}}), again)
        },
        Case {
            replies: vec![],
            ..queued(
                "queued, and nobody listens",
                json!({"retry": {"schedule_seconds": []}}),
                json!({"event": {"status": "failed", "attempt_count": 1, "outcome": "failed_unreachable"}}),
            )
        },
        Case {
            body: Bytes::from(vec![b'x'; 300_000]),
            ..queued(
                "queued, with a claim check",
                json!({}),
                json!({"event": {"status": "succeeded", "attempt_count": 1, "size": 300_000}, "requests": [{}]}),
            )
        },
        Case {
            how: How::NoUpload,
            ..queued(
                "queued, with a claim check that is not there",
                json!({}),
                json!({"event": {"status": "failed", "attempt_count": 1, "outcome": "failed_payload"}, "requests": []}),
            )
        },
        Case {
            body: Bytes::from_static(br#"{"order": 7}"#),
            ..queued(
                "queued, and a filter misses",
                json!({"filter": {"jsonata": "order = 8"}}),
                json!({"event": {"status": "skipped", "attempts": [], "reason": {"code": "filter_missed"}}, "requests": []}),
            )
        },
        Case {
            how: How::Replayed,
            body: Bytes::from_static(br#"{"order": 7}"#),
            ..queued(
                "queued, transformed and replayed",
                json!({"transform": {"jsonata": "{'id': order}"}}),
                json!({
                    "event": {"status": "succeeded", "origin": "replay", "attempt_count": 1},
                    "requests": [{"body": r#"{"id":7}"#}, {"body": r#"{"id":7}"#}],
                }),
            )
        },
        Case {
            faults: vec![fault("LeaveLane", "DynamoDB.ThrottlingException", None)],
            ..queued("queued, and left without a note", json!({}), once)
        },
    ]
}

fn queued(name: &'static str, webhook: Value, expected: Value) -> Case {
    let mut fields = webhook;
    fields["delivery"] = json!("queued");
    with_fields(name, fields, expected)
}
