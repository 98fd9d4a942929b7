//! Cases of webhooks about whose receiver something is known: what is stored with the webhook is written into the table.

use std::time::Duration;

use hookstep_ambient::Sources;
use hookstep_contract::{Circuit, Health, HealthState};
use serde_json::json;

use super::table::{EXACT, usual};
use super::{Case, Engine, How};
use crate::world::{Api, ORG, Reply, until};

/// What is known about a receiver.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Known {
    /// It takes no events, and a probe is due.
    ToBeProbed,
    /// It takes no events, and the next probe is due in an hour.
    Down,
    /// It takes events again.
    Ramping,
    /// It took only a part of the events.
    Degraded,
}

pub(super) fn cases() -> Vec<Case> {
    let once = json!({
        "event": {"status": "succeeded", "attempt_count": 1, "attempts": [{"number": 1}]},
        "requests": [{"body": EXACT}],
    });
    vec![
        Case { how: How::Known(Known::ToBeProbed), ..usual("a probe that succeeds", once.clone()) },
        Case {
            how: How::Known(Known::ToBeProbed),
            webhook: json!({"retry": {"schedule_seconds": []}}),
            replies: [503].map(Reply::status).to_vec(),
            ..usual(
                "a probe that fails",
                json!({
                    "event": {"status": "failed", "attempt_count": 1, "reason": {"code": "http_status"}},
                    "requests": [{"body": EXACT}],
                }),
            )
        },
        Case {
            how: How::Known(Known::Down),
            webhook: json!({"timeout_seconds": 1, "retry": {"schedule_seconds": []}}),
            ..usual(
                "an event that outlives its schedule while its receiver is down",
                json!({
                    "event": {"status": "failed", "attempt_count": 0, "attempts": [], "reason": {"code": "circuit_open"}},
                    "requests": [],
                }),
            )
        },
        Case { how: How::Known(Known::Ramping), ..usual("a receiver that ramps up", once.clone()) },
        Case { how: How::Known(Known::Degraded), ..usual("a degraded receiver that takes an event", once) },
        Case {
            how: How::TestOfFailing,
            ..usual(
                "a test while the receiver is down",
                json!({
                    "event": {"status": "succeeded", "origin": "test", "attempt_count": 1},
                    "answer": {"status": "succeeded"},
                    "requests": [{"body": EXACT}],
                }),
            )
        },
    ]
}

/// Stores what is known with the webhook.
pub(super) async fn store(engine: &impl Engine, config_id: &str, known: Known) {
    let (now, hour) = (Sources::system().now(), Duration::from_secs(3600));
    let opened_at = now.minus(hour);
    let open = |probe_at| Some(Circuit::Open { opened_at, probe_at, probed_at: None, probes: 0 });
    let (state, circuit) = match known {
        Known::ToBeProbed => (HealthState::Failing, open(now)),
        Known::Down => (HealthState::Failing, open(now.plus(hour))),
        Known::Ramping => {
            (HealthState::Healthy, Some(Circuit::Ramping { closed_at: now, probes: 0, failed_since: None }))
        }
        Known::Degraded => (HealthState::Degraded, None),
    };
    let health = Health {
        change: 1,
        state,
        since: opened_at,
        failing_since: Some(opened_at),
        failures: 10,
        last_success_at: None,
        reason: None,
        circuit,
    };
    let (org_id, config_id) = (ORG.parse().unwrap(), config_id.parse().unwrap());
    let configs = engine.configs();
    assert!(configs.change_health(&org_id, config_id, None, Some(&health)).await.unwrap());
}

/// Waits for what follows for the webhook after the event has ended.
pub(super) async fn look(api: &Api, config_id: &str, event_id: &str, known: Known) {
    let event = api.ended(config_id, event_id).await;
    let circuit = async || {
        let webhook = api.get(&format!("/webhook/{config_id}")).await.json();
        webhook["receiver"]["circuit"].as_str().map(str::to_owned)
    };
    let expected = match known {
        Known::ToBeProbed | Known::Down if event["status"] == "failed" => Some("open"),
        Known::ToBeProbed | Known::Down | Known::Ramping => Some("ramping"),
        Known::Degraded => None,
    };
    until("the health is known", async || circuit().await.as_deref() == expected).await;
}
