//! What the engine asks of whoever puts the host together.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use hookstep_asl::{Checkpoint, TaskError};
use serde_json::Value;

/// What the engine is given.
#[derive(Clone)]
pub struct Ports {
    /// The functions that tasks invoke.
    pub functions: Arc<dyn Functions>,
    /// The services that tasks call.
    pub services: Arc<dyn Services>,
    /// Where failures are recorded that the engine itself has found.
    pub failure_routes: Arc<dyn FailureRoutes>,
}

/// The Lambda functions that tasks invoke.
pub trait Functions: Send + Sync + 'static {
    /// Invokes the function of this ARN.
    fn invoke<'a>(&'a self, arn: &'a str, payload: Value) -> BoxFuture<'a, Result<Value, TaskError>>;
}

/// The services that tasks call without a function in between.
pub trait Services: Send + Sync + 'static {
    /// Runs one operation. Request and answer are those of the service's JSON protocol.
    fn call(&self, operation: Operation, request: Value) -> BoxFuture<'_, Result<Value, ServiceFailure>>;
}

/// An operation that a task may call directly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// DynamoDB's `PutItem`.
    PutItem,
    /// DynamoDB's `GetItem`.
    GetItem,
    /// EventBridge's `PutEvents`.
    PutEvents,
}

/// An error that a service answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceFailure {
    /// Its name in the service's model, `ResourceNotFoundException` for instance; empty when there is none.
    pub name: String,
    /// The sentence that goes with it.
    pub message: String,
}

/// Where the failure of an execution is recorded that cannot be restored after a wait or a restart.
pub trait FailureRoutes: Send + Sync + 'static {
    /// The state to go on in, which records the failure; `None` when the remains do not tell what the execution was about.
    fn route(&self, remains: &Remains, error: &TaskError) -> Option<FailureRoute>;
}

/// What can be read of an execution that cannot be restored.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Remains {
    /// The name of its state machine.
    pub machine: Option<String>,
    /// Its input.
    pub input: Option<Value>,
    /// Where it stood.
    pub checkpoint: Option<Value>,
}

/// Where an execution goes on.
#[derive(Clone, Debug, PartialEq)]
pub struct FailureRoute {
    /// The name of the state machine.
    pub machine: &'static str,
    /// The state, its input, and the variables.
    pub checkpoint: Checkpoint,
}
