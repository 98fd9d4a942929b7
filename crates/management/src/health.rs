//! `GET /healthz`.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use hookstep_http_edge::Problem;
use serde_json::{Value, json};

use crate::Context;

/// 200 while the tables answer, else 503.
#[utoipa::path(
    get,
    path = "/healthz",
    operation_id = "check_health",
    tag = "Service",
    summary = "Check that the service is up",
    responses(
        (status = 200, description = "The service is up, and its tables answer.", body = Object, example = json!({"status": "ok"})),
        (status = 503, response = hookstep_http_edge::Unavailable),
    ),
    security(()),
)]
pub(crate) async fn check(State(ctx): State<Arc<Context>>) -> Result<Json<Value>, Problem> {
    match ctx.configs.check().await {
        Ok(()) => Ok(Json(json!({"status": "ok"}))),
        Err(error) => {
            tracing::error!(error.chain = hookstep_contract::error_chain(&error), "the tables do not answer");
            Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, "the tables do not answer"))
        }
    }
}
