//! `POST /webhook/{config_id}/test-auth`: are the credentials of a webhook to be had?

use std::sync::Arc;

use api::{Authenticated, Caller, ConfigPath, NotFound, Problem, TimedOut, Unavailable};
use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use contract::{AuthReport, ConfigId, Scope, TestAuth};

use crate::Context;

/// Asks `deliver`, since only it reads credentials, and only its address may be one that an authorisation server knows.
#[utoipa::path(
    post,
    path = "/webhook/{config_id}/test-auth",
    operation_id = "test_auth",
    tag = "Webhooks",
    summary = "Try the authentication of a webhook",
    description = "Asks the authorisation server for a token, or looks whether the credentials are there. Nothing is sent to the receiver.",
    params(
        ("config_id" = ConfigId, Path, description = "The webhook."),
    ),
    responses(
        (status = 200, description = "What came of it.", body = AuthReport),
        (status = 404, response = NotFound),
        (status = 503, response = Unavailable),
        (status = 504, response = TimedOut),
        Authenticated,
    ),
    security(("token" = ["manage"])),
)]
pub(crate) async fn test_auth(
    State(ctx): State<Arc<Context>>,
    config_id: Result<ConfigPath, Problem>,
    headers: HeaderMap,
) -> Result<Json<AuthReport>, Problem> {
    let caller = Caller::authenticate(&headers, &ctx.tokens, Scope::Manage).await?;
    let ConfigPath(config_id) = config_id?;
    let org_id = caller.org_id();
    let config = ctx.configs.latest(org_id, config_id).await?.ok_or_else(Problem::no_webhook)?;
    let test = TestAuth { org_id: org_id.clone(), config_id, revision: config.revision };
    Ok(Json(ctx.workflow.test_auth(&test).await?))
}
