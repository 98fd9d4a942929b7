//! `POST /webhook/{config_id}/test-auth`: tests whether the credentials of a webhook can be obtained.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use hookstep_api_types::schema;
use hookstep_contract::limits::SYNC_BUDGET;
use hookstep_contract::{AuthReport, ConfigId, OrgId, TestAuth};
use hookstep_executions::{Run, WorkflowError};
use hookstep_http_edge::{Authorized, ConfigPath, Manage, Problem, log_failure};

use crate::Context;

/// Goes through `deliver`, because only that function may read credentials, and only its address may be known to the
/// authorisation server.
#[utoipa::path(
    post,
    path = "/webhook/{config_id}/test-auth",
    operation_id = "test_auth",
    tag = "Webhooks",
    summary = "Test the authentication of a webhook",
    description = "Requests a token from the authorisation server, or checks that the credentials are present. Nothing \
        is sent to the receiver.",
    params(
        ("config_id" = schema::ConfigId, Path, description = "The webhook."),
    ),
    responses(
        (status = 200, description = "The result of the test.", body = schema::AuthReport),
        (status = 404, response = hookstep_http_edge::NotFound),
        (status = 503, response = hookstep_http_edge::Unavailable),
        (status = 504, response = hookstep_http_edge::TimedOut),
        hookstep_http_edge::Authenticated,
    ),
    security(("token" = ["manage"])),
)]
pub(crate) async fn test_auth(
    State(ctx): State<Arc<Context>>,
    caller: Authorized<Manage>,
    ConfigPath(config_id): ConfigPath,
) -> Result<Json<AuthReport>, Problem> {
    Ok(Json(run(&ctx, caller.org_id(), config_id).await?))
}

/// Tests the authentication of a webhook and waits for the result.
///
/// # Errors
/// 404 when there is no such webhook; 503 when the test could not be started, 504 when its result takes too long.
pub async fn run(ctx: &Context, org_id: &OrgId, config_id: ConfigId) -> Result<AuthReport, Problem> {
    let config = ctx.configs.latest(org_id, config_id).await?.ok_or_else(Problem::no_webhook)?;
    let test = TestAuth { org_id: org_id.clone(), config_id, revision: config.revision };
    let name = (ctx.sources.new_id)();
    // As for a sync trigger: API Gateway gives up after 30 s.
    match ctx.test_auth_machine.run(name, &test, SYNC_BUDGET).await {
        Ok(Run::Ended(report)) => Ok(report),
        Err(error @ WorkflowError::NotStarted(_)) => Err(error.into()),
        // Unlike after a trigger, there is no record that would tell more.
        Err(error) => {
            log_failure(&error);
            let detail = "the authentication could not be tested because of an error in Hookstep; try again";
            Err(Problem::new(StatusCode::INTERNAL_SERVER_ERROR, detail))
        }
        Ok(Run::StillRunning) => {
            let detail = format!("there is no result after {} s; try again", SYNC_BUDGET.as_secs());
            Err(Problem::new(StatusCode::GATEWAY_TIMEOUT, detail))
        }
    }
}
