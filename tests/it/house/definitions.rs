//! The state machine definitions: rules for all of them, and their consistency with the template and the
//! crates.
#![expect(clippy::unwrap_used, reason = "a definition that cannot be read fails the test")]

use std::collections::{BTreeMap, BTreeSet};

use hookstep_contract::ErrorName;
use hookstep_engine::LAMBDA_INVOKE;
use serde_json::{Value, json};

use crate::world::process::workspace;

pub(super) const DELIVERY: &str = "statemachine.asl.json";
pub(super) const REPLAY: &str = "replay.asl.json";
pub(super) const TEST_AUTH: &str = "test-auth.asl.json";

/// All definitions.
pub(super) const ALL: [&str; 3] = [DELIVERY, REPLAY, TEST_AUTH];

/// The platform's error names in the definitions. `States.*` are from the Amazon States Language
/// specification. The others combine the service's prefix with the exception's name in the AWS SDK for Java,
/// as documented in the Step Functions Developer Guide ("Handling errors in Step Functions workflows" and the
/// page of each optimised integration). Lambda's exceptions are those of its `Invoke` API.
const PLATFORM_ERRORS: [&str; 22] = [
    "States.ALL",
    "States.DataLimitExceeded",
    "States.Timeout",
    "Lambda.AWSLambdaException",
    "Lambda.ClientExecutionTimeoutException",
    "Lambda.EC2AccessDeniedException",
    "Lambda.EC2ThrottledException",
    "Lambda.EC2UnexpectedException",
    "Lambda.ENILimitReachedException",
    "Lambda.KMSAccessDeniedException",
    "Lambda.KMSDisabledException",
    "Lambda.KMSInvalidStateException",
    "Lambda.KMSNotFoundException",
    "Lambda.ResourceConflictException",
    "Lambda.ResourceNotReadyException",
    "Lambda.SdkClientException",
    "Lambda.ServiceException",
    "Lambda.SubnetIPAddressLimitReachedException",
    "Lambda.TooManyRequestsException",
    "DynamoDB.ConditionalCheckFailedException",
    "Scheduler.ConflictException",
    "StepFunctions.ExecutionAlreadyExistsException",
];

/// Words in the names of data that must not enter the state.
pub(super) const SECRET_WORDS: [&str; 8] =
    ["secret", "password", "token", "credential", "authorization", "api_key", "apikey", "private"];

#[test]
fn every_error_that_is_matched_is_ours_or_the_platforms() {
    let mut matched = BTreeSet::new();
    for file in ALL {
        visit(&definition(file), &mut |key, value| {
            if key == "ErrorEquals" {
                matched.extend(strings(value));
            }
        });
    }
    for name in &matched {
        let is_ours = ErrorName::ALL.iter().any(|ours| ours.as_str() == name);
        assert!(is_ours || PLATFORM_ERRORS.contains(&name.as_str()), "{name} is an unknown error name");
    }
    for name in PLATFORM_ERRORS {
        assert!(matched.contains(name), "no definition matches {name}");
    }
}

#[test]
fn each_machine_of_the_template_fills_in_the_placeholders_of_its_definition() {
    let template = std::fs::read_to_string(workspace().join("infra/template.yaml")).unwrap();
    let mut deployed = Vec::new();
    for machine in template.split("      DefinitionUri: ../").skip(1) {
        let (file, machine) = machine.split_once('\n').unwrap();
        let given = machine.lines().skip(1).take_while(|line| line.starts_with("        "));
        let given: BTreeSet<String> =
            given.map(|line| line.trim().split(':').next().unwrap().to_owned()).collect();
        assert_eq!(given, placeholders(file), "{file}");
        deployed.push(file);
    }
    assert_eq!(deployed, [DELIVERY, DELIVERY, REPLAY, TEST_AUTH]);
}

#[test]
fn every_lambda_state_names_its_own_function_and_the_function_is_a_crate() {
    for (file, name, state) in tasks(LAMBDA_INVOKE) {
        // A function may implement several states.
        let own = match name.as_str() {
            "RefreshPlan" => "FetchConfig",
            "RecordMissed" | "EndEvent" | "RecordException" => "UpdateStatus",
            "TestAuth" => "Deliver",
            "StopReplay" => "Replay",
            name => name,
        };
        assert_eq!(state["Arguments"]["FunctionName"], format!("${{{own}FunctionArn}}"), "{file}: {name}");
        let main = workspace().join("crates").join(kebab(own)).join("src/main.rs");
        assert!(main.exists(), "{file}: {name} has no crate");
    }
}

#[test]
fn every_state_says_what_it_is_for() {
    for file in ALL {
        assert_eq!(definition(file)["QueryLanguage"], "JSONata");
        for (name, state) in states(file) {
            let is_explained = state["Comment"].as_str().is_some_and(|comment| comment.len() > 10);
            assert!(is_explained, "{file}: {name} has no comment");
        }
    }
}

#[test]
fn every_task_ends_and_what_it_cannot_do_is_recorded() {
    for (file, name, state) in tasks("") {
        assert!(!state["TimeoutSeconds"].is_null(), "{file}: {name} has no timeout");
        let last = match name.as_str() {
            // The test of credentials has no event.
            "StopReplay" | "TestAuth" => None,
            // A bulk replay has no event of its own.
            "Replay" => Some("StopReplay"),
            // The event has ended, whether or not publishing succeeds.
            "PublishEvents" => Some("RouteAfterAttempt"),
            // The event belongs to another execution.
            "ReadEvent" => Some("HandedOver"),
            // Nothing is decided by what is noted of a lane.
            "JoinLane" => Some("HasLane"),
            "LeaveLane" => Some("WasDelivered"),
            // The note that the event waits is deleted first.
            "QueueInLane" | "QueueDelivery" => Some("LeaveLane"),
            "KeepPlace" => Some("PlaceKept"),
            // What cannot even be recorded goes into a queue.
            "RecordMissed" | "RecordException" => Some("KeepEvent"),
            // The last resort has no other. After a refused schedule or hand-over, the event is recorded as waiting,
            // and is taken up when it is overdue.
            "KeepEvent" | "ScheduleRetry" | "HandOver" => Some("Failed"),
            _ => Some("RecordMissed"),
        };
        for caught in ["States.ALL", "States.DataLimitExceeded"] {
            let catchers = state["Catch"].as_array().into_iter().flatten();
            let catcher = catchers
                .clone()
                .find(|catcher| strings(&catcher["ErrorEquals"]).contains(&caught.to_owned()));
            let next = catcher.map_or(Value::Null, |catcher| catcher["Next"].clone());
            assert_eq!(next, json!(last), "{file}: {name} and {caught}");
        }
    }
}

#[test]
fn the_definitions_have_no_place_for_a_secret() {
    let is_secret = |text: &str| SECRET_WORDS.iter().any(|word| text.to_lowercase().contains(word));
    for file in ALL {
        visit(&definition(file), &mut |key, value| {
            let text = value.as_str().filter(|_| key != "Comment").unwrap_or_default();
            assert!(!is_secret(key) && !is_secret(text), "{file}: {key}: {text}");
        });
    }
}

pub(super) fn text(file: &str) -> String {
    std::fs::read_to_string(workspace().join(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

pub(super) fn definition(file: &str) -> Value {
    serde_json::from_str(&text(file)).unwrap()
}

pub(super) fn states(file: &str) -> BTreeMap<String, Value> {
    serde_json::from_value(definition(file)["States"].take()).unwrap()
}

/// The Task states with this resource, or all Task states if it is empty: definition, name and state.
pub(super) fn tasks(resource: &str) -> Vec<(&'static str, String, Value)> {
    let is_wanted =
        |state: &Value| state["Type"] == "Task" && (resource.is_empty() || state["Resource"] == resource);
    let named = |file| states(file).into_iter().map(move |(name, state)| (file, name, state));
    let tasks: Vec<_> = ALL.into_iter().flat_map(named).filter(|(_, _, state)| is_wanted(state)).collect();
    assert!(!tasks.is_empty());
    tasks
}

/// The names inside `${…}`.
pub(super) fn placeholders(file: &str) -> BTreeSet<String> {
    let text = text(file);
    text.split("${").skip(1).map(|rest| rest.split('}').next().unwrap().to_owned()).collect()
}

pub(super) fn strings(values: &Value) -> Vec<String> {
    values.as_array().unwrap().iter().map(|value| value.as_str().unwrap().to_owned()).collect()
}

/// Visits every field of every object, at any depth.
fn visit(value: &Value, see: &mut impl FnMut(&str, &Value)) {
    match value {
        Value::Object(fields) => fields.iter().for_each(|(key, value)| {
            see(key, value);
            visit(value, see);
        }),
        Value::Array(values) => values.iter().for_each(|value| visit(value, see)),
        _ => {}
    }
}

/// `FetchConfig` → `fetch-config`.
fn kebab(name: &str) -> String {
    let words = name.chars().enumerate();
    let parts = words.map(|(at, c)| if at > 0 && c.is_uppercase() { format!("-{c}") } else { c.to_string() });
    parts.collect::<String>().to_lowercase()
}
