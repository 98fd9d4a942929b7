//! The retry policies of the state machines: every `Retry` must equal one of these.

use hookstep_engine::LAMBDA_INVOKE;
use serde_json::{Value, json};

use super::definitions::{strings, tasks};

/// Lambda errors raised before the function runs: those of the `Invoke` API that can pass.
const BEFORE_IT_RUNS: [&str; 13] = [
    "Lambda.ServiceException",
    "Lambda.TooManyRequestsException",
    "Lambda.ResourceNotReadyException",
    "Lambda.ResourceConflictException",
    "Lambda.EC2AccessDeniedException",
    "Lambda.EC2ThrottledException",
    "Lambda.EC2UnexpectedException",
    "Lambda.ENILimitReachedException",
    "Lambda.SubnetIPAddressLimitReachedException",
    "Lambda.KMSAccessDeniedException",
    "Lambda.KMSDisabledException",
    "Lambda.KMSInvalidStateException",
    "Lambda.KMSNotFoundException",
];

/// Lambda errors after which the function may have run.
const PERHAPS_AFTER_IT_RAN: [&str; 3] =
    ["Lambda.AWSLambdaException", "Lambda.SdkClientException", "Lambda.ClientExecutionTimeoutException"];

/// Transient errors of our own steps.
const STORAGE: &str = "StorageUnavailable";
const WORKFLOW: &str = "WorkflowUnavailable";
const SANDBOX: &str = "SandboxUnavailable";

/// The policies by name; each lists the retriers of one `Retry`.
fn policy(name: &str) -> Vec<Value> {
    let any_of_lambda = [&BEFORE_IT_RUNS[..], &PERHAPS_AFTER_IT_RAN].concat();
    let whatever_else = |most| retrier(&[&["States.ALL"]], most, 20);
    match name {
        // A step that can safely be repeated: for up to three minutes.
        "step" => {
            vec![retrier(&[&BEFORE_IT_RUNS], 8, 60), retrier(&[&PERHAPS_AFTER_IT_RAN, &[STORAGE]], 8, 60)]
        }
        // The same for less than a minute, for a step whose expressions share their sandbox with other webhooks.
        "expressions" => {
            vec![retrier(&[&any_of_lambda, &[STORAGE, SANDBOX]], 5, 20), once("States.Timeout")]
        }
        // A record that must be written in what is left of an express execution.
        "record" => vec![retrier(&[&any_of_lambda, &[STORAGE]], 6, 20)],
        // A batch of executions that must be started, or the record that they will not be.
        "batch" => vec![retrier(&[&any_of_lambda, &[STORAGE, WORKFLOW]], 10, 20)],
        // A receiver must not be called twice for one attempt.
        "before the call" => vec![retrier(&[&BEFORE_IT_RUNS, &[STORAGE]], 8, 60)],
        // The same, while a user waits.
        "before the call, shortly" => vec![retrier(&[&BEFORE_IT_RUNS, &[STORAGE]], 2, 20)],
        "put" => vec![never("DynamoDB.ConditionalCheckFailedException"), whatever_else(8)],
        // The same item can be written, and a message with the same id sent, again.
        "put again" | "send once" => vec![whatever_else(8)],
        // An attempt waits for it, and goes on without it.
        "delete" => vec![whatever_else(3)],
        "get" => vec![whatever_else(5)],
        "start" => vec![never("StepFunctions.ExecutionAlreadyExistsException"), whatever_else(8)],
        "schedule" => vec![never("Scheduler.ConflictException"), whatever_else(8)],
        "send" => vec![whatever_else(5)],
        "publish" => vec![whatever_else(3)],
        name => panic!("there is no policy {name}"),
    }
}

/// The policy of each task.
fn policy_of(state: &str, resource: &str) -> &'static str {
    match (resource, state) {
        (LAMBDA_INVOKE, "Deliver") => "before the call",
        (LAMBDA_INVOKE, "TestAuth") => "before the call, shortly",
        (LAMBDA_INVOKE, "Transform") => "expressions",
        (LAMBDA_INVOKE, "EndEvent" | "RecordMissed" | "RecordException") => "record",
        (LAMBDA_INVOKE, "Replay" | "StopReplay") => "batch",
        (LAMBDA_INVOKE, _) => "step",
        ("arn:aws:states:::dynamodb:putItem", "JoinLane" | "KeepPlace") => "put again",
        ("arn:aws:states:::dynamodb:putItem", _) => "put",
        ("arn:aws:states:::dynamodb:deleteItem", _) => "delete",
        ("arn:aws:states:::dynamodb:getItem", _) => "get",
        ("arn:aws:states:::states:startExecution", _) => "start",
        ("arn:aws:states:::aws-sdk:scheduler:createSchedule", _) => "schedule",
        ("arn:aws:states:::sqs:sendMessage", "QueueInLane") => "send once",
        ("arn:aws:states:::sqs:sendMessage", _) => "send",
        ("arn:aws:states:::events:putEvents", _) => "publish",
        (resource, state) => panic!("{state}: {resource} has no policy"),
    }
}

#[test]
fn every_retry_is_one_of_the_policies() {
    for (file, state, mut task) in tasks("") {
        let resource = task["Resource"].as_str().unwrap_or_default().to_owned();
        let mut retriers: Vec<Value> = serde_json::from_value(task["Retry"].take()).unwrap_or_default();
        for retrier in &mut retriers {
            assert!(retrier["Comment"].is_string(), "{file}: {state} has a Retry without a comment");
            retrier.as_object_mut().map(|fields| fields.remove("Comment"));
            let mut names = strings(&retrier["ErrorEquals"]);
            names.sort();
            retrier["ErrorEquals"] = json!(names);
        }
        let name = policy_of(&state, &resource);
        assert_eq!(retriers, policy(name), "{file}: {state} should have the policy `{name}`");
    }
}

/// A retrier for these errors. The delay doubles from 1 s to `max_delay` seconds, with full jitter.
fn retrier(names: &[&[&str]], max_attempts: u32, max_delay: u32) -> Value {
    let mut names = names.concat();
    names.sort_unstable();
    json!({
        "ErrorEquals": names, "IntervalSeconds": 1, "MaxAttempts": max_attempts, "BackoffRate": 2,
        "MaxDelaySeconds": max_delay, "JitterStrategy": "FULL",
    })
}

/// A retrier that tries once more.
fn once(name: &str) -> Value {
    json!({"ErrorEquals": [name], "IntervalSeconds": 1, "MaxAttempts": 1})
}

/// A retrier that keeps an expected error from the retriers after it.
fn never(name: &str) -> Value {
    json!({"ErrorEquals": [name], "MaxAttempts": 0})
}
