//! The routes of the pages. None can be added without saying who may use it in the portal.

use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request};
use axum::handler::Handler;
use axum::http::{Method, StatusCode};
use axum::middleware::{self, Next};
use axum::response::Redirect;
use axum::routing::{MethodRouter, any, get, post};
use hookstep_contract::PortalRole::{self, Manage, ManageSecrets, Replay, View};
use hookstep_management::Context;

use crate::admission;
use crate::error::PageError;
use crate::screens::{
    asset_files, audit_page, charts, erasure_page, event_page, event_table, event_type_pages, lane,
    notification_page, org_events, portal, receiver, replay_pages, secret_page, session_pages, sign_in,
    test_page, token_pages, webhook_actions, webhook_edit, webhook_list, webhook_page,
};
use crate::theme;

/// The largest form, in bytes: that of a webhook, with two expressions of 15,000 characters, a sample and certificates. Forms
/// encode a byte in up to three.
const FORM_BYTES: usize = 512 * 1024;

/// Who may use a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// Everybody: it shows nothing of an org.
    Everybody,
    /// Nobody in the portal.
    Console,
    /// In the portal, this role, in a session that is not limited to some webhooks.
    Org(PortalRole),
    /// In the portal, this role: the path names a webhook that the session shows.
    Webhook(PortalRole),
    /// In the portal, this role: the page lists only the webhooks that the session shows.
    List(PortalRole),
}

/// The routes while they are put together.
#[derive(Default)]
pub(crate) struct Pages {
    pub(crate) router: Router<Arc<Context>>,
    /// Every route, and who may use it.
    pub(crate) listed: Vec<(Method, String, Access)>,
}

impl Pages {
    fn get<T: 'static>(
        self,
        path: impl Into<String>,
        access: Access,
        handler: impl Handler<T, Arc<Context>>,
    ) -> Self {
        self.with(Method::GET, path.into(), access, get(handler))
    }

    fn post<T: 'static>(
        self,
        path: impl Into<String>,
        access: Access,
        handler: impl Handler<T, Arc<Context>>,
    ) -> Self {
        let handler = post(handler).route_layer(DefaultBodyLimit::max(FORM_BYTES));
        self.with(Method::POST, path.into(), access, handler)
    }

    fn with(
        mut self,
        method: Method,
        path: String,
        access: Access,
        handler: MethodRouter<Arc<Context>>,
    ) -> Self {
        let admission =
            middleware::from_fn(move |request: Request, next: Next| admission::admit(access, request, next));
        self.router = self.router.route(&path, handler.route_layer(admission));
        self.listed.push((method, path, access));
        self
    }
}

/// All routes of the pages, of their fragments and of the files that they load.
pub(crate) fn pages() -> Pages {
    let mut pages = of_events(of_webhooks(of_orgs(Pages::default())));
    pages.router = pages.router.route("/console/{*rest}", any(nothing));
    pages
}

/// What is not about a single webhook.
fn of_orgs(pages: Pages) -> Pages {
    pages
        .get("/", Access::List(View), webhook_list::show)
        // The addresses that people try first.
        .get("/console", Access::Everybody, || async { Redirect::to("/") })
        .get("/console/", Access::Everybody, || async { Redirect::to("/") })
        .get("/console/sign-in", Access::Console, sign_in::show)
        .post("/console/sign-in", Access::Console, sign_in::sign_in)
        .get("/console/signed-in", Access::Console, sign_in::signed_in)
        .post("/console/sign-out", Access::Console, sign_in::sign_out)
        .get("/console/events", Access::Org(View), org_events::show)
        .get("/console/notifications", Access::Org(Manage), notification_page::show)
        .post("/console/notifications", Access::Org(Manage), notification_page::save)
        .get("/console/tokens", Access::Console, token_pages::show)
        .post("/console/tokens", Access::Console, token_pages::create)
        .get("/console/tokens/{token_id}/created", Access::Console, token_pages::created)
        .post("/console/tokens/{token_id}/created", Access::Console, token_pages::stored)
        .get("/console/tokens/{token_id}/revoke", Access::Console, token_pages::ask_revoke)
        .post("/console/tokens/{token_id}/revoke", Access::Console, token_pages::revoke)
        .get("/console/audit", Access::Console, audit_page::show)
        .get("/console/event-types", Access::Console, event_type_pages::show)
        .get("/console/event-types/{event_type}", Access::Console, event_type_pages::show_one)
        .get("/console/erasures", Access::Console, erasure_page::show)
        .post("/console/erasures", Access::Console, erasure_page::erase)
        .get("/console/sessions", Access::Console, session_pages::show)
        .post("/console/sessions/{session_id}/end", Access::Console, session_pages::end)
        .get("/console/assets/{name}", Access::Everybody, asset_files::serve)
        .get("/portal", Access::Everybody, portal::show)
        .post("/portal/session", Access::Everybody, portal::open)
        .get("/portal/theme.css", Access::Everybody, theme::show)
        .get("/portal/hookstep-portal.js", Access::Everybody, portal::component)
}

fn of_webhooks(pages: Pages) -> Pages {
    let webhook = |rest: &str| format!("/console/webhooks/{{config_id}}{rest}");
    pages
        .get("/console/webhooks/new", Access::Org(Manage), webhook_edit::show_new)
        .post("/console/webhooks/new", Access::Org(Manage), webhook_edit::create)
        .post("/console/preview", Access::Org(Manage), webhook_edit::trial::of_new)
        .get(webhook(""), Access::Webhook(View), webhook_page::show)
        .get(webhook("/charts"), Access::Webhook(View), charts::fragment)
        .get(webhook("/lane"), Access::Webhook(View), lane::fragment)
        .get(webhook("/receiver"), Access::Webhook(View), receiver::fragment)
        .get(webhook("/edit"), Access::Webhook(Manage), webhook_edit::show)
        .post(webhook("/edit"), Access::Webhook(Manage), webhook_edit::save)
        .post(webhook("/preview"), Access::Webhook(Manage), webhook_edit::trial::of_saved)
        .post(webhook("/enabled"), Access::Webhook(Manage), webhook_actions::set_enabled)
        .get(webhook("/delete"), Access::Webhook(Manage), webhook_actions::ask_delete)
        .post(webhook("/delete"), Access::Webhook(Manage), webhook_actions::delete)
        .post(webhook("/test-auth"), Access::Webhook(Manage), webhook_actions::try_auth)
        .get(webhook("/rotate-secret"), Access::Webhook(ManageSecrets), webhook_actions::ask_rotate)
        .post(webhook("/rotate-secret"), Access::Webhook(ManageSecrets), webhook_actions::rotate)
        .get(webhook("/secret"), Access::Webhook(ManageSecrets), secret_page::show)
        .post(webhook("/secret"), Access::Webhook(ManageSecrets), secret_page::stored)
}

fn of_events(pages: Pages) -> Pages {
    let webhook = |rest: &str| format!("/console/webhooks/{{config_id}}{rest}");
    let event = |rest: &str| webhook(&format!("/events/{{event_id}}{rest}"));
    pages
        .get(webhook("/events"), Access::Webhook(View), event_table::fragment)
        .post(webhook("/chosen"), Access::Webhook(Replay), event_table::chosen::act)
        .get(webhook("/test"), Access::Webhook(Replay), test_page::show)
        .post(webhook("/test"), Access::Webhook(Replay), test_page::send)
        .get(webhook("/recover"), Access::Webhook(Replay), replay_pages::show)
        .post(webhook("/recover"), Access::Webhook(Replay), replay_pages::start)
        .get(webhook("/replays/{replay_id}"), Access::Webhook(View), replay_pages::progress)
        .get(event(""), Access::Webhook(View), event_page::show)
        .get(event("/payload"), Access::Webhook(View), event_page::event_bodies::read)
        .post(event("/replay"), Access::Webhook(Replay), event_page::replay)
        .post(event("/cancel"), Access::Webhook(Replay), event_page::cancel)
}

async fn nothing() -> PageError {
    PageError::new(StatusCode::NOT_FOUND, "There is nothing at this address.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_route_that_is_limited_to_webhooks_names_one() {
        for (method, path, access) in pages().listed {
            let names_one = path.contains("{config_id}");
            assert_eq!(matches!(access, Access::Webhook(_)), names_one, "{method} {path}: {access:?}");
        }
    }
}
