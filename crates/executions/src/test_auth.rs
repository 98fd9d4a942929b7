//! The machine of `test-auth.asl.json`.

use std::fmt::Display;
use std::time::Duration;

use hookstep_contract::{AuthReport, TestAuth};

use crate::{ExecutionClient, Input, Run, WorkflowError};

/// The express machine that tests a webhook's credentials.
#[derive(Clone, Debug)]
pub struct TestAuthMachine {
    client: ExecutionClient,
    arn: String,
}

impl TestAuthMachine {
    /// Creates a client for the machine with this ARN.
    pub fn new(client: ExecutionClient, arn: impl Into<String>) -> Self {
        Self { client, arn: arn.into() }
    }

    /// Tests a webhook's credentials, and waits up to `timeout` for the report.
    ///
    /// # Errors
    /// If the execution is not accepted or fails, or its response is lost.
    pub async fn run(
        &self,
        name: impl Display,
        test: &TestAuth,
        timeout: Duration,
    ) -> Result<Run<AuthReport>, WorkflowError> {
        self.client.run(&self.arn, name.to_string(), Input::of(test)?, timeout).await
    }
}
