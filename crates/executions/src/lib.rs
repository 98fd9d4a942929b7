//! The state machines, as those use them who start executions: `trigger`, `console` and `replay`.

use std::fmt::Display;
use std::time::Duration;

use aws_sdk_sfn::Client;
use aws_sdk_sfn::error::SdkError;
use aws_sdk_sfn::types::SyncExecutionStatus;
use hookstep_ambient::OnDemand;
use hookstep_contract::{EventRecord, WorkflowInput};
use serde::Serialize;
use serde::de::DeserializeOwned;
use thiserror::Error;

/// Which machine starts async events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AsyncWorkflow {
    /// The express machine, which hands over what takes long.
    Express,
    /// The standard machine, for an operator who wants every event in its execution history.
    Standard,
}

impl AsyncWorkflow {
    /// The standard machine if `standard`, else the express one.
    pub fn new(standard: bool) -> Self {
        if standard { Self::Standard } else { Self::Express }
    }
}

/// The two machines made from the one definition.
#[derive(Clone, Debug)]
pub struct Machines {
    client: OnDemand<Client>,
    express_arn: String,
    standard_arn: String,
    starts_async: AsyncWorkflow,
}

/// How a run stands that somebody waits for.
#[derive(Debug)]
pub enum Run<T> {
    /// It has ended with this output.
    Ended(T),
    /// It goes on without us.
    StillRunning,
}

/// An execution that is not as it was to be.
#[derive(Debug, Error)]
pub enum WorkflowError {
    /// There is none.
    #[error("the execution could not be started")]
    NotStarted(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// It may run or not: the answer got lost.
    #[error("the answer of the execution got lost")]
    Lost(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// It has ended with an error of ours.
    #[error("the execution {name} ended with {error}")]
    Failed {
        /// The execution's.
        name: String,
        /// The error's.
        error: String,
    },
    /// It could not be stopped.
    #[error("the execution could not be stopped")]
    NotStopped(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// What goes in or comes out is not what it should be.
    #[error("the execution's input or output is not understood")]
    NotUnderstood(#[from] serde_json::Error),
}

impl Machines {
    /// The machines of these ARNs; `client` is called for the first execution.
    pub fn new(
        client: impl FnOnce() -> Client + Send + 'static,
        express_arn: impl Into<String>,
        standard_arn: impl Into<String>,
        starts_async: AsyncWorkflow,
    ) -> Self {
        Self {
            client: OnDemand::new(client),
            express_arn: express_arn.into(),
            standard_arn: standard_arn.into(),
            starts_async,
        }
    }

    /// Starts the delivery of an event that nobody waits for; comes back once the execution is accepted. Starting it twice
    /// is as good as once.
    ///
    /// # Errors
    /// When it is not accepted.
    pub async fn start(&self, input: &WorkflowInput) -> Result<(), WorkflowError> {
        let machine = match self.starts_async {
            AsyncWorkflow::Express => &self.express_arn,
            AsyncWorkflow::Standard => &self.standard_arn,
        };
        self.begin(machine, input.event.event_id, input).await
    }

    /// Starts what may take longer than an express execution lives. A second one of the same name is not started.
    ///
    /// # Errors
    /// When it is not accepted.
    pub async fn start_standard(
        &self,
        name: impl Display,
        input: &impl Serialize,
    ) -> Result<(), WorkflowError> {
        self.begin(&self.standard_arn, name, input).await
    }

    async fn begin(
        &self,
        machine: &str,
        name: impl Display,
        input: &impl Serialize,
    ) -> Result<(), WorkflowError> {
        let started = self
            .client
            .start_execution()
            .state_machine_arn(machine)
            .name(name.to_string())
            .input(serde_json::to_string(input)?)
            .send()
            .await;
        match started {
            Ok(_) => Ok(()),
            // A repeat on the standard machine: the first one is there.
            Err(SdkError::ServiceError(e)) if e.err().is_execution_already_exists() => Ok(()),
            Err(error) => Err(WorkflowError::NotStarted(error.into())),
        }
    }

    /// Starts an express execution and waits for its end, but not longer than `patience`.
    ///
    /// # Errors
    /// When it is not accepted, fails, or its end is not heard of.
    pub async fn run<T: DeserializeOwned>(
        &self,
        name: impl Display,
        input: &impl Serialize,
        patience: Duration,
    ) -> Result<Run<T>, WorkflowError> {
        let name = name.to_string();
        let request = self
            .client
            .start_sync_execution()
            .state_machine_arn(&self.express_arn)
            .name(&name)
            .input(serde_json::to_string(input)?)
            .send();
        // The execution does not depend on our waiting: dropping the call leaves it running.
        let Ok(ended) = tokio::time::timeout(patience, request).await else {
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

    /// Stops the execution that waits with an event for its next attempt; nothing happens when there is none.
    ///
    /// # Errors
    /// When it may still run.
    pub async fn stop(&self, event: &EventRecord) -> Result<(), WorkflowError> {
        for arn in self.waiting(event) {
            let stopped = self.client.stop_execution().execution_arn(arn).cause("cancelled").send().await;
            match stopped {
                Ok(_) => {}
                Err(SdkError::ServiceError(e)) if e.err().is_execution_does_not_exist() => {}
                Err(error) => return Err(WorkflowError::NotStopped(error.into())),
            }
        }
        Ok(())
    }

    /// The ARNs that the execution may have: the event's own where it began on the standard machine, else that of a hand-over
    /// (see the state `HandOver`), before the first attempt or after it.
    fn waiting(&self, event: &EventRecord) -> Vec<String> {
        let executions = self.standard_arn.replace(":stateMachine:", ":execution:");
        if event.execution.starts_with(&format!("{executions}:")) {
            return vec![event.execution.clone()];
        }
        [2, 1].map(|number| format!("{executions}:{}-{number}", event.event_id)).into()
    }
}

#[cfg(test)]
mod tests {
    use hookstep_contract::{EventMetadata, Mode, Origin, Status};

    use super::*;

    #[test]
    fn who_waits_is_found_by_its_name() {
        let event = |execution: &str| {
            let at = serde_json::from_str("\"2026-01-01T00:00:00Z\"").unwrap();
            let event = EventMetadata::new(
                "acme".parse().unwrap(),
                "0190a000-0000-7000-8000-00000000000a".parse().unwrap(),
                "0190a000-0000-7000-8000-00000000000b".parse().unwrap(),
                Origin::Api,
                Mode::Async,
                at,
            );
            EventRecord::new(&event, execution, Status::InProgress, None, Duration::ZERO)
        };
        let machines = Machines::new(
            || panic!("no client is needed"),
            "arn:aws:states:eu-central-1:1:stateMachine:Express",
            "arn:aws:states:eu-central-1:1:stateMachine:Standard",
            AsyncWorkflow::Express,
        );
        let standard = "arn:aws:states:eu-central-1:1:execution:Standard:some-name";
        assert_eq!(machines.waiting(&event(standard)), [standard]);
        let of = |number| {
            format!(
                "arn:aws:states:eu-central-1:1:execution:Standard:0190a000-0000-7000-8000-00000000000b-{number}"
            )
        };
        assert_eq!(
            machines.waiting(&event("arn:aws:states:eu-central-1:1:express:Express:x:y")),
            [of(2), of(1)]
        );
    }
}
