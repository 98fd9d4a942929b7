//! The machine of `test-auth.asl.json`.

use std::fmt::Display;
use std::time::Duration;

use hookstep_contract::{AuthReport, TestAuth};

use crate::{ExecutionClient, Run, WorkflowError};

/// The express machine that tries the credentials of a webhook.
#[derive(Clone, Debug)]
pub struct TestAuthMachine {
    client: ExecutionClient,
    arn: String,
}

impl TestAuthMachine {
    /// The machine of this ARN.
    pub fn new(client: ExecutionClient, arn: impl Into<String>) -> Self {
        Self { client, arn: arn.into() }
    }

    /// Tries the credentials of a webhook, and waits for the report, but not longer than `timeout`.
    ///
    /// # Errors
    /// When the execution is not accepted or fails, or its response is lost.
    pub async fn run(
        &self,
        name: impl Display,
        test: &TestAuth,
        timeout: Duration,
    ) -> Result<Run<AuthReport>, WorkflowError> {
        self.client.run(&self.arn, name.to_string(), test, timeout).await
    }
}
