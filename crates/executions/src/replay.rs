//! The machine of `replay.asl.json`.

use hookstep_contract::ReplayKey;

use crate::{ExecutionClient, WorkflowError};

/// The standard machine that sends many events of a webhook again.
#[derive(Clone, Debug)]
pub struct ReplayMachine {
    client: ExecutionClient,
    arn: String,
}

impl ReplayMachine {
    /// The machine of this ARN.
    pub fn new(client: ExecutionClient, arn: impl Into<String>) -> Self {
        Self { client, arn: arn.into() }
    }

    /// Starts a bulk replay, which must be on record. One that was started before is not started again.
    ///
    /// # Errors
    /// When the execution is not accepted.
    pub async fn start(&self, replay: &ReplayKey) -> Result<(), WorkflowError> {
        self.client.start(&self.arn, replay.replay_id.to_string(), replay).await
    }
}
