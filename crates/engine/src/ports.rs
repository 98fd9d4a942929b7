//! What the engine asks of whoever puts the host together.

use futures_util::future::BoxFuture;
use hookstep_asl::TaskError;
use serde_json::Value;

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
