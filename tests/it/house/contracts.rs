//! What binds the parts together: the state machine, the error names, the crates and the numbers.
#![expect(clippy::unwrap_used, reason = "a contract that cannot be read ends the test")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use hookstep_contract::limits::{
    CONFIG_HEADER_BYTES, IDEMPOTENCY_KEY_BYTES, INLINE_BYTES, MAX_PAUSE_SECS, MAX_RETRIES, STATE_DATA_BYTES,
    URL_BYTES,
};
use hookstep_contract::{
    Content, DeliverInput, ErrorName, EventMetadata, Payload, Plan, RequestPlan, Retry, Status, WorkflowInput,
};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::world::process::workspace;

/// The platform's error names that the definition matches. `States.*` are from the Amazon States Language specification;
/// the others are the service's prefix and the exception's name in the AWS SDK for Java, as the Step Functions Developer
/// Guide has them ("Handling errors in Step Functions workflows" and the page of each optimised integration).
const PLATFORM_ERRORS: [&str; 16] = [
    "States.ALL",
    "States.DataLimitExceeded",
    "States.Timeout",
    "Lambda.AWSLambdaException",
    "Lambda.SdkClientException",
    "Lambda.ServiceException",
    "Lambda.TooManyRequestsException",
    "DynamoDB.ConditionalCheckFailedException",
    "DynamoDB.InternalServerErrorException",
    "DynamoDB.ProvisionedThroughputExceededException",
    "DynamoDB.RequestLimitExceededException",
    "DynamoDB.SdkClientException",
    "DynamoDB.ThrottlingException",
    "StepFunctions.AWSStepFunctionsException",
    "StepFunctions.ExecutionAlreadyExistsException",
    "StepFunctions.SdkClientException",
];

/// What the template and the embedded host fill in.
const PLACEHOLDERS: [&str; 10] = [
    "DeliverFunctionArn",
    "EventBus",
    "EventsTable",
    "FetchConfigFunctionArn",
    "HydrateFunctionArn",
    "ReplayFunctionArn",
    "StandardStateMachineArn",
    "TransformFunctionArn",
    "UpdateStatusFunctionArn",
    "Workflow",
];

/// The Lambda functions: a crate each.
const FUNCTIONS: [&str; 9] = [
    "console",
    "deliver",
    "dispatch",
    "fetch-config",
    "hydrate",
    "replay",
    "transform",
    "trigger",
    "update-status",
];

/// Which crate may depend on which part of the AWS SDK. `store` wraps tables and the bucket, `secrets` connections and keys,
/// `executions` starts executions, `aws-local` stands in for all of them and `host` hands their clients on; a function names a client only where its `main` makes it for `store`.
const AWS_SDKS: [(&str, &[&str]); 14] = [
    (
        "aws-local",
        &[
            "aws-sdk-dynamodb",
            "aws-sdk-eventbridge",
            "aws-sdk-kms",
            "aws-sdk-s3",
            "aws-sdk-secretsmanager",
            "aws-sdk-sfn",
        ],
    ),
    ("console", &["aws-sdk-dynamodb", "aws-sdk-eventbridge", "aws-sdk-kms", "aws-sdk-s3", "aws-sdk-sfn"]),
    (
        "deliver",
        &["aws-sdk-dynamodb", "aws-sdk-eventbridge", "aws-sdk-kms", "aws-sdk-s3", "aws-sdk-secretsmanager"],
    ),
    ("dispatch", &["aws-sdk-dynamodb", "aws-sdk-s3", "aws-sdk-sfn"]),
    ("executions", &["aws-sdk-sfn"]),
    ("fetch-config", &["aws-sdk-dynamodb"]),
    ("hydrate", &["aws-sdk-s3"]),
    (
        "host",
        &[
            "aws-sdk-dynamodb",
            "aws-sdk-eventbridge",
            "aws-sdk-kms",
            "aws-sdk-s3",
            "aws-sdk-secretsmanager",
            "aws-sdk-sfn",
        ],
    ),
    ("replay", &["aws-sdk-dynamodb", "aws-sdk-sfn"]),
    ("secrets", &["aws-sdk-eventbridge", "aws-sdk-kms", "aws-sdk-secretsmanager"]),
    ("store", &["aws-sdk-dynamodb", "aws-sdk-s3"]),
    ("transform", &["aws-sdk-dynamodb", "aws-sdk-s3"]),
    ("trigger", &["aws-sdk-dynamodb", "aws-sdk-s3", "aws-sdk-sfn"]),
    ("update-status", &["aws-sdk-dynamodb"]),
];

const LAMBDA_INVOKE: &str = "arn:aws:states:::lambda:invoke";
const MAX_FILE_LINES: usize = 400;
const MAX_MAIN_LINES: usize = 40;

/// What the name of a thing that must not enter the state would hold.
const SECRET_WORDS: [&str; 8] =
    ["secret", "password", "token", "credential", "authorization", "api_key", "apikey", "private"];

#[test]
fn every_error_that_is_matched_is_ours_or_the_platforms() {
    let mut matched = BTreeSet::new();
    visit(&definition(), &mut |key, value| {
        if key == "ErrorEquals" {
            matched.extend(value.as_array().unwrap().iter().map(|name| name.as_str().unwrap().to_owned()));
        }
    });
    for name in &matched {
        let is_ours = ErrorName::ALL.iter().any(|ours| ours.as_str() == name);
        assert!(is_ours || PLATFORM_ERRORS.contains(&name.as_str()), "{name} is nobody's");
    }
    for name in PLATFORM_ERRORS {
        assert!(matched.contains(name), "{name} is matched nowhere");
    }
}

#[test]
fn our_error_names_are_listed_in_full_and_travel_as_they_are_matched() {
    // serde lists the names of all variants when it meets one that is none.
    let told = serde_json::from_str::<ErrorName>("\"?\"").unwrap_err().to_string();
    let listed: Vec<&str> = told.split('`').skip(3).step_by(2).collect();
    assert_eq!(listed, ErrorName::ALL.map(ErrorName::as_str));
    for name in ErrorName::ALL {
        assert_eq!(serde_json::to_value(name).unwrap(), name.as_str());
    }
}

#[test]
fn no_error_name_is_misspelt() {
    let mut files = files("crates", "rs");
    files.extend([workspace().join("statemachine.asl.json"), workspace().join("infra/template.yaml")]);
    for file in files.iter().filter(|file| file.exists()) {
        let text = read(file);
        let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').collect::<BTreeSet<_>>();
        for word in words.into_iter().filter(|word| !ErrorName::ALL.iter().any(|name| name.as_str() == *word))
        {
            let meant = ErrorName::ALL.iter().find(|name| distance(word, name.as_str()) <= 2);
            assert!(meant.is_none(), "{}: is {word} {meant:?}?", file.display());
        }
    }
}

#[test]
fn every_placeholder_is_filled_in() {
    let text = read(&workspace().join("statemachine.asl.json"));
    let found: BTreeSet<&str> = text.split("${").skip(1).filter_map(|rest| rest.split('}').next()).collect();
    assert_eq!(found, BTreeSet::from(PLACEHOLDERS));
    let template = workspace().join("infra/template.yaml");
    if template.exists() {
        let template = read(&template);
        for name in found {
            assert!(template.contains(&format!(" {name}:")), "the template does not fill in {name}");
        }
    }
}

#[test]
fn every_lambda_state_names_its_own_function_and_the_function_is_a_crate() {
    for (name, state) in tasks(LAMBDA_INVOKE) {
        // One crate may have several states: it records attempts and exceptions, or makes an attempt or only its first half.
        let own = match name.as_str() {
            "RecordException" => "UpdateStatus",
            "TestAuth" => "Deliver",
            "StopReplay" => "Replay",
            name => name,
        };
        assert_eq!(state["Arguments"]["FunctionName"], format!("${{{own}FunctionArn}}"), "{name}");
        let main = workspace().join("crates").join(kebab(own)).join("src/main.rs");
        assert!(main.exists() && FUNCTIONS.contains(&kebab(own).as_str()), "{name} has no crate");
    }
}

#[test]
fn every_state_says_what_it_is_for() {
    let definition = definition();
    assert_eq!(definition["QueryLanguage"], "JSONata");
    for (name, state) in states() {
        assert!(state["Comment"].as_str().is_some_and(|comment| comment.len() > 10), "{name} has no comment");
    }
}

#[test]
fn every_task_is_tried_again_with_jitter_and_ends_in_the_record_of_an_exception() {
    for (name, state) in tasks("") {
        assert!(!state["TimeoutSeconds"].is_null(), "{name} may hang for ever");
        let retriers = state["Retry"].as_array().unwrap_or_else(|| panic!("{name} has no Retry"));
        assert!(!retriers.is_empty(), "{name} has no Retry");
        for retrier in retriers {
            assert_eq!(retrier["JitterStrategy"], "FULL", "{name}");
            for field in ["BackoffRate", "MaxAttempts", "IntervalSeconds", "MaxDelaySeconds"] {
                assert!(retrier[field].is_number(), "{name} has a Retry without {field}");
            }
        }
        // The last resort has nothing to fall back on, whoever reads the event of another execution must not mark it, and a
        // test has no event.
        if matches!(name.as_str(), "RecordException" | "ReadEvent" | "TestAuth" | "StopReplay") {
            assert!(state["Catch"].is_null(), "{name}");
            continue;
        }
        let last = match name.as_str() {
            // Many events are no event: what is left of them is the progress.
            "Replay" => "StopReplay",
            // The event has ended, told or not.
            "PublishEvents" => "IsDone",
            _ => "RecordException",
        };
        for caught in ["States.ALL", "States.DataLimitExceeded"] {
            let catcher = state["Catch"].as_array().unwrap().iter().find(|catcher| {
                catcher["ErrorEquals"].as_array().unwrap().iter().any(|error| error == caught)
            });
            let next = catcher.map(|catcher| &catcher["Next"]);
            assert_eq!(next, Some(&json!(last)), "{name} leaves {caught}");
        }
    }
}

#[test]
fn deliver_is_tried_again_only_after_what_comes_before_the_receiver_is_called() {
    let before = ["Lambda.TooManyRequestsException", "Lambda.ServiceException", "StorageUnavailable"];
    for retrier in states()["Deliver"]["Retry"].as_array().unwrap() {
        for error in retrier["ErrorEquals"].as_array().unwrap() {
            assert!(before.contains(&error.as_str().unwrap()), "{error}: the receiver could be called twice");
        }
    }
}

#[test]
fn the_state_has_no_place_for_a_secret() {
    let is_secret = |text: &str| SECRET_WORDS.iter().any(|word| text.to_lowercase().contains(word));
    visit(&definition(), &mut |key, value| {
        let text = value.as_str().filter(|_| key != "Comment").unwrap_or_default();
        assert!(!is_secret(key) && !is_secret(text), "{key}: {text}");
    });
    for module in ["delivery_event", "event", "outcome", "payload", "workflow"] {
        let text = read(&workspace().join(format!("crates/contract/src/{module}.rs")));
        for line in text.lines().map(str::trim).filter(|line| line.starts_with("pub ")) {
            assert!(!is_secret(line.split(':').next().unwrap()), "{module}: {line}");
        }
    }
}

#[test]
fn no_function_depends_on_another_and_contract_on_nothing_of_ours() {
    let dependencies = dependencies();
    for function in FUNCTIONS {
        let others = FUNCTIONS.into_iter().filter(|other| dependencies[function].contains(*other));
        assert_eq!(others.collect::<Vec<_>>(), [""; 0], "{function} depends on another function");
    }
    for name in dependencies.keys() {
        assert!(!dependencies["contract"].contains(name), "contract depends on {name}");
    }
}

#[test]
fn each_crate_has_only_its_part_of_the_aws_sdk() {
    let allowed = BTreeMap::from(AWS_SDKS);
    let is_product = |name: &str| !["bench", "integration"].contains(&name);
    for (name, dependencies) in dependencies().iter().filter(|(name, _)| is_product(name)) {
        let allowed = allowed.get(name.as_str()).copied().unwrap_or_default();
        let sdks: Vec<_> = dependencies.iter().filter(|name| name.starts_with("aws-sdk-")).collect();
        assert_eq!(sdks, allowed, "{name}");
    }
}

#[test]
fn a_function_names_an_aws_client_only_in_its_main() {
    for function in FUNCTIONS {
        for file in files(&format!("crates/{function}/src"), "rs") {
            // A main of many settings has them in a file of their own.
            let excepted = file.ends_with("src/main.rs") || file.ends_with("src/settings.rs");
            let is_test = file.components().any(|part| part.as_os_str() == "tests");
            assert!(excepted || is_test || !read(&file).contains("aws_sdk_"), "{}", file.display());
        }
    }
}

#[test]
fn files_and_mains_keep_to_their_budgets() {
    for file in files("crates", "rs") {
        let text = read(&file);
        let lines = text.lines().take_while(|line| line.trim() != "#[cfg(test)]").count();
        assert!(lines <= MAX_FILE_LINES, "{} has {lines} lines", file.display());
    }
    for function in FUNCTIONS {
        let lines = read(&workspace().join(format!("crates/{function}/src/main.rs"))).lines().count();
        assert!(lines <= MAX_MAIN_LINES, "the main of {function} has {lines} lines");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(256) })]

    #[test]
    fn the_length_of_a_body_is_the_one_it_has_in_json(bytes in body(), text in any::<String>()) {
        for content in [Content::new(&bytes), Content::Text(text)] {
            let (text, _) = content.clone().into_parts();
            prop_assert_eq!(content.serialised_len(), json_len(&text) - "\"\"".len());
        }
    }

    #[test]
    fn the_largest_inline_body_leaves_room_in_every_state(pattern in body()) {
        let times = INLINE_BYTES / Content::new(&pattern).serialised_len();
        let content = Content::new(&pattern.repeat(times));
        prop_assert!(content.serialised_len() <= INLINE_BYTES);
        let (event, payload) = (largest_event(), Payload::Inline(content));
        let plan = largest_plan();
        let input = WorkflowInput { event: event.clone(), payload: payload.clone() };
        prop_assert!(json_len(&input) < STATE_DATA_BYTES);
        let resume = json!({"resume": {
            "event": event, "payload": payload, "plan": plan, "number": 21, "retry_at": event.created_at,
        }});
        prop_assert!(json_len(&resume) < STATE_DATA_BYTES);
        let input = DeliverInput { event, request: plan.request, payload, number: 21 };
        prop_assert!(json_len(&input) < STATE_DATA_BYTES);
    }
}

/// Any bytes, texts of all scripts, and ASCII with all that must be escaped.
fn body() -> impl Strategy<Value = Vec<u8>> {
    let ascii = proptest::collection::vec(0_u8..128, 1..64);
    prop_oneof![proptest::collection::vec(any::<u8>(), 1..64), ".{1,40}".prop_map(String::into_bytes), ascii]
}

/// The length as Step Functions may count it: it may escape DEL, which `serde_json` does not.
fn json_len(value: &impl serde::Serialize) -> usize {
    let json = serde_json::to_string(value).unwrap();
    json.len() + json.matches('\u{7f}').count() * (r"\u007f".len() - 1)
}

fn largest_event() -> EventMetadata {
    let id = "0190a000-0000-7000-8000-00000000000a";
    // A header that doubles when it is escaped.
    let header = "\"".repeat(IDEMPOTENCY_KEY_BYTES);
    let event = json!({
        "event_id": id, "org_id": "a".repeat(32), "config_id": id, "origin": "api", "mode": "async",
        "created_at": "2026-01-02T03:04:05.678Z", "content_type": header, "size": u64::MAX, "correlation_id": header, "traceparent": "0".repeat(55),
    });
    serde_json::from_value(event).unwrap()
}

fn largest_plan() -> Plan {
    Plan {
        has_payload_rules: true,
        status: Status::InProgress,
        reason: None,
        request: RequestPlan {
            url: "\\".repeat(URL_BYTES),
            method: "DELETE".to_owned(),
            headers: BTreeMap::from([("x".to_owned(), "\"".repeat(CONFIG_HEADER_BYTES))]),
            timeout_seconds: 840,
            revision: u64::MAX,
        },
        retry: Retry { schedule_seconds: vec![MAX_PAUSE_SECS; MAX_RETRIES] },
        long: true,
    }
}

fn definition() -> Value {
    serde_json::from_str(&read(&workspace().join("statemachine.asl.json"))).unwrap()
}

fn states() -> BTreeMap<String, Value> {
    serde_json::from_value(definition()["States"].take()).unwrap()
}

/// The Task states with this resource; with an empty one, all of them.
fn tasks(resource: &str) -> BTreeMap<String, Value> {
    let is_wanted = |state: &Value| resource.is_empty() || state["Resource"] == resource;
    let tasks: BTreeMap<_, _> =
        states().into_iter().filter(|(_, state)| state["Type"] == "Task" && is_wanted(state)).collect();
    assert!(!tasks.is_empty());
    tasks
}

/// Shows every field of every object, however deep.
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

/// `FetchConfig` as `fetch-config`.
fn kebab(name: &str) -> String {
    let words = name.chars().enumerate();
    let parts = words.map(|(at, c)| if at > 0 && c.is_uppercase() { format!("-{c}") } else { c.to_string() });
    parts.collect::<String>().to_lowercase()
}

/// How many letters must change to make one word the other (Levenshtein), whatever their case.
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.bytes().enumerate() {
        let mut above_left = std::mem::replace(&mut row[0], i + 1);
        for (j, y) in b.bytes().enumerate() {
            let least =
                (above_left + usize::from(!x.eq_ignore_ascii_case(&y))).min(row[j] + 1).min(row[j + 1] + 1);
            above_left = std::mem::replace(&mut row[j + 1], least);
        }
    }
    row[b.len()]
}

/// Every package of the workspace with its dependencies, those of tests and builds left out.
fn dependencies() -> BTreeMap<String, BTreeSet<String>> {
    let mut cargo = std::process::Command::new(env!("CARGO"));
    cargo.args(["metadata", "--no-deps", "--offline", "--format-version", "1"]).current_dir(workspace());
    let metadata: Value = serde_json::from_slice(&cargo.output().unwrap().stdout).unwrap();
    // By the folder below `crates`.
    let name = |value: &Value| value["name"].as_str().unwrap().trim_start_matches("hookstep-").to_owned();
    let packages = metadata["packages"].as_array().unwrap().iter();
    let dependencies = |package: &Value| {
        let all = package["dependencies"].as_array().unwrap().iter();
        all.filter(|dependency| dependency["kind"].is_null()).map(name).collect()
    };
    packages.map(|package| (name(package), dependencies(package))).collect()
}

/// Every file below a folder of the workspace with this extension.
fn files(folder: &str, extension: &str) -> Vec<PathBuf> {
    let (mut folders, mut files) = (vec![workspace().join(folder)], Vec::new());
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { folders.push(path) } else { files.push(path) }
        }
    }
    files.retain(|file| file.extension().is_some_and(|of| of == extension));
    files
}

fn read(file: &Path) -> String {
    std::fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}
