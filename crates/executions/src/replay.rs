//! The machine of `replay.asl.json`.

use hookstep_contract::ReplayKey;

use crate::{ExecutionClient, Input, WorkflowError};

/// The standard machine for bulk replays of a webhook's events.
#[derive(Clone, Debug)]
pub struct ReplayMachine {
    client: ExecutionClient,
    arn: String,
}

impl ReplayMachine {
    /// Creates a client for the machine with this ARN.
    pub fn new(client: ExecutionClient, arn: impl Into<String>) -> Self {
        Self { client, arn: arn.into() }
    }

    /// Starts a bulk replay, whose record must already exist.
    /// A replay that was already started is not started again.
    ///
    /// # Errors
    /// If the execution is not accepted.
    pub async fn start(&self, replay: &ReplayKey) -> Result<(), WorkflowError> {
        self.client.start(&self.arn, replay.replay_id.to_string(), Input::of(replay)?).await
    }
}
