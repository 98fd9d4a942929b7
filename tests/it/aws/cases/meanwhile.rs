//! Cases in which something changes between an attempt and the next one, or between a delivery and its replay.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::Method;
use reqwest::RequestBuilder;
use serde_json::{Value, json};

use super::table::{EXACT, usual};
use super::{Accepted, Case, How, Upload};
use crate::world::{Answer, Api, Receiver, Reply, accepted};

/// What happens in the meantime.
#[derive(Clone, Copy, Debug)]
pub(super) enum Change {
    /// The webhook gets another URL and another password.
    Moved,
    /// The webhook is disabled.
    Disabled,
    /// The webhook is deleted.
    Deleted,
}

/// Time enough for a change before the next attempt, also on an emulator that starts a process for each request.
pub(super) const PAUSE_SECS: u32 = 8;

pub(super) fn cases() -> Vec<Case> {
    let changed = |name, change, expected| Case {
        how: How::Changed(change),
        webhook: json!({
            "retry": {"schedule_seconds": [PAUSE_SECS]}, "auth": {"type": "basic", "username": "u", "password": "old password"},
        }),
        replies: vec![Reply::status(500)],
        ..usual(name, expected)
    };
    let unsent = |code, enabled: Value| {
        json!({
            "event": {
                "status": "failed", "outcome": "failed_http", "attempt_count": 1, "next_attempt_at": null,
                "reason": {"code": code}, "attempts": [{"number": 1, "reason": {"code": "http_status"}}],
            },
            "enabled": enabled, "requests": [{}],
        })
    };
    let moved = json!({
        "event": {"status": "succeeded", "attempt_count": 2, "attempts": [{"status_code": 500}, {"status_code": 200}]},
        "requests": [{"headers": {"authorization": format!("Basic {}", STANDARD.encode("u:old password"))}}],
    });
    vec![
        changed("async, moved before the retry", Change::Moved, moved),
        changed(
            "async, disabled before the retry",
            Change::Disabled,
            unsent("webhook_disabled", json!(false)),
        ),
        changed("async, deleted before the retry", Change::Deleted, unsent("webhook_deleted", Value::Null)),
        Case {
            how: How::Overwritten,
            body: Bytes::from_static(b"first"),
            ..usual(
                "replay of an upload that somebody tried to replace",
                json!({
                    "event": {"status": "succeeded", "origin": "replay", "attempt_count": 1},
                    "requests": [{"body": "first"}, {"body": "first"}],
                }),
            )
        },
        Case {
            how: How::SyncInVain,
            webhook: json!({"timeout_seconds": 60, "retry": {"schedule_seconds": [1]}}),
            replies: vec![Reply::status(500).after(Duration::from_secs(28)), Reply::status(200)],
            ..usual(
                "sync, answered 202 and failed afterwards",
                json!({
                    "event": {"status": "succeeded", "attempt_count": 2, "attempts": [{"status_code": 500}, {"status_code": 200}]},
                    "answer": {"status": "in_progress"},
                    "requests": [{"body": EXACT}, {"body": EXACT}],
                }),
            )
        },
    ]
}

/// Changes the webhook of an event after the event's first attempt.
pub(super) async fn change(api: &Api, config_id: &str, event_id: String, change: Change) -> Accepted {
    api.until(config_id, &event_id, |event| event["attempt_count"] == 1).await;
    make(api, config_id, event_id, change).await
}

/// Changes the webhook of an event that waits.
pub(super) async fn make(api: &Api, config_id: &str, event_id: String, change: Change) -> Accepted {
    let path = format!("/webhook/{config_id}");
    match change {
        Change::Moved => {
            let new = Receiver::ok().await;
            let auth = json!({"type": "basic", "username": "u", "password": "new password"});
            let patched = api.patch(config_id, &json!({"url": new.url, "auth": auth})).await;
            assert_eq!(patched.status, 200, "{patched:?}");
            api.ended(config_id, &event_id).await;
            let expected = format!("Basic {}", STANDARD.encode("u:new password"));
            assert_eq!(new.only().header("authorization"), Some(&*expected));
        }
        Change::Disabled => assert_eq!(api.patch(config_id, &json!({"enabled": false})).await.status, 200),
        Change::Deleted => assert_eq!(api.delete(&path).await.status, 204),
    }
    event_id.into()
}

/// Delivers an upload, tries to replace it, and replays the event.
pub(super) async fn overwrite(api: &Api, config_id: &str, body: &Bytes) -> Accepted {
    let upload = Upload::new(api, config_id, body.len()).await;
    assert_eq!(upload.put(api, body.clone()).await.status, 200);
    let path = format!("/webhook/{config_id}/trigger?claim_check={}", upload.claim_check);
    let first = accepted(&Answer::to(api.request(Method::POST, &path)).await);
    api.ended(config_id, &first).await;
    let replaced = upload.put(api, Bytes::from(vec![b'?'; body.len()])).await;
    assert_eq!(replaced.status, 412, "{replaced:?}");
    accepted(&api.post(&format!("/webhook/{config_id}/events/{first}/replay"), &json!({})).await).into()
}

/// Repeats a sync trigger that a fault of the platform ended, with its idempotency key: it makes a new event.
pub(super) async fn again(config_id: &str, triggering: impl Fn() -> RequestBuilder) -> Accepted {
    let request = || triggering().header("idempotency-key", "of this case");
    let first = Answer::to(request()).await;
    assert_eq!((first.status, &first.json()["reason"]["code"]), (200, &json!("platform")), "{config_id}");
    let second = Answer::to(request()).await;
    assert_eq!(second.status, 200, "{second:?}");
    assert_ne!(first.json()["event_id"], second.json()["event_id"]);
    let answer = second.json();
    Accepted { event_id: answer["event_id"].as_str().unwrap_or_default().to_owned(), answer }
}
