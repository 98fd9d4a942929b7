//! Cases of events that their producers want to be sent later.
#![expect(clippy::unwrap_used, reason = "an event without the fields that it must have fails the test")]

use bytes::Bytes;
use serde_json::{Value, json};

use super::meanwhile::{self, Change, PAUSE_SECS};
use super::table::{EXACT, usual};
use super::{Accepted, Case, Engine, How, schedules};
use crate::world::{Reply, moment};

/// What happens before the event is due.
#[derive(Clone, Copy, Debug)]
pub(super) enum Delayed {
    /// Nothing, for two seconds.
    Briefly,
    /// Nothing, but the time of its schedule, which is an hour ahead, comes at once.
    Long,
    /// The event is cancelled.
    Cancelled,
    /// The webhook changes.
    Changed(Change),
}

impl Delayed {
    /// The delay.
    pub(super) fn seconds(self) -> u32 {
        match self {
            Self::Briefly => 2,
            Self::Long => 3600,
            Self::Cancelled | Self::Changed(_) => PAUSE_SECS,
        }
    }
}

pub(super) fn cases() -> Vec<Case> {
    let delayed = |name, delayed, expected| Case { how: How::Delayed(delayed), ..usual(name, expected) };
    let unsent = |code, enabled: Value| {
        json!({
            "event": {
                "status": "failed", "outcome": null, "attempt_count": 0, "next_attempt_at": null,
                "reason": {"code": code}, "attempts": [],
            },
            "enabled": enabled, "requests": [],
        })
    };
    let sent = json!({
        "event": {"status": "succeeded", "attempt_count": 1, "next_attempt_at": null, "attempts": [{"number": 1}]},
        "requests": [{"body": EXACT}],
    });
    let with_password = json!({"auth": {"type": "basic", "username": "u", "password": "old password"}});
    vec![
        delayed("delayed by two seconds", Delayed::Briefly, sent.clone()),
        delayed("delayed by an hour, by a schedule", Delayed::Long, sent),
        Case {
            webhook: json!({"retry": {"schedule_seconds": [1]}}),
            replies: [500, 200].map(Reply::status).to_vec(),
            ..delayed(
                "delayed, and retried on the whole schedule",
                Delayed::Briefly,
                json!({
                    "event": {"status": "succeeded", "attempt_count": 2, "attempts": [{"number": 1}, {"number": 2}]},
                    "requests": [{"body": EXACT}, {"body": EXACT}],
                }),
            )
        },
        Case {
            webhook: json!({"transform": {"jsonata": "{'id': order}"}}),
            body: Bytes::from_static(br#"{"order": 7}"#),
            ..delayed(
                "delayed and transformed",
                Delayed::Long,
                json!({"event": {"status": "succeeded", "attempt_count": 1}, "requests": [{"body": r#"{"id":7}"#}]}),
            )
        },
        Case {
            webhook: json!({"filter": {"jsonata": "order = 8"}}),
            body: Bytes::from_static(br#"{"order": 7}"#),
            ..delayed(
                "delayed and filtered out",
                Delayed::Briefly,
                json!({"event": {"status": "skipped", "attempt_count": 0, "reason": {"code": "filter_missed"}}, "requests": []}),
            )
        },
        Case {
            body: Bytes::from(vec![b'x'; 300_000]),
            ..delayed(
                "a claim check, delayed",
                Delayed::Long,
                json!({"event": {"status": "succeeded", "attempt_count": 1, "size": 300_000}, "requests": [{}]}),
            )
        },
        delayed("cancelled before it is due", Delayed::Cancelled, unsent("cancelled", json!(true))),
        delayed(
            "disabled before it is due",
            Delayed::Changed(Change::Disabled),
            unsent("webhook_disabled", json!(false)),
        ),
        delayed(
            "deleted before it is due",
            Delayed::Changed(Change::Deleted),
            unsent("webhook_deleted", Value::Null),
        ),
        Case {
            webhook: with_password,
            ..delayed(
                "moved before it is due",
                Delayed::Changed(Change::Moved),
                json!({
                    "event": {
                        "status": "succeeded", "attempt_count": 1,
                        "attempts": [{"number": 1, "status_code": 200}],
                    },
                    "requests": [],
                }),
            )
        },
    ]
}

/// Lets an event that is scheduled come to its end.
pub(super) async fn wait(
    engine: &impl Engine,
    config_id: &str,
    event_id: String,
    delayed: Delayed,
) -> Accepted {
    let api = engine.api();
    if let Delayed::Briefly = delayed {
        let event = api.ended(config_id, &event_id).await;
        let due = moment(&event["deliver_at"]);
        assert!(due - moment(&event["created_at"]) == time::Duration::seconds(2), "{event}");
        for attempt in event["attempts"].as_array().unwrap() {
            assert!(moment(&attempt["started_at"]) >= due, "{event}");
        }
        return event_id.into();
    }
    let event = api.until(config_id, &event_id, |event| event["status"] == "scheduled").await;
    assert_eq!(event["next_attempt_at"], event["deliver_at"], "{event}");
    match delayed {
        Delayed::Briefly => event_id.into(),
        Delayed::Long => {
            schedules::fire(engine, &format!("{event_id}-1")).await;
            event_id.into()
        }
        Delayed::Cancelled => {
            let path = format!("/webhook/{config_id}/events/{event_id}/cancel");
            assert_eq!(api.post(&path, &json!({})).await.status, 200);
            // Its time comes, and nothing is sent.
            tokio::time::sleep(std::time::Duration::from_secs(u64::from(PAUSE_SECS) + 1)).await;
            event_id.into()
        }
        Delayed::Changed(change) => {
            let accepted = meanwhile::make(api, config_id, event_id, change).await;
            api.ended(config_id, &accepted.event_id).await;
            accepted
        }
    }
}
