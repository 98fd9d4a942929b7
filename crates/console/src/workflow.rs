//! The express state machine, which tries an authentication where deliveries are made.

use std::time::Duration;

use api::{Problem, log_failure};
use aws_sdk_sfn::Client;
use aws_sdk_sfn::error::SdkError;
use aws_sdk_sfn::types::SyncExecutionStatus;
use axum::http::StatusCode;
use contract::limits::SYNC_BUDGET;
use contract::{AuthReport, TestAuth};
use serde_json::json;
use store::OnDemand;

/// As for a sync trigger: API Gateway gives up after 30 s.
const PATIENCE: Duration = SYNC_BUDGET;

/// The express machine.
#[derive(Clone, Debug)]
pub struct Workflow {
    client: OnDemand<Client>,
    express_arn: String,
}

impl Workflow {
    /// The machine of this ARN; `client` is called for its first request.
    pub fn new(client: impl FnOnce() -> Client + Send + 'static, express_arn: impl Into<String>) -> Self {
        Self { client: OnDemand::new(client), express_arn: express_arn.into() }
    }

    /// Tries the authentication of a webhook and waits for what becomes of it.
    pub(crate) async fn test_auth(&self, test: &TestAuth) -> Result<AuthReport, Problem> {
        let request = self
            .client
            .start_sync_execution()
            .state_machine_arn(&self.express_arn)
            .input(json!({"test_auth": test}).to_string())
            .send();
        let Ok(ended) = tokio::time::timeout(PATIENCE, request).await else {
            let detail = format!("there is no result after {} s; try again", PATIENCE.as_secs());
            return Err(Problem::new(StatusCode::GATEWAY_TIMEOUT, detail));
        };
        let ended = ended.map_err(|error| match &error {
            SdkError::ServiceError(_) | SdkError::ConstructionFailure(_) => {
                log_failure(&error);
                let detail = "the workflow could not be started; try again";
                Problem::new(StatusCode::SERVICE_UNAVAILABLE, detail)
            }
            _ => Problem::internal(&error),
        })?;
        if ended.status != SyncExecutionStatus::Succeeded {
            tracing::error!(
                config.id = %test.config_id,
                error.name = ended.error().unwrap_or_default(),
                "a test of an authentication failed"
            );
            let detail = "the authentication could not be tried for a reason of ours; try again";
            return Err(Problem::new(StatusCode::INTERNAL_SERVER_ERROR, detail));
        }
        serde_json::from_str(ended.output().unwrap_or_default()).map_err(|error| Problem::internal(&error))
    }
}
