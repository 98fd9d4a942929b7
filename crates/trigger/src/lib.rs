//! The Lambda function `trigger`: takes an event, keeps its body where it belongs and starts the workflow.
//!
//! Routes: `POST /webhook/{config_id}/trigger` and `POST /webhook/{config_id}/uploads`.

mod accept;
mod openapi;
mod request;
mod upload;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::post;
use hookstep_ambient::Sources;
use hookstep_contract::limits::TRIGGER_BODY_BYTES;
use hookstep_executions::Machines;
use hookstep_store::{Claims, Configs, Idempotency, Tokens};

pub use openapi::openapi;

/// What the routes need.
#[derive(Clone, Debug)]
pub struct Context {
    /// The table of API tokens.
    pub tokens: Tokens,
    /// The table of webhooks.
    pub configs: Configs,
    /// The idempotency keys of the events table.
    pub idempotency: Idempotency,
    /// The bucket of claim checks.
    pub claims: Claims,
    /// The state machines.
    pub machines: Machines,
    /// The clock and new ids.
    pub sources: Sources,
    /// The largest body kept in the state, as serialised JSON, in bytes.
    pub inline_limit: usize,
}

/// The routes of this function.
pub fn router(ctx: Context) -> Router {
    Router::new()
        .route("/webhook/{config_id}/trigger", post(accept::trigger))
        .route("/webhook/{config_id}/uploads", post(upload::upload))
        .layer(DefaultBodyLimit::max(TRIGGER_BODY_BYTES))
        .with_state(Arc::new(ctx))
}
