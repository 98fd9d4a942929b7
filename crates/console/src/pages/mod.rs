//! The web console: pages made on the server, for people.
//!
//! A page calls the same functions as the API's handlers do, never the API itself. Who is asking is a cookie's token
//! (`session`); what keeps other sites out is in `guard`. Each file from `webhooks` on is a screen; the rest is what they
//! are made of.

mod actions;
mod assets;
mod bodies;
mod charts;
mod edit;
mod error;
mod event;
mod events;
mod form;
mod guard;
mod layout;
mod parts;
mod plain_words;
mod recover;
mod schedule;
mod session;
mod shape_form;
mod shape_words;
mod sign_in;
mod test_send;
mod tokens;
mod webhook;
mod webhook_form;
mod webhooks;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::StatusCode;
use axum::middleware;
use axum::routing::{any, get, post};

use crate::Context;
use error::PageError;

/// Room for the form of a webhook, in bytes: two expressions of 15,000 characters, a sample and certificates, in the encoding of
/// forms, which makes three of a byte.
const FORM_BYTES: usize = 512 * 1024;

/// The pages, their fragments and what they load.
pub(crate) fn routes() -> Router<Arc<Context>> {
    let room = DefaultBodyLimit::max(FORM_BYTES);
    let webhook = |rest: &str| format!("/console/webhooks/{{config_id}}{rest}");
    Router::new()
        .route("/", get(webhooks::show))
        .route("/console/sign-in", get(sign_in::show).post(sign_in::sign_in))
        .route("/console/signed-in", get(sign_in::signed_in))
        .route("/console/sign-out", post(sign_in::sign_out))
        .route("/console/webhooks/new", get(edit::show_new).post(edit::create).layer(room))
        .route("/console/preview", post(edit::trial::of_new).layer(room))
        .route(&webhook(""), get(webhook::show))
        .route(&webhook("/row"), get(webhooks::row))
        .route(&webhook("/charts"), get(charts::fragment))
        .route(&webhook("/edit"), get(edit::show).post(edit::save).layer(room))
        .route(&webhook("/preview"), post(edit::trial::of_saved).layer(room))
        .route(&webhook("/enabled"), post(actions::set_enabled))
        .route(&webhook("/delete"), get(actions::ask_delete).post(actions::delete))
        .route(&webhook("/rotate-secret"), get(actions::ask_rotate).post(actions::rotate))
        .route(&webhook("/test-auth"), post(actions::try_auth))
        .route(&webhook("/test"), get(test_send::show).post(test_send::send))
        .route(&webhook("/recover"), get(recover::show).post(recover::start))
        .route(&webhook("/replays/{replay_id}"), get(recover::progress))
        .route(&webhook("/events"), get(events::fragment))
        .route(&webhook("/events/{event_id}"), get(event::show))
        .route(&webhook("/events/{event_id}/payload"), get(event::payload::read))
        .route(&webhook("/events/{event_id}/replay"), post(event::replay))
        .route(&webhook("/events/{event_id}/cancel"), post(event::cancel))
        .route("/console/tokens", get(tokens::show).post(tokens::create))
        .route("/console/tokens/{token_id}/revoke", get(tokens::ask_revoke).post(tokens::revoke))
        .route("/console/assets/{name}", get(assets::serve))
        .route("/console/{*rest}", any(nothing))
        .layer(middleware::from_fn(guard::protect))
}

async fn nothing() -> PageError {
    PageError::new(StatusCode::NOT_FOUND, "There is nothing at this address.")
}
