//! A scripted host: fixed results for each call, a clock that follows tokio's, and constant random numbers.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Mutex;
use std::time::Duration;

use hookstep_asl::{Checkpoint, Event, Execution, Host, Json, Machine, Progress, TaskError};
use serde::Deserialize;
use serde_json::Value;
use time::OffsetDateTime;
use time::macros::datetime;
use tokio::time::Instant;

pub(crate) const RESOURCE: &str = "arn:aws:states:::lambda:invoke";
pub(crate) const START: OffsetDateTime = datetime!(2026-01-01 0:00 UTC);

/// The expected arguments and the result of one task call.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Call {
    pub(crate) arguments: Option<Value>,
    #[serde(default)]
    pub(crate) result: Value,
    pub(crate) error: Option<String>,
    #[serde(default)]
    pub(crate) cause: String,
    #[serde(default)]
    pub(crate) after_seconds: u64,
}

pub(crate) struct Script {
    started: Instant,
    random: f64,
    pub(crate) calls: Mutex<VecDeque<Call>>,
    pub(crate) events: Mutex<Vec<Event>>,
    pub(crate) checkpoints: Mutex<Vec<Checkpoint>>,
}

impl Script {
    pub(crate) fn new(calls: Vec<Call>, random: f64) -> Script {
        Script {
            started: Instant::now(),
            random,
            calls: Mutex::new(calls.into()),
            events: Mutex::default(),
            checkpoints: Mutex::default(),
        }
    }

    pub(crate) fn events(&self) -> Vec<Event> {
        self.events.lock().unwrap().clone()
    }

    /// The states entered, in order.
    pub(crate) fn visited(&self) -> Vec<String> {
        self.checkpoints.lock().unwrap().iter().map(|at| at.state.clone()).collect()
    }
}

impl Host for Script {
    async fn call(&self, resource: &str, arguments: Json) -> Result<Json, TaskError> {
        assert_eq!(resource, RESOURCE);
        let call = self.calls.lock().unwrap().pop_front().expect("no call is left in the script");
        if let Some(expected) = call.arguments {
            assert_eq!(arguments.to_value(), expected, "arguments");
        }
        tokio::time::sleep(Duration::from_secs(call.after_seconds)).await;
        match call.error {
            Some(error) => Err(TaskError::new(error, call.cause)),
            None => Ok(call.result.into()),
        }
    }

    fn now(&self) -> OffsetDateTime {
        START + self.started.elapsed()
    }

    fn random(&self) -> f64 {
        self.random
    }

    fn record(&self, event: Event) {
        self.events.lock().unwrap().push(event);
    }

    fn entered(&self, at: &Checkpoint) {
        self.checkpoints.lock().unwrap().push(at.clone());
    }
}

pub(crate) fn load(definition: &Value) -> Machine {
    Machine::load(&definition.to_string(), &BTreeMap::new(), &[RESOURCE]).unwrap()
}

pub(crate) fn execution(input: Value) -> Execution {
    Execution {
        id: "arn:aws:states:local:000000000000:execution:machine:run".to_owned(),
        name: "run".to_owned(),
        input: input.into(),
        start_time: START,
        machine_id: "arn:aws:states:local:000000000000:stateMachine:machine".to_owned(),
        machine_name: "machine".to_owned(),
    }
}

/// Runs to the end through all waits. Each checkpoint at a wait is serialised and read back, as in a restart.
pub(crate) async fn finish(machine: &Machine, input: Value, host: &Script) -> Result<Value, TaskError> {
    let execution = execution(input.clone());
    let mut from = machine.start(input);
    loop {
        match machine.run(&execution, from, host).await {
            Progress::Succeeded(output) => return Ok(output.to_value()),
            Progress::Failed(error) => return Err(error),
            Progress::Waiting { until, resume } => {
                tokio::time::sleep((until - host.now()).unsigned_abs()).await;
                from = serde_json::from_str(&serde_json::to_string(&resume).unwrap()).unwrap();
            }
        }
    }
}
