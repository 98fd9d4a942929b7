//! The engine's ports, which the host implements.

use std::fmt;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use hookstep_asl::{Checkpoint, Json, TaskError};
use serde_json::Value;
use time::OffsetDateTime;

/// The ports given to the engine.
#[derive(Clone)]
pub struct Ports {
    /// The Lambda functions that tasks invoke.
    pub functions: Arc<dyn Functions>,
    /// The AWS services that tasks call directly.
    pub services: Arc<dyn Services>,
    /// Tells between whom places are shared.
    pub shares: Arc<dyn Shares>,
    /// Records failures that the engine itself has detected.
    pub failure_routes: Arc<dyn FailureRoutes>,
    /// Faults that tests plan; `None` in production.
    pub faults: Option<Arc<dyn TaskFaults>>,
    /// Which histories are kept.
    pub histories: Histories,
}

/// Of which executions the journal keeps the history. Those that fail always have theirs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Histories {
    /// Of express executions that fail, and of standard executions, which write theirs with every checkpoint.
    #[default]
    Failed,
    /// Of all executions.
    Full,
}

/// Decides how tasks fail, as a throttled function or a refused call would on AWS.
pub trait TaskFaults: fmt::Debug + Send + Sync {
    /// The error of a task that fails before it is run; `None` lets it run. `resource` is the state's `Resource`.
    fn fail(&self, resource: &str, arguments: &Value) -> Option<TaskError>;

    /// Runs a task. Whoever implements this may also let it fail after it was run, run it late, twice, or not at all.
    ///
    /// # Errors
    /// The planned one, or the task's.
    fn run<'a>(
        &'a self,
        resource: &'a str,
        arguments: Json,
        task: &'a RunTask<'a>,
    ) -> BoxFuture<'a, Result<Json, TaskError>> {
        match self.fail(resource, &arguments.to_value()) {
            Some(error) => Box::pin(std::future::ready(Err(error))),
            None => task(arguments),
        }
    }

    /// Returns when an express execution with this input ends, whatever it does, that has run `since` then, as on AWS after five minutes;
    /// `None` if it may run on.
    fn cut_off<'a>(&'a self, _input: &'a Json, _since: OffsetDateTime) -> Option<BoxFuture<'a, ()>> {
        None
    }
}

/// Runs a task with these arguments.
pub type RunTask<'a> = dyn Fn(Json) -> BoxFuture<'a, Result<Json, TaskError>> + Send + Sync + 'a;

/// The Lambda functions that tasks invoke.
pub trait Functions: Send + Sync + 'static {
    /// Invokes the function with this ARN.
    fn invoke<'a>(&'a self, arn: &'a str, payload: Json) -> BoxFuture<'a, Result<Json, TaskError>>;
}

/// Tells between whom the places of executions are shared.
pub trait Shares: Send + Sync + 'static {
    /// Whose share an execution of this machine with this input takes its place from.
    fn share(&self, machine: &str, input: &Json) -> Share;

    /// Whether the function with this ARN spends its time waiting for somebody outside of the host.
    fn waits(&self, function: &str) -> bool;
}

/// Whose share a place is taken from.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Share {
    /// The org.
    pub org: Arc<str>,
    /// The webhook, or what else the places of the org are shared between.
    pub webhook: Arc<str>,
    /// The address that the execution will call, if that is known. All who call it have a common share as well.
    pub receiver: Option<Arc<str>>,
}

/// The AWS services that tasks call directly, without a function.
pub trait Services: Send + Sync + 'static {
    /// Runs one operation. Request and response are in the service's JSON protocol.
    fn call(&self, operation: Operation, request: Json) -> BoxFuture<'_, Result<Json, ServiceFailure>>;
}

/// A service operation that a task may call directly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// DynamoDB's `PutItem`.
    PutItem,
    /// DynamoDB's `GetItem`.
    GetItem,
    /// DynamoDB's `DeleteItem`.
    DeleteItem,
    /// EventBridge's `PutEvents`.
    PutEvents,
    /// EventBridge Scheduler's `CreateSchedule`.
    CreateSchedule,
    /// SQS's `SendMessage`.
    SendMessage,
}

/// An error response of a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceFailure {
    /// The error's name in the service's model, such as
    /// `ResourceNotFoundException`; empty if the response has none.
    pub name: String,
    /// The error message.
    pub message: String,
}

/// Decides where to record the failure of an execution that cannot be restored after a wait or a restart.
pub trait FailureRoutes: Send + Sync + 'static {
    /// The state to continue in, which records the failure; `None`
    /// if the remains do not show what the execution was for.
    fn route(&self, remains: &Remains, error: &TaskError) -> Option<FailureRoute>;
}

/// The readable parts of an execution that cannot be restored.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Remains {
    /// The name of the execution's state machine.
    pub machine: Option<String>,
    /// The execution's input.
    pub input: Option<Value>,
    /// The execution's last checkpoint.
    pub checkpoint: Option<Value>,
}

/// Where a failed execution continues.
#[derive(Clone, Debug, PartialEq)]
pub struct FailureRoute {
    /// The name of the state machine.
    pub machine: &'static str,
    /// The state, the state's input and the variables.
    pub checkpoint: Checkpoint,
}
