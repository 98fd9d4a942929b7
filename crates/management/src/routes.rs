//! The routes of the management API.

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{delete, get, post};
use hookstep_catalogue::MAX_DOCUMENT_BYTES;

use crate::event_types::{check, crud as crud_of_types, export, import, listeners, versions};
use crate::replays::{bulk, single};
use crate::signing::{jwks, public_key, rotate_key};
use crate::webhooks::{crud, patch, preview, rotate_secret, test_auth, test_send};
use crate::{
    Context, audit, docs, erasures, events, health, notifications, orgs, platform_overview, platform_tokens,
    portal, sessions, source_addresses, stats, tokens,
};

/// The largest body of a management request: a webhook with all its headers and certificates is smaller.
const BODY_BYTES: usize = 64 * 1024;

/// The largest body with a schema and a sample of an event type, with room for white space.
const SCHEMA_BODY_BYTES: usize = 512 * 1024;

/// Adds the routes of the API to a router that may have others.
///
/// `/webhook`, `/webhook/{config_id}` and, below it, `/rotate-secret`, `/test-auth`, `/test`, `/preview`, `/stats`,
/// `/events`, `/events/replay`, `/events/{event_id}` with its `/payload`, `/replay` and `/cancel`, and
/// `/replays/{replay_id}`; `/events` and `/events/{publication_id}`; `/event-types`, `/event-types/import`, `/event-types/export`, `/event-types/{event_type}` with its `/versions`, `/webhooks` and `/check`; `/erasures` and `/erasures/{erasure_id}`; `/stats`; `/notifications`; `/tokens`, `/tokens/{token_id}`, `/sessions` and
/// `/sessions/{session_id}`; `/audit`; `/orgs`, `/orgs/{org_id}`, `/orgs/{org_id}/portal-sessions`, `/platform/audit`, `/platform/overview`, `/platform/tokens` and
/// `/platform/tokens/{token_id}`; `/signing-key/rotate`;
/// `/.well-known/webhook-public-key`, `/.well-known/jwks.json`, `/.well-known/source-addresses`, `/livez`,
/// `/readyz`, `/healthz`, `/openapi.json` and `/docs`.
pub fn add_routes(router: Router<Arc<Context>>) -> Router<Arc<Context>> {
    // Added one by one: `Router::merge` would make every route of the other router once more, which is a tenth of the work
    // of a cold start.
    add_event_types(router)
        .route("/webhook", get(crud::list).post(crud::create))
        .route(
            "/webhook/{config_id}",
            get(crud::read).put(crud::replace).patch(patch::patch).delete(crud::delete),
        )
        .route("/webhook/{config_id}/rotate-secret", post(rotate_secret::rotate_secret))
        .route("/webhook/{config_id}/test-auth", post(test_auth::test_auth))
        .route("/webhook/{config_id}/test", post(test_send::test))
        .route("/webhook/{config_id}/preview", post(preview::preview))
        .route("/webhook/{config_id}/stats", get(stats::read))
        .route("/webhook/{config_id}/events", get(events::lookup::list))
        .route(
            "/webhook/{config_id}/events/replay",
            post(bulk::create).layer(DefaultBodyLimit::max(bulk::BODY_BYTES)),
        )
        .route("/webhook/{config_id}/replays/{replay_id}", get(bulk::read))
        .route("/webhook/{config_id}/events/{event_id}", get(events::lookup::read))
        .route("/webhook/{config_id}/events/{event_id}/payload", get(events::body::read))
        .route("/webhook/{config_id}/events/{event_id}/replay", post(single::replay))
        .route("/webhook/{config_id}/events/{event_id}/cancel", post(events::cancel::cancel))
        .route("/events", get(events::search::find))
        .route("/events/{publication_id}", get(events::publication::read))
        .route("/erasures", get(erasures::list).post(erasures::create))
        .route("/erasures/{erasure_id}", get(erasures::read))
        .route("/stats", get(stats::of_org::read_org))
        .route("/notifications", get(notifications::read).put(notifications::replace))
        .route("/tokens", get(tokens::list).post(tokens::create))
        .route("/tokens/{token_id}", delete(tokens::delete))
        .route("/sessions", get(sessions::list))
        .route("/sessions/{session_id}", delete(sessions::delete))
        .route("/audit", get(audit::list))
        .route("/platform/audit", get(audit::list_of_platform))
        .route("/orgs", get(orgs::crud::list).post(orgs::crud::create))
        .route("/orgs/{org_id}", get(orgs::crud::read).patch(orgs::patch::patch).delete(orgs::erase::delete))
        .route("/orgs/{org_id}/portal-sessions", post(portal::create))
        .route("/platform/overview", get(platform_overview::read))
        .route("/platform/tokens", get(platform_tokens::list).post(platform_tokens::create))
        .route("/platform/tokens/{token_id}", delete(platform_tokens::delete))
        .route("/.well-known/webhook-public-key", get(public_key::show))
        .route("/.well-known/jwks.json", get(jwks::show))
        .route("/.well-known/source-addresses", get(source_addresses::show))
        .route("/signing-key/rotate", post(rotate_key::rotate))
        .route("/livez", get(health::live))
        .route("/readyz", get(health::ready))
        .route("/healthz", get(health::check))
        .route("/openapi.json", get(docs::published::show))
        .route("/docs", get(docs::page))
        .route("/docs/style.css", get(docs::style))
        .layer(DefaultBodyLimit::max(BODY_BYTES))
}

fn add_event_types(router: Router<Arc<Context>>) -> Router<Arc<Context>> {
    let large = DefaultBodyLimit::max(SCHEMA_BODY_BYTES);
    let document = DefaultBodyLimit::max(MAX_DOCUMENT_BYTES);
    router
        .route("/event-types", get(crud_of_types::list).post(crud_of_types::create).layer(large))
        .route(
            "/event-types/{event_type}",
            get(crud_of_types::read).patch(crud_of_types::patch).delete(crud_of_types::delete),
        )
        .route("/event-types/{event_type}/versions", post(versions::create).layer(large))
        .route("/event-types/{event_type}/check", post(check::check).layer(large))
        .route("/event-types/{event_type}/versions/{version}", get(versions::read).delete(versions::delete))
        .route("/event-types/{event_type}/webhooks", get(listeners::list))
        .route("/event-types/import", post(import::import).layer(document))
        .route("/event-types/export", get(export::export))
}
