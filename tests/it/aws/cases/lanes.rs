//! Cases of webhooks with a lane: each attempt waits for its turn, and its retries wait in schedules.

use bytes::Bytes;
use serde_json::{Value, json};

use super::delayed::Delayed;
use super::faulty::fault;
use super::meanwhile::Change;
use super::table::{self, EXACT, with_fields};
use super::{Case, How};
use crate::world::Reply;

pub(super) fn cases() -> Vec<Case> {
    let (once, again) = (table::once(), table::again());
    let missed = |requests: Value| {
        json!({
            "event": {"status": "succeeded", "attempt_count": 2, "attempts": [{"outcome": "failed_platform"}, {"outcome": "succeeded"}]},
            "requests": requests,
        })
    };
    let both = json!({"max_in_flight": 3, "rate_limit": {"events": 50, "burst": 5}});
    let (once_in_order, again_in_order) = (once.clone(), again.clone());
    let blocks = json!({"ordering": {"on_failure": "block"}, "retry": {"schedule_seconds": []}});
    vec![
        with_fields("a lane", json!({"max_in_flight": 1}), once.clone()),
        with_fields("a lane with a rate", json!({"rate_limit": {"events": 100}}), once.clone()),
        with_fields("a lane that learns", json!({"max_in_flight": "auto"}), once.clone()),
        Case {
            replies: [503, 200].map(Reply::status).to_vec(),
            ..with_fields(
                "a lane that learns, sent again",
                json!({"max_in_flight": "auto", "retry": {"schedule_seconds": [1]}}),
                again.clone(),
            )
        },
        Case {
            how: How::Sync,
            ..with_fields(
                "a lane, sync",
                json!({"max_in_flight": 1}),
                json!({
                    "event": {"status": "succeeded", "attempt_count": 1},
                    "answer": {"status": "succeeded", "status_code": 200, "attempts": 1},
                }),
            )
        },
        Case { how: How::Bus, ..with_fields("a lane with both limits, from the bus", both, once.clone()) },
        Case {
            replies: [503, 200].map(Reply::status).to_vec(),
            pause: 0.89,
            ..with_fields(
                "a lane, sent again",
                json!({"max_in_flight": 1, "retry": {"schedule_seconds": [1]}}),
                again.clone(),
            )
        },
        Case {
            how: How::Scheduled,
            replies: [503, 200].map(Reply::status).to_vec(),
            ..with_fields(
                "a lane, sent again by a schedule",
                json!({"max_in_flight": 1, "retry": {"schedule_seconds": [600]}}),
                again,
            )
        },
        Case {
            body: Bytes::from_static(br#"{"order": 7}"#),
            ..with_fields(
                "a lane, and a filter misses",
                json!({"max_in_flight": 1, "filter": {"jsonata": "order = 8"}}),
                json!({"event": {"status": "skipped", "attempts": [], "reason": {"code": "filter_missed"}}, "requests": []}),
            )
        },
        Case {
            how: How::Replayed,
            body: Bytes::from_static(br#"{"order": 7}"#),
            ..with_fields(
                "a lane, transformed and replayed",
                json!({"max_in_flight": 1, "transform": {"jsonata": "{'id': order}"}}),
                json!({
                    "event": {"status": "succeeded", "origin": "replay", "attempt_count": 1},
                    "requests": [{"body": r#"{"id":7}"#}, {"body": r#"{"id":7}"#}],
                }),
            )
        },
        Case {
            body: Bytes::from(vec![b'x'; 300_000]),
            ..with_fields(
                "a claim check in a lane",
                json!({"max_in_flight": 1}),
                json!({"event": {"status": "succeeded", "attempt_count": 1, "size": 300_000}, "requests": [{}]}),
            )
        },
        Case {
            how: How::Delayed(Delayed::Long),
            ..with_fields("a lane, delayed", json!({"max_in_flight": 1}), once.clone())
        },
        Case {
            how: How::Delayed(Delayed::Changed(Change::Disabled)),
            ..with_fields(
                "a lane, disabled before the event is due",
                json!({"max_in_flight": 1}),
                json!({"event": {"status": "failed", "attempt_count": 0, "reason": {"code": "webhook_disabled"}}, "requests": []}),
            )
        },
        Case {
            faults: vec![fault("JoinLane", "DynamoDB.ThrottlingException", None)],
            ..with_fields("a lane that cannot be noted", json!({"max_in_flight": 1}), once.clone())
        },
        Case {
            faults: vec![fault("LeaveLane", "DynamoDB.ThrottlingException", None)],
            ..with_fields("a lane that is left and not noted", json!({"max_in_flight": 1}), once)
        },
        Case {
            // Its nine tries.
            faults: vec![fault("QueueInLane", "Sqs.SqsException", Some(9))],
            ..with_fields(
                "a lane that cannot be joined at first",
                json!({"max_in_flight": 1, "retry": {"schedule_seconds": [1]}}),
                missed(json!([{"body": EXACT}])),
            )
        },
        Case {
            faults: vec![fault("Deliver", "Lambda.Unknown", Some(1))],
            ..with_fields(
                "a lane, and Deliver crashed",
                json!({"max_in_flight": 1, "retry": {"schedule_seconds": [1]}}),
                missed(json!([{"body": EXACT}])),
            )
        },
        with_fields("an order", json!({"ordering": {}}), once_in_order),
        Case {
            how: How::Sync,
            body: Bytes::from_static(br#"{"order": 7}"#),
            ..with_fields(
                "an order by key, sync",
                json!({"ordering": {"key": "order"}, "max_in_flight": 3}),
                json!({
                    "event": {"status": "succeeded", "attempt_count": 1},
                    "answer": {"status": "succeeded", "status_code": 200, "attempts": 1},
                }),
            )
        },
        Case {
            replies: [503, 200].map(Reply::status).to_vec(),
            pause: 0.89,
            ..with_fields(
                "an order, sent again",
                json!({"ordering": {}, "retry": {"schedule_seconds": [1]}}),
                again_in_order.clone(),
            )
        },
        Case {
            replies: vec![Reply::status(400)],
            ..with_fields(
                "an order that is blocked",
                blocks,
                json!({"event": {"status": "failed", "attempt_count": 1, "reason": {"code": "http_status"}}, "requests": [{"body": EXACT}]}),
            )
        },
        Case {
            body: Bytes::from_static(br#"{"order": [7]}"#),
            ..with_fields(
                "an order whose key cannot be made",
                json!({"ordering": {"key": "order"}}),
                json!({"event": {"status": "failed", "attempt_count": 1, "reason": {"code": "order_key_fault"}}, "requests": []}),
            )
        },
        Case {
            faults: vec![fault("Deliver", "Lambda.Unknown", Some(1))],
            ..with_fields(
                "an order, and Deliver crashed",
                json!({"ordering": {}, "retry": {"schedule_seconds": [1]}}),
                missed(json!([{"body": EXACT}])),
            )
        },
        Case {
            replies: [503, 200].map(Reply::status).to_vec(),
            faults: vec![fault("KeepPlace", "DynamoDB.ThrottlingException", None)],
            ..with_fields(
                "an order whose place cannot be noted",
                json!({"ordering": {}, "retry": {"schedule_seconds": [1]}}),
                again_in_order,
            )
        },
    ]
}
