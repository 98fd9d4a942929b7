//! An event that is taken up again after a wait outside of its execution.

use serde::{Deserialize, Serialize};

use crate::{Body, BodyPart, EventMetadata, Lane, Mode};

/// The input of an execution that takes an event up again: what waits in a schedule, in a queue or on the standard
/// machine. It refers to the event and never has a plan or a secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResumeInput {
    /// The event, and where it stands.
    pub resume: Resumed,
}

/// An event that is to be taken up again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resumed {
    /// The version of this form: inputs wait for days, and across deployments. Earlier versions, which had the body
    /// and the moment of the attempt, have no number.
    pub version: u32,
    /// The event.
    pub event: EventMetadata,
    /// The number of the next attempt.
    pub number: u32,
    /// How often this attempt was started again because nothing came of it. The state `HandOver` names its execution by it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restart: Option<u32>,
    /// The body, if it is stored nowhere else; only in a queue.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payload: Option<Body>,
    /// With `payload`: the part of the event as which the body is to be stored before the event waits elsewhere. Absent if
    /// the body is stored, or is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unkept: Option<BodyPart>,
    /// The lane whose turn it is; only in the queue of lanes. Without it, an event of a webhook with a lane waits in it
    /// first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lane: Option<Lane>,
}

impl ResumeInput {
    /// The version that is written today.
    pub const VERSION: u32 = 1;

    /// Takes `event` up with the attempt of this number.
    pub fn new(event: EventMetadata, number: u32) -> Self {
        let event = EventMetadata { mode: Mode::Async, ..event };
        Self {
            resume: Resumed {
                version: Self::VERSION,
                event,
                number,
                restart: None,
                payload: None,
                unkept: None,
                lane: None,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Schedules, queues and standard executions hold these for days: they stay readable after a deployment.
    #[test]
    fn an_input_that_waits_since_an_earlier_version_is_read() {
        const V1: &str = r#"{"resume":{"version":1,"event":{"event_id":"0190a000-0000-7000-8000-00000000000b","org_id":"acme","config_id":"0190a000-0000-7000-8000-00000000000a","origin":"api","mode":"async","created_at":"2026-01-02T03:04:05.678Z","content_type":"application/json","size":2},"number":2}}"#;
        let resumed: ResumeInput = serde_json::from_str(V1).unwrap();
        assert_eq!(serde_json::to_string(&resumed).unwrap(), V1);
        assert_eq!(resumed, ResumeInput::new(resumed.resume.event.clone(), 2));
    }
}
