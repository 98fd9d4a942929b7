//! Which events the host receives, in which order, and what it needs to continue after a restart.

use std::collections::BTreeMap;

use hookstep_asl::{Checkpoint, DATA_LIMIT_BYTES, Event, Json, Machine, Progress, within_data_limit};
use serde_json::{Value, json};
use time::macros::datetime;

use crate::support::{self, Call, RESOURCE, Script};

fn kinds(host: &Script) -> Vec<String> {
    host.events()
        .iter()
        .map(|event| format!("{:?} {}", event.kind, event.state.as_deref().unwrap_or("-")))
        .collect()
}

fn failing(error: &str) -> Call {
    Call { error: Some(error.to_owned()), cause: "c".to_owned(), ..Call::default() }
}

#[tokio::test(start_paused = true)]
async fn every_step_is_recorded_in_order() {
    let machine = support::load(&json!({
        "QueryLanguage": "JSONata",
        "StartAt": "T",
        "States": {
            "T": {
                "Type": "Task", "Resource": RESOURCE, "Arguments": {"a": 1}, "TimeoutSeconds": 5,
                "Retry": [{"ErrorEquals": ["E", "States.Timeout"]}], "Next": "C"
            },
            "C": {"Type": "Choice", "Choices": [{"Condition": "{% false %}", "Next": "F"}], "Default": "W"},
            "W": {"Type": "Wait", "Seconds": 3, "Next": "P"},
            "P": {"Type": "Pass", "Output": [], "Next": "S"},
            "S": {"Type": "Succeed"},
            "F": {"Type": "Fail"}
        }
    }));
    let slow = Call { after_seconds: 6, ..Call::default() };
    let host = Script::new(vec![failing("E"), slow, Call { result: json!("r"), ..Call::default() }], 0.5);
    assert_eq!(support::finish(&machine, json!({"in": 1}), &host).await, Ok(json!([])));
    let expected = [
        "TaskStateEntered T",
        "TaskScheduled T",
        "TaskFailed T",
        "TaskScheduled T",
        "TaskTimedOut T",
        "TaskScheduled T",
        "TaskSucceeded T",
        "TaskStateExited T",
        "ChoiceStateEntered C",
        "ChoiceStateExited C",
        "WaitStateEntered W",
        "WaitStateExited W",
        "PassStateEntered P",
        "PassStateExited P",
        "SucceedStateEntered S",
        "SucceedStateExited S",
        "ExecutionSucceeded -",
    ];
    assert_eq!(kinds(&host), expected);
    let events = serde_json::to_value(host.events()).unwrap();
    assert_eq!(
        events[0],
        json!({"timestamp": "2026-01-01T00:00:00Z", "type": "TaskStateEntered", "state": "T", "input": "{\"in\":1}"})
    );
    assert_eq!(events[1]["resource"], RESOURCE);
    assert_eq!(events[1]["parameters"], "{\"a\":1}");
    assert_eq!((&events[2]["error"], &events[2]["cause"]), (&json!("E"), &json!("c")));
    assert_eq!(events[4]["error"], "States.Timeout");
    assert_eq!(events[6]["output"], "\"r\"");
    assert_eq!(events[16]["output"], "[]");
}

#[tokio::test(start_paused = true)]
async fn a_failed_evaluation_is_recorded() {
    let machine = support::load(&json!({
        "QueryLanguage": "JSONata",
        "StartAt": "A",
        "States": {"A": {"Type": "Pass", "Output": "{% $states.input.x %}", "End": true}}
    }));
    let host = Script::new(vec![], 0.5);
    support::finish(&machine, json!({}), &host).await.unwrap_err();
    assert_eq!(kinds(&host), ["PassStateEntered A", "EvaluationFailed A", "ExecutionFailed -"]);
}

#[tokio::test(start_paused = true)]
async fn a_wait_hands_back_the_checkpoint_behind_it() {
    let machine = support::load(&json!({
        "QueryLanguage": "JSONata",
        "StartAt": "A",
        "States": {
            "A": {"Type": "Wait", "Timestamp": "2026-01-03T00:00:00Z", "Assign": {"v": "{% $states.input %}"}, "Output": 2, "Next": "B"},
            "B": {"Type": "Succeed", "Output": "{% $v %}"}
        }
    }));
    let host = Script::new(vec![], 0.5);
    let execution = support::execution(json!(1));
    let progress = machine.run(&execution, machine.start(json!(1)), &host).await;
    let variables = BTreeMap::from([("v".to_owned(), json!(1).into())]);
    let resume = Checkpoint { state: "B".to_owned(), input: json!(2).into(), variables };
    assert_eq!(progress, Progress::Waiting { until: datetime!(2026-01-03 0:00 UTC), resume: resume.clone() });
    let exited = host.events().pop().unwrap();
    assert_eq!(exited.timestamp, datetime!(2026-01-03 0:00 UTC));
    assert_eq!(machine.run(&execution, resume, &host).await, Progress::Succeeded(json!(1).into()));
}

#[tokio::test(start_paused = true)]
async fn a_checkpoint_of_another_definition_fails_the_execution() {
    let machine = support::load(&json!({
        "QueryLanguage": "JSONata", "StartAt": "A", "States": {"A": {"Type": "Succeed"}}
    }));
    let host = Script::new(vec![], 0.5);
    let from = Checkpoint { state: "Gone".to_owned(), input: Json::Null, variables: BTreeMap::new() };
    let Progress::Failed(error) = machine.run(&support::execution(Value::Null), from, &host).await else {
        panic!("the state does not exist");
    };
    assert_eq!(error.error, "States.Runtime");
    assert!(error.cause.contains("'Gone'"), "{}", error.cause);
}

#[tokio::test(start_paused = true)]
async fn a_run_can_be_spawned() {
    let definition = json!({
        "QueryLanguage": "JSONata",
        "StartAt": "A",
        "States": {"A": {"Type": "Task", "Resource": RESOURCE, "Arguments": "{% $states.input %}", "End": true}}
    });
    let run = async move {
        let machine = support::load(&definition);
        support::finish(&machine, json!(1), &Script::new(vec![Call::default()], 0.5)).await
    };
    assert_eq!(tokio::spawn(run).await.unwrap(), Ok(Value::Null));
}

#[test]
fn a_machine_is_shared_between_threads() {
    fn shared<T: Send + Sync>() {}
    shared::<Machine>();
}

#[test]
fn the_start_is_told_by_the_caller() {
    let started = serde_json::to_value(Event::execution_started(&support::execution(json!([1])))).unwrap();
    assert_eq!(
        started,
        json!({"timestamp": "2026-01-01T00:00:00Z", "type": "ExecutionStarted", "input": "[1]"})
    );
}

#[test]
fn the_limit_counts_the_quotes() {
    assert!(within_data_limit(&Json::from("x".repeat(DATA_LIMIT_BYTES - 2))));
    assert!(!within_data_limit(&Json::from("x".repeat(DATA_LIMIT_BYTES - 1))));
}
