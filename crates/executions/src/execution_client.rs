//! The Step Functions calls that all machines share.

use std::time::Duration;

use aws_sdk_sfn::Client;
use aws_sdk_sfn::error::SdkError;
use aws_sdk_sfn::types::SyncExecutionStatus;
use hookstep_ambient::OnDemand;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::WorkflowError;

/// A Step Functions client, created when the first execution is started.
#[derive(Clone, Debug)]
pub struct ExecutionClient(OnDemand<Client>);

/// The result of waiting for an execution.
#[derive(Debug)]
pub enum Run<T> {
    /// The execution ended with this output.
    Ended(T),
    /// The execution did not end in time, and continues.
    StillRunning,
}

impl ExecutionClient {
    /// `client` is called once, for the first execution.
    pub fn new(client: impl FnOnce() -> Client + Send + 'static) -> Self {
        Self(OnDemand::new(client))
    }

    /// Starts an execution. On a standard machine, reusing a name starts nothing and is not an error.
    pub(crate) async fn start(
        &self,
        machine_arn: &str,
        name: String,
        input: &impl Serialize,
    ) -> Result<(), WorkflowError> {
        let input = serde_json::to_string(input)?;
        let request = self.0.start_execution().state_machine_arn(machine_arn).name(name).input(input);
        match request.send().await {
            Ok(_) => Ok(()),
            Err(SdkError::ServiceError(e)) if e.err().is_execution_already_exists() => Ok(()),
            Err(error) => Err(WorkflowError::NotStarted(error.into())),
        }
    }

    /// Starts an execution of an express machine and waits up to `timeout` for its end.
    pub(crate) async fn run<T: DeserializeOwned>(
        &self,
        machine_arn: &str,
        name: String,
        input: &impl Serialize,
        timeout: Duration,
    ) -> Result<Run<T>, WorkflowError> {
        let input = serde_json::to_string(input)?;
        let request = self.0.start_sync_execution().state_machine_arn(machine_arn).name(&name).input(input);
        // The execution does not depend on the caller: dropping the request leaves it running.
        let Ok(ended) = tokio::time::timeout(timeout, request.send()).await else {
            return Ok(Run::StillRunning);
        };
        let ended = ended.map_err(|error| match error {
            SdkError::ServiceError(_) | SdkError::ConstructionFailure(_) => {
                WorkflowError::NotStarted(error.into())
            }
            error => WorkflowError::Lost(error.into()),
        })?;
        if ended.status != SyncExecutionStatus::Succeeded {
            return Err(WorkflowError::Failed { name, error: ended.error().unwrap_or_default().to_owned() });
        }
        Ok(Run::Ended(serde_json::from_str(ended.output().unwrap_or_default())?))
    }

    /// Stops an execution. It is not an error if the execution does not exist or has already ended.
    pub(crate) async fn stop(&self, execution_arn: String, cause: &str) -> Result<(), WorkflowError> {
        match self.0.stop_execution().execution_arn(execution_arn).cause(cause).send().await {
            Ok(_) => Ok(()),
            Err(SdkError::ServiceError(e)) if e.err().is_execution_does_not_exist() => Ok(()),
            Err(error) => Err(WorkflowError::NotStopped(error.into())),
        }
    }
}
