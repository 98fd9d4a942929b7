//! The web console: pages made on the server, for people. With the API of `management` it is the Lambda function `console`.
//!
//! A page calls the same use cases as the handlers of the API, never the API itself. The visitor is identified by a cookie
//! (`session`) or, in the portal, by a header (`admission`), and `guard` keeps other sites out. `routes` lists the pages, each file
//! in `screens` is a screen, and the other files are the parts of which screens are made.

mod admission;
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
mod routes;
mod schedule;
mod screens;
mod session;
mod theme;
mod translate;

use std::sync::Arc;

use axum::middleware;
use axum::{Extension, Router};
use hookstep_management::Context;

pub use admission::page_routes;

/// All routes of the function: the pages (`/`, `/portal` and all below `/console`) and the management API.
pub fn router(ctx: Context) -> Router {
    let ctx = Arc::new(ctx);
    let pages = routes::pages().router;
    // `admission` needs the context before a handler is called.
    let pages = pages.layer(Extension(Arc::clone(&ctx))).layer(middleware::from_fn(guard::protect));
    hookstep_management::add_routes(pages).with_state(ctx)
}
