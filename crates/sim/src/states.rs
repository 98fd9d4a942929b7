//! The states of the delivery's definition that have tasks, and which faults may meet them.

use hookstep_asl::Json;

use crate::plan::How;

/// The states of `statemachine.asl.json` whose tasks a simulation runs.
pub const STATES: [&str; 18] = [
    "FetchConfig",
    "Transform",
    "RecordEvent",
    "ReadEvent",
    "JoinLane",
    "QueueInLane",
    "LeaveLane",
    "KeepPlace",
    "Deliver",
    "UpdateStatus",
    "PublishEvents",
    "RefreshPlan",
    "EndEvent",
    "ScheduleRetry",
    "HandOver",
    "RecordMissed",
    "RecordException",
    "KeepEvent",
];

/// The other states with tasks, and why no simulation comes to them.
pub const UNREACHED: [(&str, &str); 2] = [
    ("Hydrate", "claim checks are read from a bucket that has threads"),
    ("QueueDelivery", "the host has no delivery queue: it makes the attempts of slow receivers itself"),
];

/// The states that end an event whose input cannot be read.
pub const READING: [&str; 6] =
    ["FetchConfig", "Transform", "Deliver", "UpdateStatus", "RefreshPlan", "EndEvent"];

/// The pairs of a state and a kind of fault that the definition allows: each state fails in each way, and those that read their input
/// may find that they cannot.
pub fn pairs() -> Vec<(&'static str, &'static str)> {
    let kinds = How::KINDS.into_iter();
    let pairs = STATES.into_iter().flat_map(|state| kinds.clone().map(move |kind| (state, kind)));
    pairs.filter(|(state, kind)| *kind != How::Unreadable.kind() || READING.contains(state)).collect()
}

/// The state that makes this call; empty for those of other definitions.
pub(crate) fn state_of(resource: &str, arguments: &Json) -> &'static str {
    let service = resource.rsplit(":::").next().unwrap_or_default();
    let is_there = |path: &[&str]| path.iter().try_fold(arguments, |value, name| value.get(name)).is_some();
    match service {
        "lambda:invoke" => function(arguments),
        "dynamodb:putItem" if is_there(&["Item", "blocks"]) => "KeepPlace",
        "dynamodb:putItem" if is_there(&["Item", "since"]) => "JoinLane",
        "dynamodb:putItem" => "RecordEvent",
        "dynamodb:getItem" => "ReadEvent",
        "dynamodb:deleteItem" => "LeaveLane",
        "events:putEvents" => "PublishEvents",
        "states:startExecution" => "HandOver",
        "aws-sdk:scheduler:createSchedule" => "ScheduleRetry",
        "sqs:sendMessage" if is_there(&["MessageDeduplicationId"]) => "QueueInLane",
        "sqs:sendMessage" => "KeepEvent",
        _ => "",
    }
}

fn function(arguments: &Json) -> &'static str {
    let text = |value: Option<&Json>| value.and_then(Json::as_str).unwrap_or_default().to_owned();
    let payload = arguments.get("Payload");
    let field = |name| payload.and_then(|payload| payload.get(name));
    let arn = text(arguments.get("FunctionName"));
    match (arn.rsplit(':').next().unwrap_or_default(), &*text(field("kind"))) {
        ("fetch-config", _) if field("refresh") == Some(&Json::Bool(true)) => "RefreshPlan",
        ("fetch-config", _) => "FetchConfig",
        ("transform", _) => "Transform",
        ("deliver", "attempt") => "Deliver",
        ("update-status", "attempt") => "UpdateStatus",
        ("update-status", "missed") => "RecordMissed",
        ("update-status", "unsent") => "EndEvent",
        ("update-status", "exception") => "RecordException",
        _ => "",
    }
}
