//! Errors as pages. None is a dead end: each says what to do, and leads back.

use axum::extract::Request;
use axum::http::{Method, StatusCode};
use axum::response::{Html, IntoResponse, Redirect, Response};
use hookstep_contract::Portal;
use hookstep_http_edge::Problem;
use maud::{Markup, html};

use crate::admission::is_portal;
use crate::document::alone;
use crate::form::Form;
use crate::layout::alone_in;
use crate::parts;

/// Why a page cannot be shown.
#[derive(Debug)]
pub(crate) enum PageError {
    /// The visitor is not signed in.
    SignIn {
        /// The page to show after signing in.
        next: String,
    },
    /// The session in the portal has ended. The script says so; whoever opened the portal knows how to open it again.
    PortalEnded,
    /// The session of the visitor ended while a form was filled in.
    Expired {
        /// The page of the form.
        path: String,
        /// What was filled in.
        form: Form,
    },
    /// The problem that the API would answer.
    Problem(Problem),
}

impl PageError {
    pub(crate) fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self::Problem(Problem::new(status, detail))
    }
}

impl<P: Into<Problem>> From<P> for PageError {
    fn from(problem: P) -> Self {
        Self::Problem(problem.into())
    }
}

/// A problem that `guard` shows as a page, because only it knows for which request.
#[derive(Clone)]
struct Unshown(Problem);

impl IntoResponse for PageError {
    fn into_response(self) -> Response {
        match self {
            Self::SignIn { next } if next == "/" => Redirect::to("/console/sign-in").into_response(),
            Self::PortalEnded => (StatusCode::UNAUTHORIZED, portal_ended()).into_response(),
            Self::SignIn { next } => Redirect::to(&sign_in(&next)).into_response(),
            Self::Expired { path, form } => {
                (StatusCode::UNAUTHORIZED, continue_page(&path, &form)).into_response()
            }
            Self::Problem(problem) => {
                let mut response = problem.status().into_response();
                response.extensions_mut().insert(Unshown(problem));
                response
            }
        }
    }
}

fn sign_in(next: &str) -> String {
    format!("/console/sign-in?{}", parts::query([("next", next)]))
}

/// What the script of the portal shows when the session has ended.
fn portal_ended() -> Html<String> {
    alone(
        "Session ended",
        html! {
            h1 { "This session has ended" }
            p { "Go back to where you opened this page, and open it again." }
        },
    )
}

/// The session has ended, and the form is kept in hidden fields, without its secrets, until the visitor has signed in.
fn continue_page(path: &str, form: &Form) -> Html<String> {
    alone(
        "Sign in again",
        html! {
            h1 { "Your session has ended" }
            p { "Nothing was saved yet, and nothing is lost. " a href="/console/sign-in" target="_blank" rel="noopener" { "Sign in in another tab" }
                ", then continue here." }
            form.stack method="post" action=(path) {
                @for (name, value) in form.not_secret() { input type="hidden" name=(name) value=(value); }
                input type="hidden" name="continue" value="1";
                button.primary { "Continue with the form" }
            }
            p.hint { "Secrets that you had typed have to be typed again." }
        },
    )
}

/// Where a request was made: enough to lead back from a problem.
pub(crate) struct Place {
    path: String,
    /// Whether the same request can simply be made again.
    can_repeat: bool,
    /// Whether it came from the portal, where nobody signs in.
    is_portal: bool,
}

impl Place {
    pub(crate) fn of(request: &Request) -> Self {
        let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
        Self {
            path: path.to_owned(),
            can_repeat: request.method() == Method::GET,
            is_portal: is_portal(request.headers()),
        }
    }

    /// The response; a problem that was not shown yet is shown as a page.
    pub(crate) fn shown(&self, response: Response) -> Response {
        match response.extensions().get::<Unshown>() {
            Some(Unshown(problem)) => {
                (problem.status(), self.page(problem, response.extensions().get())).into_response()
            }
            None => response,
        }
    }

    fn page(&self, problem: &Problem, portal: Option<&Portal>) -> Html<String> {
        let status = problem.status();
        let title = status.canonical_reason().unwrap_or("Error");
        let content = html! {
            p.error-code { (status.as_u16()) }
            h1 { (title) }
            p { (parts::sentence(problem.detail())) }
            @if let Some(advice) = advice(status, self.is_portal) { p.muted { (advice) } }
            div.actions { (self.links(status)) }
        };
        match portal {
            Some(portal) => alone_in(portal, title, content),
            None => alone(title, content),
        }
    }

    fn links(&self, status: StatusCode) -> Markup {
        let webhook = self.webhook();
        let next = if self.can_repeat { self.path.as_str() } else { webhook.unwrap_or("/") };
        html! {
            @match status {
                StatusCode::FORBIDDEN if !self.is_portal => { a.button.primary href=(sign_in(next)) { "Sign in with another token" } }
                StatusCode::CONFLICT => { a.button.primary href=(webhook.unwrap_or("/")) { "See how it is now" } }
                _ if status.is_server_error() && self.can_repeat => { a.button.primary href=(self.path) { "Try again" } }
                _ => {}
            }
            @if let Some(webhook) = webhook.filter(|webhook| *webhook != self.path && status != StatusCode::CONFLICT) {
                a.button href=(webhook) { "To the webhook" }
            }
            @if self.path.starts_with("/console/tokens") && !self.is_portal { a.button href="/console/tokens" { "To the API tokens" } }
            a.button href="/" { "To all webhooks" }
        }
    }

    /// The page of the webhook to which the path belongs.
    fn webhook(&self) -> Option<&str> {
        let path = self.path.split('?').next().unwrap_or_default();
        let rest = path.strip_prefix("/console/webhooks/")?;
        let id = rest.split('/').next().filter(|id| !id.is_empty() && *id != "new")?;
        path.get(..path.len() - rest.len() + id.len())
    }
}

fn advice(status: StatusCode, is_portal: bool) -> Option<&'static str> {
    Some(match status {
        StatusCode::NOT_FOUND if is_portal => "It may have been deleted, or its time may be over.",
        StatusCode::NOT_FOUND => {
            "It may have been deleted, its time may be over, or it belongs to another organisation than the token that you \
             signed in with."
        }
        StatusCode::FORBIDDEN => "Nothing was changed.",
        StatusCode::CONFLICT => {
            "Somebody else was faster. Nothing of yours was saved; look at it and decide anew."
        }
        StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => "Wait a moment, then try again.",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(path: &str) -> Place {
        Place { path: path.to_owned(), can_repeat: true, is_portal: false }
    }

    #[test]
    fn a_page_below_a_webhook_leads_to_it() {
        assert_eq!(place("/console/webhooks/a1/events/b2?x=1").webhook(), Some("/console/webhooks/a1"));
        assert_eq!(place("/console/webhooks/a1").webhook(), Some("/console/webhooks/a1"));
        for elsewhere in ["/", "/console/webhooks/new", "/console/webhooks/", "/console/tokens"] {
            assert_eq!(place(elsewhere).webhook(), None, "{elsewhere}");
        }
    }

    #[test]
    fn every_refusal_leads_somewhere() {
        for status in [403, 404, 409, 500, 503].map(|code| StatusCode::from_u16(code).unwrap()) {
            let page = place("/console/webhooks/a1/edit").page(&Problem::new(status, "no"), None).0;
            assert!(page.contains("href=\"/console/webhooks/a1\"") && page.contains("href=\"/\""), "{page}");
        }
    }
}
