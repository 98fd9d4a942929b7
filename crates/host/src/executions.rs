//! The engine's executions behind the Step Functions API.

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use hookstep_aws_local::{ExecutionRecord, Executions, ServiceError, StartRequest, StartedExecution};
use hookstep_engine::{Running, StartError};

/// The executions, as the API wants them.
#[derive(Clone, Debug)]
pub(crate) struct EngineExecutions(pub(crate) hookstep_engine::Executions);

impl EngineExecutions {
    async fn begin(&self, request: StartRequest) -> Result<Running, ServiceError> {
        let input = request.input.unwrap_or_else(|| "{}".to_owned());
        self.0.start(&request.state_machine_arn, request.name, input).await.map_err(|error| {
            let name = match error {
                StartError::StateMachineDoesNotExist => "StateMachineDoesNotExist",
                StartError::ExecutionAlreadyExists => "ExecutionAlreadyExists",
                StartError::InvalidExecutionInput => "InvalidExecutionInput",
                StartError::SdkClientException => "InternalServerError",
            };
            ServiceError::new(name, error.to_string())
        })
    }

    fn record(&self, row: hookstep_engine::Row) -> ExecutionRecord {
        ExecutionRecord {
            state_machine_arn: self.0.machine_arn(&row.machine),
            arn: row.arn,
            name: row.name,
            status: row.status,
            input: row.input,
            started_at: row.started_at,
            stopped_at: row.stopped_at,
            output: row.output,
            error: row.error,
            cause: row.cause,
            history: row.history.unwrap_or_default(),
        }
    }
}

impl Executions for EngineExecutions {
    fn start(&self, request: StartRequest) -> BoxFuture<'_, Result<StartedExecution, ServiceError>> {
        async move {
            let running = self.begin(request).await?;
            Ok(StartedExecution { arn: running.arn, started_at: running.started_at })
        }
        .boxed()
    }

    fn run(&self, request: StartRequest) -> BoxFuture<'_, Result<ExecutionRecord, ServiceError>> {
        async move {
            let Running { arn, started_at, end } = self.begin(request).await?;
            let ended = end
                .await
                .map_err(|_| ServiceError::new("InternalServerError", "the execution was given up"))?;
            Ok(ExecutionRecord {
                arn,
                name: String::new(),
                state_machine_arn: None,
                status: ended.status.to_owned(),
                input: String::new(),
                started_at,
                stopped_at: Some(ended.stopped_at),
                output: ended.output,
                error: ended.error,
                cause: ended.cause,
                history: ended.history,
            })
        }
        .boxed()
    }

    fn stop<'a>(&'a self, arn: &'a str) -> BoxFuture<'a, Result<i64, ServiceError>> {
        async move {
            let not_written =
                || ServiceError::new("InternalServerError", "the stop could not be written down");
            self.0.abort(arn).await.map(|_| self.0.now()).ok_or_else(not_written)
        }
        .boxed()
    }

    fn find<'a>(&'a self, arn: &'a str) -> BoxFuture<'a, Result<Option<ExecutionRecord>, ServiceError>> {
        async move { Ok(self.0.find(arn).await.map(|row| self.record(row))) }.boxed()
    }
}
