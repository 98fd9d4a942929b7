//! The retry policies of the state machines: every `Retry` must equal one of these.

use hookstep_engine::LAMBDA_INVOKE;
use serde_json::{Value, json};

use super::definitions::{strings, tasks};

/// Lambda errors raised before the function runs.
const BEFORE_IT_RUNS: [&str; 8] = [
    "Lambda.ServiceException",
    "Lambda.TooManyRequestsException",
    "Lambda.ResourceNotReadyException",
    "Lambda.ResourceConflictException",
    "Lambda.EC2ThrottledException",
    "Lambda.EC2UnexpectedException",
    "Lambda.ENILimitReachedException",
    "Lambda.SubnetIPAddressLimitReachedException",
];

/// Lambda errors after which the function may have run.
const PERHAPS_AFTER_IT_RAN: [&str; 3] =
    ["Lambda.AWSLambdaException", "Lambda.SdkClientException", "Lambda.ClientExecutionTimeoutException"];

/// Transient errors of our own steps.
const STORAGE: &str = "StorageUnavailable";
const WORKFLOW: &str = "WorkflowUnavailable";
const SANDBOX: &str = "SandboxUnavailable";

const DYNAMODB: [&str; 5] = [
    "DynamoDB.InternalServerErrorException",
    "DynamoDB.ProvisionedThroughputExceededException",
    "DynamoDB.RequestLimitExceededException",
    "DynamoDB.ThrottlingException",
    "DynamoDB.SdkClientException",
];

/// The policies by name; each lists the retriers of one `Retry`.
fn policy(name: &str) -> Vec<Value> {
    let any_of_lambda = [&BEFORE_IT_RUNS[..], &PERHAPS_AFTER_IT_RAN].concat();
    match name {
        // A step that can safely be repeated.
        "step" => vec![retrier(&[&any_of_lambda, &[STORAGE]], 5)],
        // The same, for a step whose expressions share their sandbox with other webhooks.
        "expressions" => {
            vec![retrier(&[&any_of_lambda, &[STORAGE]], 5), retrier(&[&[SANDBOX, "States.Timeout"]], 20)]
        }
        // A record that must be written.
        "record" => vec![retrier(&[&any_of_lambda, &[STORAGE]], 10)],
        // A batch of executions that must be started, or the record that they will not be.
        "batch" => vec![retrier(&[&any_of_lambda, &[STORAGE, WORKFLOW]], 10)],
        // A receiver must not be called twice for one attempt.
        "before the call" => vec![retrier(&[&BEFORE_IT_RUNS, &[STORAGE]], 5)],
        // The same, while a user waits.
        "before the call, shortly" => vec![retrier(&[&BEFORE_IT_RUNS, &[STORAGE]], 2)],
        "table" => vec![retrier(&[&DYNAMODB], 5)],
        "start" => vec![retrier(
            &[&["StepFunctions.SdkClientException", "StepFunctions.AWSStepFunctionsException"]],
            5,
        )],
        "whatever it is" => vec![retrier(&[&["States.ALL"]], 3)],
        name => panic!("there is no policy {name}"),
    }
}

/// The policy of each task.
fn policy_of(state: &str, resource: &str) -> &'static str {
    match (resource, state) {
        (LAMBDA_INVOKE, "Deliver") => "before the call",
        (LAMBDA_INVOKE, "TestAuth") => "before the call, shortly",
        (LAMBDA_INVOKE, "Transform") => "expressions",
        (LAMBDA_INVOKE, "UpdateStatus" | "EndEvent" | "RecordException") => "record",
        (LAMBDA_INVOKE, "Replay" | "StopReplay") => "batch",
        (LAMBDA_INVOKE, _) => "step",
        ("arn:aws:states:::dynamodb:putItem" | "arn:aws:states:::dynamodb:getItem", _) => "table",
        ("arn:aws:states:::states:startExecution", _) => "start",
        ("arn:aws:states:::events:putEvents", _) => "whatever it is",
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

/// A retrier for these errors. The delay doubles from 1 s to 20 s, with full jitter.
fn retrier(names: &[&[&str]], max_attempts: u32) -> Value {
    let mut names = names.concat();
    names.sort_unstable();
    json!({
        "ErrorEquals": names, "IntervalSeconds": 1, "MaxAttempts": max_attempts, "BackoffRate": 2,
        "MaxDelaySeconds": 20, "JitterStrategy": "FULL",
    })
}
