//! The calls of Step Functions that all machines share.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_sfn::Client;
use aws_sdk_sfn::error::SdkError;
use aws_sdk_sfn::types::SyncExecutionStatus;
use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use hookstep_ambient::OnDemand;
use hookstep_contract::{EventMetadata, Publication};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::oneshot;

use crate::WorkflowError;

/// The input of an execution.
#[derive(Clone, Debug)]
pub struct Input<'a> {
    /// The input, as JSON.
    pub json: String,
    /// The accepted body of an event, to which the input refers, if it is to be stored with the start of the execution: only
    /// where [`Executions::stores_bodies`] says so.
    pub body: Option<(&'a EventMetadata, Bytes)>,
}

/// Is told that an execution is accepted, before its end.
pub type Accepted = oneshot::Sender<()>;

/// Runs executions: Step Functions, or the engine of one machine, to which no HTTP request is made.
pub trait Executions: fmt::Debug + Send + Sync {
    /// Whether the body of an event can be stored with the start of its execution, both or neither.
    fn stores_bodies(&self) -> bool {
        false
    }

    /// Starts an execution, and returns once it is accepted. On a standard machine, reusing a name starts nothing and is
    /// not an error.
    fn start(
        &self,
        machine_arn: &str,
        name: String,
        input: Input<'_>,
    ) -> BoxFuture<'_, Result<(), WorkflowError>>;

    /// Whether a publication, its body and the executions of its deliveries can be stored together, all of it or nothing.
    fn stores_publications(&self) -> bool {
        false
    }

    /// Stores a publication with its body, unless that is a claim check, and starts the executions of its deliveries: only where
    /// [`Executions::stores_publications`] says so.
    fn publish<'a>(
        &'a self,
        machine_arn: &'a str,
        publication: &'a Publication,
        body: Option<Bytes>,
    ) -> BoxFuture<'a, Result<(), WorkflowError>> {
        let _ = (machine_arn, publication, body);
        async { Err(WorkflowError::NotStarted("publications are not stored with executions".into())) }.boxed()
    }

    /// Starts an execution of an express machine and returns its output, as JSON, at its end. `accepted` is told once the
    /// execution does not depend on the caller any more: dropping the future then leaves it running. It is dropped where nobody
    /// says so before the end.
    fn run(
        &self,
        machine_arn: &str,
        name: String,
        input: Input<'_>,
        accepted: Accepted,
    ) -> BoxFuture<'_, Result<String, WorkflowError>>;

    /// Stops an execution. It is not an error if the execution does not exist or has already ended.
    fn stop(&self, execution_arn: String, cause: &str) -> BoxFuture<'_, Result<(), WorkflowError>>;
}

/// A client of whatever runs executions.
#[derive(Clone, Debug)]
pub struct ExecutionClient(Arc<dyn Executions>);

/// The result of waiting for an execution.
#[derive(Debug)]
pub enum Run<T> {
    /// The execution ended with this output.
    Ended(T),
    /// The execution did not end in time, and continues.
    StillRunning,
}

impl Input<'_> {
    pub(crate) fn of(input: &impl Serialize) -> Result<Self, WorkflowError> {
        Ok(Self { json: serde_json::to_string(input)?, body: None })
    }
}

impl ExecutionClient {
    /// A client of Step Functions. `client` is called once, for the first execution.
    pub fn new(client: impl FnOnce() -> Client + Send + 'static) -> Self {
        Self::of(StepFunctions(OnDemand::new(client)))
    }

    /// A client of these executions.
    pub fn of(executions: impl Executions + 'static) -> Self {
        Self(Arc::new(executions))
    }

    pub(crate) fn stores_bodies(&self) -> bool {
        self.0.stores_bodies()
    }

    pub(crate) fn stores_publications(&self) -> bool {
        self.0.stores_publications()
    }

    pub(crate) async fn publish(
        &self,
        machine_arn: &str,
        publication: &Publication,
        body: Option<Bytes>,
    ) -> Result<(), WorkflowError> {
        self.0.publish(machine_arn, publication, body).await
    }

    pub(crate) async fn start(
        &self,
        machine_arn: &str,
        name: String,
        input: Input<'_>,
    ) -> Result<(), WorkflowError> {
        self.0.start(machine_arn, name, input).await
    }

    /// Starts an execution of an express machine and waits up to `timeout` for its end, but not less long than until it is
    /// accepted, where that can be known: on a disk that stands still, nothing is.
    pub(crate) async fn run<T: DeserializeOwned>(
        &self,
        machine_arn: &str,
        name: String,
        input: Input<'_>,
        timeout: Duration,
    ) -> Result<Run<T>, WorkflowError> {
        let (accepted, is_accepted) = oneshot::channel();
        let mut running = self.0.run(machine_arn, name, input, accepted);
        let enough = async {
            tokio::time::sleep(timeout).await;
            // Nobody may say so, which counts as said.
            let _ = is_accepted.await;
        };
        tokio::select! {
            biased;
            ended = &mut running => Ok(Run::Ended(serde_json::from_str(&ended?)?)),
            () = enough => Ok(Run::StillRunning),
        }
    }

    pub(crate) async fn stop(&self, execution_arn: String, cause: &str) -> Result<(), WorkflowError> {
        self.0.stop(execution_arn, cause).await
    }
}

/// Step Functions.
#[derive(Debug)]
struct StepFunctions(OnDemand<Client>);

impl Executions for StepFunctions {
    fn start(
        &self,
        machine_arn: &str,
        name: String,
        input: Input<'_>,
    ) -> BoxFuture<'_, Result<(), WorkflowError>> {
        let request = self.0.start_execution().state_machine_arn(machine_arn).name(name).input(input.json);
        async move {
            match request.send().await {
                Ok(_) => Ok(()),
                Err(SdkError::ServiceError(e)) if e.err().is_execution_already_exists() => Ok(()),
                Err(error) => Err(WorkflowError::NotStarted(error.into())),
            }
        }
        .boxed()
    }

    fn run(
        &self,
        machine_arn: &str,
        name: String,
        input: Input<'_>,
        _: Accepted,
    ) -> BoxFuture<'_, Result<String, WorkflowError>> {
        let request =
            self.0.start_sync_execution().state_machine_arn(machine_arn).name(&name).input(input.json);
        async move {
            let ended = request.send().await.map_err(|error| match error {
                SdkError::ServiceError(_) | SdkError::ConstructionFailure(_) => {
                    WorkflowError::NotStarted(error.into())
                }
                error => WorkflowError::Lost(error.into()),
            })?;
            if ended.status != SyncExecutionStatus::Succeeded {
                return Err(WorkflowError::Failed { name, error: ended.error.unwrap_or_default() });
            }
            Ok(ended.output.unwrap_or_default())
        }
        .boxed()
    }

    fn stop(&self, execution_arn: String, cause: &str) -> BoxFuture<'_, Result<(), WorkflowError>> {
        let request = self.0.stop_execution().execution_arn(execution_arn).cause(cause);
        async move {
            match request.send().await {
                Ok(_) => Ok(()),
                Err(SdkError::ServiceError(e)) if e.err().is_execution_does_not_exist() => Ok(()),
                Err(error) => Err(WorkflowError::NotStopped(error.into())),
            }
        }
        .boxed()
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::{Instant, sleep};

    use super::*;

    /// Executions that are accepted after a minute, and never end.
    #[derive(Debug)]
    struct Slow;

    impl Executions for Slow {
        fn start(&self, _: &str, _: String, _: Input<'_>) -> BoxFuture<'_, Result<(), WorkflowError>> {
            unreachable!("nothing is started")
        }

        fn run(
            &self,
            _: &str,
            _: String,
            _: Input<'_>,
            accepted: Accepted,
        ) -> BoxFuture<'_, Result<String, WorkflowError>> {
            async move {
                sleep(Duration::from_secs(60)).await;
                accepted.send(()).unwrap();
                std::future::pending().await
            }
            .boxed()
        }

        fn stop(&self, _: String, _: &str) -> BoxFuture<'_, Result<(), WorkflowError>> {
            unreachable!("nothing is stopped")
        }
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_is_told_that_an_execution_runs_before_it_is_accepted() {
        let client = ExecutionClient::of(Slow);
        for (seconds, waited) in [(0, 60), (27, 60), (90, 90)] {
            let (began, input) = (Instant::now(), Input::of(&()).unwrap());
            let run =
                client.run::<()>("machine", "name".to_owned(), input, Duration::from_secs(seconds)).await;
            assert!(matches!(run, Ok(Run::StillRunning)), "{run:?}");
            assert_eq!(began.elapsed().as_secs(), waited, "{seconds}");
        }
    }
}
