//! Taking events up again on the express machine of `statemachine.asl.json`.

use std::time::Duration;

use hookstep_contract::{ResumeInput, Resumed};
use serde::de::IgnoredAny;

use crate::{ExecutionClient, Input, Run, WorkflowError};

/// The express machine, for events that have a record.
#[derive(Clone, Debug)]
pub struct ResumeMachine {
    client: ExecutionClient,
    express_arn: String,
}

impl ResumeMachine {
    /// Creates a client for the express machine with this ARN.
    pub fn new(client: ExecutionClient, express_arn: impl Into<String>) -> Self {
        Self { client, express_arn: express_arn.into() }
    }

    /// Takes an event up again, and returns once the execution is accepted. If the attempt was made already, the execution
    /// does nothing.
    ///
    /// # Errors
    /// If the execution is not accepted.
    pub async fn start(&self, input: &ResumeInput) -> Result<(), WorkflowError> {
        self.client.start(&self.express_arn, name(&input.resume), Input::of(input)?).await
    }

    /// Takes an event up again and waits up to `timeout` for the end of the execution. `json` is the input in which `resumed`
    /// was found.
    ///
    /// # Errors
    /// If the execution is not accepted or fails, or its response is lost.
    pub async fn run(
        &self,
        resumed: &Resumed,
        json: String,
        timeout: Duration,
    ) -> Result<Run<()>, WorkflowError> {
        let input = Input { json, body: None };
        let ran = self.client.run::<IgnoredAny>(&self.express_arn, name(resumed), input, timeout).await?;
        Ok(match ran {
            Run::Ended(_) => Run::Ended(()),
            Run::StillRunning => Run::StillRunning,
        })
    }
}

fn name(resumed: &Resumed) -> String {
    format!("{}-{}", resumed.event.event_id, resumed.number)
}
