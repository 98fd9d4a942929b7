//! The Step Functions API of this host, as far as the product uses it and its executions can be read back.

use std::sync::{Arc, OnceLock};

use hookstep_contract::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::engine::{Engine, Running, StartError};
use crate::journal::{Ended, Row};
use crate::wire::{Answer, Reply, read, seconds, without_nulls};

/// The Step Functions API. The engine is set once it is there: its functions reach it through this.
#[derive(Clone, Debug, Default)]
pub(crate) struct States(Arc<OnceLock<Arc<Engine>>>);

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct StartRequest {
    state_machine_arn: String,
    name: Option<String>,
    input: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ExecutionRequest {
    execution_arn: String,
}

impl States {
    /// Gives the API its engine.
    pub(crate) fn set(&self, engine: Arc<Engine>) {
        let _ = self.0.set(engine);
    }

    /// The engine, once it is there.
    pub(crate) fn engine(&self) -> Option<&Arc<Engine>> {
        self.0.get()
    }

    /// Runs one operation (`StartExecution`, …) of the service's JSON protocol.
    pub(crate) async fn call(&self, operation: &str, request: &[u8]) -> Reply {
        let answer = match (self.0.get(), operation) {
            (Some(engine), "StartExecution") => start(engine, request).await,
            (Some(engine), "StartSyncExecution") => start_sync(engine, request).await,
            (Some(engine), "StopExecution") => stop(engine, request).await,
            (Some(engine), "DescribeExecution") => describe(engine, request).await,
            (Some(engine), "GetExecutionHistory") => history(engine, request).await,
            _ => Err(("InvalidAction", format!("the embedded host does not do {operation}"))),
        };
        answer.into()
    }
}

async fn begin(engine: &Arc<Engine>, request: &[u8]) -> Result<Running, (&'static str, String)> {
    let request: StartRequest = read(request)?;
    let name = request.name.unwrap_or_else(|| (engine.sources.new_id)().to_string());
    let input = request.input.unwrap_or_else(|| "{}".to_owned());
    engine.start(&request.state_machine_arn, &name, input).await.map_err(|error| {
        let name = match error {
            StartError::StateMachineDoesNotExist => "StateMachineDoesNotExist",
            StartError::ExecutionAlreadyExists => "ExecutionAlreadyExists",
            StartError::InvalidExecutionInput => "InvalidExecutionInput",
            StartError::SdkClientException => "InternalServerError",
        };
        (name, error.to_string())
    })
}

async fn start(engine: &Arc<Engine>, request: &[u8]) -> Answer {
    let running = begin(engine, request).await?;
    Ok(json!({"executionArn": running.arn, "startDate": running.started_at}))
}

async fn start_sync(engine: &Arc<Engine>, request: &[u8]) -> Answer {
    let running = begin(engine, request).await?;
    let Ended { status, output, error, cause, stopped_at, .. } =
        running.end.await.map_err(|_| ("InternalServerError", "the execution was given up".to_owned()))?;
    Ok(without_nulls(json!({
        "executionArn": running.arn, "startDate": running.started_at, "stopDate": seconds(stopped_at),
        "status": status, "output": output, "error": error, "cause": cause,
    })))
}

async fn stop(engine: &Arc<Engine>, request: &[u8]) -> Answer {
    // One that has ended is stopped again without a word, as on AWS.
    let row = find(engine, request).await?;
    match engine.abort(&row.arn).await {
        Some(_) => Ok(json!({"stopDate": seconds(Timestamp::new((engine.sources.clock)()).unix_millis())})),
        None => Err(("InternalServerError", "the stop could not be written down".to_owned())),
    }
}

async fn describe(engine: &Arc<Engine>, request: &[u8]) -> Answer {
    let row = find(engine, request).await?;
    Ok(without_nulls(json!({
        "executionArn": row.arn, "name": row.name, "status": row.status, "input": row.input,
        "startDate": seconds(row.started_at), "stopDate": row.stopped_at.map(seconds),
        "output": row.output, "error": row.error, "cause": row.cause,
        "stateMachineArn": crate::machines::Kind::by_name(&row.machine).map(|kind| kind.arn()),
    })))
}

async fn history(engine: &Arc<Engine>, request: &[u8]) -> Answer {
    let row = find(engine, request).await?;
    let lines = row.history.unwrap_or_default();
    let events: Vec<Value> =
        lines.lines().enumerate().map(|(index, line)| history_event(index, line)).collect();
    Ok(json!({"events": events}))
}

/// One line of our history in the form of AWS: its details under a name made from its type.
fn history_event(index: usize, line: &str) -> Value {
    let event: Value = serde_json::from_str(line).unwrap_or_default();
    let kind = event["type"].as_str().unwrap_or_default();
    let details = match kind {
        kind if kind.ends_with("StateEntered") => "stateEnteredEventDetails".to_owned(),
        kind if kind.ends_with("StateExited") => "stateExitedEventDetails".to_owned(),
        kind => format!(
            "{}{}EventDetails",
            kind[..1.min(kind.len())].to_lowercase(),
            kind.get(1..).unwrap_or_default()
        ),
    };
    let at = event["timestamp"].as_str().and_then(|text| {
        time::OffsetDateTime::parse(text, &time::format_description::well_known::Rfc3339).ok()
    });
    let mut shown = json!({
        "id": index + 1, "previousEventId": index, "type": kind,
        "timestamp": at.map(|at| seconds(hookstep_contract::Timestamp::new(at).unix_millis())),
    });
    shown[details] = without_nulls(json!({
        "name": event["state"], "resource": event["resource"], "input": event["input"],
        "parameters": event["parameters"], "output": event["output"], "error": event["error"], "cause": event["cause"],
    }));
    shown
}

async fn find(engine: &Arc<Engine>, request: &[u8]) -> Result<Row, (&'static str, String)> {
    let request: ExecutionRequest = read(request)?;
    let missing = || ("ExecutionDoesNotExist", format!("there is no execution {}", request.execution_arn));
    engine.journal.read(&request.execution_arn).await.ok_or_else(missing)
}
