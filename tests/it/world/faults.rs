//! Faults of the platform that a test plans: which states of a webhook's deliveries fail, how, and how often.
#![expect(clippy::unwrap_used, reason = "a poisoned plan fails the test")]

use std::sync::Mutex;

use hookstep_asl::TaskError;
use hookstep_engine::{LAMBDA_INVOKE, TaskFaults};
use serde::Serialize;
use serde_json::Value;

/// A fault: the task of this state fails with this error instead of being run.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Fault {
    pub(crate) state: &'static str,
    pub(crate) error: &'static str,
    /// How often the task fails; `None` is for good.
    pub(crate) times: Option<u32>,
}

/// The planned faults of a host.
#[derive(Debug, Default)]
pub(crate) struct Faults(Mutex<Vec<(String, Fault)>>);

impl Faults {
    /// Plans a fault for the deliveries of this webhook.
    pub(crate) fn plan(&self, config_id: &str, fault: Fault) {
        self.0.lock().unwrap().push((config_id.to_owned(), fault));
    }

    /// Ends all faults of this webhook.
    pub(crate) fn clear(&self, config_id: &str) {
        self.0.lock().unwrap().retain(|(of, _)| of != config_id);
    }
}

impl TaskFaults for Faults {
    fn fail(&self, resource: &str, arguments: &Value) -> Option<TaskError> {
        let (state, arguments) = (state_of(resource, arguments), arguments.to_string());
        let mut faults = self.0.lock().unwrap();
        let (_, fault) = faults.iter_mut().find(|(config_id, fault)| {
            fault.state == state && fault.times != Some(0) && arguments.contains(config_id.as_str())
        })?;
        fault.times = fault.times.map(|times| times - 1);
        Some(TaskError::new(fault.error, "planned by a test"))
    }
}

/// The state that makes this call.
fn state_of(resource: &str, arguments: &Value) -> &'static str {
    let payload = &arguments["Payload"];
    let function = arguments["FunctionName"].as_str().unwrap_or_default().rsplit(':').next();
    match (resource, function, payload["kind"].as_str()) {
        (LAMBDA_INVOKE, Some("fetch-config"), _) if payload["refresh"] == true => "RefreshPlan",
        (LAMBDA_INVOKE, Some("fetch-config"), _) => "FetchConfig",
        (LAMBDA_INVOKE, Some("transform"), _) => "Transform",
        (LAMBDA_INVOKE, Some("hydrate"), _) => "Hydrate",
        (LAMBDA_INVOKE, Some("deliver"), Some("attempt")) => "Deliver",
        (LAMBDA_INVOKE, Some("update-status"), Some("attempt")) => "UpdateStatus",
        (LAMBDA_INVOKE, Some("update-status"), Some("missed")) => "RecordMissed",
        (LAMBDA_INVOKE, Some("update-status"), Some("unsent")) => "EndEvent",
        (LAMBDA_INVOKE, Some("update-status"), Some("exception")) => "RecordException",
        ("arn:aws:states:::dynamodb:putItem", ..) if arguments["Item"]["since"].is_object() => "JoinLane",
        ("arn:aws:states:::dynamodb:putItem", ..) => "RecordEvent",
        ("arn:aws:states:::dynamodb:deleteItem", ..) => "LeaveLane",
        ("arn:aws:states:::dynamodb:getItem", ..) => "ReadEvent",
        ("arn:aws:states:::events:putEvents", ..) => "PublishEvents",
        ("arn:aws:states:::states:startExecution", ..) => "HandOver",
        ("arn:aws:states:::aws-sdk:scheduler:createSchedule", ..) => "ScheduleRetry",
        ("arn:aws:states:::sqs:sendMessage", ..) if arguments["MessageDeduplicationId"].is_string() => {
            "QueueInLane"
        }
        ("arn:aws:states:::sqs:sendMessage", ..) if arguments["MessageGroupId"].is_string() => {
            "QueueDelivery"
        }
        ("arn:aws:states:::sqs:sendMessage", ..) => "KeepEvent",
        _ => "",
    }
}
