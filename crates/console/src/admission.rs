//! Who comes in by the portal, and which routes that session may use: the one place where both are checked.

use std::sync::Arc;

use axum::extract::{FromRequestParts, RawPathParams, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use hookstep_contract::{ConfigId, Portal};
use hookstep_http_edge::{Problem, Sender};
use hookstep_management::Context;
use hookstep_management::portal::{self, PortalVisitor};

use crate::error::PageError;
use crate::routes::Access;

/// The header in which the script of the portal sends the value of the session. No page of another site can make a browser send
/// it, and no browser sends it by itself.
pub(crate) const HEADER: &str = "hookstep-portal";

/// Whether a request comes from the portal.
pub(crate) fn is_portal(headers: &HeaderMap) -> bool {
    headers.contains_key(HEADER)
}

/// Lets a request of the portal through, with its visitor among the extensions, if its session may use a route of this kind. Others go
/// on to show their cookie.
pub(crate) async fn admit(access: Access, request: Request, next: Next) -> Response {
    if !is_portal(request.headers()) || access == Access::Everybody {
        return next.run(request).await;
    }
    // The router that has the routes puts it there.
    let Some(ctx) = request.extensions().get::<Arc<Context>>().cloned() else {
        return PageError::from(not_here()).into_response();
    };
    let (mut parts, body) = request.into_parts();
    let value = parts.headers.get(HEADER).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let Ok(sender) = Sender::from_request_parts(&mut parts.clone(), &ctx).await;
    let visitor = match portal::resume(&ctx, value, &sender).await {
        Ok(visitor) => visitor,
        Err(problem) if problem.status().is_server_error() => {
            return PageError::from(problem).into_response();
        }
        Err(_) => return PageError::PortalEnded.into_response(),
    };
    let named = named_webhook(&mut parts, &ctx).await;
    let portal = visitor.portal.clone();
    let mut response = match check(access, &visitor.portal, named) {
        Ok(()) => {
            parts.extensions.insert(visitor);
            next.run(Request::from_parts(parts, body)).await
        }
        Err(problem) => PageError::from(problem).into_response(),
    };
    // For `guard`, which shows errors as pages of this portal, and translates them and all else.
    response.extensions_mut().insert(portal);
    response
}

/// Whether a session may use a route with this webhook in its path. One that it does not show is not there.
fn check(access: Access, portal: &Portal, named: Option<ConfigId>) -> Result<(), Problem> {
    let needed = match access {
        Access::Everybody => return Ok(()),
        Access::Console => return Err(not_here()),
        Access::Org(_) if portal.webhooks.is_some() => return Err(not_here()),
        Access::Webhook(_) if !named.is_some_and(|config_id| portal.shows(config_id)) => {
            return Err(Problem::no_webhook());
        }
        Access::Org(role) | Access::Webhook(role) | Access::List(role) => role,
    };
    if portal.role < needed { Err(not_here()) } else { Ok(()) }
}

fn not_here() -> Problem {
    Problem::new(StatusCode::FORBIDDEN, "Your role does not allow this.")
}

async fn named_webhook(parts: &mut Parts, ctx: &Arc<Context>) -> Option<ConfigId> {
    let params = RawPathParams::from_request_parts(parts, ctx).await.ok()?;
    params.iter().find(|(name, _)| *name == "config_id")?.1.parse().ok()
}

/// Every route of the pages: its method, and its path as the router has it. For whoever wants to walk over them.
pub fn page_routes() -> Vec<(Method, String)> {
    crate::routes::pages().listed.into_iter().map(|(method, path, _)| (method, path)).collect()
}

/// The visitor that was let in.
pub(crate) fn visitor(parts: &Parts) -> Result<PortalVisitor, PageError> {
    parts.extensions.get().cloned().ok_or_else(|| not_here().into())
}
