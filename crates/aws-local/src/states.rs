//! The local Step Functions API: the operations that the product uses, and those that read executions back.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use hookstep_storage::{Beside, Priority};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::oneshot;

use crate::trace;
use crate::transport::JsonService;
use crate::wire::{Answer, Reply, ServiceError, read, seconds, without_nulls};

/// Starts, stops and finds executions for the API.
pub trait ExecutionBackend: Send + Sync + 'static {
    /// Writes a new execution to disk and starts it.
    fn start(&self, request: StartRequest) -> BoxFuture<'_, Result<StartedExecution, ServiceError>>;

    /// Writes new executions to disk, all or none, and starts them.
    fn start_all(&self, request: StartAllRequest) -> BoxFuture<'_, Result<(), ServiceError>>;

    /// Starts an execution and waits for its end.
    fn run(&self, request: StartRequest) -> BoxFuture<'_, Result<SyncResult, ServiceError>>;

    /// Stops an execution if it is running. Returns the time in milliseconds since 1970.
    fn stop<'a>(&'a self, arn: &'a str) -> BoxFuture<'a, Result<i64, ServiceError>>;

    /// Finds the execution with this ARN.
    fn find<'a>(&'a self, arn: &'a str) -> BoxFuture<'a, Result<Option<ExecutionRecord>, ServiceError>>;
}

/// An execution to start.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StartRequest {
    /// The state machine's ARN.
    pub state_machine_arn: String,
    /// The execution's name, if the caller provides one.
    pub name: Option<String>,
    /// The execution's input, as JSON.
    pub input: Option<String>,
    /// Whether the execution belongs to work that was accepted. That of a request from outside does not.
    #[serde(skip)]
    pub priority: Priority,
    /// What is to be written together with the execution.
    #[serde(skip)]
    pub beside: Option<Beside>,
    /// Whom to tell that the execution is on the disk, before its end.
    #[serde(skip)]
    pub accepted: Option<oneshot::Sender<()>>,
}

/// Several executions of one state machine to start, all or none.
#[derive(Debug)]
pub struct StartAllRequest {
    /// The state machine's ARN.
    pub state_machine_arn: String,
    /// The name and the input of each, as JSON.
    pub executions: Vec<(String, String)>,
    /// Whether they belong to work that was accepted.
    pub priority: Priority,
    /// What is to be written together with them.
    pub beside: Vec<Beside>,
}

/// A started execution.
#[derive(Clone, Debug)]
pub struct StartedExecution {
    /// The execution's ARN.
    pub arn: String,
    /// When it was started, in milliseconds since 1970.
    pub started_at: i64,
}

/// The result of a sync execution. Times are in milliseconds since 1970.
#[derive(Clone, Debug)]
pub struct SyncResult {
    /// The execution's ARN.
    pub arn: String,
    /// When the execution was started.
    pub started_at: i64,
    /// `SUCCEEDED` or `FAILED`.
    pub status: &'static str,
    /// When the execution ended.
    pub stopped_at: i64,
    /// The output, as JSON.
    pub output: Option<String>,
    /// The name of the error that ended it.
    pub error: Option<String>,
    /// The cause of that error.
    pub cause: Option<String>,
}

/// An execution as read back. Times are in milliseconds since 1970.
#[derive(Clone, Debug)]
pub struct ExecutionRecord {
    /// The execution's ARN.
    pub arn: String,
    /// The execution's name.
    pub name: String,
    /// The ARN of the state machine; `None` if the host no longer has that machine.
    pub state_machine_arn: Option<String>,
    /// `RUNNING`, `SUCCEEDED`, `FAILED` or `ABORTED`.
    pub status: &'static str,
    /// The input, as JSON.
    pub input: String,
    /// When the execution was started.
    pub started_at: i64,
    /// When the execution ended.
    pub stopped_at: Option<i64>,
    /// The output, as JSON.
    pub output: Option<String>,
    /// The name of the error that ended it.
    pub error: Option<String>,
    /// The cause of that error.
    pub cause: Option<String>,
    /// The history, one JSON object per line.
    pub history: String,
}

/// The Step Functions API.
#[derive(Clone)]
pub struct States(Arc<dyn ExecutionBackend>);

impl fmt::Debug for States {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("States")
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ExecutionRequest {
    execution_arn: String,
}

impl States {
    /// Creates the API for these executions.
    pub fn new(executions: impl ExecutionBackend) -> Self {
        Self(Arc::new(executions))
    }

    /// Starts an execution for another service of this host.
    pub(crate) async fn begin(&self, request: StartRequest) -> Result<StartedExecution, ServiceError> {
        self.0.start(request).await
    }

    /// Starts an execution for a function of this host, as `StartExecution` does.
    ///
    /// # Errors
    /// Step Functions' own.
    pub async fn started(&self, request: StartRequest) -> Result<StartedExecution, ServiceError> {
        traced("StartExecution", self.0.start(request).await)
    }

    /// Starts several executions for a function of this host, all or none. Step Functions has no such operation.
    ///
    /// # Errors
    /// Those of `StartExecution`.
    pub async fn started_all(&self, request: StartAllRequest) -> Result<(), ServiceError> {
        traced("StartExecution", self.0.start_all(request).await)
    }

    /// Starts an execution for a function of this host and waits for its end, as `StartSyncExecution` does.
    ///
    /// # Errors
    /// Step Functions' own.
    pub async fn ran(&self, request: StartRequest) -> Result<SyncResult, ServiceError> {
        traced("StartSyncExecution", self.0.run(request).await)
    }

    /// Stops an execution for a function of this host, as `StopExecution` does.
    ///
    /// # Errors
    /// Step Functions' own.
    pub async fn stopped(&self, arn: &str) -> Result<(), ServiceError> {
        let missing = || ServiceError::new("ExecutionDoesNotExist", format!("there is no execution {arn}"));
        let stop = async {
            self.0.find(arn).await?.ok_or_else(missing)?;
            self.0.stop(arn).await.map(drop)
        };
        traced("StopExecution", stop.await)
    }

    async fn start(&self, request: &[u8]) -> Answer {
        let started = self.begin(read(request)?).await?;
        Ok(json!({"executionArn": started.arn, "startDate": seconds(started.started_at)}))
    }

    async fn start_sync(&self, request: &[u8]) -> Answer {
        let ended = self.0.run(read(request)?).await?;
        Ok(without_nulls(json!({
            "executionArn": ended.arn, "startDate": seconds(ended.started_at),
            "stopDate": seconds(ended.stopped_at), "status": ended.status,
            "output": ended.output, "error": ended.error, "cause": ended.cause,
        })))
    }

    async fn stop(&self, request: &[u8]) -> Answer {
        // As on AWS, stopping an execution that has already ended is not an error.
        let execution = self.find(request).await?;
        let stopped_at = self.0.stop(&execution.arn).await?;
        Ok(json!({"stopDate": seconds(stopped_at)}))
    }

    async fn describe(&self, request: &[u8]) -> Answer {
        let execution = self.find(request).await?;
        Ok(without_nulls(json!({
            "executionArn": execution.arn, "name": execution.name, "status": execution.status,
            "input": execution.input, "startDate": seconds(execution.started_at),
            "stopDate": execution.stopped_at.map(seconds), "output": execution.output,
            "error": execution.error, "cause": execution.cause,
            "stateMachineArn": execution.state_machine_arn,
        })))
    }

    async fn history(&self, request: &[u8]) -> Answer {
        let execution = self.find(request).await?;
        let lines = execution.history.lines().enumerate();
        let events: Vec<Value> = lines.map(|(index, line)| history_event(index, line)).collect();
        Ok(json!({"events": events}))
    }

    async fn find(&self, request: &[u8]) -> Result<ExecutionRecord, ServiceError> {
        let ExecutionRequest { execution_arn: arn } = read(request)?;
        let missing = || ServiceError::new("ExecutionDoesNotExist", format!("there is no execution {arn}"));
        self.0.find(&arn).await?.ok_or_else(missing)
    }
}

impl JsonService for States {
    async fn call(&self, operation: &str, request: Bytes) -> Reply {
        let answer = match operation {
            "StartExecution" => self.start(&request).await,
            "StartSyncExecution" => self.start_sync(&request).await,
            "StopExecution" => self.stop(&request).await,
            "DescribeExecution" => self.describe(&request).await,
            "GetExecutionHistory" => self.history(&request).await,
            _ => Err(ServiceError::unsupported("InvalidAction", operation)),
        };
        trace::service("states", operation, answer.into())
    }
}

fn traced<T>(operation: &str, answer: Result<T, ServiceError>) -> Result<T, ServiceError> {
    trace::answered("states", operation, if answer.is_ok() { 200 } else { 400 });
    answer
}

/// Converts one line of the history to AWS's form, with the details in a field named after the event's type.
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
