//! `GET /livez`, `GET /readyz` and `GET /healthz`.

mod readiness;

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use hookstep_http_edge::Problem;
use serde_json::{Value, json};

use crate::Context;

pub use readiness::{NotReady, Probe, Readiness};

/// 200 while this process answers at all.
#[utoipa::path(
    get,
    path = "/livez",
    operation_id = "check_liveness",
    tag = "Service",
    summary = "Check that the process answers",
    description = "It says nothing about storage: a process that is alive and not ready must not be restarted for that.",
    responses((status = 200, description = "The process answers.", body = Object, example = json!({"status": "ok"}))),
    security(()),
)]
pub(crate) async fn live() -> Json<Value> {
    Json(json!({"status": "ok"}))
}

/// 200 if an event could be taken durably right now, else 503.
#[utoipa::path(
    get,
    path = "/readyz",
    operation_id = "check_readiness",
    tag = "Service",
    summary = "Check that events can be taken",
    description = "On one machine a small record is written, and there must be room on the disk. On AWS the table of webhooks \
        is read. The result is at most a second old.",
    responses(
        (status = 200, description = "An event can be taken durably.", body = Object, example = json!({"status": "ok"})),
        (status = 503, response = hookstep_http_edge::Unavailable),
    ),
    security(()),
)]
pub(crate) async fn ready(ctx: State<Arc<Context>>) -> Result<Json<Value>, Problem> {
    check(ctx).await
}

/// The same as `/readyz`.
#[utoipa::path(
    get,
    path = "/healthz",
    operation_id = "check_health",
    tag = "Service",
    summary = "Check that events can be taken",
    description = "The same as `/readyz`.",
    responses(
        (status = 200, description = "An event can be taken durably.", body = Object, example = json!({"status": "ok"})),
        (status = 503, response = hookstep_http_edge::Unavailable),
    ),
    security(()),
)]
pub(crate) async fn check(State(ctx): State<Arc<Context>>) -> Result<Json<Value>, Problem> {
    match ctx.readiness.check().await {
        Ok(()) => Ok(Json(json!({"status": "ok"}))),
        Err(NotReady { detail }) => Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, detail)),
    }
}
