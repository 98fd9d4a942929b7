//! The state machines, as the trigger uses them.

use api::{Problem, log_failure};
use aws_sdk_sfn::Client;
use aws_sdk_sfn::error::SdkError;
use aws_sdk_sfn::types::SyncExecutionStatus;
use axum::http::StatusCode;
use contract::limits::SYNC_BUDGET;
use contract::{EventId, Sources, WorkflowInput, WorkflowOutput};
use store::OnDemand;

/// Which machine starts async events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AsyncWorkflow {
    /// The express machine, which hands over what takes long.
    Express,
    /// The standard machine, for an operator who wants every event in its execution history.
    Standard,
}

/// The two machines made from the one definition.
#[derive(Clone, Debug)]
pub struct Workflow {
    client: OnDemand<Client>,
    express_arn: String,
    async_arn: String,
}

/// How a sync run stands when the producer's time is up or the run has ended.
#[derive(Debug)]
pub(crate) enum Run {
    /// It has ended with this output.
    Ended(WorkflowOutput),
    /// It goes on without us.
    StillRunning,
}

impl Workflow {
    /// The machines of these ARNs; `client` is called for the first execution.
    pub fn new(
        client: impl FnOnce() -> Client + Send + 'static,
        express_arn: String,
        standard_arn: String,
        starts_async: AsyncWorkflow,
    ) -> Self {
        let async_arn = match starts_async {
            AsyncWorkflow::Express => express_arn.clone(),
            AsyncWorkflow::Standard => standard_arn,
        };
        Self { client: OnDemand::new(client), express_arn, async_arn }
    }

    /// Starts a delivery; answers once the execution is accepted.
    pub(crate) async fn start(&self, input: &WorkflowInput) -> Result<EventId, Problem> {
        let event_id = input.event.event_id;
        let started = self
            .client
            .start_execution()
            .state_machine_arn(&self.async_arn)
            .name(event_id.to_string())
            .input(to_json(input)?)
            .send()
            .await;
        match started {
            Ok(_) => Ok(event_id),
            // A repeat of an idempotent request on the standard machine: the first one is there.
            Err(SdkError::ServiceError(e)) if e.err().is_execution_already_exists() => Ok(event_id),
            Err(error) => Err(unavailable(&error)),
        }
    }

    /// Starts a delivery and waits for its end, but not beyond the sync budget.
    pub(crate) async fn run(&self, input: &WorkflowInput, sources: &Sources) -> Result<Run, Problem> {
        let spent = sources.now().since(input.event.created_at);
        let request = self
            .client
            .start_sync_execution()
            .state_machine_arn(&self.express_arn)
            .name(input.event.event_id.to_string())
            .input(to_json(input)?)
            .send();
        // The execution does not depend on our waiting: dropping the call leaves it running.
        let Ok(ended) = tokio::time::timeout(SYNC_BUDGET.saturating_sub(spent), request).await else {
            return Ok(Run::StillRunning);
        };
        let ended = ended.map_err(|error| match &error {
            SdkError::ServiceError(_) | SdkError::ConstructionFailure(_) => unavailable(&error),
            _ => {
                log_failure(&error);
                let detail =
                    "the answer got lost: the event may or may not be delivered; its record says which";
                Problem::new(StatusCode::INTERNAL_SERVER_ERROR, detail)
            }
        })?;
        if ended.status != SyncExecutionStatus::Succeeded {
            tracing::error!(
                event.id = %input.event.event_id,
                error.name = ended.error().unwrap_or_default(),
                "a sync execution failed"
            );
            let detail = "the event could not be delivered for a reason of ours; its record says more";
            return Err(Problem::new(StatusCode::INTERNAL_SERVER_ERROR, detail));
        }
        let output = ended.output().unwrap_or_default();
        serde_json::from_str(output).map(Run::Ended).map_err(|error| Problem::internal(&error))
    }
}

fn to_json(input: &WorkflowInput) -> Result<String, Problem> {
    serde_json::to_string(input).map_err(|error| Problem::internal(&error))
}

/// Nothing was started: the producer should try again.
fn unavailable(error: &(dyn std::error::Error + 'static)) -> Problem {
    log_failure(error);
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, "the workflow could not be started; try again")
}
