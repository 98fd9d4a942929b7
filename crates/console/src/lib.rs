//! The Lambda function `console`: the management API.
//!
//! Routes: `/webhook`, `/webhook/{config_id}`, `/webhook/{config_id}/events`, `/webhook/{config_id}/events/{event_id}` and
//! `/healthz`.

mod events;
mod health;
mod page;
mod webhooks;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::get;
use contract::Sources;
use egress::Policy;
use store::{Configs, Events, Tokens};

/// The largest body of a management request: a config with all its headers is far smaller.
const BODY_BYTES: usize = 64 * 1024;

/// What the routes need.
#[derive(Clone, Debug)]
pub struct Context {
    /// The table of API tokens.
    pub tokens: Tokens,
    /// The table of webhooks.
    pub configs: Configs,
    /// The table of events.
    pub events: Events,
    /// Which receivers may be called at all.
    pub policy: Policy,
    /// The clock and new ids.
    pub sources: Sources,
}

/// The routes of this function.
pub fn router(ctx: Context) -> Router {
    Router::new()
        .route("/webhook", get(webhooks::list).post(webhooks::create))
        .route("/webhook/{config_id}", get(webhooks::read).put(webhooks::replace).delete(webhooks::delete))
        .route("/webhook/{config_id}/events", get(events::list))
        .route("/webhook/{config_id}/events/{event_id}", get(events::read))
        .route("/healthz", get(health::check))
        .layer(DefaultBodyLimit::max(BODY_BYTES))
        .with_state(Arc::new(ctx))
}
