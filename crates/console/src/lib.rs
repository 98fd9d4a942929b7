//! The web console: pages made on the server, for people. With the API of `management` it is the Lambda function `console`.
//!
//! A page calls the same use cases as the handlers of the API, never the API itself. The visitor is identified by a cookie
//! (`session`), and `guard` keeps other sites out. Each file in `screens` is a screen; the other files are the parts of
//! which screens are made.

mod advice;
mod assets;
mod body_view;
mod document;
mod error;
mod extract;
mod form;
mod guard;
mod layout;
mod once;
mod parts;
mod payload_rules_words;

mod schedule;
mod screens;
mod session;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::StatusCode;
use axum::middleware;
use axum::response::Redirect;
use axum::routing::{any, get, post};
use hookstep_management::Context;

use error::PageError;
use screens::{
    asset_files, audit_page, charts, erasure_page, event_page, event_table, event_type_pages, lane,
    notification_page, org_events, receiver, replay_pages, secret_page, session_pages, sign_in, test_page,
    token_pages, webhook_actions, webhook_edit, webhook_list, webhook_page,
};

/// The largest form, in bytes: that of a webhook, with two expressions of 15,000 characters, a sample and certificates. Forms
/// encode a byte in up to three.
const FORM_BYTES: usize = 512 * 1024;

/// The routes of the pages, of their fragments and of the files that they load.
fn pages() -> Router<Arc<Context>> {
    let room = DefaultBodyLimit::max(FORM_BYTES);
    let webhook = |rest: &str| format!("/console/webhooks/{{config_id}}{rest}");
    Router::new()
        .route("/", get(webhook_list::show))
        // The addresses that people try first.
        .route("/console", get(|| async { Redirect::to("/") }))
        .route("/console/", get(|| async { Redirect::to("/") }))
        .route("/console/sign-in", get(sign_in::show).post(sign_in::sign_in))
        .route("/console/signed-in", get(sign_in::signed_in))
        .route("/console/sign-out", post(sign_in::sign_out))
        .route("/console/webhooks/new", get(webhook_edit::show_new).post(webhook_edit::create).layer(room))
        .route("/console/preview", post(webhook_edit::trial::of_new).layer(room))
        .route(&webhook(""), get(webhook_page::show))
        .route(&webhook("/charts"), get(charts::fragment))
        .route(&webhook("/lane"), get(lane::fragment))
        .route(&webhook("/receiver"), get(receiver::fragment))
        .route(&webhook("/edit"), get(webhook_edit::show).post(webhook_edit::save).layer(room))
        .route(&webhook("/preview"), post(webhook_edit::trial::of_saved).layer(room))
        .route(&webhook("/enabled"), post(webhook_actions::set_enabled))
        .route(&webhook("/delete"), get(webhook_actions::ask_delete).post(webhook_actions::delete))
        .route(&webhook("/rotate-secret"), get(webhook_actions::ask_rotate).post(webhook_actions::rotate))
        .route(&webhook("/secret"), get(secret_page::show).post(secret_page::stored))
        .route(&webhook("/test-auth"), post(webhook_actions::try_auth))
        .route(&webhook("/test"), get(test_page::show).post(test_page::send))
        .route(&webhook("/recover"), get(replay_pages::show).post(replay_pages::start))
        .route(&webhook("/replays/{replay_id}"), get(replay_pages::progress))
        .route(&webhook("/events"), get(event_table::fragment))
        .route(&webhook("/chosen"), post(event_table::chosen::act))
        .route(&webhook("/events/{event_id}"), get(event_page::show))
        .route(&webhook("/events/{event_id}/payload"), get(event_page::event_bodies::read))
        .route(&webhook("/events/{event_id}/replay"), post(event_page::replay))
        .route(&webhook("/events/{event_id}/cancel"), post(event_page::cancel))
        .route("/console/events", get(org_events::show))
        .route("/console/event-types", get(event_type_pages::show))
        .route("/console/event-types/{event_type}", get(event_type_pages::show_one))
        .route("/console/notifications", get(notification_page::show).post(notification_page::save))
        .route("/console/tokens", get(token_pages::show).post(token_pages::create))
        .route("/console/tokens/{token_id}/created", get(token_pages::created).post(token_pages::stored))
        .route("/console/tokens/{token_id}/revoke", get(token_pages::ask_revoke).post(token_pages::revoke))
        .route("/console/audit", get(audit_page::show))
        .route("/console/erasures", get(erasure_page::show).post(erasure_page::erase))
        .route("/console/sessions", get(session_pages::show))
        .route("/console/sessions/{session_id}/end", post(session_pages::end))
        .route("/console/assets/{name}", get(asset_files::serve))
        .route("/console/{*rest}", any(nothing))
        .layer(middleware::from_fn(guard::protect))
}

async fn nothing() -> PageError {
    PageError::new(StatusCode::NOT_FOUND, "There is nothing at this address.")
}

/// All routes of the function: the pages (`/` and all below `/console`) and the management API.
pub fn router(ctx: Context) -> Router {
    hookstep_management::add_routes(pages()).with_state(Arc::new(ctx))
}
