//! The Lambda function `console`: the management API, and the pages of the console.
//!
//! Routes: `/webhook`, `/webhook/{config_id}` and, below it, `/rotate-secret`, `/test-auth`, `/test`, `/preview`, `/stats`, `/events`,
//! `/events/replay`, `/events/{event_id}` with its `/payload`, `/replay` and `/cancel`, and `/replays/{replay_id}`; `/tokens` and
//! `/tokens/{token_id}`; `/.well-known/webhook-public-key`, `/healthz`, `/openapi.json` and `/docs`. The pages are `/` and all
//! below `/console`.

mod authentication;
mod cancel;
mod certificates;
mod docs;
mod events;
mod health;
mod openapi;
mod page;
mod pages;
mod patch;
mod payload;
mod preview;
mod public_key;
mod replay;
mod replays;
mod save;
mod signing_keys;
mod stats;
mod test_auth;
mod test_send;
mod tokens;
mod view;
mod webhooks;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{delete, get, post};
use hookstep_ambient::Sources;
use hookstep_contract::{Ciphertext, OrgId, Publish};
use hookstep_egress::Policy;
use hookstep_executions::Machines;
use hookstep_expression::Sandbox;
use hookstep_http_edge::Problem;
use hookstep_secrets::{Connections, Keys};
use hookstep_store::{Bodies, Claims, Configs, Events, Replays, Tokens};

pub use openapi::openapi;

/// The largest body of a management request: a config with all its headers and certificates is smaller.
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
    /// Their bodies.
    pub bodies: Bodies,
    /// The bucket of claim checks.
    pub claims: Claims,
    /// The bulk replays.
    pub replays: Replays,
    /// What encrypts keys.
    pub keys: Keys,
    /// The connections that hold what webhooks say to receivers of who they are.
    pub connections: Connections,
    /// The state machines.
    pub machines: Machines,
    /// The addresses that receivers are called from, with commas between them; empty where they are not fixed.
    pub static_ips: String,
    /// Which events of ours go on the bus.
    pub publish: Publish,
    /// Where filters and transforms are evaluated.
    pub sandbox: Sandbox,
    /// Which receivers may be called at all.
    pub policy: Policy,
    /// The clock, new ids and the bytes of keys.
    pub sources: Sources,
}

impl Context {
    async fn encrypt(&self, org_id: &OrgId, key: &str) -> Result<Ciphertext, Problem> {
        self.keys.encrypt(org_id, key).await.map_err(|error| Problem::internal(&error))
    }
}

/// The routes of this function.
pub fn router(ctx: Context) -> Router {
    // Not merged: that would make every route of the pages once more, a tenth of what a cold start does.
    pages::routes()
        .route("/webhook", get(webhooks::list).post(webhooks::create))
        .route(
            "/webhook/{config_id}",
            get(webhooks::read).put(webhooks::replace).patch(patch::patch).delete(webhooks::delete),
        )
        .route("/webhook/{config_id}/rotate-secret", post(signing_keys::rotate))
        .route("/webhook/{config_id}/test-auth", post(test_auth::test_auth))
        .route("/webhook/{config_id}/test", post(test_send::test))
        .route("/webhook/{config_id}/preview", post(preview::preview))
        .route("/webhook/{config_id}/stats", get(stats::read))
        .route("/webhook/{config_id}/events", get(events::list))
        .route(
            "/webhook/{config_id}/events/replay",
            post(replays::create).layer(DefaultBodyLimit::max(replays::BODY_BYTES)),
        )
        .route("/webhook/{config_id}/replays/{replay_id}", get(replays::read))
        .route("/webhook/{config_id}/events/{event_id}", get(events::read))
        .route("/webhook/{config_id}/events/{event_id}/payload", get(payload::read))
        .route("/webhook/{config_id}/events/{event_id}/replay", post(replay::replay))
        .route("/webhook/{config_id}/events/{event_id}/cancel", post(cancel::cancel))
        .route("/tokens", get(tokens::list).post(tokens::create))
        .route("/tokens/{token_id}", delete(tokens::delete))
        .route("/.well-known/webhook-public-key", get(public_key::show))
        .route("/healthz", get(health::check))
        .route("/openapi.json", get(openapi::show))
        .route("/docs", get(docs::page))
        .route("/docs/style.css", get(docs::style))
        .layer(DefaultBodyLimit::max(BODY_BYTES))
        .with_state(Arc::new(ctx))
}

/// As many bytes as a key has, out of those that nobody can guess.
fn bytes_32(sources: &Sources) -> [u8; 32] {
    let bytes = (sources.random_bytes)();
    std::array::from_fn(|index| bytes[index])
}
