//! Who reads what the other side wrote.

use serde_json::{Value, json};

use crate::{Delivered, Event, NewToken, ProblemDetails, Replay, ReplayOptions, ReplayRequest, Webhook};

const ID: &str = "01939f2e-8a10-7000-8000-2b7d40c5aa12";
const AT: &str = "2026-01-02T03:04:05.678Z";

fn event() -> Value {
    json!({
        "event_id": ID, "org_id": "acme", "config_id": ID, "status": "failed", "origin": "api", "created_at": AT,
        "updated_at": AT, "webhook_id": ID, "attempt_count": 1,
        "attempts": [{
            "number": 1, "started_at": AT, "duration_ms": 5, "outcome": "failed_http", "request_headers": {},
            "response_headers": {}, "response_truncated": false, "timings": {},
        }],
    })
}

#[test]
fn an_answer_may_have_more_fields_or_leave_out_optional_ones() {
    let mut newer = event();
    newer["unheard_of"] = json!({"a": 1});
    newer["attempts"][0]["unheard_of"] = json!(1);
    for json in [event(), newer] {
        let event: Event = serde_json::from_value(json).unwrap();
        assert_eq!((event.next_attempt_at, event.attempts.unwrap().len()), (None, 1));
    }
    let delivered = json!({"event_id": ID, "status": "skipped", "unheard_of": 1});
    let delivered: Delivered = serde_json::from_value(delivered).unwrap();
    assert_eq!((delivered.attempts, delivered.outcome), (0, None));
    let problem: ProblemDetails = serde_json::from_value(json!({"status": 404, "unheard_of": 1})).unwrap();
    assert_eq!(problem.to_string(), "404 ");
}

#[test]
fn a_request_may_not() {
    assert!(serde_json::from_value::<ReplayOptions>(json!({"reaply": true})).is_err());
    assert!(serde_json::from_value::<ReplayRequest>(json!({"untill": AT})).is_err());
    let written = serde_json::to_value(ReplayRequest::default()).unwrap();
    assert_eq!(written, json!({"reapply": false}), "what is not set is left out");
}

#[test]
fn a_replay_of_an_older_hookstep_can_be_read() {
    let replay: Replay = serde_json::from_value(json!({
        "replay_id": ID, "config_id": ID, "status": "done", "created_at": AT, "updated_at": AT, "found": 1,
        "started": 1, "skipped": 0, "limit_reached": false,
    }))
    .unwrap();
    assert!(!replay.reapply);
}

#[test]
fn no_debug_output_has_a_secret() {
    let token = json!({
        "token": "planted", "token_id": null, "name": "n", "scopes": [], "created_at": AT, "current": false,
    });
    let token: NewToken = serde_json::from_value(token).unwrap();
    let webhook = json!({
        "org_id": "acme", "config_id": ID, "created_at": AT, "updated_at": AT, "name": "n",
        "url": "https://example.com/", "health": "healthy", "warnings": [], "signing_secret": "planted",
    });
    let webhook: Webhook = serde_json::from_value(webhook).unwrap();
    assert!(!format!("{token:?} {webhook:?}").contains("planted"));
    assert_eq!((&*token.token, webhook.signing_secret.as_deref()), ("planted", Some("planted")));
    assert_eq!(serde_json::to_value(&webhook).unwrap()["signing_secret"], "planted");
}
