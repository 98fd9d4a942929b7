//! The definitions, run by the interpreter with scripted functions, for situations that cannot be provoked
//! from outside.
#![expect(clippy::unwrap_used, reason = "a definition that cannot be run fails the test")]

use std::collections::BTreeMap;
use std::sync::Mutex;

use hookstep_asl::{Checkpoint, Event, Execution, Host, Json, Machine, Progress, TaskError};
use hookstep_contract::{DeliverCall, FetchConfigInput, UpdateStatusInput};
use hookstep_engine::{LAMBDA_INVOKE, RESOURCES};
use serde_json::{Value, json};
use time::OffsetDateTime;

use super::definitions::{DELIVERY, REPLAY, placeholders, text};

const ID: &str = "0190a000-0000-7000-8000-00000000000b";

/// The functions' responses, by placeholder; functions without an entry return an empty object.
type Answers = BTreeMap<&'static str, Result<Value, TaskError>>;

#[test]
fn an_execution_never_fails_with_a_name_that_is_reserved_for_the_platform() {
    let event = json!({"event": {"event_id": ID}, "payload": {"inline": {"text": "{}"}}});
    let replay = json!({"org_id": "acme", "config_id": ID, "replay_id": ID});
    for (file, first, input) in
        [(DELIVERY, "FetchConfigFunctionArn", event), (REPLAY, "ReplayFunctionArn", replay)]
    {
        for (caught, shown) in [
            ("States.Timeout", "Platform.Timeout"),
            ("States.DataLimitExceeded", "Platform.DataLimitExceeded"),
            ("States.QueryEvaluationError", "Platform.QueryEvaluationError"),
            ("Lambda.Unknown", "Lambda.Unknown"),
            ("InvalidInput", "InvalidInput"),
        ] {
            let machine = FakeHost::failing_once(first, caught);
            // The fault cannot be recorded, either.
            let refused = TaskError::new("AccessDenied", "as told");
            machine.answers.lock().unwrap().insert("UpdateStatusFunctionArn", Err(refused));
            let ended = run(file, &machine, |loaded| loaded.start(input.clone()));
            let expected = TaskError::new(shown, "as told");
            assert_eq!(ended, Progress::Failed(expected), "{file}: {caught}");
        }
    }
}

#[test]
fn an_input_that_nobody_knows_fails_by_name() {
    for input in [json!({}), json!({"replay": {}}), json!({"test_auth": {}})] {
        let machine = FakeHost::default();
        let ended = run(DELIVERY, &machine, |loaded| loaded.start(input.clone()));
        let Progress::Failed(error) = ended else { panic!("{input}: {ended:?}") };
        assert_eq!(error.error, "UnknownInput", "{input}");
        assert!(machine.calls().is_empty(), "{input}");
    }
}

/// An execution that was waiting for its next attempt when the host stopped, as in a journal of version 0.1.
/// The states after the wait have changed since then; their input has not.
#[test]
fn a_delivery_that_an_earlier_version_put_to_sleep_goes_on() {
    let attempt = json!({
        "number": 2, "started_at": "2026-01-02T03:04:10.678Z", "duration_ms": 5, "outcome": "succeeded", "status_code": 200,
    });
    let plan = |url: &str| {
        let request =
            json!({"url": url, "method": "POST", "headers": {}, "timeout_seconds": 30, "revision": 2});
        json!({"status": "in_progress", "long": false, "retry": {"schedule_seconds": [5, 300]}, "request": request})
    };
    let machine = FakeHost::answering([
        ("FetchConfigFunctionArn", Ok(json!({"plan": plan("https://example.com/new")}))),
        ("DeliverFunctionArn", Ok(json!({"attempt": attempt}))),
        ("UpdateStatusFunctionArn", Ok(json!({"status": "succeeded"}))),
    ]);
    let awake = |state: &str| if state == "Start" { handed_over() } else { asleep(state) };
    for (state, url) in [
        ("Start", "https://example.com/new"),
        ("WaitBeforeRetry", "https://example.com/new"),
        ("IsDeliverable", "https://example.com/"),
    ] {
        let ended = run(DELIVERY, &machine, |_| awake(state));
        assert_eq!(ended, Progress::Succeeded(json!({"status": "succeeded"}).into()), "{state}");
        let mut calls = machine.calls();
        let (update_status, deliver) = (calls.pop().unwrap(), calls.pop().unwrap());
        for call in calls {
            let call: FetchConfigInput = serde_json::from_value(call).unwrap();
            assert!(call.refresh && call.payload.is_none(), "{state}: the plan alone is read anew");
        }
        let DeliverCall::Attempt(call) = serde_json::from_value(deliver).unwrap() else {
            panic!("{state}: no attempt was made")
        };
        assert_eq!((call.number, call.request.url.as_str()), (2, url), "{state}");
        let recorded: UpdateStatusInput = serde_json::from_value(update_status).unwrap();
        assert!(matches!(recorded, UpdateStatusInput::Attempt { .. }), "{recorded:?}");
    }
}

#[test]
fn a_plan_of_another_revision_is_made_anew_until_the_change_takes_too_long() {
    let event = json!({"event": {"event_id": ID}, "payload": {"inline": {"text": "{}"}}});
    let plan = json!({"plan": {"status": "in_progress", "long": false, "retry": {}, "request": {"timeout_seconds": 30}}});
    let answers = || {
        [
            ("FetchConfigFunctionArn", Ok(json!({"plan": plan["plan"], "record": {}}))),
            ("DeliverFunctionArn", Ok(json!({"attempt": {"number": 1}}))),
            ("UpdateStatusFunctionArn", Ok(json!({"status": "succeeded"}))),
        ]
    };
    let numbers = |machine: &FakeHost| -> Vec<Value> {
        machine
            .calls()
            .iter()
            .filter(|call| call["request"].is_object())
            .map(|call| call["number"].clone())
            .collect()
    };
    let changed = TaskError::new("PlanOutdated", "as told");
    let once = FakeHost {
        failing: Mutex::new(Some(("DeliverFunctionArn", changed.clone()))),
        ..FakeHost::answering(answers())
    };
    let ended = run(DELIVERY, &once, |loaded| loaded.start(event.clone()));
    assert_eq!(ended, Progress::Succeeded(json!({"status": "succeeded"}).into()));
    assert_eq!(numbers(&once), [1, 1], "no attempt is used up");

    let always = FakeHost::answering(answers());
    always.answers.lock().unwrap().insert("DeliverFunctionArn", Err(changed));
    run(DELIVERY, &always, |loaded| loaded.start(event.clone()));
    assert_eq!(numbers(&always).len(), 13);
    let missed = always.calls().pop().unwrap();
    assert_eq!((&missed["kind"], &missed["exception"]["Error"]), (&json!("missed"), &json!("PlanOutdated")));
}

/// The input of a hand-over as version 0.1 recorded it, with a plan.
fn handed_over() -> Checkpoint {
    let mut variables = serde_json::to_value(asleep("WaitBeforeRetry")).unwrap()["variables"].take();
    variables["number"] = variables["attempt_number"].take();
    variables.as_object_mut().unwrap().remove("attempt_number");
    let checkpoint = json!({"state": "Start", "input": {"resume": variables}, "variables": {}});
    serde_json::from_value(checkpoint).unwrap()
}

/// Recorded from a host of version 0.1.
fn asleep(state: &str) -> Checkpoint {
    let checkpoint = json!({"state": state, "input": {}, "variables": {
        "event": {
            "event_id": ID, "org_id": "acme", "config_id": "0190a000-0000-7000-8000-00000000000a", "origin": "api",
            "mode": "async", "created_at": "2026-01-02T03:04:05.678Z", "content_type": "application/json", "size": 2,
        },
        "payload": {"inline": {"text": "{}"}},
        "plan": {
            "status": "in_progress", "long": false, "retry": {"schedule_seconds": [5, 300]}, "request": {
                "url": "https://example.com/", "method": "POST", "headers": {}, "timeout_seconds": 30, "revision": 1,
            },
        },
        "attempt_number": 2,
        "retry_at": "2026-01-02T03:04:10.000Z",
    }});
    serde_json::from_value(checkpoint).unwrap()
}

/// Runs an express execution from the given state to its end.
fn run(file: &str, host: &FakeHost, from: impl FnOnce(&Machine) -> Checkpoint) -> Progress {
    let named = |name: String| (name.clone(), if name == "Workflow" { "express".to_owned() } else { name });
    let substitutions = placeholders(file).into_iter().map(named).collect();
    let machine = Machine::load(&text(file), &substitutions, &RESOURCES).unwrap();
    let from = from(&machine);
    let execution = Execution {
        id: "arn:aws:states:local:000000000000:express:hookstep-express:test".to_owned(),
        name: "test".to_owned(),
        input: from.input.clone(),
        start_time: host.now(),
        machine_id: "arn:aws:states:local:000000000000:stateMachine:hookstep-express".to_owned(),
        machine_name: "hookstep-express".to_owned(),
    };
    host.calls.lock().unwrap().clear();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let mut progress = runtime.block_on(machine.run(&execution, from, host));
    // The clock stands still, so a wait for some seconds would not end.
    while let Progress::Waiting { resume, .. } = progress {
        progress = runtime.block_on(machine.run(&execution, resume, host));
    }
    progress
}

/// Functions with scripted responses, and a clock that is past every wait.
#[derive(Default)]
struct FakeHost {
    answers: Mutex<Answers>,
    /// The function whose first call fails, and the failure.
    failing: Mutex<Option<(&'static str, TaskError)>>,
    calls: Mutex<Vec<Value>>,
}

impl FakeHost {
    fn answering<const N: usize>(answers: [(&'static str, Result<Value, TaskError>); N]) -> Self {
        Self { answers: Mutex::new(BTreeMap::from(answers)), ..Self::default() }
    }

    fn failing_once(function: &'static str, error: &str) -> Self {
        Self { failing: Mutex::new(Some((function, TaskError::new(error, "as told")))), ..Self::default() }
    }

    /// The inputs of the function calls.
    fn calls(&self) -> Vec<Value> {
        self.calls.lock().unwrap().clone()
    }
}

impl Host for FakeHost {
    async fn call(&self, resource: &str, arguments: Json) -> Result<Json, TaskError> {
        if resource != LAMBDA_INVOKE {
            return Ok(json!({}).into());
        }
        let mut arguments = arguments.to_value();
        let function = arguments["FunctionName"].as_str().unwrap().to_owned();
        self.calls.lock().unwrap().push(arguments["Payload"].take());
        let failing = self.failing.lock().unwrap().take_if(|(failing, _)| *failing == function);
        if let Some((_, error)) = failing {
            return Err(error);
        }
        let answer = self.answers.lock().unwrap().get(function.as_str()).cloned();
        Ok(json!({"Payload": answer.unwrap_or_else(|| Ok(json!({})))?}).into())
    }

    fn now(&self) -> OffsetDateTime {
        OffsetDateTime::from_unix_timestamp(4_000_000_000).unwrap()
    }

    fn random(&self) -> f64 {
        0.0
    }

    fn record(&self, _: Event) {}
}
