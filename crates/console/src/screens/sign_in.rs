//! Signing in and out.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{Html, IntoResponse, Redirect, Response};
use hookstep_http_edge::{Sender, WrongToken};
use hookstep_management::{Context, sessions};
use maud::html;

use crate::document::alone;
use crate::error::PageError;
use crate::form::{Form, Query};
use crate::parts;
use crate::session::{self, Visitor};

const UNKNOWN: &str =
    "This token is unknown, has expired, or lacks the scope read. Tokens begin with hookstep_.";
const NO_COOKIE: &str =
    "Your browser did not store the session. From another machine, the console needs https.";

/// `GET /console/sign-in`
pub(crate) async fn show(query: Query) -> Html<String> {
    page(query.get("next"), (query.get("reason") == "cookie").then_some(NO_COOKIE))
}

/// `POST /console/sign-in`
pub(crate) async fn sign_in(
    State(ctx): State<Arc<Context>>,
    headers: HeaderMap,
    sender: Sender,
    form: Form,
) -> Result<Response, PageError> {
    let (token, next) = (form.get("token").trim(), form.get("next"));
    match sessions::open(&ctx, token, &sender).await {
        Ok(value) => {
            let cookie = [(header::SET_COOKIE, session::cookie(&headers, &value))];
            Ok((cookie, Redirect::to(&with_next("/console/signed-in", next))).into_response())
        }
        Err(problem) if problem.status().is_server_error() => Err(problem.into()),
        Err(problem) => {
            let mut refusal = (StatusCode::UNPROCESSABLE_ENTITY, page(next, Some(UNKNOWN))).into_response();
            if problem.status() == StatusCode::UNAUTHORIZED {
                refusal.extensions_mut().insert(WrongToken);
            }
            Ok(refusal)
        }
    }
}

/// `GET /console/signed-in`: checks that the browser has stored the cookie.
pub(crate) async fn signed_in(
    query: Query,
    visitor: Result<Visitor, PageError>,
) -> Result<Redirect, PageError> {
    match visitor {
        Ok(_) => Ok(Redirect::to(safe(query.get("next")))),
        Err(PageError::SignIn { .. }) => Ok(Redirect::to("/console/sign-in?reason=cookie")),
        Err(error) => Err(error),
    }
}

/// `POST /console/sign-out`
pub(crate) async fn sign_out(
    State(ctx): State<Arc<Context>>,
    headers: HeaderMap,
) -> Result<impl IntoResponse, PageError> {
    if let Some(value) = session::value(&headers) {
        sessions::close(&ctx, &value).await?;
    }
    Ok(([(header::SET_COOKIE, session::no_cookie(&headers))], Redirect::to("/console/sign-in")))
}

/// The page to show next, if it is ours. Anything else would let other sites use the sign-in as a redirect.
fn safe(next: &str) -> &str {
    let is_ours = next.starts_with("/console/") && next.bytes().all(|b| b.is_ascii_graphic() && b != b'\\');
    if is_ours { next } else { "/" }
}

fn with_next(path: &str, next: &str) -> String {
    match safe(next) {
        "/" => path.to_owned(),
        next => format!("{path}?{}", parts::query([("next", next)])),
    }
}

fn page(next: &str, wrong: Option<&str>) -> Html<String> {
    alone(
        "Sign in",
        html! {
            h1 { "Sign in" }
            p.muted { "With an API token of your organisation. It opens a session, which ends after 12 hours, or after two without use; the browser does not keep the token." }
            form.stack method="post" action="/console/sign-in" {
                @if safe(next) != "/" { input type="hidden" name="next" value=(next); }
                @if let Some(wrong) = wrong { p.alert.failed #wrong role="alert" { (wrong) } }
                div.field {
                    label for="token" { "API token" }
                    input #token name="token" type="password" autocomplete="current-password" required autofocus spellcheck="false"
                        aria-invalid=[wrong.map(|_| "true")] aria-describedby=[wrong.map(|_| "wrong")];
                    p.hint { "The first start of the host prints one; " code { "hookstep token" } " makes more." }
                }
                button.primary { "Sign in" }
            }
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_signing_in_nobody_is_sent_elsewhere() {
        assert_eq!(safe("/console/webhooks/x?status=failed"), "/console/webhooks/x?status=failed");
        for elsewhere in [
            "",
            "/",
            "//evil.example",
            "https://evil.example",
            "/\\evil.example",
            "/console/\r\nx",
            "/console/\0",
        ] {
            assert_eq!(safe(elsewhere), "/");
        }
    }
}
