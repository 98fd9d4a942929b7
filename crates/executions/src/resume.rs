//! Taking events up again on the express machine of `statemachine.asl.json`.

use hookstep_contract::ResumeInput;

use crate::{ExecutionClient, Input, WorkflowError};

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
        let name = format!("{}-{}", input.resume.event.event_id, input.resume.number);
        self.client.start(&self.express_arn, name, Input::of(input)?).await
    }
}
