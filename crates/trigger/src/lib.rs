//! The Lambda function `trigger`: accepts an event, stores its body if it is large, and starts the workflow.
//!
//! Routes: `POST /webhook/{config_id}/trigger` and `POST /webhook/{config_id}/uploads`, `POST /events` and
//! `POST /events/batch`.
#![warn(clippy::large_futures, reason = "every delivery moves and keeps them")]

mod accept;
mod check;
mod context;
mod openapi;
mod publish;
mod request;
mod upload;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::post;
use hookstep_contract::limits::TRIGGER_BODY_BYTES;

pub use context::Context;
pub use openapi::openapi;

/// The routes of this function.
pub fn router(ctx: Context) -> Router {
    Router::new()
        .route("/webhook/{config_id}/trigger", post(accept::trigger))
        .route("/webhook/{config_id}/uploads", post(upload::upload))
        .route("/events", post(publish::publish_one))
        .route("/events/batch", post(publish::publish_batch))
        .layer(DefaultBodyLimit::max(TRIGGER_BODY_BYTES))
        .with_state(Arc::new(ctx))
}
