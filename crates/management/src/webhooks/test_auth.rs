//! `POST /webhook/{config_id}/test-auth`: are the credentials of a webhook to be had?

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

/// Asks `deliver`, since only it reads credentials, and only its address may be one that an authorisation server knows.
#[utoipa::path(
    post,
    path = "/webhook/{config_id}/test-auth",
    operation_id = "test_auth",
    tag = "Webhooks",
    summary = "Try the authentication of a webhook",
    description = "Asks the authorisation server for a token, or looks whether the credentials are there. Nothing \
        is sent to the receiver.",
    params(
        ("config_id" = schema::ConfigId, Path, description = "The webhook."),
    ),
    responses(
        (status = 200, description = "What came of it.", body = schema::AuthReport),
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
    Ok(Json(report(&ctx, caller.org_id(), config_id).await?))
}

/// Tries the authentication of a webhook and waits for what becomes of it.
pub async fn report(ctx: &Context, org_id: &OrgId, config_id: ConfigId) -> Result<AuthReport, Problem> {
    let config = ctx.configs.latest(org_id, config_id).await?.ok_or_else(Problem::no_webhook)?;
    let test = TestAuth { org_id: org_id.clone(), config_id, revision: config.revision };
    let name = (ctx.sources.new_id)();
    // As for a sync trigger: API Gateway gives up after 30 s.
    match ctx.test_auth_machine.run(name, &test, SYNC_BUDGET).await {
        Ok(Run::Ended(report)) => Ok(report),
        Err(error @ WorkflowError::NotStarted(_)) => Err(error.into()),
        // There is no event that a record could say more of.
        Err(error) => {
            log_failure(&error);
            let detail = "the authentication could not be tried for a reason of ours; try again";
            Err(Problem::new(StatusCode::INTERNAL_SERVER_ERROR, detail))
        }
        Ok(Run::StillRunning) => {
            let detail = format!("there is no result after {} s; try again", SYNC_BUDGET.as_secs());
            Err(Problem::new(StatusCode::GATEWAY_TIMEOUT, detail))
        }
    }
}
