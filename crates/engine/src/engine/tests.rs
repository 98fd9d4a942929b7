//! Executions from start to end across a restart, including damage to the journal in between.

mod fairness;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use hookstep_ambient::Sources;
use hookstep_asl::{Checkpoint, Json, TaskError};
use hookstep_storage::{Settings, Storage};
use serde_json::json;
use tempfile::TempDir;
use tokio::sync::Semaphore;

use super::*;
use crate::admission::PLACES;
use crate::journal::{ExecutionRow, ExecutionStatus, SCHEMA};
use crate::ports::{
    FailureRoute, FailureRoutes, Functions, Histories, Operation, Remains, ServiceFailure, Services, Share,
    Shares,
};
use crate::{Start, StateMachine, StateMachines, executions};

const DEFINITION: &str = r#"{
    "QueryLanguage": "JSONata", "StartAt": "Work", "States": {
        "Work": {
            "Type": "Task", "Resource": "arn:aws:states:::lambda:invoke",
            "Arguments": {"FunctionName": "work", "Payload": "{% $states.input %}"},
            "Assign": {"thing": "{% $states.context.Execution.Input.thing %}"},
            "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "RecordFailure"}], "Next": "Pause"
        },
        "Pause": {"Type": "Wait", "Seconds": "{% $states.context.Execution.Input.pause %}", "Next": "Put"},
        "Put": {
            "Type": "Task", "Resource": "arn:aws:states:::dynamodb:putItem", "Arguments": {"TableName": "t", "Item": {}},
            "Next": "Done"
        },
        "Done": {"Type": "Succeed"},
        "RecordFailure": {
            "Type": "Task", "Resource": "arn:aws:states:::lambda:invoke",
            "Arguments": {"FunctionName": "record", "Payload": "{% $thing & ': ' & $states.input %}"}, "Next": "Failed"
        },
        "Failed": {"Type": "Fail", "Error": "Recorded"}
    }
}"#;

/// Fake ports that record the engine's calls.
#[derive(Clone)]
struct Outside {
    seen: Arc<Mutex<Vec<String>>>,
    /// Lets calls for the org `hog` return.
    gate: Arc<Semaphore>,
    /// Whether services panic, as the interpreter may.
    panics: bool,
}

impl Outside {
    fn new() -> Self {
        Self { seen: Arc::default(), gate: Arc::new(Semaphore::new(0)), panics: true }
    }

    fn seen(&self) -> Vec<String> {
        self.seen.lock().unwrap().clone()
    }
}

impl Functions for Outside {
    fn invoke<'a>(&'a self, arn: &'a str, payload: Json) -> BoxFuture<'a, Result<Json, TaskError>> {
        self.seen.lock().unwrap().push(format!("{arn} {payload}"));
        let hangs = payload.get("org").and_then(Json::as_str) == Some("hog");
        async move {
            if hangs {
                drop(self.gate.acquire().await.unwrap());
            }
            Ok(json!({}).into())
        }
        .boxed()
    }
}

impl Services for Outside {
    fn call(&self, _: Operation, _: Json) -> BoxFuture<'_, Result<Json, ServiceFailure>> {
        let panics = self.panics;
        async move {
            assert!(!panics, "a service that panics");
            Ok(json!({}).into())
        }
        .boxed()
    }
}

impl FailureRoutes for Outside {
    fn route(&self, remains: &Remains, error: &TaskError) -> Option<FailureRoute> {
        let thing = remains.input.as_ref()?.get("thing")?.clone();
        let variables = [("thing".to_owned(), thing.into())].into();
        let input = error.error.clone().into();
        let checkpoint = Checkpoint { state: "RecordFailure".to_owned(), input, variables };
        Some(FailureRoute { machine: "express", checkpoint })
    }
}

impl Shares for Outside {
    fn share(&self, machine: &str, input: &Json) -> Share {
        let org = input.get("org").and_then(Json::as_str).unwrap_or(machine);
        Share { org: org.into(), webhook: "".into(), receiver: None }
    }

    fn waits(&self, _: &str) -> bool {
        true
    }
}

/// A data directory whose engine is opened repeatedly.
struct Place {
    dir: TempDir,
    outside: Outside,
}

impl Place {
    fn new() -> Self {
        Self { dir: TempDir::new().unwrap(), outside: Outside::new() }
    }

    fn file(&self) -> PathBuf {
        self.dir.path().join("test.sqlite")
    }

    fn journal(&self) -> Journal {
        let settings =
            Settings { schema: vec![SCHEMA], floor_bytes: 0, reserve_bytes: 0, ..Settings::new(self.file()) };
        Journal::new(Storage::open(settings).unwrap())
    }

    async fn open(&self) -> Result<(Engine, Executions), JournalError> {
        self.open_on(self.journal()).await
    }

    async fn open_on(&self, journal: Journal) -> Result<(Engine, Executions), JournalError> {
        let load = |name, kind| StateMachine::load(name, kind, DEFINITION, &BTreeMap::new()).unwrap();
        let machines = StateMachines::new([
            load("express", MachineKind::Express),
            load("standard", MachineKind::Standard),
        ]);
        let (executions, starts) = executions(journal, machines, Sources::system());
        let outside = Arc::new(self.outside.clone());
        let ports = Ports {
            functions: outside.clone(),
            services: outside.clone(),
            failure_routes: outside.clone(),
            shares: outside,
            faults: None,
            histories: Histories::Failed,
        };
        Ok((Engine::start(executions.clone(), starts, ports).await?, executions))
    }

    /// Leaves a standard execution waiting for an hour, with the engine stopped.
    async fn with_a_sleeper(&self) -> String {
        let (engine, executions) = self.open().await.unwrap();
        let input = json!({"thing": "a delivery", "pause": 3600}).to_string();
        let machine = StateMachine::arn_of("standard");
        let start = Start { name: Some("sleeper".to_owned()), ..Start::new(input) };
        let running = executions.start(&machine, start).await.unwrap();
        until(async || !sleepers(&executions).await.is_empty()).await;
        engine.stop().await;
        running.arn
    }

    fn execute(&self, sql: &str) {
        let connection = rusqlite::Connection::open(self.file()).unwrap();
        connection.execute_batch(sql).unwrap();
    }

    /// Whether this process has a file in the directory open.
    fn is_open(&self) -> bool {
        let files = std::fs::read_dir("/proc/self/fd").unwrap();
        let mut paths = files.filter_map(|file| std::fs::read_link(file.unwrap().path()).ok());
        paths.any(|path| path.starts_with(self.dir.path()))
    }
}

async fn until(is_so: impl AsyncFn() -> bool) {
    for _ in 0..3000 {
        if is_so().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("not within 30 seconds");
}

async fn sleepers(executions: &Executions) -> Vec<Waiting> {
    executions.journal.waiting(0, i64::MAX).await.unwrap()
}

async fn is_all_ended(executions: &Executions) -> bool {
    executions.journal.awake().await.unwrap().is_empty() && sleepers(executions).await.is_empty()
}

async fn ended(executions: &Executions, arn: &str) -> ExecutionRow {
    until(async || is_all_ended(executions).await).await;
    executions.find(arn).await.unwrap().unwrap()
}

#[tokio::test]
async fn an_execution_that_cannot_be_restored_goes_on_where_its_failure_is_recorded() {
    for damage in [
        "checkpoint = '{\"state\": \"Put\"'",
        "checkpoint = x'00'",
        "machine = 'machine of old'",
        "started_at = 'yesterday'",
        "started_at = 9223372036854775807",
    ] {
        let place = Place::new();
        let arn = place.with_a_sleeper().await;
        place.execute(&format!("UPDATE executions SET wake_at = 0, {damage}"));
        let (engine, executions) = place.open().await.unwrap();
        until(async || place.outside.seen().len() == 2).await;
        assert_eq!(place.outside.seen()[1], r#"record "a delivery: ExecutionNotRestored""#, "{damage}");
        engine.stop().await;
        assert!(is_all_ended(&executions).await, "{damage}");
        let row = executions.find(&arn).await.unwrap().unwrap();
        assert_eq!((row.status, row.error.as_deref()), (ExecutionStatus::Failed, Some("Recorded")));
        assert_eq!((row.machine.as_str(), row.name.as_str()), ("express", "sleeper"), "{damage}");
        assert!(row.history.unwrap().contains("RecordFailure"), "{damage}");
    }
}

#[tokio::test]
async fn an_execution_of_which_nothing_can_be_told_is_marked_failed() {
    let place = Place::new();
    let arn = place.with_a_sleeper().await;
    place.execute("UPDATE executions SET wake_at = 0, input = 'no JSON'");
    let (_engine, executions) = place.open().await.unwrap();
    let row = ended(&executions, &arn).await;
    assert_eq!((row.status, row.error.as_deref()), (ExecutionStatus::Failed, Some("ExecutionNotRestored")));
    let cause = "the execution's input is not as it was written, at line 1, column 2";
    assert_eq!(row.cause.as_deref(), Some(cause));
    assert!(row.history.unwrap().contains("WaitStateEntered"), "the history stays");
    assert_eq!(place.outside.seen().len(), 1, "no failure is recorded");
}

#[tokio::test]
async fn an_execution_whose_interpreter_panics_goes_on_where_its_failure_is_recorded() {
    for machine in ["express", "standard"] {
        let place = Place::new();
        let (_engine, executions) = place.open().await.unwrap();
        let input = json!({"thing": "a delivery", "pause": 0}).to_string();
        let running = executions.start(&StateMachine::arn_of(machine), Start::new(input)).await.unwrap();
        let row = ended(&executions, &running.arn).await;
        assert_eq!((row.status, row.error.as_deref()), (ExecutionStatus::Failed, Some("Recorded")));
        assert_eq!(place.outside.seen()[1], r#"record "a delivery: ExecutionNotRestored""#);
    }
}

#[tokio::test]
async fn an_express_execution_that_waits_while_nobody_waits_for_it_holds_no_place() {
    let place = Place::new();
    let (_engine, executions) = place.open().await.unwrap();
    let machine = StateMachine::arn_of("express");
    let input = json!({"thing": "a delivery", "pause": 3600}).to_string();
    let count = PLACES + 1;
    for _ in 0..count {
        drop(executions.start(&machine, Start::new(input.clone())).await.unwrap());
    }
    until(async || place.outside.seen().len() == count).await;
    until(async || sleepers(&executions).await.len() == count).await;
}

#[tokio::test]
async fn an_engine_does_not_start_without_its_journal() {
    let place = Place::new();
    place.with_a_sleeper().await;
    let journal = place.journal();
    place.execute("ALTER TABLE executions RENAME COLUMN wake_at TO awake");
    let Err(error) = place.open_on(journal).await else { panic!("it starts") };
    let text = hookstep_contract::error_chain(&error).to_string();
    assert_eq!(text.split(':').next(), Some("cannot read which executions have not ended"));
}

#[tokio::test]
async fn an_engine_that_is_dropped_lets_go_of_the_journal() {
    let place = Place::new();
    place.with_a_sleeper().await;
    until(async || !place.is_open()).await;
    let (engine, executions) = place.open().await.unwrap();
    assert!(place.is_open());
    drop(executions);
    drop(engine);
    until(async || !place.is_open()).await;
}

#[tokio::test]
async fn a_stop_leaves_what_waits_and_a_start_takes_it_up() {
    let place = Place::new();
    let arn = place.with_a_sleeper().await;
    let (engine, executions) = place.open().await.unwrap();
    let row = executions.find(&arn).await.unwrap().unwrap();
    assert_eq!(row.status, ExecutionStatus::Running);
    assert_eq!(executions.stop(&arn).await.unwrap(), crate::StopOutcome::Stopped);
    assert_eq!(executions.stop(&arn).await.unwrap(), crate::StopOutcome::NotRunning);
    engine.stop().await;
    assert_eq!(place.outside.seen().len(), 1, "what was done is not done again");
}

#[tokio::test]
async fn more_executions_than_there_are_places_are_all_resumed() {
    let place = Place::new();
    drop(place.open().await.unwrap());
    let count = 2 * PLACES + 1;
    place.execute(&format!(
        r#"WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {count})
           INSERT INTO executions (arn, machine, name, status, input, started_at, wake_at)
           SELECT n, 'express', n, 'RUNNING', '{{"thing": "a delivery", "pause": 3600}}', 1, iif(n % 2, NULL, 1)
           FROM numbers"#
    ));
    let (_engine, executions) = place.open().await.unwrap();
    let waiting = async || executions.journal.waiting(2, i64::MAX).await.unwrap().len();
    until(async || waiting().await == count).await;
    assert_eq!(place.outside.seen().len(), count, "each is resumed once");
}
