//! Attempts that wait in the delivery queue (ADR 0053).

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::limits::{FEW_DURATIONS, QUICK_RECEIVER, SLOW_RECEIVER, STATE_DATA_BYTES};
use crate::{Attempt, Body, DeliverInput, EventMetadata, Exception, Plan};

/// What the other states add around an attempt before they pass it on.
const ROOM_BYTES: usize = 4 * 1024;

/// How attempts are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Delivery {
    /// Each by a function of its own.
    Direct,
    /// From the delivery queue, several by one function.
    Queued,
}

impl Delivery {
    /// How attempts are made that may be queued: as the webhook says, or as suits a receiver that `is_slow`.
    pub fn of(chosen: Option<Self>, is_slow: bool) -> Self {
        chosen.unwrap_or(if is_slow { Self::Queued } else { Self::Direct })
    }

    /// The name used in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Direct => "direct",
            Self::Queued => "queued",
        }
    }
}

/// Whether a receiver is slow whose latest attempts took so long; `None` if that is as it `was_slow` before.
pub fn is_slow_now(was_slow: bool, mut durations: Vec<Duration>) -> Option<bool> {
    if durations.len() < FEW_DURATIONS {
        return None;
    }
    durations.sort_unstable();
    let median = *durations.get(durations.len() / 2)?;
    let is_slow = if was_slow { median >= QUICK_RECEIVER } else { median > SLOW_RECEIVER };
    (is_slow != was_slow).then_some(is_slow)
}

/// A message of the delivery queue, and the input of the execution that goes on with the event.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct QueuedInput {
    /// The attempt.
    pub queued: QueuedAttempt,
}

/// An attempt that waits in the delivery queue, or was made from it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct QueuedAttempt {
    /// The version of this form: messages wait for days, and across deployments.
    pub version: u32,
    /// The event.
    pub event: EventMetadata,
    /// The number of the attempt, starting at 1.
    pub number: u32,
    /// The plan of the attempt.
    pub plan: Plan,
    /// The body. After the attempt only if the execution still needs it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payload: Option<Body>,
    /// How often in a row the plan was found to be outdated.
    #[serde(default)]
    pub outdated: u32,
    /// How the attempt ended; absent if it was not made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attempt: Option<Box<Attempt>>,
    /// The fault that prevented the attempt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fault: Option<Exception>,
}

impl QueuedAttempt {
    /// What `deliver` needs; `None` if there is no body.
    pub fn input(&self) -> Option<DeliverInput> {
        Some(DeliverInput {
            event: self.event.clone(),
            request: self.plan.request.clone(),
            payload: self.payload.clone()?,
            number: self.number,
        })
    }

    /// The input of the execution that goes on after the attempt. The start of the receiver's answer is left out if it does not
    /// fit into the state.
    #[must_use]
    pub fn after(self, attempt: Attempt) -> QueuedInput {
        // A body that is stored is not needed any more.
        let is_needed = |payload: &Body| matches!(payload, Body::Object(_)) || self.plan.unkept.is_some();
        let payload = self.payload.filter(is_needed);
        let queued = Self { payload, outdated: 0, attempt: Some(Box::new(attempt)), ..self };
        let mut input = QueuedInput { queued };
        if input.is_too_large()
            && let Some(attempt) = input.queued.attempt.as_mut()
        {
            attempt.response_truncated |= attempt.response_body.take().is_some();
        }
        input
    }

    /// The input of the execution that goes on after a fault.
    #[must_use]
    pub fn failed(self, fault: Exception) -> QueuedInput {
        QueuedInput { queued: Self { fault: Some(fault), ..self } }
    }
}

impl QueuedInput {
    fn is_too_large(&self) -> bool {
        serde_json::to_vec(self).is_ok_and(|json| json.len() + ROOM_BYTES > STATE_DATA_BYTES)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_receiver_is_slow_above_three_seconds_and_quick_again_below_two() {
        let durations = |seconds: &[f64]| seconds.iter().copied().map(Duration::from_secs_f64).collect();
        for (was_slow, seconds, expected) in [
            (false, [3.1; 5].as_slice(), Some(true)),
            (false, &[3.0; 5], None),
            // Half of them and more decide.
            (false, &[0.1, 9.0, 0.1, 9.0, 9.0], Some(true)),
            (false, &[0.1, 9.0, 0.1, 9.0, 0.1], None),
            (true, &[2.0; 5], None),
            (true, &[1.9; 5], Some(false)),
            (true, &[9.0, 1.0, 9.0, 1.0, 1.0], Some(false)),
            // Too few to tell.
            (false, &[9.0; 4], None),
            (true, &[0.1; 4], None),
            (true, &[], None),
        ] {
            assert_eq!(is_slow_now(was_slow, durations(seconds)), expected, "{was_slow} {seconds:?}");
        }
    }

    fn queued(fields: serde_json::Value) -> QueuedAttempt {
        let id = "0190a000-0000-7000-8000-00000000000a";
        let event = json!({
            "event_id": id, "org_id": "acme", "config_id": id, "origin": "api", "mode": "async",
            "created_at": "2026-01-02T03:04:05Z",
        });
        let request =
            json!({"url": "https://example.com/", "method": "POST", "headers": {}, "timeout_seconds": 30});
        let mut plan = json!({"status": "in_progress", "request": request, "retry": {"schedule_seconds": []}, "long": false});
        plan.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        let payload = json!({"inline": {"text": "x".repeat(200 * 1024)}});
        let message = json!({"version": 1, "event": event, "number": 1, "plan": plan, "payload": payload});
        serde_json::from_value(message).unwrap()
    }

    #[test]
    fn only_an_answer_that_does_not_fit_beside_the_body_is_left_out() {
        let attempt = || {
            let attempt = json!({
                "number": 1, "started_at": "2026-01-02T03:04:05Z", "duration_ms": 1, "outcome": "succeeded",
                "response_body": {"text": "y".repeat(64 * 1024)},
            });
            serde_json::from_value::<Attempt>(attempt).unwrap()
        };
        for (fields, is_kept) in [(json!({}), true), (json!({"unkept": "accepted"}), false)] {
            let input = queued(fields).after(attempt());
            assert!(!input.is_too_large());
            let QueuedAttempt { payload, attempt: Some(attempt), .. } = input.queued else {
                panic!("no attempt")
            };
            // The body is sent along only if the execution needs it.
            assert_eq!(payload.is_none(), is_kept);
            assert_eq!((attempt.response_body.is_some(), attempt.response_truncated), (is_kept, !is_kept));
        }
    }
}
