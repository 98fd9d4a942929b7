//! The table of cases.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use hex::encode;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{Case, How, delayed, faulty, formats, health, lanes, meanwhile, overdue, published, queued};
use crate::security::leaks::{PLANTED, grant, webhooks};
use crate::world::Reply;

/// A body that a parser, a template or a careless copy would change.
pub(super) const EXACT: &str =
    "{\"b\": 1.0, \"a\":  \"{% $x %} ${EventsTable} é\", \"a\": 12345678901234567890}\r\n";

/// Not valid text, so it travels as base64.
const BINARY: &[u8] = b"\xff\xfe\0\x01 not text \x80";

/// An event as its producer puts it, formatted the way the emulator's bus writes it.
const SUBSCRIBED: &str =
    r#"{"org_id": "acme", "correlation_id": "order 8", "order": {"id": 8, "paid": true}}"#;

/// A body, also compressed with gzip.
const PAID: &str = r#"{"status":"paid"}"#;

fn gzipped() -> Vec<u8> {
    STANDARD.decode("H4sIAAAAAAACA6tWKi5JLCktVrJSKkjMTFGqBQD2jiDFEQAAAA==").unwrap_or_default()
}

/// All cases.
pub(super) fn cases() -> Vec<Case> {
    let by_trigger =
        [taken(), authenticated(), refused(), failed(), sent_again(), claim_checks(), not_sent()];
    by_trigger
        .into_iter()
        .chain([replayed(), encoded(), filtered_or_transformed(), from_the_bus(), meanwhile::cases()])
        .chain([
            faulty::cases(),
            faulty::scheduled(),
            overdue::cases(),
            delayed::cases(),
            lanes::cases(),
            queued::cases(),
            published::cases(),
            formats::cases(),
            health::cases(),
        ])
        .flatten()
        .collect()
}

/// Bodies that came with a content coding.
fn encoded() -> Vec<Case> {
    let request = json!({"body": {"sha256": sha256(&gzipped())}, "headers": {"content-encoding": "gzip"}});
    let coded = |name, how, webhook: Value, expected| Case {
        how,
        webhook,
        // API Gateway treats a body with a text type as UTF-8, whatever its coding.
        content_type: "application/octet-stream",
        content_encoding: Some("gzip"),
        body: gzipped().into(),
        ..usual(name, expected)
    };
    let again = json!({"retry": {"schedule_seconds": [1]}});
    let filter = |status: &str| json!({"jsonata": format!("status = '{status}'")});
    let succeeded = |requests: Value| json!({"event": {"status": "succeeded", "content_encoding": "gzip"}, "requests": requests});
    vec![
        Case {
            replies: vec![Reply::status(500), Reply::status(200)],
            ..coded("gzip, sent again", How::Async, again.clone(), succeeded(json!([request, request])))
        },
        Case {
            replies: vec![Reply::status(500), Reply::status(200)],
            ..coded("gzip, uploaded", How::Upload, again, succeeded(json!([request, request])))
        },
        coded("gzip, replayed", How::Replayed, json!({}), succeeded(json!([request, request]))),
        coded(
            "gzip, and a filter passes",
            How::Async,
            json!({"filter": filter("paid")}),
            succeeded(json!([request])),
        ),
        coded(
            "gzip, and a filter misses",
            How::Async,
            json!({"filter": filter("open")}),
            json!({"event": {"status": "skipped", "reason": {"code": "filter_missed"}}, "requests": []}),
        ),
        coded(
            "gzip, and a transform",
            How::Replayed,
            json!({"transform": {"jsonata": "status"}}),
            json!({"event": {"status": "succeeded", "content_encoding": null}, "requests": [
                {"body": "paid", "headers": {"content-encoding": null}},
                {"body": "paid", "headers": {"content-encoding": null}},
            ]}),
        ),
        Case {
            content_encoding: Some("br"),
            ..coded(
                "a coding that a filter cannot read",
                How::Async,
                json!({"filter": filter("paid")}),
                json!({"event": {"status": "failed", "reason": {
                    "code": "body_encoded", "detail": "the content coding br cannot be read; gzip and deflate can",
                }}, "requests": []}),
            )
        },
        Case {
            content_encoding: Some("br"),
            ..coded(
                "a coding that nobody has to read",
                How::Async,
                json!({}),
                json!({"event": {"status": "succeeded"}, "requests": [{"headers": {"content-encoding": "br"}}]}),
            )
        },
    ]
}

fn replayed() -> Vec<Case> {
    let again = |name, body: &[u8]| {
        let request = json!({"body": text_or_hash(body)});
        let event =
            json!({"origin": "replay", "status": "succeeded", "attempt_count": 1, "size": body.len()});
        Case {
            how: How::Replayed,
            body: Bytes::copy_from_slice(body),
            replies: vec![Reply::status(500), Reply::status(200)],
            ..usual(name, json!({"event": event, "requests": [request, request]}))
        }
    };
    vec![
        again("replay of text", EXACT.as_bytes()),
        Case { content_type: "application/octet-stream", ..again("replay of what is not text", BINARY) },
        again("replay of a claim check", &[b'x'; 300_000]),
        Case { how: How::ReplayedInBulk, ..again("replay in bulk", EXACT.as_bytes()) },
        Case {
            how: How::ReplayedTwice,
            replies: [404, 404, 200].map(Reply::status).to_vec(),
            ..usual(
                "replayed twice, then recovered",
                json!({"event": {"origin": "api", "status": "recovered", "attempt_count": 1}}),
            )
        },
        Case {
            how: How::Recovered,
            replies: [404, 404, 200].map(Reply::status).to_vec(),
            ..usual(
                "a bulk replay takes the newest of a chain",
                json!({"event": {"origin": "api", "status": "recovered"}}),
            )
        },
        Case {
            how: How::Cancelled,
            webhook: json!({"retry": {"schedule_seconds": [3600]}}),
            replies: vec![Reply::status(500)],
            ..usual(
                "a retry, cancelled",
                json!({"event": {"status": "failed", "attempt_count": 1, "next_attempt_at": null,
                    "reason": {"code": "cancelled"}, "error": "cancelled before its next attempt"}}),
            )
        },
        Case {
            how: How::Test,
            ..usual(
                "a test",
                json!({"event": {"origin": "test"}, "answer": {"status": "succeeded", "status_code": 200}}),
            )
        },
    ]
}

/// Filters and transforms. The produced text distinguishes one evaluation from the next.
fn filtered_or_transformed() -> Vec<Case> {
    let order = json!({"id": 7, "status": "paid", "items": [{"price": 1.5}, {"price": 2}]}).to_string();
    let paid = json!({"conditions": [{"field": "status", "operator": "equals", "values": ["paid"]}]});
    let total = json!({"jsonata": "{\"id\": id, \"total\": $sum(items.price)}"});
    let made = json!({"body": r#"{"id":7,"total":3.5}"#, "headers": {"content-type": "application/json"}});
    let of_order = |name, webhook: Value, expected| {
        let mut fields = json!({"retry": {"schedule_seconds": []}});
        fields
            .as_object_mut()
            .into_iter()
            .for_each(|fields| fields.extend(webhook.as_object().cloned().unwrap_or_default()));
        Case { webhook: fields, body: order.clone().into(), ..usual(name, expected) }
    };
    let sent = json!({"content_type": "application/json", "size": 20});
    let succeeded =
        json!({"event": {"status": "succeeded", "sent": sent, "size": order.len()}, "requests": [made]});
    let twice = json!({"event": {"status": "succeeded", "origin": "replay"}, "requests": [made, made]});
    let large = format!("{{\"numbers\":[{}0]}}", "123456789,".repeat(30_000));
    vec![
        of_order(
            "a filter passes",
            json!({"filter": paid}),
            json!({"event": {"sent": null}, "requests": [{"body": order}]}),
        ),
        Case {
            how: How::Sync,
            ..of_order(
                "a filter misses",
                json!({"filter": {"jsonata": "status = 'open'"}}),
                json!({"event": {"status": "skipped", "attempts": []}, "answer": {"status": "skipped", "attempts": 0}, "requests": []}),
            )
        },
        of_order("a transform", json!({"filter": paid, "transform": total}), succeeded),
        Case {
            replies: vec![Reply::status(500), Reply::status(200)],
            pause: 0.89,
            ..of_order(
                "a transform, sent again",
                json!({"transform": total, "retry": {"schedule_seconds": [1]}}),
                json!({"event": {"status": "succeeded", "attempt_count": 2}, "requests": [made, made]}),
            )
        },
        Case {
            how: How::Replayed,
            ..of_order("a transform, replayed", json!({"transform": total}), twice.clone())
        },
        Case {
            how: How::Reapplied,
            ..of_order("a transform, reapplied", json!({"transform": total}), twice)
        },
        Case {
            body: large.clone().into(),
            ..of_order(
                "a transform of a claim check into another",
                json!({"transform": {"jsonata": "$"}}),
                json!({"event": {"status": "succeeded", "sent": {"size": large.len()}}, "requests": [{"body": {"sha256": sha256(large.as_bytes())}}]}),
            )
        },
        Case {
            body: Bytes::from_static(b"\xef\xbb\xbf{\"name\": \"a\\ud83d\", \"status\": \"paid\"}"),
            ..of_order(
                "a filter of half a surrogate pair after a byte order mark",
                json!({"filter": paid}),
                json!({
                    "event": {"status": "succeeded", "sent": null},
                    "requests": [{"body": "\u{feff}{\"name\": \"a\\ud83d\", \"status\": \"paid\"}"}],
                }),
            )
        },
        Case {
            body: Bytes::from_static(b"{\"account\": 9007199254740993}"),
            ..of_order(
                "a filter of an integer that no double holds",
                json!({"filter": {"conditions": [
                    {"field": "account", "operator": "equals", "values": ["9007199254740993"], "type": "number"},
                    {"field": "account", "operator": "greater_than", "values": ["9007199254740992"], "type": "number"},
                ]}}),
                json!({"event": {"status": "succeeded"}, "requests": [{"body": "{\"account\": 9007199254740993}"}]}),
            )
        },
        // It would be handed over, and is not: who takes it over would find the body as it was accepted.
        of_order(
            "a transform that cannot be made, for a receiver that may take long",
            json!({"transform": {"jsonata": "$error('no')"}, "timeout_seconds": 300}),
            json!({"event": {"status": "failed", "attempt_count": 1, "reason": {"code": "transform_fault"}}, "requests": []}),
        ),
        of_order(
            "a transform that cannot be made",
            json!({"transform": {"jsonata": "{\"a\": status + 1}"}}),
            json!({"event": {
                "status": "failed", "outcome": "failed_payload", "attempt_count": 1,
                "reason": {"code": "transform_fault"},
                "error": "transform.jsonata at character 7: T2001: The left side of the + operator must evaluate to a number",
            }, "requests": []}),
        ),
    ]
}

/// A body as it appears in an observation.
fn text_or_hash(body: &[u8]) -> Value {
    match std::str::from_utf8(body) {
        Ok(text) if text.len() < 1000 => json!(text),
        _ => json!({"sha256": encode(Sha256::digest(body))}),
    }
}

/// The default case, which the others modify: an async trigger that the receiver accepts at once, without a
/// replay.
pub(super) fn usual(name: &'static str, expected: Value) -> Case {
    Case {
        name,
        webhook: json!({"retry": {"schedule_seconds": []}}),
        replies: vec![Reply::status(200)],
        grants: Vec::new(),
        how: How::Async,
        content_type: "application/json",
        content_encoding: None,
        body: Bytes::from_static(EXACT.as_bytes()),
        faults: Vec::new(),
        pause: 0.0,
        expected,
    }
}

fn taken() -> Vec<Case> {
    let thanks = Reply::status(201).header("X-Order", "7").body("thänk you");
    vec![
        usual(
            "async, taken",
            json!({
                "event": {
                    "status": "succeeded", "outcome": "succeeded", "status_code": 200, "attempt_count": 1, "reason": null,
                    "origin": "api", "size": EXACT.len(), "next_attempt_at": null, "attempts": [{"number": 1, "status_code": 200}],
                },
                "answer": null, "enabled": true,
                "requests": [{"line": "POST /hook HTTP/1.1", "body": EXACT, "headers": {
                    "content-type": "application/json", "content-length": EXACT.len().to_string(),
                }}],
            }),
        ),
        Case {
            how: How::Sync,
            webhook: json!({"method": "PUT", "headers": {"X-Team": "{% $states.input %}"}}),
            replies: vec![thanks],
            ..usual(
                "sync, taken",
                json!({
                    "event": {"status": "succeeded", "attempts": [{"response_body": "thänk you"}]},
                    "answer": {
                        "status": "succeeded", "status_code": 201, "body": "thänk you", "headers": {"x-order": "7"},
                        "attempts": 1, "reason": null, "error": null,
                    },
                    "requests": [{"line": "PUT /hook HTTP/1.1", "headers": {"x-team": "{% $states.input %}"}}],
                }),
            )
        },
        Case {
            how: How::Sync,
            // API Gateway treats a body with a text type as UTF-8 and corrupts any other bytes.
            content_type: "application/octet-stream",
            body: Bytes::from_static(BINARY),
            replies: vec![Reply::status(200).body(BINARY)],
            ..usual(
                "sync, binary there and back",
                json!({
                    "answer": {"status": "succeeded", "body_encoding": "base64", "body": "//4AASBub3QgdGV4dCCA"},
                    "requests": [{"body": {"sha256": sha256(BINARY)}}],
                }),
            )
        },
        Case {
            how: How::Sync,
            // The stored form of this body is base64, which is shorter than JSON inside JSON.
            replies: vec![Reply::status(200).body(r#"["a","b"]"#)],
            ..usual(
                "sync, text that is shorter as base64",
                json!({
                    "event": {"attempts": [{"response_body": r#"["a","b"]"#, "response_body_encoding": null}]},
                    "answer": {"body": r#"["a","b"]"#, "body_encoding": null},
                }),
            )
        },
        Case {
            how: How::Sync,
            replies: vec![Reply::status(200).header("Content-Encoding", "gzip").body(gzipped())],
            ..usual(
                "sync, a compressed answer",
                json!({
                    "event": {"attempts": [{"response_body": PAID, "response_body_decoded": "gzip"}]},
                    "answer": {"body": PAID, "body_decoded": "gzip", "headers": {"content-encoding": "gzip"}},
                }),
            )
        },
        Case {
            replies: vec![Reply::status(200).header("X-Long", "a\r\n  b").header("X-Odd ", "c\u{1}d")],
            ..usual(
                "async, taken with odd headers",
                json!({
                    "event": {"status": "succeeded", "attempt_count": 1, "attempts": [{"response_headers": {"x-long": "a b"}}]},
                    "requests": [{}],
                }),
            )
        },
        Case {
            how: How::UpperCase,
            ..usual(
                "async, by an id in upper case",
                json!({"event": {"status": "succeeded", "attempt_count": 1}, "requests": [{"body": EXACT}]}),
            )
        },
        Case {
            how: How::Twice,
            ..usual(
                "async, repeated with its key",
                json!({"event": {"status": "succeeded", "attempt_count": 1}, "requests": [{"body": EXACT}]}),
            )
        },
    ]
}

/// The receiver gets the credentials, but the record masks them; `leaks` checks where they must not appear.
fn authenticated() -> Vec<Case> {
    let [basic, api_key, oauth] = <[Value; 3]>::try_from(webhooks("")).unwrap_or_default();
    let case = |name, webhook, header: &str, value: String| Case {
        webhook,
        replies: vec![Reply::status(200).header("X-Echo", value.clone()).body(value.clone())],
        ..usual(
            name,
            json!({
                "event": {"status": "succeeded", "attempts": [{"request_headers": {header: "***"}}]},
                "requests": [{"headers": {header: value}, "signatures": ["v1", "v1a"]}],
            }),
        )
    };
    let pair = STANDARD.encode(format!("user:{PLANTED} password"));
    vec![
        case("async, basic", basic, "authorization", format!("Basic {pair}")),
        case("async, an API key", api_key, "x-key", format!("{PLANTED}-key")),
        Case {
            grants: vec![grant()],
            ..case("async, OAuth", oauth.clone(), "authorization", format!("Bearer {PLANTED}-token"))
        },
        Case {
            webhook: oauth,
            grants: vec![Reply::status(400).body(json!({"error": format!("{PLANTED}-secret")}).to_string())],
            ..usual(
                "async, OAuth, refused",
                json!({
                    "event": {
                        "status": "failed", "outcome": "failed_auth",
                        "reason": {"code": "token_endpoint", "detail": "the token endpoint answered 400: ***"},
                    },
                    "requests": [],
                }),
            )
        },
    ]
}

fn refused() -> Vec<Case> {
    vec![
        Case {
            webhook: json!({"retry": {"schedule_seconds": [1]}}),
            replies: vec![Reply::status(400).body("no such order")],
            ..usual(
                "async, a 400 is final",
                json!({
                    "event": {
                        "status": "failed", "outcome": "failed_http", "status_code": 400, "attempt_count": 1,
                        "reason": {"code": "http_status", "detail": "the receiver answered 400"}, "attempts": [{"response_body": "no such order"}],
                    },
                    "requests": [{}],
                }),
            )
        },
        Case {
            webhook: json!({"retry": {"schedule_seconds": [1]}}),
            how: How::Told,
            replies: vec![Reply::status(410)],
            ..usual(
                "async, a 410 turns the webhook off",
                json!({"event": {"status": "failed", "attempt_count": 1}, "enabled": false, "requests": [{}]}),
            )
        },
    ]
}

fn failed() -> Vec<Case> {
    vec![
        Case {
            webhook: json!({"timeout_seconds": 1, "retry": {"schedule_seconds": []}}),
            replies: vec![Reply::status(200).after(Duration::from_secs(3))],
            ..usual(
                "async, too slow",
                json!({
                    "event": {
                        "status": "failed", "outcome": "failed_timeout", "status_code": null,
                        "attempts": [{"outcome": "failed_timeout", "status_code": null}],
                    },
                    "requests": [{}],
                }),
            )
        },
        Case {
            replies: Vec::new(),
            ..usual(
                "async, nobody listens",
                json!({"event": {"status": "failed", "outcome": "failed_unreachable", "attempt_count": 1}, "requests": []}),
            )
        },
        Case {
            how: How::Sync,
            replies: vec![Reply::status(500).body("oops")],
            pause: 0.89,
            ..usual(
                "sync, a 500 is told as it is",
                json!({
                    "event": {"status": "failed", "attempt_count": 3, "attempts": [{"number": 1}, {"number": 2}, {"number": 3}]},
                    "answer": {
                        "status": "failed", "outcome": "failed_http", "status_code": 500, "body": "oops", "attempts": 3,
                        "reason": {"code": "http_status"}, "error": "the receiver answered 500",
                    },
                    "requests": [{}, {}, {}],
                }),
            )
        },
    ]
}

/// Cases in which the express machine hands over to the standard machine.
fn sent_again() -> Vec<Case> {
    let again = |name, first: Reply, pause| Case {
        webhook: json!({"retry": {"schedule_seconds": [1]}}),
        replies: vec![first.clone(), Reply::status(200)],
        pause,
        ..usual(
            name,
            json!({
                "event": {
                    "status": "succeeded", "outcome": "succeeded", "attempt_count": 2, "next_attempt_at": null,
                    "attempts": [{"number": 1, "outcome": "failed_http"}, {"number": 2, "outcome": "succeeded"}],
                },
                "requests": [{"body": EXACT}, {"body": EXACT}],
            }),
        )
    };
    vec![
        Case {
            // Too long for an express execution, so it is handed over before the first attempt.
            webhook: json!({"timeout_seconds": 300}),
            ..usual(
                "async, a receiver that may take long",
                json!({"event": {"status": "succeeded", "attempt_count": 1}, "requests": [{"body": EXACT}]}),
            )
        },
        again("async, sent again after a second", Reply::status(500), 0.89),
        again(
            "async, sent again when the receiver says",
            Reply::status(503).header("Retry-After", "2"),
            1.99,
        ),
        Case {
            webhook: json!({"retry": {"schedule_seconds": [1, 1]}}),
            replies: vec![Reply::status(429)],
            ..usual(
                "async, until the schedule is used up",
                json!({
                    "event": {"status": "failed", "outcome": "failed_http", "status_code": 429, "attempt_count": 3},
                    "requests": [{}, {}, {}],
                }),
            )
        },
    ]
}

fn claim_checks() -> Vec<Case> {
    // Larger than what is kept in the state.
    let large = Bytes::from("large ".repeat(100_000));
    let arrived = |body: &Bytes| {
        json!({
            "event": {"status": "succeeded", "attempt_count": 2, },
            "requests": [{"body": {"sha256": sha256(body)}}, {"body": {"sha256": sha256(body)}}],
        })
    };
    let replies = || vec![Reply::status(500), Reply::status(200)];
    let webhook = json!({"retry": {"schedule_seconds": [1]}});
    vec![
        Case {
            body: large.clone(),
            replies: replies(),
            webhook: webhook.clone(),
            ..usual("async, a body too large for the state", arrived(&large))
        },
        Case {
            how: How::Upload,
            body: large.clone(),
            replies: replies(),
            webhook,
            ..usual("async, uploaded", arrived(&large))
        },
        Case {
            how: How::NoUpload,
            ..usual(
                "async, never uploaded",
                json!({
                    "event": {"status": "failed", "outcome": "failed_payload", "attempts": [{"outcome": "failed_payload"}]},
                    "requests": [],
                }),
            )
        },
    ]
}

fn not_sent() -> Vec<Case> {
    let skipped = |name, how, answer| Case {
        how,
        webhook: json!({"enabled": false}),
        ..usual(
            name,
            json!({
                "event": {"status": "skipped", "reason": {"code": "webhook_disabled"}, "error": "the webhook is disabled", "attempt_count": 0, "attempts": []},
                "answer": answer, "requests": [],
            }),
        )
    };
    vec![
        skipped("async, skipped", How::Async, Value::Null),
        skipped("sync, skipped", How::Sync, json!({"status": "skipped", "outcome": null})),
        // This takes a different path through the machine: FetchConfig fails, and the event is recorded by EndEvent.
        Case {
            how: How::BusWhenDeleted,
            ..usual(
                "by the bus, to a webhook that was deleted",
                json!({
                    "event": {
                        "status": "failed", "reason": {"code": "webhook_deleted"},
                        "error": "the webhook was deleted before the event could be sent",
                        "outcome": null, "attempts": [],
                    },
                    "enabled": null, "requests": [],
                }),
            )
        },
    ]
}

fn from_the_bus() -> Vec<Case> {
    let sent_again = |name, how| Case {
        how,
        webhook: json!({"retry": {"schedule_seconds": [1]}}),
        replies: vec![Reply::status(502), Reply::status(200)],
        pause: 0.89,
        ..usual(
            name,
            json!({
                "event": {
                    "status": "succeeded", "origin": "event_bridge", "correlation_id": "order 7", "attempt_count": 2,
                },
                "requests": [{"body": EXACT}, {"body": EXACT}],
            }),
        )
    };
    vec![
        sent_again("by the bus, sent again", How::Bus),
        sent_again("by the bus, uploaded before", How::BusWithUpload),
        Case {
            how: How::Subscribed,
            webhook: json!({"event_types": ["another", "cases.*"]}),
            body: Bytes::from_static(SUBSCRIBED.as_bytes()),
            ..usual(
                "by the bus, subscribed",
                json!({
                    "event": {
                        "status": "succeeded", "origin": "event_bridge", "event_type": "cases.subscribed",
                        "correlation_id": "order 8", "size": SUBSCRIBED.len(),
                    },
                    "requests": [{"body": SUBSCRIBED, "headers": {"content-type": "application/json"}}],
                }),
            )
        },
    ]
}

fn sha256(body: &[u8]) -> String {
    encode(Sha256::digest(body))
}

/// A case that is as usual but for these fields of its webhook.
pub(super) fn with_fields(name: &'static str, fields: Value, expected: Value) -> Case {
    let usual = usual(name, expected);
    let mut webhook = usual.webhook.clone();
    for (field, value) in fields.as_object().into_iter().flatten() {
        webhook[field] = value.clone();
    }
    Case { webhook, ..usual }
}

/// What is seen of an event that succeeded at once.
pub(super) fn once() -> Value {
    json!({
        "event": {"status": "succeeded", "attempt_count": 1, "next_attempt_at": null, "attempts": [{"number": 1}]},
        "requests": [{"body": EXACT}],
    })
}

/// What is seen of an event that succeeded after a 503.
pub(super) fn again() -> Value {
    json!({
        "event": {"status": "succeeded", "attempt_count": 2, "attempts": [{"status_code": 503}, {"status_code": 200}]},
        "requests": [{"body": EXACT}, {"body": EXACT}],
    })
}
