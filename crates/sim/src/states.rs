//! Which state of the delivery's definition a task belongs to.

use hookstep_asl::Json;

/// The states of `statemachine.asl.json` whose tasks a host can run: all but `Transform`, `Hydrate` and `QueueDelivery`, which need
/// expressions, claim checks or the delivery queue of AWS.
pub const STATES: [&str; 17] = [
    "FetchConfig",
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
        ("deliver", "attempt") => "Deliver",
        ("update-status", "attempt") => "UpdateStatus",
        ("update-status", "missed") => "RecordMissed",
        ("update-status", "unsent") => "EndEvent",
        ("update-status", "exception") => "RecordException",
        _ => "",
    }
}
