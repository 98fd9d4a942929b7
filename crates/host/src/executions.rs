//! Connects the engine's executions to the Step Functions API.

use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use hookstep_aws_local::{
    EVENTS, ExecutionBackend, ExecutionRecord, ServiceError, StartAllRequest, StartRequest, StartedExecution,
    States, SyncResult, Tables,
};
use hookstep_contract::{Publication, PublishedDelivery, error_chain};
use hookstep_engine::{EndedExecution, ExecutionRow, Start, StartAll, StartError, Started};
use hookstep_executions::{Accepted, Input, WorkflowError};
use hookstep_metrics::Metrics;
use hookstep_storage::{Beside, Priority};
use hookstep_store::{Bodies, Open, Publications};

use crate::observed::NewEvent;

/// The error name for a start that the storage has no room for.
pub(crate) const NO_ROOM: &str = "ServiceUnavailable";

/// The error name for the service's own failures.
const INTERNAL: &str = "InternalServerError";

/// Implements the port of the Step Functions API.
#[derive(Clone, Debug)]
pub(crate) struct EngineExecutions {
    pub(crate) executions: hookstep_engine::Executions,
    pub(crate) metrics: Metrics,
}

impl EngineExecutions {
    /// Starts what was asked for with `start`, and counts it.
    async fn begin<S>(
        &self,
        request: StartRequest,
        start: impl AsyncFnOnce(&str, Start) -> Result<S, StartError>,
    ) -> Result<S, ServiceError> {
        let input = request.input.unwrap_or_else(|| "{}".to_owned());
        let accepted = NewEvent::of(&input, &self.metrics);
        let StartRequest { state_machine_arn, name, priority, beside, .. } = request;
        let started = start(&state_machine_arn, Start { name, input, priority, beside }).await;
        if let (Ok(_), Some(event)) = (&started, accepted) {
            event.count(&self.metrics);
        }
        started.map_err(|error| ServiceError::new(error.name(), error.to_string()))
    }

    fn record(&self, row: ExecutionRow) -> ExecutionRecord {
        ExecutionRecord {
            state_machine_arn: self.executions.machine_arn(&row.machine),
            arn: row.arn,
            name: row.name,
            status: row.status.as_str(),
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

impl ExecutionBackend for EngineExecutions {
    fn start(&self, request: StartRequest) -> BoxFuture<'_, Result<StartedExecution, ServiceError>> {
        async move {
            let start = async |machine: &str, start| self.executions.start(machine, start).await;
            let Started { arn, started_at } = self.begin(request, start).await?;
            Ok(StartedExecution { arn, started_at })
        }
        .boxed()
    }

    fn start_all(&self, request: StartAllRequest) -> BoxFuture<'_, Result<(), ServiceError>> {
        async move {
            let StartAllRequest { state_machine_arn, executions, priority, beside } = request;
            let accepted: Vec<_> =
                executions.iter().filter_map(|(_, input)| NewEvent::of(input, &self.metrics)).collect();
            let starts = StartAll { executions, priority, beside };
            let started = self.executions.start_all(&state_machine_arn, starts).await;
            started.map_err(|error| ServiceError::new(error.name(), error.to_string()))?;
            accepted.iter().for_each(|event| event.count(&self.metrics));
            Ok(())
        }
        .boxed()
    }

    fn run(&self, mut request: StartRequest) -> BoxFuture<'_, Result<SyncResult, ServiceError>> {
        async move {
            let accepted = request.accepted.take();
            let run = async |machine: &str, start| self.executions.run(machine, start).await;
            let running = self.begin(request, run).await?;
            if let Some(accepted) = accepted {
                // Whoever asked may have gone away.
                let _ = accepted.send(());
            }
            let Started { arn, started_at } = running.started.clone();
            let ended = running.ended().await;
            let EndedExecution { status, stopped_at, output, error, cause } =
                ended.map_err(|error| ServiceError::new(INTERNAL, error.to_string()))?;
            let status = status.as_str();
            Ok(SyncResult { arn, started_at, status, stopped_at, output, error, cause })
        }
        .boxed()
    }

    fn stop<'a>(&'a self, arn: &'a str) -> BoxFuture<'a, Result<i64, ServiceError>> {
        async move {
            let stopped = self.executions.stop(arn).await;
            stopped.map(|_| self.executions.now()).map_err(|error| internal("stopped", &error))
        }
        .boxed()
    }

    fn find<'a>(&'a self, arn: &'a str) -> BoxFuture<'a, Result<Option<ExecutionRecord>, ServiceError>> {
        async move {
            let row = self.executions.find(arn).await.map_err(|error| internal("read", &error))?;
            Ok(row.map(|row| self.record(row)))
        }
        .boxed()
    }
}

/// Runs the executions that functions start, without the SDK: no request leaves the process.
#[derive(Clone, Debug)]
pub(crate) struct LocalExecutions {
    pub(crate) states: States,
    /// Of the executions that are started.
    pub(crate) priority: Priority,
    /// Where bodies are stored, if they are kept.
    pub(crate) bodies: Option<(Bodies, Tables)>,
    /// Where publications and their bodies are stored.
    pub(crate) publications: Option<PublicationTables>,
}

/// Where publications and their bodies are stored.
#[derive(Clone, Debug)]
pub(crate) struct PublicationTables {
    pub(crate) publications: Publications,
    pub(crate) bodies: Bodies,
    pub(crate) tables: Tables,
}

impl PublicationTables {
    /// The writes of a publication and of its body.
    fn writes(&self, publication: &Publication, body: Option<Bytes>) -> Result<Vec<Beside>, WorkflowError> {
        let item = self.publications.item(publication, Open::No);
        let item = item.map_err(|error| WorkflowError::NotStarted(error.into()))?;
        let body = body.map(|body| self.bodies.published_item(publication, body));
        let put = |item| self.tables.putting(EVENTS, item).map_err(not_started);
        [Some(item), body].into_iter().flatten().map(put).collect()
    }
}

impl hookstep_executions::Executions for LocalExecutions {
    fn stores_bodies(&self) -> bool {
        self.bodies.is_some()
    }

    fn stores_publications(&self) -> bool {
        self.publications.is_some()
    }

    fn publish<'a>(
        &'a self,
        machine_arn: &'a str,
        publication: &'a Publication,
        body: Option<Bytes>,
    ) -> BoxFuture<'a, Result<(), WorkflowError>> {
        async move {
            let beside = match &self.publications {
                Some(tables) => tables.writes(publication, body)?,
                None => return Err(WorkflowError::NotStarted("publications are not stored here".into())),
            };
            let input = |delivery: &PublishedDelivery| {
                Ok((delivery.event_id.to_string(), serde_json::to_string(&publication.input(*delivery))?))
            };
            let executions =
                publication.deliveries.iter().map(input).collect::<Result<_, WorkflowError>>()?;
            let state_machine_arn = machine_arn.to_owned();
            let request = StartAllRequest { state_machine_arn, executions, priority: self.priority, beside };
            self.states.started_all(request).await.map_err(not_started)
        }
        .boxed()
    }

    fn start(
        &self,
        machine_arn: &str,
        name: String,
        input: Input<'_>,
    ) -> BoxFuture<'_, Result<(), WorkflowError>> {
        let request = self.request(machine_arn, name, input);
        async move {
            match self.states.started(request?).await {
                Ok(_) => Ok(()),
                Err(error) if error.name == "ExecutionAlreadyExists" => Ok(()),
                Err(error) => Err(not_started(error)),
            }
        }
        .boxed()
    }

    fn run(
        &self,
        machine_arn: &str,
        name: String,
        input: Input<'_>,
        accepted: Accepted,
    ) -> BoxFuture<'_, Result<String, WorkflowError>> {
        let request = self.request(machine_arn, name.clone(), input);
        async move {
            let request = StartRequest { accepted: Some(accepted), ..request? };
            let ended = self.states.ran(request).await.map_err(not_started)?;
            match ended.status {
                "SUCCEEDED" => Ok(ended.output.unwrap_or_default()),
                _ => Err(WorkflowError::Failed { name, error: ended.error.unwrap_or_default() }),
            }
        }
        .boxed()
    }

    fn stop(&self, execution_arn: String, _: &str) -> BoxFuture<'_, Result<(), WorkflowError>> {
        async move {
            match self.states.stopped(&execution_arn).await {
                Ok(()) => Ok(()),
                Err(error) if error.name == "ExecutionDoesNotExist" => Ok(()),
                Err(error) => Err(WorkflowError::NotStopped(told(error).into())),
            }
        }
        .boxed()
    }
}

impl LocalExecutions {
    fn request(
        &self,
        machine_arn: &str,
        name: String,
        input: Input<'_>,
    ) -> Result<StartRequest, WorkflowError> {
        let Input { json, body } = input;
        let stored = body.zip(self.bodies.as_ref()).map(|((event, body), (bodies, tables))| {
            tables.putting(EVENTS, bodies.accepted_item(event, body))
        });
        Ok(StartRequest {
            state_machine_arn: machine_arn.to_owned(),
            name: Some(name),
            input: Some(json),
            priority: self.priority,
            beside: stored.transpose().map_err(not_started)?,
            accepted: None,
        })
    }
}

fn not_started(error: ServiceError) -> WorkflowError {
    match error.name {
        NO_ROOM => WorkflowError::NoRoom,
        _ => WorkflowError::NotStarted(told(error).into()),
    }
}

fn told(error: ServiceError) -> String {
    format!("{}: {}", error.name, error.message)
}

fn internal(what: &str, error: &(dyn std::error::Error + 'static)) -> ServiceError {
    ServiceError::new(INTERNAL, format!("the execution could not be {what}: {}", error_chain(error)))
}
